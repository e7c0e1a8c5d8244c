use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, Input, MatchKind};
use artifact::Blob;

use super::confirm_program;
use crate::identify::Format;

/// Places of one kind that are kept.
const KEPT: usize = 65_536;
/// How far before its PE header a program may begin.
const STUB: u64 = 1 << 20;

/// A place where something may begin, seen in passing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// The first byte of what was seen.
    pub at: u64,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Elf,
    PeHeader,
    MachO,
    /// Its second byte was seen.
    MachOLittle,
    ZipEnd,
    Pickle,
}

/// What is looked for. All of them are so long, or what follows is so narrow, that random numbers
/// hardly hold any.
const NEEDLES: [(&[u8], Kind); 8] = [
    (b"\x7fELF", Kind::Elf),
    (b"PE\0\0", Kind::PeHeader),
    // One byte tells 32 bits from 64: the last, or the one before the others.
    (b"\xfe\xed\xfa", Kind::MachO),
    (b"\xfa\xed\xfe", Kind::MachOLittle),
    (b"\xca\xfe\xba", Kind::MachO),
    (b"PK\x05\x06", Kind::ZipEnd),
    (b"\x80\x04\x95", Kind::Pickle),
    (b"\x80\x05\x95", Kind::Pickle),
];

/// Bytes of a needle that may stand before the end of a piece.
const OVERLAP: usize = 3;

/// All needles at once. None of them is the beginning of another.
fn needles() -> Option<&'static AhoCorasick> {
    static NEEDLES_AT_ONCE: OnceLock<Option<AhoCorasick>> = OnceLock::new();
    let make = || {
        let needles = NEEDLES.iter().map(|(needle, _)| needle);
        AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(needles).ok()
    };
    NEEDLES_AT_ONCE.get_or_init(make).as_ref()
}

/// Watches bytes go by, from the first to the last, and keeps where something may begin.
#[derive(Default)]
pub struct Marks {
    /// The last bytes of the piece before.
    tail: Vec<u8>,
    /// Everything before it was seen.
    seen: u64,
    found: Vec<Mark>,
    left_out: bool,
}

impl Marks {
    /// The next bytes.
    pub fn pass(&mut self, bytes: &[u8]) {
        let mut seam = std::mem::take(&mut self.tail);
        let before = seam.len();
        seam.extend(bytes.iter().take(OVERLAP));
        let start = self.seen.saturating_sub(before as u64);
        self.find(&seam, start, Some(before));
        self.find(bytes, self.seen, None);
        self.seen = self.seen.saturating_add(bytes.len() as u64);
        // A piece may be shorter than what is kept of it.
        if bytes.len() < OVERLAP {
            self.tail = seam;
        } else {
            self.tail = bytes.get(bytes.len().saturating_sub(OVERLAP)..).unwrap_or(bytes).to_vec();
        }
        let drop = self.tail.len().saturating_sub(OVERLAP);
        self.tail.drain(..drop);
    }

    /// Finds the needles; of a seam only those that begin before the border and end behind it.
    fn find(&mut self, bytes: &[u8], start: u64, border: Option<usize>) {
        let Some(needles) = needles() else {
            self.left_out = true;
            return;
        };
        let mut from = 0usize;
        while from < bytes.len()
            && let Some(found) = needles.find(Input::new(bytes).range(from..))
        {
            let (at, end) = (found.start(), found.end());
            // Another may begin inside it.
            from = at.saturating_add(1);
            if border.is_some_and(|border| at >= border || end <= border) {
                continue;
            }
            let Some((_, kind)) = NEEDLES.get(found.pattern().as_usize()) else { continue };
            if self.found.len() >= KEPT {
                self.left_out = true;
                return;
            }
            self.found.push(Mark { at: start.saturating_add(at as u64), kind: *kind });
        }
    }

    /// What was seen, in order.
    pub fn found(&self) -> Vec<Mark> {
        let mut found = self.found.clone();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Whether there was more than is kept.
    pub fn left_out(&self) -> bool {
        self.left_out
    }
}

impl Mark {
    /// What begins there, where it holds together: its format, its first byte, one past its last.
    pub fn confirm(self, blob: &Blob) -> Option<(Format, u64, u64)> {
        let program = |at: u64, format: Format| {
            let found = confirm_program(&blob.from(at), at, format)?;
            Some((found.format, at, found.end.unwrap_or(blob.len())))
        };
        match self.kind {
            Kind::Elf => program(self.at, Format::Elf),
            Kind::MachO => program(self.at, Format::MachO),
            Kind::MachOLittle => program(self.at.checked_sub(1)?, Format::MachO),
            Kind::PeHeader => {
                let from = self.at.saturating_sub(STUB);
                let len = usize::try_from(self.at.saturating_sub(from)).unwrap_or(0);
                let before = blob.bytes_at(from, len);
                memchr::memmem::rfind_iter(&before, b"MZ").find_map(|found| {
                    let at = from.saturating_add(found as u64);
                    let header = u32::from_le_bytes(blob.array_at(at.saturating_add(60))?);
                    (at.saturating_add(u64::from(header)) == self.at)
                        .then(|| program(at, Format::Pe))
                        .flatten()
                })
            }
            Kind::ZipEnd => zip(blob, self.at),
            Kind::Pickle => {
                // The frame lies inside, and its last opcode is the end.
                let len = u64::from_le_bytes(blob.array_at(self.at.saturating_add(3))?);
                let end = self.at.checked_add(11)?.checked_add(len)?;
                let stop: [u8; 1] = blob.array_at(end.checked_sub(1)?)?;
                (len > 0 && stop == *b".").then_some((Format::Pickle, self.at, end))
            }
        }
    }
}

/// The archive that ends here: its directory stands before the record and begins with an entry.
fn zip(blob: &Blob, record: u64) -> Option<(Format, u64, u64)> {
    let number = |at: u64| {
        let bytes = blob.array_at(record.checked_add(at)?)?;
        Some(u64::from(u32::from_le_bytes(bytes)))
    };
    let comment = u64::from(u16::from_le_bytes(blob.array_at(record.checked_add(20)?)?));
    let (mut size, mut offset, mut before) = (number(12)?, number(16)?, record);
    // The longer record, and the locator that leads to it, stand before this one.
    let longer = record.checked_sub(76).filter(|at| blob.array_at(*at) == Some(*b"PK\x06\x06"));
    if let Some(longer) = longer
        && (size == u64::from(u32::MAX) || offset == u64::from(u32::MAX))
    {
        size = u64::from_le_bytes(blob.array_at(longer.checked_add(40)?)?);
        offset = u64::from_le_bytes(blob.array_at(longer.checked_add(48)?)?);
        before = longer;
    }
    let directory = before.checked_sub(size)?;
    let start = directory.checked_sub(offset)?;
    let entry = size > 0 && blob.array_at(directory) == Some(*b"PK\x01\x02");
    let end = record.checked_add(22)?.checked_add(comment)?;
    entry.then_some((Format::Zip, start, end.min(blob.len())))
}
