//! Where a file begins, and how wide its numbers are.

use artifact::Blob;

use super::OddityKind as K;
use super::header;
use super::source::{Fields, Reading, Source, UNDEFINED};

/// What an HDF5 file begins with.
pub const MAGIC: [u8; 8] = *b"\x89HDF\r\n\x1a\n";

/// The superblock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Superblock {
    /// Where it stands: 0, or behind a user block of 512 bytes or a doubling of that.
    pub at: u64,
    /// 0 to 3.
    pub version: u8,
    /// Bytes of an address.
    pub offset_size: u8,
    /// Bytes of a length.
    pub length_size: u8,
    /// Where the file says that it ends, as an offset in the blob.
    pub end: u64,
    /// Offset in the blob of another superblock, where one stands at a place where a reader may
    /// look for it.
    pub second: Option<u64>,
}

/// What the rest of the reader needs to know of the superblock.
#[derive(Debug)]
pub(super) struct Start {
    pub(super) superblock: Superblock,
    /// Address of the root group's header.
    pub(super) root: u64,
    /// B-tree and local heap that the superblock says the root group has.
    pub(super) cached: Option<(u64, u64)>,
    pub(super) extension: u64,
    pub(super) ranks: Ranks,
}

/// How many entries nodes of the old structures hold at most: half of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ranks {
    pub(super) leaf: u64,
    pub(super) group: u64,
    pub(super) chunk: u64,
}

/// Offsets where a superblock may stand.
fn places(blob: &Blob) -> impl Iterator<Item = u64> {
    let len = blob.len();
    std::iter::successors(Some(0u64), |at| Some(if *at == 0 { 512 } else { at.checked_mul(2)? }))
        .take_while(move |at| *at < len)
}

/// Finds the superblock that libhdf5 finds: the first.
pub(super) fn find(blob: &Blob) -> (Option<u64>, Option<u64>) {
    let mut found = places(blob).filter(|at| blob.array_at(*at) == Some(MAGIC));
    (found.next(), found.next())
}

/// A source whose superblock was not read yet.
pub(super) fn source(blob: &Blob, base: u64) -> Source {
    Source { blob: blob.clone(), base, offset_size: 8, length_size: 8 }
}

pub(super) fn read(reading: &mut Reading, second: Option<u64>) -> Option<Start> {
    let at = reading.source.base;
    let head = reading.source.bytes(0, 256);
    let mut fields = Fields::new(&head);
    fields.skip(8)?;
    let version = fields.u8()?;
    if version > 3 {
        reading.add(K::UnknownVersion, 8, || format!("superblock of version {version}"));
    }
    if let Some(second) = second {
        reading.odd.add(K::SecondSuperblock, second, || {
            format!("a superblock stands at {at} and another at {second}")
        });
    }
    let old = version < 2;
    let mut ranks = Ranks { leaf: 4, group: 16, chunk: 32 };
    if old {
        fields.skip(4)?;
    }
    let (offset_size, length_size) = (fields.u8()?, fields.u8()?);
    for size in [offset_size, length_size] {
        if !matches!(size, 2 | 4 | 8 | 16 | 32) {
            reading.add(K::BadSize, 8, || format!("numbers of {size} bytes"));
        }
    }
    reading.source.offset_size = usize::from(offset_size);
    reading.source.length_size = usize::from(length_size);
    let source = reading.source.clone();
    let flags;
    if old {
        fields.skip(1)?;
        ranks.leaf = u64::from(fields.u16()?);
        ranks.group = u64::from(fields.u16()?);
        flags = fields.u32()?;
        if version == 1 {
            ranks.chunk = u64::from(fields.u16()?);
            fields.skip(2)?;
        }
    } else {
        flags = u32::from(fields.u8()?);
    }
    if version >= 3 && flags & 0b101 != 0 {
        reading.add(K::Unclean, 0, || "it was not closed by its last writer".into());
    }
    let base = fields.offset(&source)?;
    if base != at {
        reading.add(K::BaseAddress, 0, || format!("it stands at {at} and says {base}"));
    }
    // The address of the free space, which nothing writes, or of the superblock's extension.
    let second_address = fields.offset(&source)?;
    let end = fields.offset(&source)?;
    let mut start = Start {
        superblock: Superblock { at, version, offset_size, length_size, end: 0, second },
        root: UNDEFINED,
        cached: None,
        extension: if old { UNDEFINED } else { second_address },
        ranks,
    };
    if old {
        driver(reading, fields.offset(&source)?);
        fields.offset(&source)?;
        start.root = fields.offset(&source)?;
        let cached = fields.u32()?;
        fields.skip(4)?;
        let mut scratch = Fields::new(fields.take(16)?);
        if cached == 1 {
            start.cached = scratch.offset(&source).zip(scratch.offset(&source));
        }
    } else {
        start.root = fields.offset(&source)?;
        let checked = fields.position().checked_add(4)?;
        fields.skip(4)?;
        reading.verify(head.get(..checked)?, 0, "superblock");
    }
    reading.explain(0, fields.position() as u64, "superblock");
    // libhdf5 moves the end along with a superblock that says to stand elsewhere.
    let shifted = if base == UNDEFINED { end } else { end.saturating_sub(base) };
    start.superblock.end = source.absolute(shifted);
    let len = source.blob.len();
    if start.superblock.end > len {
        let end = start.superblock.end;
        reading.add(K::Truncated, 0, || format!("it says to end at {end}, {len} bytes are there"));
    } else if start.superblock.end < len {
        let more = len.saturating_sub(start.superblock.end);
        reading.odd.add(K::TrailingBytes, start.superblock.end, || format!("{more} bytes"));
    }
    Some(start)
}

