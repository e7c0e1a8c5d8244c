//! The indexes of chunks that came with HDF5 1.10.

use super::OddityKind as K;
use super::btree2;
use super::layout::{Chunk, Chunked};
use super::source::{Fields, Reading, Source, UNDEFINED, to_usize};

/// How the chunks of a data set are found.
#[derive(Clone, Debug)]
pub(super) enum Index {
    /// A version 1 B-tree.
    Tree,
    /// There is one chunk; where it is filtered, its bytes and the filters left out.
    Single(Option<(u64, u32)>),
    /// One after the other.
    Implicit,
    /// An array of a fixed length.
    Fixed,
    /// An array that grows.
    Extensible,
    /// A version 2 B-tree.
    Tree2,
}

pub(super) fn parse(source: &Source, fields: &mut Fields<'_>, flags: u8) -> Option<Index> {
    Some(match fields.u8()? {
        1 if flags & 2 != 0 => Index::Single(Some((fields.length(source)?, fields.u32()?))),
        1 => Index::Single(None),
        2 => Index::Implicit,
        3 => {
            fields.skip(1)?;
            Index::Fixed
        }
        4 => {
            fields.skip(5)?;
            Index::Extensible
        }
        5 => {
            fields.skip(6)?;
            Index::Tree2
        }
        _ => return None,
    })
}

type Act<'a> = &'a mut dyn FnMut(&mut Reading, Chunk);

/// The elements of an array of chunks, in the order of the data set.
struct Elements<'a, 'b> {
    chunked: &'a Chunked,
    /// How many chunks there are along each dimension.
    counts: Vec<u64>,
    /// Bytes of a chunk; an error where filters change them.
    len: Result<u64, u64>,
    next: u64,
    act: Act<'b>,
}

/// Shows the chunks of an index. `len` tells the bytes of a chunk: an error where filters change
/// them.
pub(super) fn walk(
    reading: &mut Reading,
    chunked: &Chunked,
    extent: &[u64],
    len: Result<u64, u64>,
    act: Act<'_>,
) {
    let counts: Vec<u64> = extent
        .iter()
        .zip(&chunked.shape)
        .map(|(extent, chunk)| extent.checked_next_multiple_of(*chunk).unwrap_or(u64::MAX))
        .zip(&chunked.shape)
        .map(|(extent, chunk)| extent.checked_div(*chunk).unwrap_or(0))
        .collect();
    let source = reading.source.clone();
    let mut elements = Elements { chunked, counts, len, next: 0, act };
    match chunked.index {
        Index::Tree => {}
        Index::Single(filtered) => {
            let (size, mask) = filtered.unwrap_or((len.unwrap_or_else(|len| len), 0));
            elements.show(reading, chunked.address, size, mask);
        }
        Index::Implicit => {
            let size = len.unwrap_or_else(|len| len);
            let total = elements.counts.iter().fold(1u64, |n, count| n.saturating_mul(*count));
            let mut address = chunked.address;
            for _ in 0..total {
                if !reading.step(1) || !source.holds(address) {
                    break;
                }
                elements.show(reading, address, size, 0);
                // Chunks of no bytes all stand here, and hold nothing, however many they are.
                if size == 0 {
                    break;
                }
                address = address.saturating_add(size);
            }
        }
        Index::Fixed => {
            fixed(reading, &mut elements);
        }
        Index::Extensible => {
            extensible(reading, &mut elements);
        }
        Index::Tree2 => btree2::records(reading, chunked.address, &mut |reading, kind, record| {
            let mut fields = Fields::new(record);
            let parsed = (|| {
                let address = fields.offset(&source)?;
                let (mut size, mut mask) = (len.unwrap_or(0), 0);
                if kind == 11 {
                    let offsets = chunked.shape.len().saturating_mul(8);
                    let width = record.len().checked_sub(offsets)?.checked_sub(4)?;
                    size = fields.number(width.checked_sub(source.offset_size)?)?;
                    mask = fields.u32()?;
                }
                let start: Option<Vec<u64>> = chunked
                    .shape
                    .iter()
                    .map(|chunk| fields.number(8).map(|at| at.saturating_mul(*chunk)))
                    .collect();
                Some(Chunk { start: start?, address, size, mask })
            })();
            if let Some(chunk) = parsed {
                (elements.act)(reading, chunk);
            }
        }),
    }
}

