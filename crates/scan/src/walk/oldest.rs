//! The oldest PyTorch layout: a tar with `pickle`, and with `storages` and `tensors`, in which raw
//! numbers stand between pickles (`torch.serialization._load`, `legacy_load`).

use formats::Region;
use formats::dtype::DType;
use formats::pickle::{Heap, Likeness, Name, Stream, View};

use super::{Node, Walker};

/// Storages or tensors of one file that are stepped over.
const ENTRIES: i64 = 1_000_000;
/// Dimensions of a tensor; PyTorch has none with more.
const DIMENSIONS: u64 = 64;

impl Walker {
    /// Reads `storages` or `tensors` as the loader does: a count, then for each a pickle and its
    /// numbers; behind the storages one pickle more, the views.
    pub(super) fn oldest(&mut self, node: &Node, name: &str, regions: &mut Vec<Region>) {
        let storages = name == "storages";
        let read = self.oldest_entries(node, storages, regions);
        if read.is_none() {
            let because = "its pickles and numbers do not follow each other as PyTorch writes them";
            self.sink.could_not_look(&node.place, because);
        }
    }

    fn oldest_entries(
        &mut self,
        node: &Node,
        storages: bool,
        regions: &mut Vec<Region>,
    ) -> Option<()> {
        let count = |stream: &Stream, heap: &Heap| stream.result.and_then(|value| heap.int(value));
        let (mut at, count) = self.oldest_pickle(node, 0, regions, count)?;
        // `range` of something else raises, and of less than nothing is empty.
        for _ in 0..count.filter(|count| *count <= ENTRIES)? {
            let (numbers, size) = self.oldest_pickle(node, at, regions, element_size)?;
            let bytes = if storages {
                let count = u64::from_le_bytes(node.blob.array_at(numbers)?);
                count.checked_mul(size?)?.checked_add(8)?
            } else {
                let dimensions = u64::from(u32::from_le_bytes(node.blob.array_at(numbers)?));
                if dimensions > DIMENSIONS {
                    return None;
                }
                // The number of dimensions as 8 bytes, sizes and strides, an offset.
                dimensions.checked_mul(16)?.checked_add(16)?
            };
            at = numbers.checked_add(bytes)?;
            if at > node.blob.len() {
                return None;
            }
            regions.push(Region::new(numbers, at, "numbers"));
        }
        if storages {
            self.oldest_pickle(node, at, regions, |_, _| ())?;
        }
        Some(())
    }

    /// Reads the pickle at an offset: where it ends, and what was wanted of it.
    fn oldest_pickle<T>(
        &mut self,
        node: &Node,
        at: u64,
        regions: &mut Vec<Region>,
        want: impl FnOnce(&Stream, &Heap) -> T,
    ) -> Option<(u64, T)> {
        let want = |stream: &Stream, heap: &Heap, _: &_| want(stream, heap);
        let (read, wanted) = self.pickle_at(node, at, Likeness::Certain, regions, want)?;
        read.stopped.then_some((read.end, wanted))
    }
}

/// Bytes of an element of the storage that `(key, location, class)` describes.
fn element_size(stream: &Stream, heap: &Heap) -> Option<u64> {
    let View::Tuple(items) = heap.view(stream.result?) else { return None };
    let [_, _, class] = items.shown else { return None };
    let View::Global(class) = heap.view(*class) else { return None };
    let Name::Known(class) = &class.name else { return None };
    Some(DType::from_torch_storage(class.raw())?.bits()?.div_ceil(8))
}
