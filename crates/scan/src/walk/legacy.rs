//! The old PyTorch layout: five pickles, then the raw numbers of every storage.

use std::collections::BTreeMap;

use artifact::Blob;
use formats::Region;
use formats::dtype::DType;
use formats::pickle::{Heap, Name, Stream, Value, View};

use crate::judge::Judge;

/// What the pickles say of the storages that follow them.
#[derive(Default)]
pub(super) struct Storages {
    /// Bytes of an element by storage key.
    sizes: BTreeMap<String, u64>,
    /// The keys in the order in which the storages stand.
    keys: Vec<String>,
    magic: bool,
    /// Whether the list of the keys was read.
    complete: bool,
}

/// `torch.serialization.MAGIC_NUMBER`, little endian.
const MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

impl Storages {
    /// Takes what the stream number `n` of the file says.
    pub(super) fn note(
        &mut self,
        n: usize,
        blob: &Blob,
        stream: &Stream,
        heap: &Heap,
        judge: &Judge,
    ) {
        match n {
            0 => {
                let head = blob.bytes_at(stream.start, 64);
                self.magic = head.windows(MAGIC.len()).any(|window| window == MAGIC);
            }
            3 if self.magic => self.sizes.clone_from(&judge.storage_sizes),
            4 if self.magic => {
                self.complete = true;
                if let Some(View::List(items)) = stream.result.map(|v| heap.view(v)) {
                    self.keys = items.shown.iter().filter_map(|v| heap.text(*v, 256)).collect();
                }
            }
            _ => {}
        }
    }

    /// Whether a file of this layout that ends with its pickles was cut.
    pub(super) fn are_missing(&self) -> bool {
        self.magic && !(self.complete && self.keys.is_empty())
    }

    /// The bytes from `at` on that are storages: each a count of elements and the elements.
    pub(super) fn region(&self, blob: &Blob, at: u64) -> Option<Region> {
        if !self.magic || self.keys.is_empty() {
            return None;
        }
        let mut end = at;
        for key in &self.keys {
            let count = u64::from_le_bytes(blob.array_at(end)?);
            let size = count.checked_mul(*self.sizes.get(key)?)?;
            end = end.checked_add(8)?.checked_add(size)?;
            if end > blob.len() {
                return None;
            }
        }
        Some(Region::new(at, end, "storages"))
    }
}

/// The key and element size that a persistent id names: `('storage', FloatStorage, '0', 'cpu', 10)`.
pub(crate) fn storage_of(heap: &Heap, id: Value) -> Option<(String, u64)> {
    let View::Tuple(items) = heap.view(id) else { return None };
    let [kind, class, key, ..] = items.shown else { return None };
    if heap.text(*kind, 16)? != "storage" {
        return None;
    }
    let View::Global(class) = heap.view(*class) else { return None };
    let Name::Known(class) = &class.name else { return None };
    let bits = DType::from_torch_storage(class.raw())?.bits()?;
    Some((heap.text(*key, 256)?, bits.div_ceil(8)))
}