impl Elements<'_, '_> {
    /// Shows the next chunk, where it was written.
    fn show(&mut self, reading: &mut Reading, address: u64, size: u64, mask: u32) {
        let mut rest = self.next;
        self.next = self.next.saturating_add(1);
        if address == UNDEFINED {
            return;
        }
        let mut start = vec![0u64; self.counts.len()];
        let rows = start.iter_mut().zip(&self.counts).zip(&self.chunked.shape);
        for ((slot, count), chunk) in rows.rev() {
            *slot = rest.checked_rem(*count).unwrap_or(0).saturating_mul(*chunk);
            rest = rest.checked_div(*count).unwrap_or(0);
        }
        (self.act)(reading, Chunk { start, address, size, mask });
    }

    /// Shows the chunks of `count` elements of `width` bytes.
    fn take(&mut self, reading: &mut Reading, fields: &mut Fields<'_>, count: u64, width: usize) {
        let source = reading.source.clone();
        for _ in 0..count {
            let Some(element) = fields.take(width) else { break };
            if !reading.step(1) {
                return;
            }
            let mut inner = Fields::new(element);
            let address = inner.offset(&source).unwrap_or(UNDEFINED);
            let (mut size, mut mask) = (self.len.unwrap_or(0), 0);
            if self.len.is_err() {
                let wide = inner.left().saturating_sub(4);
                size = inner.number(wide).unwrap_or(0);
                mask = inner.u32().unwrap_or(0);
            }
            self.show(reading, address, size, mask);
        }
    }

    /// Passes over elements whose page was never written.
    fn pass(&mut self, count: u64) {
        self.next = self.next.saturating_add(count);
    }

    /// The pages of a data block, those that a bit says were written.
    fn pages(&mut self, reading: &mut Reading, at: u64, pages: &Pages<'_>) {
        let mut address = at;
        let mut left = pages.elements;
        let mut index = 0u64;
        while left > 0 {
            let count = left.min(pages.page);
            let len = pages.page.saturating_mul(pages.width as u64).saturating_add(4);
            let byte = usize::try_from(index / 8).ok().and_then(|at| pages.bits.get(at));
            let bit = 0x80u8.checked_shr(u32::try_from(index % 8).unwrap_or(0)).unwrap_or(0);
            if !reading.step(1) {
                return;
            }
            if byte.is_some_and(|byte| byte & bit != 0) {
                let used = count.saturating_mul(pages.width as u64).saturating_add(4);
                if let Some(block) = reading.block(address, used, "chunk index") {
                    reading.verify(&block, address, "chunk index");
                    let body = block.len().saturating_sub(4);
                    let mut fields = Fields::new(block.get(..body).unwrap_or_default());
                    self.take(reading, &mut fields, count, pages.width);
                }
            } else {
                reading.explain(address, len, "chunk index");
                self.pass(count);
            }
            address = address.saturating_add(len);
            left = left.saturating_sub(count);
            index = index.saturating_add(1);
        }
    }
}

/// A data block that is divided into pages.
struct Pages<'a> {
    elements: u64,
    page: u64,
    width: usize,
    /// One bit a page, the highest first.
    bits: &'a [u8],
}

