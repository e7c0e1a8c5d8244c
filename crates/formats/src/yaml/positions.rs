//! The library counts characters; places in files are bytes.

use crate::text::Encoding;

/// Characters between two remembered places.
const STEP: usize = 1024;

/// Turns an index of a character into the offset of its first byte in the file.
pub(super) struct Positions<'a> {
    source: &'a str,
    encoding: Encoding,
    /// Byte in `source`, byte in the file: of every `STEP`th character.
    marks: Vec<(usize, u64)>,
}

impl<'a> Positions<'a> {
    pub(super) fn new(source: &'a str, encoding: Encoding) -> Self {
        let mut marks = Vec::new();
        let mut file = encoding.mark();
        for (index, (byte, c)) in source.char_indices().enumerate() {
            if index.checked_rem(STEP) == Some(0) {
                marks.push((byte, file));
            }
            file = file.saturating_add(width(c, encoding));
        }
        if marks.is_empty() {
            marks.push((0, file));
        }
        Self { source, encoding, marks }
    }

    pub(super) fn byte(&self, index: usize) -> u64 {
        let slot =
            index.checked_div(STEP).unwrap_or_default().min(self.marks.len().saturating_sub(1));
        let (byte, file) = self.marks.get(slot).copied().unwrap_or_default();
        let ahead = index.saturating_sub(slot.saturating_mul(STEP));
        let rest = self.source.get(byte..).unwrap_or_default();
        rest.chars().take(ahead).fold(file, |at, c| at.saturating_add(width(c, self.encoding)))
    }
}

fn width(c: char, encoding: Encoding) -> u64 {
    match encoding {
        Encoding::Utf16Le | Encoding::Utf16Be => (c.len_utf16() as u64).saturating_mul(2),
        Encoding::Utf8 | Encoding::Utf8Bom | Encoding::Other => c.len_utf8() as u64,
    }
}
