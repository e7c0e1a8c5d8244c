//! HDF5, superblocks 0 to 3: what Keras, `PyTables`, pandas and MATLAB write.
//!
//! A file is a superblock, and object headers that lead to everything else: groups with links to
//! further objects, data sets with a type, a shape and a layout, and attributes at either. All of
//! it is followed by address, from the superblock that libhdf5 finds, the first. What no address
//! leads to is free space.
//!
//! The elements of data sets are not read, only where they are; [`Hdf5::data`] reads them. Nothing
//! outside the file is opened: links and data that lead out of it are listed.
//!
//! Specification: "HDF5 File Format Specification", version 3.0 (and 4.0 for what HDF5 2.0 adds);
//! where it is silent, libhdf5 1.14.

mod attribute;
mod btree1;
mod btree2;
mod checksum;
mod datatype;
mod filter;
mod fractal;
mod free;
mod header;
mod heap;
mod index;
mod layout;
mod link;
mod objects;
mod shared;
mod source;
mod superblock;
mod values;
mod vds;

#[cfg(test)]
mod tests;

use artifact::Blob;
use vocabulary::{Span, Untrusted};

use self::source::Source;
use crate::{Oddity, Region, Tensor};

pub use attribute::{Attribute, Value};
pub use datatype::{Class, Datatype, Member};
pub use filter::Filter;
pub use link::Target;
pub use superblock::{MAGIC, Superblock};
pub use values::Data;

/// What an HDF5 file may hold that the library does not write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OddityKind {
    /// No superblock where a reader looks for one.
    NoSuperblock,
    /// A second superblock at a place where a reader may look for it.
    SecondSuperblock,
    /// The superblock says to stand elsewhere: the file was moved, or bytes were put before it.
    BaseAddress,
    /// It was open for writing when it was last used.
    Unclean,
    /// It is one of several parts, or says so.
    OtherDriver,
    /// Metadata stands in an image of the cache, which is not read.
    CacheImage,
    /// A version of a structure that does not exist.
    UnknownVersion,
    /// The data ends before what is declared.
    Truncated,
    /// Bytes after the end that the superblock tells.
    TrailingBytes,
    /// An address where nothing stands.
    BadAddress,
    /// A structure does not begin with its letters.
    BadSignature,
    /// A checksum does not hold.
    BadChecksum,
    /// A size or count that does not fit.
    BadSize,
    /// A message that cannot be read.
    BadMessage,
    /// A message of a kind that does not exist.
    UnknownMessage,
    /// An object of two kinds.
    MixedObject,
    /// A datatype that does not exist.
    BadDatatype,
    /// More elements than can be counted.
    Overflow,
    /// A name that no path can have.
    BadName,
    /// A name stands twice.
    DuplicateName,
    /// A structure leads back into itself.
    Cycle,
    /// Two things use one structure.
    Shared,
    /// What one index of a heap has is not in the other.
    IndexesDisagree,
    /// Elements, or a part of them, lie past the end.
    PastEnd,
    /// Elements share bytes with something else.
    Overlap,
    /// A shape that is far larger than what was written.
    HugeShape,
    /// What is filtered cannot be unpacked.
    CannotDecode,
    /// A structure is larger than what is read of one.
    TooLarge,
    /// Groups in groups deeper than is read.
    TooDeep,
}

/// Why not everything was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// More entries than are followed.
    Entries,
    /// More bytes of structures than are read.
    Bytes,
    /// More objects, links or attributes than are kept.
    Objects,
    /// More pieces than are kept.
    Regions,
}

impl std::fmt::Display for Limit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Entries => "it has more entries than are followed",
            Self::Bytes => "it has more bytes of structures than are read",
            Self::Objects => "it has more objects, links or attributes than are kept",
            Self::Regions => "it has more pieces than are kept",
        })
    }
}

