//! The index of a checkpoint (`variables.index`, `model.ckpt.index`): which tensor stands where in
//! the files of data beside it, which hold raw numbers and nothing else.
//!
//! It is a sorted table as `LevelDB` writes it. The key `""` holds a `BundleHeaderProto`, every other
//! key is the name of a tensor and holds a `BundleEntryProto`.
//!
//! Source: `core/util/tensor_bundle`, `core/protobuf/tensor_bundle.proto` of TensorFlow; the table
//! format of `LevelDB`, `doc/table_format.md`.

use artifact::Blob;
use vocabulary::{Span, Untrusted};

use crate::bounded::Oddities;
use crate::protobuf::{Message, Packed, Wire};
use crate::{Oddity, Region};

/// The last bytes of a table.
pub(super) const MAGIC: [u8; 8] = [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb];
const FOOTER: u64 = 48;
/// Bytes behind a block: how it is packed, and a checksum.
const TRAILER: u64 = 5;
/// Bytes of a block that are read.
const BLOCK: u64 = 64 << 20;
/// Tensors that are kept.
const TENSORS: usize = 1_000_000;
/// Bytes of a name.
const NAME: usize = 4096;
/// Bytes of all names.
const NAMES: usize = 256 << 20;

/// What may be wrong with an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OddityKind {
    /// A block lies outside of the file or does not read as one.
    BadBlock,
    /// A block is packed: what it holds was not read.
    Packed,
    /// The entry of a tensor does not read as one.
    BadEntry,
    /// Names do not ascend: a search finds one tensor and a list another.
    Unsorted,
    /// Tensors share bytes.
    Overlap,
    /// A tensor stands in a file that the header does not count.
    NoSuchShard,
    /// A tensor has another size than its shape and type have.
    SizeMismatch,
    /// The header is missing or does not read as one.
    BadHeader,
    /// More than is kept.
    NotRetained,
}

/// An index.
#[derive(Clone, Debug, Default)]
pub struct Checkpoint {
    /// How many files of data there are.
    pub shards: u64,
    /// The tensors.
    pub tensors: Vec<Entry>,
    /// What is odd.
    pub oddities: Vec<Oddity<OddityKind>>,
    /// What was explained.
    pub regions: Vec<Region>,
}

/// A tensor of a checkpoint.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its name.
    pub name: Untrusted,
    /// TensorFlow's number of its type.
    pub dtype: u64,
    /// Its shape.
    pub shape: Vec<u64>,
    /// The file of data that it stands in.
    pub shard: u64,
    /// Its bytes there.
    pub data: Span,
    /// Whether it is put together from slices with entries of their own.
    pub is_sliced: bool,
}

/// What the index says of one file of data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shard {
    /// The end of the last tensor in it.
    pub end: u64,
}

impl Checkpoint {
    /// What it says of each file of data. At most as many as there are tensors.
    pub fn ends(&self) -> std::collections::BTreeMap<u64, Shard> {
        let mut ends = std::collections::BTreeMap::<u64, Shard>::new();
        for entry in &self.tensors {
            let shard = ends.entry(entry.shard).or_default();
            shard.end = shard.end.max(entry.data.end);
        }
        ends
    }
}

/// TensorFlow's name of a type and the bytes of an element, where each has the same.
pub(super) fn dtype(number: u64) -> Option<(&'static str, Option<u64>)> {
    Some(match number {
        1 => ("float32", Some(4)),
        2 => ("float64", Some(8)),
        3 => ("int32", Some(4)),
        4 => ("uint8", Some(1)),
        5 => ("int16", Some(2)),
        6 => ("int8", Some(1)),
        7 => ("string", None),
        8 => ("complex64", Some(8)),
        9 => ("int64", Some(8)),
        10 => ("bool", Some(1)),
        14 => ("bfloat16", Some(2)),
        17 => ("uint16", Some(2)),
        18 => ("complex128", Some(16)),
        19 => ("float16", Some(2)),
        21 => ("variant", None),
        22 => ("uint32", Some(4)),
        23 => ("uint64", Some(8)),
        24 => ("float8_e5m2", Some(1)),
        25 => ("float8_e4m3fn", Some(1)),
        _ => return None,
    })
}

impl Entry {
    /// The name of its type.
    pub fn dtype_name(&self) -> &'static str {
        dtype(self.dtype).map_or("?", |(name, _)| name)
    }
}

