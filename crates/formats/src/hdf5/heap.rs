//! Local heaps: the names of old groups.

use super::OddityKind as K;
use super::source::{Fields, Reading, Source, UNDEFINED};

/// The longest name that is read.
const MAX_NAME: usize = 64 << 10;

/// Where the names of an old group stand.
#[derive(Clone, Copy, Debug)]
pub(super) struct LocalHeap {
    /// Address of the names.
    data: u64,
    size: u64,
}

pub(super) fn local(reading: &mut Reading, address: u64) -> Option<LocalHeap> {
    let source = reading.source.clone();
    let len = source.length_size.saturating_mul(2).saturating_add(source.offset_size);
    let block = reading.block(address, (len as u64).saturating_add(8), "local heap")?;
    if !reading.signed(&block, *b"HEAP", address, "local heap") {
        return None;
    }
    let mut fields = Fields::new(&block);
    fields.skip(8)?;
    let size = fields.length(&source)?;
    fields.length(&source)?;
    let data = fields.offset(&source)?;
    if !source.holds(data) {
        reading.add(K::BadAddress, address, || format!("names of a group at {data}"));
        return None;
    }
    if source.slice(data, size).len() < size {
        reading.add(K::BadSize, address, || format!("{size} bytes of names"));
    }
    reading.explain(data, size, "names");
    Some(LocalHeap { data, size })
}

impl LocalHeap {
    /// The name at an offset: up to a NUL.
    pub(super) fn name(&self, source: &Source, offset: u64) -> Option<Vec<u8>> {
        if offset == UNDEFINED || offset >= self.size {
            return None;
        }
        let part = source.slice(self.data, self.size).from(offset);
        for most in [64, 1024, MAX_NAME] {
            let mut bytes = part.bytes_at(0, most);
            if let Some(end) = bytes.iter().position(|b| *b == 0) {
                bytes.truncate(end);
                return Some(bytes);
            }
        }
        Some(part.bytes_at(0, MAX_NAME))
    }
}