/// An HDF5 file.
#[derive(Clone, Debug)]
pub struct Hdf5 {
    /// The superblock; `None` where there is none, or it could not be read.
    pub superblock: Option<Superblock>,
    /// The objects, each once, in the order of the links that lead to them. The root is the first.
    pub objects: Vec<Object>,
    /// The links that are not the first way to an object of this file.
    pub links: Vec<Link>,
    /// The parts of other files that data sets take their elements from.
    pub external_storage: Vec<ExternalStorage>,
    /// The data sets of other files, or of this one, that virtual data sets are made of.
    pub virtual_sources: Vec<VirtualSource>,
    /// What is odd.
    pub oddities: Vec<Oddity<OddityKind>>,
    /// The limit that ended the reading early, where one did.
    pub limit: Option<Limit>,
    /// What was explained, free space excepted.
    pub regions: Vec<Region>,
    /// The bytes before the end of the file that nothing leads to: what was freed, or never used.
    pub free: Vec<Span>,
    source: Source,
}

/// What an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A group.
    Group,
    /// A data set.
    Dataset,
    /// A datatype with a name.
    Datatype,
    /// None of these.
    Unknown,
}

/// An object.
#[derive(Clone, Debug)]
pub struct Object {
    /// The first path that leads to it; `/` is the root.
    pub path: Untrusted,
    /// Offset of its header in the blob.
    pub at: u64,
    /// What it is.
    pub kind: Kind,
    /// Its attributes.
    pub attributes: Vec<Attribute>,
    /// What its elements are, of a data set or a named datatype.
    pub datatype: Option<Datatype>,
    /// The dimensions of a data set; none for a single element, `None` where it holds no element.
    pub shape: Option<Vec<u64>>,
    /// Where the elements are.
    pub place: Where,
    /// What every element is that was never written, where the file says so.
    pub fill: Option<Value>,
    layout: layout::Layout,
    pipeline: filter::Pipeline,
}

impl Object {
    /// The filters that its chunks pass when they are written, in order.
    pub fn filters(&self) -> &[Filter] {
        &self.pipeline.filters
    }

    /// How many bytes its elements have before filters; `None` where that overflows.
    pub fn declared(&self) -> Option<u64> {
        let size = self.datatype.as_ref().map_or(0, |datatype| datatype.size);
        datatype::count(self.shape.as_deref())?.checked_mul(size)
    }
}

/// Where the elements of a data set are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Where {
    /// Nowhere: it is no data set, or nothing was ever written.
    Nowhere,
    /// In one piece of the file.
    Inside(Span),
    /// In chunks.
    Chunks {
        /// How many.
        count: u64,
        /// Their bytes in the file.
        bytes: u64,
    },
    /// In other files.
    External,
    /// In other data sets.
    Virtual,
    /// In a way that is not known.
    Unknown,
}

/// A link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its path.
    pub path: Untrusted,
    /// Offset in the blob of what declares it.
    pub at: u64,
    /// Where it leads.
    pub target: Target,
}

/// A part of another file that a data set takes its elements from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalStorage {
    /// Path of the data set.
    pub object: Untrusted,
    /// Offset in the blob of the data set's header.
    pub at: u64,
    /// The file as it is written.
    pub file: Untrusted,
    /// Where in it.
    pub offset: u64,
    /// How many bytes; the largest number for as many as there are.
    pub size: u64,
}

/// A data set that a virtual data set takes elements from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VirtualSource {
    /// Path of the virtual data set.
    pub object: Untrusted,
    /// Offset in the blob of its header.
    pub at: u64,
    /// The file as it is written; `.` is the file itself.
    pub file: Untrusted,
    /// The data set in it.
    pub dataset: Untrusted,
}

impl Hdf5 {
    /// The object whose first path is this one; `/` is the root.
    pub fn object(&self, path: &str) -> Option<&Object> {
        self.objects.iter().find(|object| object.path.raw() == path)
    }

    /// The data sets of numbers as tensors, by their path without the first `/`. One that is in
    /// chunks has no place in one piece: its span is empty.
    pub fn tensors(&self) -> impl Iterator<Item = Tensor> {
        self.objects.iter().filter(|object| object.kind == Kind::Dataset).filter_map(|object| {
            let data = match object.place {
                Where::Inside(span) => span,
                _ => Span::new(0, 0),
            };
            let path = object.path.raw();
            let name = Untrusted::new(path.strip_prefix('/').unwrap_or(path));
            let dtype = Some(object.datatype.as_ref()?.dtype()?);
            Some(Tensor { name, dtype, shape: object.shape.clone()?, data })
        })
    }
}

/// Reads all structures; the elements of data sets are not read.
pub fn read(blob: &Blob) -> Hdf5 {
    objects::read(blob)
}
