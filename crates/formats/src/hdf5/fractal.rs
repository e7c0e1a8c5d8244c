//! Fractal heaps: where links and attributes stand when there are many.

use std::collections::HashMap;

use artifact::Blob;

use super::OddityKind as K;
use super::btree2;
use super::filter::{self, Pipeline};
use super::source::{Fields, Reading, UNDEFINED, to_usize, width_of};

/// Indirect blocks within each other; each level holds at most half of the one above.
const MAX_LEVELS: u32 = 64;
/// Objects of a heap that have a place of their own.
const MAX_HUGE: usize = 1 << 18;
/// Bytes that one heap keeps of blocks and objects behind filters.
const MAX_DECODED: u64 = 64 << 20;

#[derive(Debug)]
pub(super) struct FractalHeap {
    address: u64,
    id_len: usize,
    filters: Option<Pipeline>,
    checksummed: bool,
    offset_len: usize,
    length_len: usize,
    table: Table,
    /// The direct blocks by their offset in the heap.
    blocks: Vec<Direct>,
    huge: HashMap<u64, Huge>,
    decoded: u64,
}

/// A direct block, its prefix included: offsets of objects count from there.
#[derive(Debug)]
struct Direct {
    offset: u64,
    size: u64,
    data: Blob,
}

/// An object that has a place of its own.
#[derive(Clone, Copy, Debug)]
struct Huge {
    address: u64,
    len: u64,
    /// Filters that were left out, and bytes after the others.
    filtered: Option<(u32, u64)>,
}

/// How the blocks of a heap double.
#[derive(Clone, Copy, Debug)]
struct Table {
    width: u64,
    start: u64,
    max_direct: u64,
}

fn log2(number: u64) -> u64 {
    u64::from(number.checked_ilog2().unwrap_or(0))
}

impl Table {
    /// Bytes that each block of a row spans.
    fn size(&self, row: u64) -> u64 {
        let shift = u32::try_from(row.saturating_sub(1)).unwrap_or(u32::MAX);
        1u64.checked_shl(shift).and_then(|n| n.checked_mul(self.start)).unwrap_or(u64::MAX)
    }

    /// Rows of direct blocks; those of indirect blocks come after them.
    fn direct_rows(&self) -> u64 {
        log2(self.max_direct).saturating_sub(log2(self.start)).saturating_add(2)
    }

    /// Rows of an indirect block that spans so many bytes.
    fn rows_of(&self, size: u64) -> u64 {
        let first = log2(self.start.saturating_mul(self.width));
        log2(size).saturating_sub(first).saturating_add(1)
    }
}

/// A block as its parent tells of it.
#[derive(Clone, Copy, Debug)]
struct Entry {
    address: u64,
    /// Its bytes in the file and the filters left out, where blocks are filtered.
    filtered: Option<(u64, u32)>,
}

/// An indirect block that waits for being read.
struct Waiting {
    address: u64,
    rows: u64,
    offset: u64,
    level: u32,
}

/// Reads a heap's header and finds all of its blocks.
pub(super) fn open(reading: &mut Reading, address: u64) -> Option<FractalHeap> {
    let source = reading.source.clone();
    let lengths = source.length_size.saturating_mul(12);
    let fixed = source.offset_size.saturating_mul(3).saturating_add(lengths).saturating_add(26);
    let head = source.bytes(address, 9);
    let coded = match head.get(7..9) {
        Some([low, high]) => u16::from_le_bytes([*low, *high]),
        _ => 0,
    };
    let more = match u64::from(coded) {
        0 => 0,
        n => n.saturating_add(source.length_size as u64).saturating_add(4),
    };
    let block = reading.block(address, (fixed as u64).saturating_add(more), "fractal heap")?;
    if !reading.signed(&block, *b"FRHP", address, "fractal heap")
        || !reading.enter(address, "a fractal heap")
    {
        return None;
    }
    reading.verify(&block, address, "fractal heap");
    let mut fields = Fields::new(&block);
    fields.skip(5)?;
    let id_len = usize::from(fields.u16()?);
    fields.skip(2)?;
    let flags = fields.u8()?;
    let max_managed = u64::from(fields.u32()?);
    fields.length(&source)?;
    let huge_tree = fields.offset(&source)?;
    fields.length(&source)?;
    fields.offset(&source)?;
    for _ in 0..8 {
        fields.length(&source)?;
    }
    let width = u64::from(fields.u16()?);
    let start = fields.length(&source)?;
    let max_direct = fields.length(&source)?;
    let bits = usize::from(fields.u16()?);
    fields.skip(2)?;
    let root = fields.offset(&source)?;
    let rows = u64::from(fields.u16()?);
    let (mut filters, mut filtered) = (None, None);
    if coded != 0 {
        filtered = Some((fields.length(&source)?, fields.u32()?));
        filters = Some(filter::parse(reading, fields.take(usize::from(coded))?, address));
    }
    let doubles = width.is_power_of_two()
        && start.is_power_of_two()
        && max_direct.is_power_of_two()
        && start <= max_direct
        && max_direct <= 1 << 32
        && (1..=64).contains(&bits);
    if !doubles {
        reading.add(K::BadSize, address, || "a fractal heap whose blocks do not double".into());
        return None;
    }
    let length_len = to_usize(log2(max_direct).div_ceil(8)).min(width_of(max_managed));
    let mut heap = FractalHeap {
        address,
        id_len,
        filters,
        checksummed: flags & 2 != 0,
        offset_len: bits.div_ceil(8),
        length_len,
        table: Table { width, start, max_direct },
        blocks: Vec::new(),
        huge: HashMap::new(),
        decoded: 0,
    };
    if root != UNDEFINED {
        heap.survey(reading, Entry { address: root, filtered }, rows);
    }
    if huge_tree != UNDEFINED {
        heap.read_huge(reading, huge_tree);
    }
    Some(heap)
}

