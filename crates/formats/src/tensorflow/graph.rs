//! `GraphDef`, `NodeDef`, `FunctionDef`: the program itself.

use vocabulary::{Span, Untrusted};

use super::{Attr, AttrValue, Function, Known, MetaGraph, Node, OddityKind, Reading, Text};
use crate::protobuf::{Field, Message};

/// Texts of a tensor or list that are kept.
const TEXTS: usize = 256;
/// Functions within the attributes of functions that are followed.
const NESTED: u32 = 16;

/// Reads a `GraphDef` into what belongs to it.
pub(super) fn read(reading: &mut Reading, message: Message, out: &mut MetaGraph) {
    reading.fields(message, "GraphDef", |reading, field| part(reading, field, out));
}

/// One field of a `GraphDef`.
pub(super) fn part(reading: &mut Reading, field: Field, out: &mut MetaGraph) -> Known {
    match (field.number, field.message()) {
        (1, Some(message)) => {
            if let Some(node) = node(reading, message, field.at) {
                out.nodes.push(node);
            }
        }
        (2, Some(message)) => library(reading, message, out),
        (1 | 2, None) => return Known::WrongType,
        (3, _) => return if field.varint().is_some() { Known::Yes } else { Known::WrongType },
        (4 | 5, message) => return Known::when(message.is_some()),
        _ => return Known::No,
    }
    Known::Yes
}

/// A `FunctionDefLibrary`.
fn library(reading: &mut Reading, message: Message, out: &mut MetaGraph) {
    reading.fields(message, "FunctionDefLibrary", |reading, field| {
        match (field.number, field.message()) {
            (1, Some(message)) => {
                if reading.take_node(field.at) {
                    let function = function(reading, message, field.at);
                    out.functions.push(function);
                }
            }
            (2, Some(message)) => {
                let pair = pair(reading, message, "GradientDef");
                out.gradients.push(pair);
            }
            (1 | 2, None) => return Known::WrongType,
            _ => return Known::No,
        }
        Known::Yes
    });
}

/// Two texts of a message: its fields 1 and 2.
fn pair(reading: &mut Reading, message: Message, what: &'static str) -> (Untrusted, Untrusted) {
    let mut pair = (Untrusted::default(), Untrusted::default());
    reading.fields(message, what, |reading, field| match (field.number, field.bytes()) {
        (1, Some(span)) => {
            pair.0 = reading.name(span);
            Known::Yes
        }
        (2, Some(span)) => {
            pair.1 = reading.name(span);
            Known::Yes
        }
        _ => Known::No,
    });
    pair
}

fn function(reading: &mut Reading, message: Message, at: u64) -> Function {
    let mut out = Function { at, ..Function::default() };
    reading.fields(message, "FunctionDef", |reading, field| {
        match (field.number, field.message()) {
            (1, Some(signature)) => signature_of(reading, signature, &mut out),
            (3, Some(message)) => {
                if let Some(node) = node(reading, message, field.at) {
                    out.nodes.push(node);
                }
            }
            (1 | 3, None) => return Known::WrongType,
            _ => return Known::No,
        }
        Known::Yes
    });
    out
}

/// The `OpDef` of a function: its name and the names of its arguments.
fn signature_of(reading: &mut Reading, message: Message, out: &mut Function) {
    reading.fields(message, "OpDef", |reading, field| {
        match (field.number, field.bytes()) {
            (1, Some(span)) => {
                reading.once(&mut out.name, span, field.at, "the name of a function");
            }
            (2, Some(span)) => {
                let mut name = Untrusted::default();
                reading.fields(Message::within(span), "ArgDef", |reading, field| {
                    if let (1, Some(span)) = (field.number, field.bytes()) {
                        reading.once(&mut name, span, field.at, "the name of an argument");
                    }
                    Known::Yes
                });
                if reading.take_node(field.at) {
                    out.args.push(name);
                }
            }
            (1 | 2, None) => return Known::WrongType,
            _ => return Known::No,
        }
        Known::Yes
    });
}