fn fixed(reading: &mut Reading, elements: &mut Elements<'_, '_>) -> Option<()> {
    let source = reading.source.clone();
    let address = elements.chunked.address;
    let len = source.offset_size.saturating_add(source.length_size).saturating_add(12);
    let block = reading.block(address, len as u64, "chunk index")?;
    if !reading.signed(&block, *b"FAHD", address, "chunk index")
        || !reading.enter(address, "a chunk index")
    {
        return None;
    }
    reading.verify(&block, address, "chunk index");
    let mut fields = Fields::new(&block);
    fields.skip(6)?;
    let width = usize::from(fields.u8()?);
    let page = 1u64.checked_shl(u32::from(fields.u8()?))?;
    let count = fields.length(&source)?;
    let data = fields.offset(&source)?;
    if data == UNDEFINED || width == 0 {
        return None;
    }
    let paged = count > page;
    let bits = if paged { count.div_ceil(page).div_ceil(8) } else { 0 };
    let prefix = (source.offset_size as u64).saturating_add(6).saturating_add(bits);
    let body = if paged { 0 } else { count.saturating_mul(width as u64) };
    let len = prefix.saturating_add(body).saturating_add(4);
    let block = reading.block(data, len, "chunk index")?;
    if !reading.signed(&block, *b"FADB", data, "chunk index")
        || !reading.enter(data, "a chunk index")
    {
        return None;
    }
    reading.verify(&block, data, "chunk index");
    if paged {
        let end = to_usize(prefix);
        let bits = block.get(end.checked_sub(to_usize(bits))?..end)?;
        let at = data.saturating_add(len);
        elements.pages(reading, at, &Pages { elements: count, page, width, bits });
    } else {
        let mut fields = Fields::new(block.get(..block.len().checked_sub(4)?)?);
        fields.skip(to_usize(prefix))?;
        elements.take(reading, &mut fields, count, width);
    }
    Some(())
}

/// What the header of an extensible array says.
struct Growing {
    width: usize,
    /// Bytes of an offset within the array.
    offset_len: u64,
    page: u64,
}

fn extensible(reading: &mut Reading, elements: &mut Elements<'_, '_>) -> Option<()> {
    let source = reading.source.clone();
    let address = elements.chunked.address;
    let lengths = source.length_size.saturating_mul(6);
    let len = source.offset_size.saturating_add(lengths).saturating_add(16);
    let block = reading.block(address, len as u64, "chunk index")?;
    if !reading.signed(&block, *b"EAHD", address, "chunk index")
        || !reading.enter(address, "a chunk index")
    {
        return None;
    }
    reading.verify(&block, address, "chunk index");
    let mut fields = Fields::new(&block);
    fields.skip(6)?;
    let width = usize::from(fields.u8()?);
    let bits = u32::from(fields.u8()?);
    let in_index = u64::from(fields.u8()?);
    let least = u64::from(fields.u8()?);
    let pointers = u64::from(fields.u8()?);
    let page = 1u64.checked_shl(u32::from(fields.u8()?))?;
    fields.skip(lengths)?;
    let index = fields.offset(&source)?;
    let doubles = least.is_power_of_two() && pointers.is_power_of_two() && bits <= 64 && width > 0;
    if !doubles {
        reading.add(K::BadSize, address, || "an array of chunks that does not double".into());
        return None;
    }
    if index == UNDEFINED {
        return None;
    }
    let offset_len = u64::from(bits.div_ceil(8));
    let array = Growing { width, offset_len, page };
    let log = |n: u64| n.checked_ilog2().unwrap_or(0);
    let super_blocks = bits.checked_sub(log(least))?.checked_add(1)?;
    let first = log(pointers).saturating_mul(2);
    let direct = pointers.saturating_sub(1).saturating_mul(2);
    let others = u64::from(super_blocks.saturating_sub(first));
    let prefix = source.offset_size.saturating_add(6);
    let body = in_index.saturating_mul(width as u64);
    let addresses = direct.saturating_add(others).saturating_mul(source.offset_size as u64);
    let len = (prefix as u64).saturating_add(body).saturating_add(addresses).saturating_add(4);
    let block = reading.block(index, len, "chunk index")?;
    if !reading.signed(&block, *b"EAIB", index, "chunk index")
        || !reading.enter(index, "a chunk index")
    {
        return None;
    }
    reading.verify(&block, index, "chunk index");
    let mut fields = Fields::new(&block);
    fields.skip(prefix)?;
    elements.take(reading, &mut fields, in_index, width);
    // Data blocks of the first super blocks stand in the index block itself.
    for number in 0..super_blocks {
        let blocks = 1u64.checked_shl(number / 2)?;
        let size = 1u64.checked_shl(number.div_ceil(2))?.checked_mul(least)?;
        if number < first {
            for _ in 0..blocks {
                let data = fields.offset(&source)?;
                data_block(reading, elements, &array, data, size, None);
            }
        } else {
            let address = fields.offset(&source)?;
            if address == UNDEFINED {
                elements.pass(blocks.saturating_mul(size));
            } else {
                super_block(reading, elements, &array, address, blocks, size);
            }
        }
    }
    Some(())
}