/// Reads an index.
pub fn read(blob: &Blob) -> Checkpoint {
    let mut out = Checkpoint::default();
    let mut odd = Oddities::default();
    let footer = blob.len().saturating_sub(FOOTER);
    out.regions.push(Region::new(footer, blob.len(), "footer"));
    let mut reader = Reader { blob, wire: Wire::new(blob), names: 0, header: false };
    let mut handles = Packed::within(Span::new(footer, blob.len()));
    let mut numbers = Vec::new();
    while numbers.len() < 4
        && let Some(number) = reader.wire.next_packed(&mut handles)
    {
        numbers.push(number);
    }
    let [meta_at, meta_len, index_at, index_len] = numbers.try_into().unwrap_or_default();
    if let Some(block) = reader.block(meta_at, meta_len, &mut out, &mut odd) {
        // What a table says of itself: TensorFlow writes none.
        reader.entries(block, &mut odd, |_, _, _, _| {});
    }
    if let Some(block) = reader.block(index_at, index_len, &mut out, &mut odd) {
        let mut blocks = Vec::new();
        reader.entries(block, &mut odd, |reader, _, value, _| {
            let mut packed = Packed::within(value);
            let at = reader.wire.next_packed(&mut packed);
            let len = reader.wire.next_packed(&mut packed);
            blocks.push((at.unwrap_or(u64::MAX), len.unwrap_or(0)));
        });
        let mut last = None;
        let mut reached = 0;
        for (at, len) in blocks {
            // Blocks follow on each other; one that is listed twice is read once.
            if at < reached {
                odd.add(OddityKind::BadBlock, at, || "blocks that are not in order".into());
                continue;
            }
            reached = at.saturating_add(1);
            if let Some(block) = reader.block(at, len, &mut out, &mut odd) {
                reader.tensors(block, &mut out, &mut odd, &mut last);
            }
        }
    }
    if !reader.header {
        odd.add(OddityKind::BadHeader, 0, || "no entry tells how many files there are".into());
    }
    judge(&out, &mut odd);
    out.oddities = odd.finish();
    out
}

/// What only all tensors together show.
fn judge(out: &Checkpoint, odd: &mut Oddities<OddityKind>) {
    let mut order: Vec<&Entry> =
        out.tensors.iter().filter(|entry| !entry.data.is_empty()).collect();
    order.sort_unstable_by_key(|entry| (entry.shard, entry.data.start, entry.data.end));
    for pair in order.windows(2) {
        if let [a, b] = pair
            && a.shard == b.shard
            && b.data.start < a.data.end
        {
            odd.add(OddityKind::Overlap, 0, || {
                format!("`{}` and `{}`", a.name.shortened(60), b.name.shortened(60))
            });
        }
    }
    for entry in &out.tensors {
        if entry.shard >= out.shards {
            odd.add(OddityKind::NoSuchShard, 0, || {
                format!("`{}` in file {}", entry.name.shortened(60), entry.shard)
            });
        }
        let elements = entry.shape.iter().try_fold(1u64, |n, dim| n.checked_mul(*dim));
        if let Some((name, Some(size))) = dtype(entry.dtype)
            && !entry.is_sliced
            && elements.and_then(|n| n.checked_mul(size)) != Some(entry.data.len())
        {
            odd.add(OddityKind::SizeMismatch, 0, || {
                let entry_name = entry.name.shortened(60);
                format!("`{entry_name}`: {name} {:?} in {} bytes", entry.shape, entry.data.len())
            });
        }
    }
}

struct Reader<'a> {
    blob: &'a Blob,
    wire: Wire,
    names: usize,
    header: bool,
}