/// A `NodeDef`; nothing where no more are kept.
pub(super) fn node(reading: &mut Reading, message: Message, at: u64) -> Option<Node> {
    if !reading.take_node(at) {
        return None;
    }
    let mut node = Node {
        at,
        name: Untrusted::default(),
        op: Untrusted::default(),
        inputs: Vec::new(),
        attrs: Vec::new(),
    };
    reading.fields(message, "NodeDef", |reading, field| {
        match (field.number, field.bytes()) {
            (1, Some(span)) => reading.once(&mut node.name, span, field.at, "the name of a node"),
            (2, Some(span)) => reading.once(&mut node.op, span, field.at, "an operator"),
            (3, Some(span)) => {
                let input = reading.name(span);
                // One output that is taken a million times is a million inputs.
                if node.inputs.len() < 64 || reading.take_node(field.at) {
                    node.inputs.push(input);
                }
            }
            (5, Some(span)) => attribute(reading, Message::within(span), &mut node.attrs, 0),
            (1 | 2 | 3 | 5, None) => return Known::WrongType,
            _ => return Known::No,
        }
        Known::Yes
    });
    Some(node)
}

/// An entry of a map of attributes. Every value that it holds is kept, also where a later one
/// replaces it.
fn attribute(reading: &mut Reading, message: Message, out: &mut Vec<Attr>, depth: u32) {
    let mut name = Untrusted::default();
    let mut values = Vec::new();
    let mut inner = Vec::new();
    reading.fields(message, "AttrValue entry", |reading, field| {
        match (field.number, field.message()) {
            (1, Some(message)) => {
                reading.once(&mut name, message.rest(), field.at, "the name of an attribute");
            }
            (2, Some(message)) => value(reading, message, &mut values, &mut inner, depth),
            (1 | 2, None) => return Known::WrongType,
            _ => return Known::No,
        }
        Known::Yes
    });
    for value in values {
        if out.len() < 64 || reading.take_node(0) {
            out.push(Attr { name: name.clone(), value });
        }
    }
    out.append(&mut inner);
}

/// An `AttrValue`: what of it is kept goes to `out`, attributes of functions that it names to
/// `inner`.
fn value(
    reading: &mut Reading,
    message: Message,
    out: &mut Vec<AttrValue>,
    inner: &mut Vec<Attr>,
    depth: u32,
) {
    reading.fields(message, "AttrValue", |reading, field| {
        match (field.number, field.bytes()) {
            (1, Some(span)) => list(reading, Message::within(span), out, inner, depth),
            (2, Some(span)) => out.push(AttrValue::Texts(vec![reading.placed(span)])),
            (8, Some(span)) => out.push(tensor(reading, Message::within(span))),
            (9, Some(span)) => out.push(AttrValue::Placeholder(reading.name(span))),
            (10, Some(span)) => {
                let name = called(reading, Message::within(span), inner, depth);
                out.push(AttrValue::Functions(vec![name]));
            }
            (1 | 2 | 7..=10, None) | (3..=6, Some(_)) => return Known::WrongType,
            _ => return Known::No,
        }
        Known::Yes
    });
}

/// An `AttrValue.ListValue`.
fn list(
    reading: &mut Reading,
    message: Message,
    out: &mut Vec<AttrValue>,
    inner: &mut Vec<Attr>,
    depth: u32,
) {
    let (mut texts, mut functions) = (Vec::new(), Vec::new());
    reading.fields(message, "ListValue", |reading, field| {
        match (field.number, field.bytes()) {
            (2, Some(span)) => {
                if keeps(reading, &texts, field.at, "a list of texts") {
                    texts.push(reading.placed(span));
                }
            }
            (8, Some(span)) => out.push(tensor(reading, Message::within(span))),
            (9, Some(span)) => {
                if reading.take_node(field.at) {
                    functions.push(called(reading, Message::within(span), inner, depth));
                }
            }
            (2 | 8 | 9, None) => return Known::WrongType,
            _ => return Known::No,
        }
        Known::Yes
    });
    if !texts.is_empty() {
        out.push(AttrValue::Texts(texts));
    }
    if !functions.is_empty() {
        out.push(AttrValue::Functions(functions));
    }
}