fn super_block(
    reading: &mut Reading,
    elements: &mut Elements<'_, '_>,
    array: &Growing,
    address: u64,
    blocks: u64,
    size: u64,
) -> Option<()> {
    let source = reading.source.clone();
    let prefix = (source.offset_size as u64).saturating_add(6).saturating_add(array.offset_len);
    let pages = if size > array.page { size.checked_div(array.page)? } else { 0 };
    let bits = pages.div_ceil(8);
    let len = blocks
        .saturating_mul(bits.saturating_add(source.offset_size as u64))
        .saturating_add(prefix)
        .saturating_add(4);
    let block = reading.block(address, len, "chunk index")?;
    if !reading.signed(&block, *b"EASB", address, "chunk index")
        || !reading.enter(address, "a chunk index")
    {
        return None;
    }
    reading.verify(&block, address, "chunk index");
    let mut fields = Fields::new(&block);
    fields.skip(to_usize(prefix))?;
    let mut bitmaps = Fields::new(fields.take(to_usize(blocks.saturating_mul(bits)))?);
    for _ in 0..blocks {
        let data = fields.offset(&source)?;
        let bits = bitmaps.take(to_usize(bits))?;
        data_block(reading, elements, array, data, size, (pages > 0).then_some(bits));
    }
    Some(())
}

fn data_block(
    reading: &mut Reading,
    elements: &mut Elements<'_, '_>,
    array: &Growing,
    address: u64,
    size: u64,
    bits: Option<&[u8]>,
) -> Option<()> {
    let before = elements.next;
    let done = filled(reading, elements, array, address, size, bits);
    // Whatever could be read of it, the next block begins where this one ends.
    elements.next = before.saturating_add(size);
    done
}

fn filled(
    reading: &mut Reading,
    elements: &mut Elements<'_, '_>,
    array: &Growing,
    address: u64,
    size: u64,
    bits: Option<&[u8]>,
) -> Option<()> {
    if address == UNDEFINED {
        return Some(());
    }
    let source = reading.source.clone();
    let prefix = (source.offset_size as u64).saturating_add(6).saturating_add(array.offset_len);
    let body = if bits.is_some() { 0 } else { size.saturating_mul(array.width as u64) };
    let len = prefix.saturating_add(body).saturating_add(4);
    let block = reading.block(address, len, "chunk index")?;
    if !reading.signed(&block, *b"EADB", address, "chunk index")
        || !reading.enter(address, "a chunk index")
    {
        return None;
    }
    reading.verify(&block, address, "chunk index");
    if let Some(bits) = bits {
        let pages = Pages { elements: size, page: array.page, width: array.width, bits };
        elements.pages(reading, address.saturating_add(len), &pages);
    } else {
        let mut fields = Fields::new(block.get(..block.len().checked_sub(4)?)?);
        fields.skip(to_usize(prefix))?;
        elements.take(reading, &mut fields, size, array.width);
    }
    Some(())
}