impl FractalHeap {
    /// Finds every block.
    fn survey(&mut self, reading: &mut Reading, root: Entry, rows: u64) {
        if rows == 0 {
            self.direct(reading, root, 0, self.table.start);
            return;
        }
        let mut waiting = vec![Waiting { address: root.address, rows, offset: 0, level: 0 }];
        while let Some(Waiting { address, rows, mut offset, level }) = waiting.pop() {
            if level > MAX_LEVELS || rows > 256 || !reading.enter(address, "a block of a heap") {
                continue;
            }
            let Some(entries) = self.indirect(reading, address, rows) else { continue };
            for (row, entry) in entries {
                let size = self.table.size(row);
                if entry.address != UNDEFINED && reading.step(1) {
                    if row < self.table.direct_rows() {
                        self.direct(reading, entry, offset, size);
                    } else {
                        let rows = self.table.rows_of(size);
                        let level = level.saturating_add(1);
                        waiting.push(Waiting { address: entry.address, rows, offset, level });
                    }
                }
                offset = offset.saturating_add(size);
            }
        }
        self.blocks.sort_by_key(|block| block.offset);
    }

    /// Reads a direct block and holds it against its checksum.
    fn direct(&mut self, reading: &mut Reading, entry: Entry, offset: u64, size: u64) {
        if !reading.enter(entry.address, "a block of a heap") {
            return;
        }
        let len = entry.filtered.map_or(size, |(len, _)| len);
        let Some(mut block) = reading.block(entry.address, len, "heap block") else { return };
        let mut data = reading.source.slice(entry.address, len);
        if let (Some(filters), Some((_, mask))) = (&self.filters, entry.filtered) {
            let limit = MAX_DECODED.saturating_sub(self.decoded).min(size.saturating_add(4096));
            match filters.decode(block, mask, limit) {
                Ok(plain) => block = plain.bytes,
                Err(trouble) => {
                    reading.add(K::CannotDecode, entry.address, || trouble.to_string());
                    return;
                }
            }
            self.decoded = self.decoded.saturating_add(block.len() as u64);
            data = Blob::from_vec(block.clone());
        }
        if !reading.signed(&block, *b"FHDB", entry.address, "heap block") {
            return;
        }
        if self.checksummed {
            // The checksum stands behind the prefix, and is zero while it is made.
            let prefix = reading.source.offset_size.saturating_add(self.offset_len);
            let at = prefix.saturating_add(5);
            if let Some(field) = block.get_mut(at..at.saturating_add(4)) {
                let told = u32::from_le_bytes(<[u8; 4]>::try_from(&*field).unwrap_or_default());
                field.fill(0);
                if super::checksum::lookup3(&block) != told {
                    reading.add(K::BadChecksum, entry.address, || "heap block".into());
                }
            }
        }
        self.blocks.push(Direct { offset, size, data });
    }

