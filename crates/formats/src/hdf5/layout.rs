//! Where the elements of a data set stand.

use vocabulary::Span;

use super::OddityKind as K;
use super::header::{self, Header, Message};
use super::index::{self, Index};
use super::source::{Fields, Reading, UNDEFINED};
use super::superblock::Ranks;
use super::{btree1, heap, values, vds};

/// The layout of a data set.
#[derive(Clone, Debug, Default)]
pub(super) enum Layout {
    /// None is told.
    #[default]
    None,
    /// In the header.
    Compact(Span),
    /// In one piece; nowhere as long as nothing was written.
    Plain(Option<Span>),
    Chunked(Chunked),
    /// In other files, one after the other.
    External(Vec<Slot>),
    /// In other data sets.
    Virtual(Vec<vds::Source>),
    /// Of a version or class that does not exist.
    Unknown,
}

/// A part of another file.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub(super) file: Vec<u8>,
    pub(super) offset: u64,
    pub(super) size: u64,
}

/// A data set in chunks.
#[derive(Clone, Debug)]
pub(super) struct Chunked {
    /// The dimensions of a chunk, without the size of an element.
    pub(super) shape: Vec<u64>,
    pub(super) element: u64,
    pub(super) index: Index,
    pub(super) address: u64,
    pub(super) rank: u64,
}

/// A chunk that was written.
#[derive(Clone, Debug)]
pub(super) struct Chunk {
    /// Where it begins in the data set, in elements.
    pub(super) start: Vec<u64>,
    pub(super) address: u64,
    pub(super) size: u64,
    /// Filters that were left out.
    pub(super) mask: u32,
}

impl Chunked {
    /// Bytes of a chunk before the filters.
    pub(super) fn chunk_len(&self) -> Option<u64> {
        self.shape.iter().try_fold(self.element, |len, extent| len.checked_mul(*extent))
    }

    /// Shows every chunk that was written.
    pub(super) fn chunks(
        &self,
        reading: &mut Reading,
        extent: &[u64],
        filtered: bool,
        act: &mut dyn FnMut(&mut Reading, Chunk),
    ) {
        if self.address == UNDEFINED {
            return;
        }
        let Some(len) = self.chunk_len() else { return };
        if let Index::Tree = self.index {
            let dimensions = self.shape.len();
            // Size, filters, an offset for each dimension and one within the element.
            let key_len = dimensions.saturating_add(1).saturating_mul(8).saturating_add(8);
            let act = &mut |reading: &mut Reading, key: &[u8], address: u64| {
                let mut fields = Fields::new(key);
                let parsed = (|| {
                    let size = u64::from(fields.u32()?);
                    let mask = fields.u32()?;
                    let start: Option<Vec<u64>> =
                        (0..dimensions).map(|_| fields.number(8)).collect();
                    Some(Chunk { start: start?, address, size, mask })
                })();
                if let Some(chunk) = parsed {
                    act(reading, chunk);
                }
            };
            btree1::walk(reading, self.address, btree1::CHUNKS, key_len, self.rank, act);
        } else {
            index::walk(reading, self, extent, filtered.then_some(len).map_or(Ok(len), Err), act);
        }
    }
}

/// Reads the layout that a header tells.
pub(super) fn read(
    reading: &mut Reading,
    header: &Header,
    ranks: Ranks,
    size: Option<u64>,
) -> Layout {
    let message = header.first(header::LAYOUT);
    if let Some(files) = header.first(header::EXTERNAL_FILES) {
        if message.is_none() {
            reading.odd.add(K::MixedObject, files.at, || "external files without a layout".into());
        }
        return external(reading, files);
    }
    let Some(message) = message else { return Layout::None };
    let bytes = message.bytes();
    let mut fields = Fields::new(&bytes);
    let parsed = match fields.u8() {
        Some(1 | 2) => old(reading, &mut fields, message, ranks, size),
        Some(version @ 3..=5) => new(reading, &mut fields, message, version, ranks),
        _ => {
            reading.odd.add(K::UnknownVersion, message.at, || "a layout".into());
            return Layout::Unknown;
        }
    };
    parsed.unwrap_or_else(|| {
        reading.odd.add(K::BadMessage, message.at, || "a layout".into());
        Layout::Unknown
    })
}

fn plain(reading: &Reading, address: u64, size: u64) -> Layout {
    let start = reading.source.absolute(address);
    let there = address != UNDEFINED;
    Layout::Plain(there.then(|| Span::new(start, start.saturating_add(size))))
}

