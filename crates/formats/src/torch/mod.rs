//! What `torch.save` writes: an object as a pickle, and beside it the storages that its tensors
//! are views of.
//!
//! Nothing is executed. [`read`] interprets the pickle, follows the object from its root through
//! dicts, lists and tuples, and gives each tensor a name made of the keys on the way, joined with
//! `.`, as `model.state_dict()` would. Whatever it meets that is no tensor is listed as
//! [`Left`], so that a caller can tell a file of tensors from one that holds more.
//!
//! Three layouts are known ([`Layout`]). In a zip, `<folder>/data.pkl` is the pickle and
//! `<folder>/data/<key>` a storage each. Before version 1.6 it was five pickles in a row (magic
//! number, protocol, system, object, keys), then every storage as a 64-bit count of elements and
//! its bytes. Before version 0.1.10 it was a tar; that one is told, not read.
//!
//! Sources: PyTorch 2.15 `torch/serialization.py`, `torch/_utils.py`, `torch/_tensor.py`,
//! `torch/storage.py`, `caffe2/serialize/inline_container.cc`.

mod graph;
mod layout;
mod names;
mod plain;
mod rebuild;
mod storages;

#[cfg(test)]
mod tests;

use artifact::Blob;
use vocabulary::{Span, Untrusted};

use crate::{DType, Oddity, Tensor};
pub use layout::read;
pub use rebuild::{Extent, element_size};

/// How the file is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layout {
    /// A zip archive.
    Zip,
    /// A zip archive with TorchScript code beside the data.
    TorchScript,
    /// Pickles in a row, then the storages.
    Legacy,
    /// A tape archive of `pickle`, `storages` and `tensors`. It is recognised, not read.
    Tar,
}

impl Layout {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Zip => "torch zip",
            Self::TorchScript => "TorchScript",
            Self::Legacy => "torch legacy",
            Self::Tar => "torch tar",
        }
    }
}

/// What in a checkpoint is unlike what `torch.save` writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TorchOddity {
    /// In a pickle of it; the offset is in that pickle's stream.
    Pickle,
    /// The object's pickle does not come to its end.
    PickleEnd,
    /// Bytes after the end of the object's pickle, or after the last storage.
    TrailingBytes,
    /// Loaders do not agree on what a member is.
    Member,
    /// `byteorder` is neither `little` nor `big`.
    ByteOrder,
    /// A storage is not as long as the pickle says.
    StorageSize,
    /// The keys of the storages are not what the pickle refers to.
    StorageKeys,
    /// A dict has one key twice; the last value counts.
    DuplicateKey,
    /// Two tensors get one name.
    DuplicateName,
}

/// A file of `torch.save`.
#[derive(Debug)]
pub struct Checkpoint {
    /// How it is laid out.
    pub layout: Layout,
    /// The member that is the object's pickle, where members have names.
    pub pickle: Option<Untrusted>,
    /// Whether the storages are big-endian.
    pub big_endian: bool,
    /// The tensors, in the order of the object. A tensor that can be reached in two ways is there
    /// twice.
    pub tensors: Vec<TensorView>,
    /// The storages that they refer to.
    pub storages: Vec<Storage>,
    /// What the object holds beside them: the first [`KEPT`] of each kind.
    pub left: Vec<Left>,
    /// How many more there were.
    pub left_out: u64,
    /// What is odd.
    pub oddities: Vec<Oddity<TorchOddity>>,
    /// Why not everything could be looked at.
    pub incomplete: Option<String>,
}

/// How many of each kind of [`Left`] are kept.
pub const KEPT: usize = 1000;

/// A tensor: a view of a storage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorView {
    /// The keys on the way to it, joined with `.`; `tensor` where it is the object itself.
    pub name: Untrusted,
    /// Its element type.
    pub dtype: DType,
    /// Its dimensions.
    pub shape: Vec<u64>,
    /// Elements from one index to the next, a dimension each.
    pub stride: Vec<u64>,
    /// Element of the storage where it starts.
    pub offset: u64,
    /// Its storage, in [`Checkpoint::storages`].
    pub storage: usize,
    /// Offset in the pickle of the call that makes it.
    pub at: u64,
}

/// Memory that tensors are views of.
#[derive(Clone, Debug)]
pub struct Storage {
    /// Its key in the file.
    pub key: Untrusted,
    /// The element type of the class that the first reference to it names.
    pub dtype: DType,
    /// How many elements that reference says.
    pub count: u64,
    /// The device that it was on.
    pub device: Untrusted,
    /// Where its bytes stand in the file, as they are stored there.
    pub place: Option<Span>,
    /// Its bytes.
    pub data: Blob,
    /// The CRC-32 that the archive declares of them.
    pub crc: Option<u32>,
    /// Why its bytes cannot be had.
    pub fault: Option<String>,
}

/// What something that is left behind is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LeftKind {
    /// Numbers, text, `None`, and containers of nothing else.
    Plain,
    /// An import, a call or an object: loading would run code for it.
    Object,
    /// A tensor of a kind that is not taken: sparse, quantized, without data.
    Unsupported,
    /// A tensor that contradicts itself or its storage.
    Broken,
}

/// Something in the object that is not among the tensors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// The keys on the way to it.
    pub path: Untrusted,
    /// Of which kind.
    pub kind: LeftKind,
    /// What it is, or why it is not taken. Safe to print.
    pub what: String,
    /// Offset in the pickle, where it is a call or an import.
    pub at: Option<u64>,
}

impl Checkpoint {
    fn new(layout: Layout) -> Self {
        Self {
            layout,
            pickle: None,
            big_endian: false,
            tensors: Vec::new(),
            storages: Vec::new(),
            left: Vec::new(),
            left_out: 0,
            oddities: Vec::new(),
            incomplete: None,
        }
    }

    /// Notes why not everything could be looked at; the first reason stays.
    fn stop(&mut self, because: impl Into<String>) {
        self.incomplete.get_or_insert_with(|| because.into());
    }

    /// The tensors as a list for a person: the span is what a tensor touches of its storage, as
    /// far as that stands in the file as it is.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.tensors.iter().filter_map(|view| {
            let storage = self.storages.get(view.storage)?;
            let place = storage.place.unwrap_or(Span::new(0, 0));
            let bytes = Extent::of(view).map_or(Span::new(0, 0), |extent| extent.bytes);
            let start = place.start.saturating_add(bytes.start).min(place.end);
            let end = place.start.saturating_add(bytes.end).min(place.end);
            Some(Row {
                tensor: Tensor {
                    name: view.name.clone(),
                    dtype: Some(view.dtype),
                    shape: view.shape.clone(),
                    data: Span::new(start, end),
                },
                key: &storage.key,
                device: &storage.device,
                offset: view.offset,
                stride: &view.stride,
            })
        })
    }
}

/// A tensor and what it is a view of.
#[derive(Clone, Debug)]
pub struct Row<'a> {
    /// Name, type, shape, and bytes in the file.
    pub tensor: Tensor,
    /// The key of its storage.
    pub key: &'a Untrusted,
    /// The device of its storage.
    pub device: &'a Untrusted,
    /// Element of the storage where it starts.
    pub offset: u64,
    /// Elements from one index to the next, a dimension each.
    pub stride: &'a [u64],
}
