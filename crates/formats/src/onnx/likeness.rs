//! Whether bytes are a model: ONNX has no magic.

use artifact::Blob;

use crate::protobuf::{Field, Message, Value, Wire};

/// Fields that are looked at, in all messages together: no more than bounds the time. A text in
/// front of a graph, made of fields that nobody knows, needs 35 bytes for each.
const FIELDS: usize = 10_000_000;
/// Bytes of an operator's name.
const NAME: u64 = 256;

/// Whether a blob is a `ModelProto`: a protocol buffer that has a graph, in which a node names its
/// operator. Fields may come in any order, and unknown ones in front of them; the operator's name
/// is what no other protocol buffer has at that place, nor do random bytes.
pub fn is_onnx(blob: &Blob) -> bool {
    let mut wire = Wire::new(blob);
    let mut model = Message::all(blob);
    let mut left = FIELDS;
    while let Some(field) = next(&mut wire, &mut model, &mut left) {
        if let (7, Value::Bytes) = (field.number, field.value)
            && is_graph(&mut wire, Message::within(field.payload), &mut left)
        {
            return true;
        }
    }
    false
}

fn next(wire: &mut Wire, message: &mut Message, left: &mut usize) -> Option<Field> {
    *left = left.checked_sub(1)?;
    wire.next(message)
}

/// Whether it holds a node with an operator.
fn is_graph(wire: &mut Wire, mut graph: Message, left: &mut usize) -> bool {
    while let Some(field) = next(wire, &mut graph, left) {
        if let (1, Value::Bytes) = (field.number, field.value)
            && is_node(wire, Message::within(field.payload), left)
        {
            return true;
        }
    }
    false
}

fn is_node(wire: &mut Wire, mut node: Message, left: &mut usize) -> bool {
    while let Some(field) = next(wire, &mut node, left) {
        let (4, Value::Bytes) = (field.number, field.value) else { continue };
        let name = field.payload;
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.:/+".contains(byte);
        if !name.is_empty() && name.len() <= NAME && wire.bytes(name, 256).iter().all(plain) {
            return true;
        }
    }
    false
}
