//! What a file is, by its content: every interpretation that its first bytes and its end allow.
//!
//! A file can be several things at once (a zip behind a picture, a pickle that is text). Names play
//! no part here; [`contradiction`] compares them with what was found.

mod extension;
mod format;
mod magic;
mod textual;

#[cfg(test)]
mod tests;

use artifact::Blob;

use crate::{onnx, tensorboard, tensorflow, wandb};

pub use extension::{Contradiction, contradiction};
pub use format::Format;
pub(crate) use magic::{is_script, is_torch_legacy};

/// Bytes at the beginning that are looked at.
pub const HEAD: usize = 64 << 10;

/// Likeness tests that belong to other readers.
pub struct Probes<'a> {
    /// Whether the beginning may be a pickle: certainly or plausibly.
    pub pickle: &'a dyn Fn(&[u8]) -> bool,
    /// Which compressed stream begins here. The common magics are known without it; zlib and bare
    /// LZMA have none.
    pub stream: &'a dyn Fn(&[u8]) -> Option<Format>,
}

impl Default for Probes<'_> {
    fn default() -> Self {
        Self { pickle: &|_| false, stream: &|_| None }
    }
}

/// Every format that the content allows, the more certain first; nothing for content that is none
/// of them.
pub fn identify(blob: &Blob, probes: &Probes<'_>) -> Vec<Format> {
    if blob.is_empty() {
        return vec![Format::Empty];
    }
    let head = blob.bytes_at(0, HEAD);
    let mut found = Vec::new();
    magic::at_start(&head, blob, &mut found);
    found.extend((probes.stream)(&head));
    magic::elsewhere(&head, blob, &mut found);
    if onnx::is_onnx(blob) {
        found.push(Format::Onnx);
    }
    if magic::is_torch_legacy(&head) {
        found.push(Format::TorchLegacy);
        found.push(Format::Pickle);
    }
    if (probes.pickle)(&head) {
        found.push(Format::Pickle);
    }
    graphs(blob, &mut found);
    textual::judge(&head, blob, &mut found);
    if found.last() == Some(&Format::Text) {
        found.extend(tensorflow::text_likeness(blob).map(graph_format));
    }
    let mut unique: Vec<Format> = Vec::with_capacity(found.len());
    for format in found {
        if !unique.contains(&format) {
            unique.push(format);
        }
    }
    unique
}

/// Whether it is what a training run wrote down: [`Format::TensorBoard`], [`Format::Wandb`].
pub fn training_record(blob: &Blob) -> Option<Format> {
    if tensorboard::is_events(blob) {
        return Some(Format::TensorBoard);
    }
    wandb::is_log(&blob.bytes_at(0, wandb::MAGIC.len())).then_some(Format::Wandb)
}

/// The protocol buffers of TensorFlow, which have no magic.
fn graphs(blob: &Blob, found: &mut Vec<Format>) {
    found.extend(tensorflow::likeness(blob).into_iter().map(graph_format));
    if tensorflow::read_fingerprint(blob).is_some() {
        found.push(Format::Fingerprint);
    }
    if tensorflow::read_keras_metadata(blob).is_some() {
        found.push(Format::KerasMetadata);
    }
}

fn graph_format(kind: tensorflow::Kind) -> Format {
    match kind {
        tensorflow::Kind::SavedModel => Format::SavedModel,
        tensorflow::Kind::MetaGraph => Format::MetaGraph,
        tensorflow::Kind::Graph => Format::GraphDef,
    }
}
