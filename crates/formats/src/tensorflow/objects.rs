//! `SavedObjectGraph`: the Python objects that TensorFlow 2 makes of a `SavedModel`.

use vocabulary::{Span, Untrusted};

use super::{Concrete, Known, MetaGraph, Object, ObjectKind, Reading, Text};
use crate::protobuf::Message;

/// Reads a `SavedObjectGraph` into what belongs to it.
pub(super) fn read(reading: &mut Reading, message: Message, out: &mut MetaGraph) {
    reading.fields(message, "SavedObjectGraph", |reading, field| {
        match (field.number, field.message()) {
            (1, Some(message)) => {
                if reading.take_node(field.at) {
                    let object = object(reading, message, field.at);
                    out.objects.push(object);
                }
            }
            (2, Some(message)) => {
                if reading.take_node(field.at) {
                    let concrete = concrete(reading, message);
                    out.concrete.push(concrete);
                }
            }
            (1 | 2, None) => return Known::WrongType,
            _ => return Known::No,
        }
        Known::Yes
    });
}

/// A `SavedObject`.
fn object(reading: &mut Reading, message: Message, at: u64) -> Object {
    let mut object = Object { at, ..Object::default() };
    reading.fields(message, "SavedObject", |reading, field| {
        let Some(message) = field.message() else { return Known::No };
        match field.number {
            1 => {
                let child = numbered(reading, message, 1, 2);
                if reading.take_node(field.at) {
                    object.children.push((child.1, child.0));
                }
            }
            4 => object.kind = user(reading, message),
            5 => object.kind = ObjectKind::Asset(number(reading, message, 1)),
            6 => object.kind = ObjectKind::Function(texts(reading, message, 1)),
            7 => object.kind = ObjectKind::Variable,
            8 => {
                let names = texts(reading, message, 1);
                object.kind = ObjectKind::Function(names);
            }
            9 => {
                let mut names = texts(reading, message, 1);
                object.kind = ObjectKind::Constant(names.pop().unwrap_or_default());
            }
            10 => object.kind = ObjectKind::Resource,
            11 => savers(reading, message, &mut object),
            13 => {
                reading.once(&mut object.registered_name, message.rest(), field.at, "a class");
            }
            _ => return Known::No,
        }
        Known::Yes
    });
    object
}

/// A number and a text of a message.
fn numbered(reading: &mut Reading, message: Message, n: u32, t: u32) -> (u64, Untrusted) {
    let mut out = (0, Untrusted::default());
    reading.fields(message, "ObjectReference", |reading, field| {
        if let Some(number) = field.varint().filter(|_| field.number == n) {
            out.0 = number;
        } else if let Some(span) = field.bytes().filter(|_| field.number == t) {
            out.1 = reading.name(span);
        }
        Known::Yes
    });
    out
}

/// One number of a message.
fn number(reading: &mut Reading, message: Message, n: u32) -> u64 {
    let mut out = 0;
    reading.fields(message, "message", |_, field| {
        if let Some(number) = field.varint().filter(|_| field.number == n) {
            out = number;
        }
        Known::Yes
    });
    out
}

/// The texts of one field of a message.
fn texts(reading: &mut Reading, message: Message, n: u32) -> Vec<Untrusted> {
    let mut out = Vec::new();
    reading.fields(message, "message", |reading, field| {
        if let Some(span) = field.bytes().filter(|_| field.number == n) {
            let name = reading.name(span);
            if reading.take_node(field.at) {
                out.push(name);
            }
        }
        Known::Yes
    });
    out
}

/// A `SavedUserObject`: its identifier and its metadata.
fn user(reading: &mut Reading, message: Message) -> ObjectKind {
    let mut identifier = Untrusted::default();
    let mut metadata = Text { text: Untrusted::default(), span: Span::new(0, 0) };
    reading.fields(message, "SavedUserObject", |reading, field| {
        match (field.number, field.bytes()) {
            (1, Some(span)) => reading.once(&mut identifier, span, field.at, "an identifier"),
            (3, Some(span)) => metadata = reading.placed(span),
            _ => return Known::No,
        }
        Known::Yes
    });
    ObjectKind::User(identifier, metadata)
}

/// An entry of `saveable_objects`: which functions save and restore.
fn savers(reading: &mut Reading, entry: Message, object: &mut Object) {
    reading.fields(entry, "SaveableObject entry", |reading, field| {
        if let (2, Some(message)) = (field.number, field.message()) {
            let mut pair = (0, 0);
            reading.fields(message, "SaveableObject", |_, field| {
                match (field.number, field.varint()) {
                    (2, Some(number)) => pair.0 = number,
                    (3, Some(number)) => pair.1 = number,
                    _ => return Known::No,
                }
                Known::Yes
            });
            if reading.take_node(field.at) {
                object.savers.push(pair);
            }
        }
        Known::Yes
    });
}

/// An entry of `concrete_functions`.
fn concrete(reading: &mut Reading, entry: Message) -> Concrete {
    let mut concrete = Concrete::default();
    reading.fields(entry, "SavedConcreteFunction entry", |reading, field| {
        match (field.number, field.message()) {
            (1, Some(message)) => {
                reading.once(&mut concrete.name, message.rest(), field.at, "a function");
            }
            (2, Some(message)) => {
                reading.fields(message, "SavedConcreteFunction", |reading, field| {
                    if let (2, Some(mut packed)) = (field.number, field.packed()) {
                        while let Some(number) = reading.wire.next_packed(&mut packed) {
                            if concrete.bound.len() < 1024 || reading.take_node(field.at) {
                                concrete.bound.push(number);
                            }
                        }
                    }
                    Known::Yes
                });
            }
            _ => return Known::No,
        }
        Known::Yes
    });
    concrete
}