/// The block that tells of files which are kept in several parts.
fn driver(reading: &mut Reading, address: u64) {
    if address == UNDEFINED {
        return;
    }
    let Some(block) = reading.block(address, 16, "driver information") else { return };
    let mut fields = Fields::new(&block);
    let parsed = (|| {
        fields.skip(4)?;
        Some((fields.u32()?, fields.take(8)?))
    })();
    if let Some((size, name)) = parsed {
        reading.explain(address, u64::from(size).saturating_add(16), "driver information");
        let name = vocabulary::Untrusted::from_bytes(name);
        reading.add(K::OtherDriver, address, || format!("`{name}`"));
    }
}

/// What the superblock's extension adds.
#[derive(Debug, Default)]
pub(super) struct Extension {
    /// Address and number of indexes of the table of shared messages.
    pub(super) shared: Option<(u64, u8)>,
}

pub(super) fn extension(reading: &mut Reading, start: &mut Start) -> Extension {
    let mut out = Extension::default();
    if start.extension == UNDEFINED {
        return out;
    }
    let Some(header) = header::read(reading, start.extension) else { return out };
    let source = reading.source.clone();
    for message in &header.messages {
        let bytes = message.bytes();
        let mut fields = Fields::new(&bytes);
        match message.kind {
            header::SHARED_TABLE => {
                out.shared = (|| {
                    fields.skip(1)?;
                    fields.offset(&source).zip(fields.u8())
                })();
            }
            header::RANKS => {
                let told = (|| {
                    fields.skip(1)?;
                    let chunk = u64::from(fields.u16()?);
                    let group = u64::from(fields.u16()?);
                    Some(Ranks { chunk, group, leaf: u64::from(fields.u16()?) })
                })();
                start.ranks = told.unwrap_or(start.ranks);
            }
            header::DRIVER => {
                let at = message.at;
                reading.odd.add(K::OtherDriver, at, || "a file in several parts".into());
            }
            header::CACHE_IMAGE => {
                fields.skip(1);
                if fields.offset(&source).is_some_and(|address| address != UNDEFINED) {
                    let detail = "metadata stands in an image of the cache";
                    reading.odd.add(K::CacheImage, message.at, || detail.into());
                }
            }
            _ => {}
        }
    }
    out
}
