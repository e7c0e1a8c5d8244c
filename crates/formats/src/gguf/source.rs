//! Numbers and strings in the file's byte order and width.

use artifact::{Blob, Cursor};
use vocabulary::Span;

use super::Endian;

/// A cursor that knows byte order and the width of lengths.
pub(super) struct Source {
    cursor: Cursor,
    endian: Endian,
    /// Version 1: lengths have 32 bits.
    narrow: bool,
}

/// A string's place and its first bytes.
pub(super) struct RawText {
    pub(super) head: Vec<u8>,
    pub(super) span: Span,
}

impl Source {
    pub(super) fn new(blob: &Blob) -> Self {
        Self { cursor: blob.cursor(0), endian: Endian::Little, narrow: false }
    }

    pub(super) fn set(&mut self, endian: Endian, narrow: bool) {
        (self.endian, self.narrow) = (endian, narrow);
    }

    pub(super) fn seek(&mut self, at: u64) {
        self.cursor.seek(at);
    }

    pub(super) fn position(&self) -> u64 {
        self.cursor.position()
    }

    pub(super) fn remaining(&self) -> u64 {
        self.cursor.remaining()
    }

    /// Bytes that a length takes.
    pub(super) fn width(&self) -> u64 {
        if self.narrow { 4 } else { 8 }
    }

    /// The bytes of a number, least significant first.
    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let mut bytes: [u8; N] = self.cursor.array()?;
        if self.endian == Endian::Big {
            bytes.reverse();
        }
        Some(bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// A length, count or dimension.
    pub(super) fn length(&mut self) -> Option<u64> {
        if self.narrow { self.u32().map(u64::from) } else { self.u64() }
    }

    /// Passes `count` bytes that must be there.
    pub(super) fn pass(&mut self, count: u64) -> Option<()> {
        self.cursor.skip(count).then_some(())
    }

    /// A string, of which at most `max` bytes are kept.
    pub(super) fn text(&mut self, max: usize) -> Option<RawText> {
        let len = self.length()?;
        let start = self.position();
        if len > self.remaining() {
            return None;
        }
        let kept = usize::try_from(len).unwrap_or(usize::MAX).min(max);
        let head = if kept == 0 { Vec::new() } else { self.cursor.exact(kept)?.to_vec() };
        let end = start.checked_add(len)?;
        self.seek(end);
        Some(RawText { head, span: Span::new(start, end) })
    }
}
