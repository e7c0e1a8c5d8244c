//! The small files beside a `SavedModel`: `fingerprint.pb` and `keras_metadata.pb`.

use artifact::Blob;
use vocabulary::{Span, Untrusted};

use crate::protobuf::{Message, Wire};

/// Objects of `keras_metadata.pb` that are kept.
const NODES: usize = 100_000;

/// Objects of another kind that may stand before the first of Keras.
const UNTOLD: usize = 10_000;

/// `fingerprint.pb`: hashes of parts of a `SavedModel`. They are of a kind that anybody can make
/// fit; they tell files that were exchanged by accident.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fingerprint {
    /// Of the graph, by an algorithm of TensorFlow's own.
    pub saved_model_checksum: u64,
    /// Of the graph after normalization, by an algorithm of TensorFlow's own.
    pub graph_def_program_hash: u64,
    /// Of the signatures, by an algorithm of TensorFlow's own.
    pub signature_def_hash: u64,
    /// Of the object graph, by an algorithm of TensorFlow's own.
    pub saved_object_graph_hash: u64,
    /// [`super::farm_hash`] of the bytes of `variables/variables.index`.
    pub checkpoint_hash: u64,
    /// A name for it.
    pub uuid: Untrusted,
    /// Whether it reads as one to its end.
    pub is_whole: bool,
}

/// Reads `fingerprint.pb`; nothing where it is none.
pub fn read_fingerprint(blob: &Blob) -> Option<Fingerprint> {
    /// Real ones have a hundred bytes.
    const LARGEST: u64 = 4096;
    if blob.len() > LARGEST {
        return None;
    }
    let mut wire = Wire::new(blob);
    let mut message = Message::all(blob);
    let mut out = Fingerprint::default();
    let mut hashes = 0;
    while let Some(field) = wire.next(&mut message) {
        let slot = match field.number {
            1 => &mut out.saved_model_checksum,
            2 => &mut out.graph_def_program_hash,
            3 => &mut out.signature_def_hash,
            4 => &mut out.saved_object_graph_hash,
            5 => &mut out.checkpoint_hash,
            6 if field.bytes().is_some() => continue,
            7 => {
                let span = field.bytes()?;
                out.uuid = wire.text(span, 256);
                continue;
            }
            _ => return None,
        };
        *slot = field.varint()?;
        hashes = 1u32.saturating_add(hashes);
    }
    out.is_whole = message.stopped().is_none();
    (hashes >= 3 && !out.uuid.raw().is_empty()).then_some(out)
}

/// An object of `keras_metadata.pb`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KerasNode {
    /// Its path, as `root.layer-0`.
    pub path: Untrusted,
    /// What it is, as `_tf_keras_layer`.
    pub identifier: Untrusted,
    /// Where its metadata stands: JSON.
    pub metadata: Span,
}

/// Reads `keras_metadata.pb`: the objects, and whether all of it was read. Nothing where it is
/// none: the identifiers of Keras begin with `_tf_keras_`.
pub fn read_keras_metadata(blob: &Blob) -> Option<(Vec<KerasNode>, bool)> {
    let mut wire = Wire::new(blob);
    let mut message = Message::all(blob);
    let mut nodes = Vec::new();
    let mut keras = false;
    while let Some(field) = wire.next(&mut message) {
        let mut inner = field.message().filter(|_| field.number == 1)?;
        if nodes.len() >= NODES || (!keras && nodes.len() >= UNTOLD) {
            return keras.then_some((nodes, false));
        }
        let mut node = KerasNode {
            path: Untrusted::default(),
            identifier: Untrusted::default(),
            metadata: Span::new(0, 0),
        };
        while let Some(field) = wire.next(&mut inner) {
            match (field.number, field.bytes()) {
                (3, Some(span)) => node.path = wire.text(span, 1024),
                (4, Some(span)) => node.identifier = wire.text(span, 256),
                (5, Some(span)) => node.metadata = span,
                _ => {}
            }
        }
        keras |= node.identifier.raw().starts_with("_tf_keras_");
        nodes.push(node);
    }
    keras.then_some((nodes, message.stopped().is_none()))
}