    /// The entries of an indirect block, each with its row.
    fn indirect(
        &self,
        reading: &mut Reading,
        address: u64,
        rows: u64,
    ) -> Option<Vec<(u64, Entry)>> {
        let source = reading.source.clone();
        let direct_rows = self.table.direct_rows().min(rows);
        let direct = direct_rows.saturating_mul(self.table.width);
        let others = rows.saturating_sub(direct_rows).saturating_mul(self.table.width);
        let wide = source.offset_size as u64;
        let more = match self.filters {
            Some(_) => (source.length_size as u64).saturating_add(4),
            None => 0,
        };
        let prefix = source.offset_size.saturating_add(self.offset_len).saturating_add(5);
        let len = direct
            .saturating_mul(wide.saturating_add(more))
            .saturating_add(others.saturating_mul(wide))
            .saturating_add(prefix as u64)
            .saturating_add(4);
        let block = reading.block(address, len, "heap block")?;
        if !reading.signed(&block, *b"FHIB", address, "heap block") {
            return None;
        }
        reading.verify(&block, address, "heap block");
        let mut fields = Fields::new(&block);
        fields.skip(prefix)?;
        let mut out = Vec::new();
        for index in 0..direct.saturating_add(others) {
            let row = index.checked_div(self.table.width)?;
            let Some(address) = fields.offset(&source) else { break };
            let mut filtered = None;
            if self.filters.is_some() && row < direct_rows {
                filtered = fields.length(&source).zip(fields.u32());
            }
            out.push((row, Entry { address, filtered }));
        }
        Some(out)
    }

    /// Reads the tree of the objects that have a place of their own.
    fn read_huge(&mut self, reading: &mut Reading, tree: u64) {
        let source = reading.source.clone();
        let huge = &mut self.huge;
        btree2::records(reading, tree, &mut |reading, kind, record| {
            let mut fields = Fields::new(record);
            let parsed = (|| {
                let address = fields.offset(&source)?;
                let len = fields.length(&source)?;
                let filtered = match kind {
                    2 | 4 => Some((fields.u32()?, fields.length(&source)?)),
                    _ => None,
                };
                let id = if matches!(kind, 1 | 2) { fields.length(&source)? } else { address };
                Some((id, Huge { address, len, filtered }))
            })();
            if huge.len() >= MAX_HUGE {
                reading.stop(super::Limit::Objects);
            } else if let Some((id, object)) = parsed {
                reading.explain(object.address, object.len, "heap object");
                huge.insert(id, object);
            }
        });
    }

    /// The object of an id.
    pub(super) fn object(&self, reading: &mut Reading, id: &[u8]) -> Option<Blob> {
        let found = self.find(reading, id);
        if found.is_none() {
            reading.add(K::BadAddress, self.address, || format!("no object {id:02x?} in a heap"));
        }
        found
    }

    fn find(&self, reading: &mut Reading, id: &[u8]) -> Option<Blob> {
        let first = *id.first()?;
        let rest = id.get(1..)?;
        let mut fields = Fields::new(rest);
        let room = self.id_len.checked_sub(1)?;
        match (first >> 4) & 3 {
            0 => {
                let offset = fields.number(self.offset_len)?;
                let len = fields.number(self.length_len)?;
                let index = self.blocks.partition_point(|block| block.offset <= offset);
                let block = self.blocks.get(index.checked_sub(1)?)?;
                let within = offset.checked_sub(block.offset)?;
                let inside = within.checked_add(len).is_some_and(|end| end <= block.size);
                let part = block.data.slice(within, len);
                (inside && part.len() == len).then_some(part)
            }
            1 => {
                let source = &reading.source.clone();
                let place = source.offset_size.saturating_add(source.length_size);
                let needs = match self.filters {
                    Some(_) => place.saturating_add(4).saturating_add(source.length_size),
                    None => place,
                };
                let object = if needs <= room {
                    let address = fields.offset(source)?;
                    let len = fields.length(source)?;
                    let filtered = match self.filters {
                        Some(_) => Some((fields.u32()?, fields.length(source)?)),
                        None => None,
                    };
                    Huge { address, len, filtered }
                } else {
                    *self.huge.get(&fields.number(room.min(source.length_size))?)?
                };
                self.fetch(reading, &object)
            }
            2 if room <= 16 => {
                let len = usize::from(first & 0x0f).saturating_add(1);
                Some(Blob::from_vec(fields.take(len)?.to_vec()))
            }
            2 => {
                let high = usize::from(first & 0x0f) << 8;
                let len = (high | usize::from(fields.u8()?)).saturating_add(1);
                Some(Blob::from_vec(fields.take(len)?.to_vec()))
            }
            _ => None,
        }
    }

    fn fetch(&self, reading: &mut Reading, object: &Huge) -> Option<Blob> {
        if !reading.source.holds(object.address) {
            return None;
        }
        let data = reading.source.slice(object.address, object.len);
        let (Some(filters), Some((mask, real))) = (&self.filters, object.filtered) else {
            return Some(data);
        };
        let len = data.len().min(MAX_DECODED);
        if !reading.spend(len) {
            return None;
        }
        let bytes = data.bytes_at(0, to_usize(len));
        let plain = filters.decode(bytes, mask, real.min(MAX_DECODED)).ok()?;
        reading.keep(plain.bytes.len()).then(|| Blob::from_vec(plain.bytes))
    }
}