/// Whether one more text of an attribute is kept; told where not.
fn keeps(reading: &mut Reading, texts: &[Text], at: u64, what: &str) -> bool {
    /// Texts of an attribute: names of debugging targets, of columns, of tensors.
    const MOST: usize = 100_000;
    if texts.len() >= MOST {
        let detail = || format!("{what} holds more than {MOST}");
        reading.oddities.add(OddityKind::NotRetained, at, detail);
    }
    texts.len() < MOST
}

/// A `NameAttrList`: the function; attributes that it is called with join those of the node.
fn called(reading: &mut Reading, message: Message, inner: &mut Vec<Attr>, depth: u32) -> Untrusted {
    let mut name = Untrusted::default();
    reading.fields(message, "NameAttrList", |reading, field| {
        match (field.number, field.message()) {
            (1, Some(message)) => {
                reading.once(&mut name, message.rest(), field.at, "the name of a function");
            }
            (2, Some(message)) if depth < NESTED => {
                attribute(reading, message, inner, depth.saturating_add(1));
            }
            (2, Some(_)) => reading.oddities.add(OddityKind::NotRetained, field.at, || {
                format!("functions with functions in their attributes, {NESTED} levels deep")
            }),
            (1 | 2, None) => return Known::WrongType,
            _ => return Known::No,
        }
        Known::Yes
    });
    name
}

/// A `TensorProto`: its texts, where it holds some.
fn tensor(reading: &mut Reading, message: Message) -> AttrValue {
    const DT_STRING: u64 = 7;
    let mut dtype = 0;
    let mut elements = 1u64;
    let mut texts = Vec::new();
    let mut whole = true;
    let mut content = None;
    reading.fields(message, "TensorProto", |reading, field| {
        match (field.number, field.bytes()) {
            (1, _) => match field.varint() {
                Some(number) => dtype = number,
                None => return Known::WrongType,
            },
            (2, Some(span)) => elements = shape(reading, Message::within(span)),
            (4, Some(span)) => content = Some(span),
            (8, Some(span)) => {
                if texts.len() < TEXTS {
                    texts.push(reading.placed(span));
                } else {
                    whole = false;
                }
            }
            (2 | 4 | 8, None) => return Known::WrongType,
            _ => return Known::No,
        }
        Known::Yes
    });
    if dtype != DT_STRING && texts.is_empty() {
        return AttrValue::Numbers;
    }
    // Readers prefer the content: as many lengths as there are elements, then the texts.
    if let Some(content) = content.filter(|content| !content.is_empty()) {
        whole &= strings(reading, content, elements, &mut texts);
    }
    AttrValue::Tensor(texts, whole)
}

/// The texts of `tensor_content`; whether these are all.
fn strings(reading: &mut Reading, content: Span, elements: u64, out: &mut Vec<Text>) -> bool {
    /// Elements whose lengths are passed over at most.
    const LENGTHS: u64 = 1 << 24;
    if elements > LENGTHS {
        reading.oddities.add(OddityKind::NotRetained, content.start, || {
            format!("a tensor of {elements} texts in its raw form")
        });
        return false;
    }
    let mut packed = crate::protobuf::Packed::within(content);
    let mut lengths = Vec::new();
    let mut count = 0;
    while count < elements {
        let Some(length) = reading.wire.next_packed(&mut packed) else { return false };
        if lengths.len() < TEXTS {
            lengths.push(length);
        }
        count = count.saturating_add(1);
    }
    let mut at = packed.rest().start;
    for length in lengths {
        let end = at.saturating_add(length).min(content.end);
        out.push(reading.placed(Span::new(at, end)));
        at = end;
    }
    elements <= TEXTS as u64
}

/// How many elements a `TensorShapeProto` has.
fn shape(reading: &mut Reading, message: Message) -> u64 {
    let mut elements = 1u64;
    reading.fields(message, "TensorShapeProto", |reading, field| {
        if let (2, Some(dim)) = (field.number, field.message()) {
            let mut size = 0;
            reading.fields(dim, "Dim", |_, field| {
                if let (1, Some(number)) = (field.number, field.varint()) {
                    size = number;
                }
                Known::Yes
            });
            elements = elements.saturating_mul(size);
        }
        Known::Yes
    });
    elements
}
