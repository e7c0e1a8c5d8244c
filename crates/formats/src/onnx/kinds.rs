//! Types of values: `TypeProto`.

use super::tensor::DataType;
use super::walk::{OPAQUE, Walk};
use super::{MAX_DEPTH, OddityKind};
use crate::protobuf::{Message, Value};

/// Bytes of a type in words.
const WORDS: usize = 300;

impl Walk {
    /// A type; it is put in words where `words` are wanted.
    pub(super) fn kind(&mut self, mut message: Message, depth: usize, words: &mut Option<String>) {
        if depth > MAX_DEPTH {
            let at = message.rest().start;
            self.odd(OddityKind::TooDeep, at, || "types in each other".into());
            return;
        }
        let deeper = depth.saturating_add(1);
        while let Some(field) = self.next(&mut message) {
            let inner = Message::within(field.payload);
            match (field.number, field.value) {
                (1, Value::Bytes) => self.tensor_kind(inner, words),
                (8, Value::Bytes) => {
                    say(words, "sparse ");
                    self.tensor_kind(inner, words);
                }
                (4, Value::Bytes) => {
                    say(words, "sequence of ");
                    self.wrapped(inner, deeper, words);
                }
                (5, Value::Bytes) => {
                    say(words, "map to ");
                    self.wrapped(inner, deeper, words);
                }
                (9, Value::Bytes) => {
                    say(words, "optional ");
                    self.wrapped(inner, deeper, words);
                }
                (7, Value::Bytes) => {
                    say(words, "opaque");
                    self.skim(inner, OPAQUE);
                }
                (6, Value::Bytes) => {}
                _ => self.unknown(&field, &message),
            }
        }
    }

    /// The type in a sequence, an optional value or a map; the last also has a type of its keys.
    fn wrapped(&mut self, mut message: Message, depth: usize, words: &mut Option<String>) {
        while let Some(field) = self.next(&mut message) {
            match (field.number, field.value) {
                (1 | 2, Value::Bytes) => self.kind(Message::within(field.payload), depth, words),
                (1, Value::Varint(_)) => {}
                _ => self.unknown(&field, &message),
            }
        }
    }

    fn tensor_kind(&mut self, mut message: Message, words: &mut Option<String>) {
        while let Some(field) = self.next(&mut message) {
            match (field.number, field.value) {
                (1, Value::Varint(number)) => say(words, &DataType(number).name()),
                (2, Value::Bytes) => {
                    say(words, " [");
                    self.shape(Message::within(field.payload), words);
                    say(words, "]");
                }
                _ => self.unknown(&field, &message),
            }
        }
    }

    fn shape(&mut self, mut message: Message, words: &mut Option<String>) {
        let mut first = true;
        while let Some(field) = self.next(&mut message) {
            let (1, Value::Bytes) = (field.number, field.value) else {
                self.unknown(&field, &message);
                continue;
            };
            if !std::mem::take(&mut first) {
                say(words, ", ");
            }
            let mut dimension = Message::within(field.payload);
            let mut said = false;
            while let Some(field) = self.next(&mut dimension) {
                match (field.number, field.value) {
                    (1, Value::Varint(number)) => {
                        said = true;
                        say(words, &i64::from_ne_bytes(number.to_ne_bytes()).to_string());
                    }
                    (2, Value::Bytes) => {
                        said = true;
                        if words.is_some() {
                            let name = self.name(field.payload);
                            say(words, name.raw());
                        }
                    }
                    (3, Value::Bytes) => {}
                    _ => self.unknown(&field, &dimension),
                }
            }
            if !said {
                say(words, "?");
            }
        }
    }
}

fn say(words: &mut Option<String>, text: &str) {
    if let Some(words) = words.as_mut().filter(|words| words.len() < WORDS) {
        words.push_str(text);
    }
}