fn inside(message: &Message, fields: &Fields<'_>, size: u64) -> Layout {
    let start = message.at.saturating_add(fields.position() as u64);
    let end = message.at.saturating_add(message.data.len());
    Layout::Compact(Span::new(start, start.saturating_add(size).min(end)))
}

fn old(
    reading: &mut Reading,
    fields: &mut Fields<'_>,
    message: &Message,
    ranks: Ranks,
    size: Option<u64>,
) -> Option<Layout> {
    let dimensions = usize::from(fields.u8()?);
    let class = fields.u8()?;
    fields.skip(5)?;
    let address = if class == 0 { UNDEFINED } else { fields.offset(&reading.source)? };
    let shape: Option<Vec<u64>> = (0..dimensions).map(|_| fields.u32().map(u64::from)).collect();
    let mut shape = shape?;
    Some(match class {
        0 => {
            let size = u64::from(fields.u32()?);
            inside(message, fields, size)
        }
        1 => plain(reading, address, size.unwrap_or(0)),
        2 => {
            let element = shape.pop()?;
            Layout::Chunked(Chunked {
                shape,
                element,
                index: Index::Tree,
                address,
                rank: ranks.chunk,
            })
        }
        _ => return None,
    })
}

fn new(
    reading: &mut Reading,
    fields: &mut Fields<'_>,
    message: &Message,
    version: u8,
    ranks: Ranks,
) -> Option<Layout> {
    let source = reading.source.clone();
    Some(match fields.u8()? {
        0 => {
            let size = u64::from(fields.u16()?);
            inside(message, fields, size)
        }
        1 => {
            let address = fields.offset(&source)?;
            let size = fields.length(&source)?;
            plain(reading, address, size)
        }
        2 if version == 3 => {
            let dimensions = usize::from(fields.u8()?);
            let address = fields.offset(&source)?;
            let shape: Option<Vec<u64>> =
                (0..dimensions).map(|_| fields.u32().map(u64::from)).collect();
            let mut shape = shape?;
            let element = shape.pop()?;
            Layout::Chunked(Chunked {
                shape,
                element,
                index: Index::Tree,
                address,
                rank: ranks.chunk,
            })
        }
        2 => {
            let flags = fields.u8()?;
            let dimensions = usize::from(fields.u8()?);
            let width = usize::from(fields.u8()?);
            let shape: Option<Vec<u64>> = (0..dimensions).map(|_| fields.number(width)).collect();
            let mut shape = shape?;
            let element = shape.pop()?;
            let index = index::parse(&source, fields, flags)?;
            let address = fields.offset(&source)?;
            Layout::Chunked(Chunked { shape, element, index, address, rank: ranks.chunk })
        }
        3 => {
            let address = fields.offset(&source)?;
            let number = fields.u32()?;
            let block = values::Heaps::default().object(reading, address, number)?;
            let sources = vds::parse(&source, &block);
            let names =
                sources.sources.iter().map(|s| s.file.len().saturating_add(s.dataset.len()));
            let names = names.fold(0, usize::saturating_add);
            if !reading.spend(block.len()) || !reading.keep(names) {
                return Some(Layout::Unknown);
            }
            if !sources.whole {
                reading.odd.add(K::BadMessage, message.at, || "the sources of a data set".into());
            }
            Layout::Virtual(sources.sources)
        }
        _ => return None,
    })
}

fn external(reading: &mut Reading, message: &Message) -> Layout {
    let source = reading.source.clone();
    let bytes = message.bytes();
    let mut fields = Fields::new(&bytes);
    let mut slots = Vec::new();
    let whole = (|| {
        fields.skip(6)?;
        let used = fields.u16()?;
        let names = fields.offset(&source)?;
        let names = heap::local(reading, names);
        for _ in 0..used {
            let name = fields.length(&source)?;
            let offset = fields.length(&source)?;
            let size = fields.length(&source)?;
            let file = names.and_then(|names| names.name(&source, name)).unwrap_or_default();
            if !reading.spend(file.len() as u64) || !reading.keep(file.len()) {
                break;
            }
            slots.push(Slot { file, offset, size });
        }
        names
    })();
    if whole.is_none() {
        reading.odd.add(K::BadMessage, message.at, || "external files".into());
    }
    Layout::External(slots)
}
