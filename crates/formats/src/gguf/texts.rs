//! The texts of an array, all of them.

use artifact::Blob;

use super::source::Source;
use super::{Gguf, KvArray, MAX_STRING, ValueType};

/// Gives every text of an array with its index, and whether it is only the beginning: bytes of which
/// at most [`MAX_STRING`] are read. `blob` is what the file was read from.
pub fn each_text(blob: &Blob, file: &Gguf, array: &KvArray, act: &mut dyn FnMut(u64, &[u8], bool)) {
    if array.element != ValueType::String {
        return;
    }
    let mut source = Source::new(blob);
    source.set(file.endian, file.version == 1);
    source.seek(array.span.start);
    for n in 0..array.len {
        if source.position() >= array.span.end {
            return;
        }
        let Some(text) = source.text(MAX_STRING) else { return };
        act(n, &text.head, (text.head.len() as u64) < text.span.len());
    }
}