impl Reader<'_> {
    /// The bytes of a block without its trailer and its list of restarts.
    fn block(
        &mut self,
        at: u64,
        len: u64,
        out: &mut Checkpoint,
        odd: &mut Oddities<OddityKind>,
    ) -> Option<Span> {
        let end = at.checked_add(len).filter(|end| {
            end.checked_add(TRAILER).is_some_and(|end| end <= self.blob.len()) && len >= 4
        });
        let Some(end) = end else {
            odd.add(OddityKind::BadBlock, at, || format!("{len} bytes at {at}"));
            return None;
        };
        if len > BLOCK {
            odd.add(OddityKind::NotRetained, at, || format!("a block of {len} bytes"));
            return None;
        }
        let restarts = self.blob.array_at(end.saturating_sub(4)).map_or(0, u32::from_le_bytes);
        let tail = u64::from(restarts).saturating_mul(4).saturating_add(4);
        match self.blob.bytes_at(end, 1).first() {
            Some(0) => {}
            how => {
                let how = how.copied().unwrap_or_default();
                odd.add(OddityKind::Packed, at, || format!("a block is packed ({how})"));
                return None;
            }
        }
        if tail > len {
            odd.add(OddityKind::BadBlock, at, || format!("{restarts} restarts in {len} bytes"));
            return None;
        }
        out.regions.push(Region::new(at, end.saturating_add(TRAILER), "block"));
        Some(Span::new(at, end.saturating_sub(tail)))
    }

    /// The keys and values of a block.
    fn entries(
        &mut self,
        block: Span,
        odd: &mut Oddities<OddityKind>,
        mut act: impl FnMut(&mut Self, &[u8], Span, &mut Oddities<OddityKind>),
    ) {
        let mut key: Vec<u8> = Vec::new();
        let mut at = block.start;
        while at < block.end {
            let mut packed = Packed::within(Span::new(at, block.end));
            let mut next = || self.wire.next_packed(&mut packed);
            let (Some(shared), Some(own), Some(value)) = (next(), next(), next()) else {
                odd.add(OddityKind::BadBlock, at, || "an entry without its lengths".into());
                return;
            };
            let start = packed.rest().start;
            let middle = start.saturating_add(own);
            let end = middle.saturating_add(value);
            let shared = usize::try_from(shared).unwrap_or(usize::MAX);
            if end > block.end || shared > key.len() {
                odd.add(OddityKind::BadBlock, at, || "an entry that leaves its block".into());
                return;
            }
            if own > NAME as u64 || shared.saturating_add(NAME) > NAME.saturating_mul(2) {
                odd.add(OddityKind::NotRetained, at, || format!("a name of {own} bytes"));
                return;
            }
            key.truncate(shared);
            key.extend(self.wire.bytes(Span::new(start, middle), NAME));
            act(self, &key, Span::new(middle, end), odd);
            at = end;
        }
    }

    fn tensors(
        &mut self,
        block: Span,
        out: &mut Checkpoint,
        odd: &mut Oddities<OddityKind>,
        last: &mut Option<Vec<u8>>,
    ) {
        let Checkpoint { shards, tensors, .. } = out;
        self.entries(block, odd, |reader, key, value, odd| {
            if last.as_ref().is_some_and(|last| last.as_slice() >= key) {
                odd.add(OddityKind::Unsorted, value.start, || {
                    Untrusted::from_bytes(key).shortened(60)
                });
            }
            *last = Some(key.to_vec());
            if key.is_empty() {
                *shards = reader.header(value);
                reader.header = true;
                return;
            }
            reader.names = reader.names.saturating_add(key.len());
            if tensors.len() >= TENSORS || reader.names > NAMES {
                odd.add(OddityKind::NotRetained, value.start, || "more tensors".into());
                return;
            }
            let mut entry = Entry {
                name: Untrusted::from_bytes(key),
                dtype: 0,
                shape: Vec::new(),
                shard: 0,
                data: Span::new(0, 0),
                is_sliced: false,
            };
            if !reader.entry(value, &mut entry) {
                odd.add(OddityKind::BadEntry, value.start, || entry.name.shortened(60));
            }
            tensors.push(entry);
        });
    }

    fn header(&mut self, value: Span) -> u64 {
        let mut shards = 0;
        let mut message = Message::within(value);
        while let Some(field) = self.wire.next(&mut message) {
            if let (1, Some(number)) = (field.number, field.varint()) {
                shards = number;
            }
        }
        shards
    }

    /// A `BundleEntryProto`; whether it reads as one.
    fn entry(&mut self, value: Span, out: &mut Entry) -> bool {
        let (mut start, mut size) = (0u64, 0u64);
        let mut message = Message::within(value);
        while let Some(field) = self.wire.next(&mut message) {
            match (field.number, field.varint()) {
                (1, Some(number)) => out.dtype = number,
                (3, Some(number)) => out.shard = number,
                (4, Some(number)) => start = number,
                (5, Some(number)) => size = number,
                (2, None) => {
                    if let Some(shape) = field.message() {
                        self.shape(shape, &mut out.shape);
                    }
                }
                (7, None) => out.is_sliced = true,
                (1 | 3..=5, None) => return false,
                _ => {}
            }
        }
        let end = start.checked_add(size).filter(|end| i64::try_from(*end).is_ok());
        out.data = Span::new(start, end.unwrap_or(start));
        message.stopped().is_none() && end.is_some() && i64::try_from(out.shard).is_ok()
    }

    fn shape(&mut self, mut message: Message, out: &mut Vec<u64>) {
        while let Some(field) = self.wire.next(&mut message) {
            let (2, Some(mut dim)) = (field.number, field.message()) else { continue };
            let mut size = 0;
            while let Some(field) = self.wire.next(&mut dim) {
                if let (1, Some(number)) = (field.number, field.varint()) {
                    size = number;
                }
            }
            if out.len() < 256 {
                out.push(size);
            }
        }
    }
}
