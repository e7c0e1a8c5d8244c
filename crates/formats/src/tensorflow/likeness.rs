//! Whether bytes are a graph: protocol buffers have no magic, so one node must read as one.

use artifact::Blob;

use super::{Kind, schema, text};
use crate::protobuf::{Message, Value, Wire};

/// Fields that are looked through for a node: no more than bounds the time. Fields that nobody knows
/// may stand in front of it.
const FIELDS: u32 = 10_000_000;
/// Bytes of a text that are looked through for a node.
const TEXT: u64 = 64 << 20;

/// The messages that a file may be, by its content. A file that is cut may be one.
pub fn likeness(blob: &Blob) -> Vec<Kind> {
    if !begins(blob) {
        return Vec::new();
    }
    [Kind::SavedModel, Kind::MetaGraph, Kind::Graph]
        .into_iter()
        .filter(|kind| {
            let mut look = Look { wire: Wire::new(blob), budget: FIELDS };
            let message = Message::all(blob);
            match kind {
                Kind::SavedModel => look.saved_model(message),
                Kind::MetaGraph => look.meta_graph(message),
                Kind::Graph => look.graph(message),
            }
        })
        .collect()
}

/// Whether a message stands in one of the first two fields, as in all of them. It spends nothing of what
/// the looks behind it have, and where it would have to give up it leaves the answer to them.
fn begins(blob: &Blob) -> bool {
    let mut wire = Wire::new(blob);
    let mut message = Message::all(blob);
    for _ in 0..FIELDS {
        let Some(field) = wire.next(&mut message) else { return false };
        if matches!(field.number, 1 | 2) && field.message().is_some() {
            return true;
        }
    }
    true
}

/// The message that a text may be.
///
/// The first field decides. Most names of fields are TensorFlow's alone; where one is not, a node
/// must follow, or a fault that keeps it from being seen.
pub fn text_likeness(blob: &Blob) -> Option<Kind> {
    let (name, next) = text::first_name(blob)?;
    if !matches!(next, b':' | b'{' | b'<') {
        return None;
    }
    [Kind::SavedModel, Kind::MetaGraph, Kind::Graph].into_iter().find(|kind| {
        let shape = schema::message(*kind);
        let common = *kind == Kind::Graph;
        if shape.field(&name).is_none()
            && !(common && matches!(name.as_str(), "versions" | "debug_info"))
        {
            return false;
        }
        if !common {
            return true;
        }
        let translation = text::translate(blob, shape, TEXT);
        (next != b':' && !translation.oddities.is_empty())
            || likeness(&Blob::from_vec(translation.wire)).contains(kind)
    })
}

/// Whether a text is a map of labels, as the detection models of TensorFlow have beside them:
/// `item { id: 1 name: 'cat' }`.
pub fn is_label_map(blob: &Blob) -> bool {
    text::first_name(blob).is_some_and(|(name, next)| name == "item" && next == b'{')
}

/// Whether it is the index of a checkpoint: a table of `LevelDB`, by its last eight bytes.
pub fn is_index(blob: &Blob) -> bool {
    blob.len() >= 48
        && blob.array_at(blob.len().saturating_sub(8)) == Some(super::checkpoint::MAGIC)
}

struct Look {
    wire: Wire,
    budget: u32,
}

impl Look {
    /// Whether `accept` takes one of the fields of this number. Fields of another wire type do
    /// not speak against it: TensorFlow passes over them as over fields that it does not know.
    fn any(
        &mut self,
        mut message: Message,
        number: u32,
        accept: fn(&mut Self, Message) -> bool,
    ) -> bool {
        while let Some(field) = self.wire.next(&mut message) {
            self.budget = self.budget.saturating_sub(1);
            if self.budget == 0 {
                return false;
            }
            if field.number == number
                && let Some(inner) = field.message()
                && accept(self, inner)
            {
                return true;
            }
        }
        false
    }

    fn saved_model(&mut self, message: Message) -> bool {
        self.any(message, 2, Self::meta_graph)
    }

    fn meta_graph(&mut self, message: Message) -> bool {
        self.any(message, 2, Self::graph)
    }

    fn graph(&mut self, message: Message) -> bool {
        self.any(message, 1, Self::node) || self.any(message, 2, Self::library)
    }

    fn library(&mut self, message: Message) -> bool {
        self.any(message, 1, Self::function)
    }

    fn function(&mut self, message: Message) -> bool {
        self.any(message, 3, Self::node)
    }

    fn node(&mut self, mut message: Message) -> bool {
        let (mut name, mut op) = (false, false);
        while let Some(field) = self.wire.next(&mut message) {
            self.budget = self.budget.saturating_sub(1);
            if self.budget == 0 {
                return false;
            }
            match (field.number, field.value) {
                (1, Value::Bytes) => {
                    let text = self.wire.bytes(field.payload, 256);
                    name = !text.is_empty() && text.iter().all(|b| matches!(b, 0x21..=0x7e));
                }
                (2, Value::Bytes) => {
                    let text = self.wire.bytes(field.payload, 256);
                    let first = text.first().is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_');
                    op = first
                        && text.iter().all(|b| {
                            b.is_ascii_alphanumeric()
                                || matches!(b, b'_' | b'.' | b'>' | b'/' | b'-')
                        });
                }
                // Fields of another type than theirs are passed over, as TensorFlow does.
                _ => {}
            }
        }
        name && op
    }
}
