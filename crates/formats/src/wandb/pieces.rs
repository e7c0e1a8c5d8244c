//! The records of a log that is written in blocks.

use artifact::Blob;

use super::OddityKind;
use crate::bounded::Oddities;

const BLOCK: u64 = 32 << 10;
/// Checksum, length and kind of a piece.
const HEAD: u64 = 7;
/// Bytes of one record; what is longer is cut.
const MAX_RECORD: usize = 16 << 20;

/// What a piece is to its record.
const FULL: u8 = 1;
const FIRST: u8 = 2;
const MIDDLE: u8 = 3;
const LAST: u8 = 4;

pub(super) struct Pieces<'a> {
    blob: &'a Blob,
    at: u64,
}

/// A piece: its kind, its bytes, where the next one begins.
struct Piece {
    kind: u8,
    bytes: Vec<u8>,
    next: u64,
}

impl<'a> Pieces<'a> {
    pub(super) fn new(blob: &'a Blob) -> Self {
        Self { blob, at: HEAD.min(blob.len()) }
    }

    pub(super) fn position(&self) -> u64 {
        self.at.min(self.blob.len())
    }

    /// The next record and where it begins.
    pub(super) fn next(&mut self, odd: &mut Oddities<OddityKind>) -> Option<(u64, Vec<u8>)> {
        let mut open: Option<(u64, Vec<u8>)> = None;
        while let Some(piece) = self.piece(odd) {
            let at = std::mem::replace(&mut self.at, piece.next);
            match (piece.kind, &mut open) {
                (FULL, None) => return Some((at, piece.bytes)),
                (FIRST, None) => open = Some((at, piece.bytes)),
                (MIDDLE | LAST, Some((start, bytes))) => {
                    let room = MAX_RECORD.saturating_sub(bytes.len()).min(piece.bytes.len());
                    bytes.extend_from_slice(piece.bytes.get(..room).unwrap_or_default());
                    if room < piece.bytes.len() {
                        let detail = || format!("only {MAX_RECORD} bytes of a record are kept");
                        odd.add(OddityKind::NotRetained, *start, detail);
                    }
                    if piece.kind == LAST {
                        return open;
                    }
                }
                (FULL | FIRST, Some(_)) => {
                    odd.add(OddityKind::Piece, at, || "a record begins inside another".into());
                    // What was open is given as far as it goes; this piece is read again.
                    self.at = at;
                    return open;
                }
                (kind, _) => {
                    let detail = || format!("a piece of kind {kind} with no record around it");
                    odd.add(OddityKind::Piece, at, detail);
                }
            }
        }
        if let Some((start, _)) = &open {
            odd.add(OddityKind::Truncated, *start, || "a record without its end".into());
        }
        open
    }

    fn piece(&mut self, odd: &mut Oddities<OddityKind>) -> Option<Piece> {
        loop {
            let at = self.at;
            if at >= self.blob.len() {
                return None;
            }
            let in_block = at.checked_rem(BLOCK).unwrap_or(0);
            let left = BLOCK.saturating_sub(in_block);
            let end = at.saturating_add(left);
            if left < HEAD {
                self.at = end;
                continue;
            }
            let Some([a, b, c, d, low, high, kind]) = self.blob.array_at::<7>(at) else {
                odd.add(OddityKind::Truncated, at, || "it ends inside a piece".into());
                self.at = self.blob.len();
                return None;
            };
            let length = u64::from(u16::from_le_bytes([low, high]));
            if kind == 0 && length == 0 {
                // Space that was kept free: the rest of the block has nothing.
                self.at = end;
                continue;
            }
            let start = at.saturating_add(HEAD);
            let want = usize::from(u16::from_le_bytes([low, high]));
            let bytes = self.blob.bytes_at(start, want);
            if start.saturating_add(length) > end {
                odd.add(OddityKind::Piece, at, || "a piece that leaves its block".into());
            }
            if bytes.len() < want {
                odd.add(OddityKind::Truncated, at, || "it ends inside a piece".into());
            } else {
                let mut crc = crc32fast::Hasher::new();
                crc.update(&[kind]);
                crc.update(&bytes);
                if crc.finalize() != u32::from_le_bytes([a, b, c, d]) {
                    odd.add(OddityKind::Checksum, at, || "a piece has another checksum".into());
                }
            }
            return Some(Piece { kind, bytes, next: start.saturating_add(length) });
        }
    }
}
