//! Python's `marshal` format: what a `.pyc` holds behind its header, and what Keras keeps of a
//! `lambda`.
//!
//! [`read`] gives the objects; [`Version`] and [`disassemble`] the instructions of a code object, by
//! tables that `packs/python-bytecode/opcodes.py` took from the interpreters themselves; [`trace`]
//! follows names, attributes and constants through the instructions in order, and tells what is
//! imported and called. Nothing is executed.
//!
//! The format has no version of its own that would tell how a code object is laid out: that depends
//! on the interpreter. So bytes are read in every [`Layout`], and the ones that fit are given.
//!
//! Sources: `Python/marshal.c`, `Include/marshal.h`, `Lib/dis.py` of `CPython` 2.7 and 3.6 to 3.14.

mod code;
mod disassemble;
mod opcodes;
mod path;
mod read;
mod stack;
mod trace;

#[cfg(test)]
mod tests;

use artifact::Blob;
use vocabulary::{Span, Untrusted};

pub use code::Code;
pub use disassemble::{Instruction, disassemble};
pub use opcodes::{Amount, Argument, Op, Version};
pub use path::{Path, Root};
pub use trace::{Did, Trace, Use, trace};

use crate::Oddity;

/// Bytes that are read at most; a `.pyc` of this size does not exist.
pub const LARGEST: u64 = 64 << 20;

/// How a code object is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layout {
    /// Python 2.3 to 2.7.
    Python2,
    /// Python 3.0 to 3.7.
    Python30,
    /// Python 3.8 to 3.10: positional-only arguments are counted.
    Python38,
    /// Python 3.11 and later: one list of local variables, a qualified name, an exception table.
    Python311,
}

impl Layout {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Python311, Self::Python38, Self::Python30, Self::Python2];

    /// The versions of Python with this layout whose instructions are known.
    pub fn versions(self) -> &'static [Version] {
        match self {
            Self::Python2 => &[Version::V2_7],
            Self::Python30 => &[Version::V3_6, Version::V3_7],
            Self::Python38 => &[Version::V3_8, Version::V3_9, Version::V3_10],
            Self::Python311 => &[Version::V3_11, Version::V3_12, Version::V3_13, Version::V3_14],
        }
    }
}

/// The number of an object within its [`Marshal`].
pub type Id = u32;

/// An object. What it holds is told by number, since objects may be shared and hold themselves.
#[derive(Clone, Debug, PartialEq)]
pub enum Object {
    /// `None`.
    None,
    /// `StopIteration`.
    StopIteration,
    /// `...`.
    Ellipsis,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A whole number beyond 64 bits: how many bits its digits may hold.
    Long(u64),
    /// A number with a fraction.
    Float(f64),
    /// A complex number.
    Complex,
    /// Bytes, by their place in the blob; in Python 2 any text that is not `unicode`.
    Bytes(Span),
    /// Text.
    Text(Untrusted),
    /// A tuple.
    Tuple(Vec<Id>),
    /// A list.
    List(Vec<Id>),
    /// A set.
    Set(Vec<Id>),
    /// A frozen set.
    FrozenSet(Vec<Id>),
    /// A dictionary.
    Dict(Vec<(Id, Id)>),
    /// A slice, since Python 3.14.
    Slice([Id; 3]),
    /// A code object.
    Code(Box<Code>),
    /// Something that was begun and not read to its end.
    Open,
}

/// What makes `marshal.loads` fail, or what it was given in no order of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OddityKind {
    /// The data ends inside an object.
    Truncated,
    /// A type code that this layout does not know.
    UnknownType,
    /// A reference to an object that was not read yet.
    BadReference,
    /// A count below zero.
    NegativeCount,
    /// A null where an object must stand.
    Null,
    /// A field of a code object is not of its type.
    BadField,
    /// It nests deeper than `marshal` reads.
    TooDeep,
    /// It is larger than is read.
    TooLarge,
    /// Text that is not UTF-8.
    BadText,
}

/// What was read.
#[derive(Clone, Debug)]
pub struct Marshal {
    /// The layout that it was read in.
    pub layout: Layout,
    /// The object at the top, where there is one.
    pub root: Option<Id>,
    /// One past the last byte of it.
    pub end: u64,
    /// What is odd.
    pub oddities: Vec<Oddity<OddityKind>>,
    /// Whether it was read to its end: where not, `marshal.loads` raises and gives nothing.
    pub whole: bool,
    objects: Vec<Object>,
    bytes: Vec<u8>,
}

impl Marshal {
    /// An object.
    pub fn get(&self, id: Id) -> Option<&Object> {
        self.objects.get(usize::try_from(id).ok()?)
    }

    /// The objects in the order in which they begin.
    pub fn objects(&self) -> &[Object] {
        &self.objects
    }

    /// The code objects, outer ones first.
    pub fn codes(&self) -> impl Iterator<Item = (Id, &Code)> {
        (0..).zip(&self.objects).filter_map(|(id, object)| match object {
            Object::Code(code) => Some((id, code.as_ref())),
            _ => None,
        })
    }

    /// The items of a tuple or list.
    pub fn items(&self, id: Id) -> &[Id] {
        match self.get(id) {
            Some(Object::Tuple(items) | Object::List(items)) => items,
            _ => &[],
        }
    }

    /// The bytes of a bytes object.
    pub fn bytes(&self, id: Id) -> Option<&[u8]> {
        match self.get(id)? {
            Object::Bytes(span) => {
                let (start, end) =
                    (usize::try_from(span.start).ok()?, usize::try_from(span.end).ok()?);
                self.bytes.get(start..end)
            }
            _ => None,
        }
    }

    /// A text, or in Python 2 what stands for one.
    pub fn text(&self, id: Id) -> Option<Untrusted> {
        match self.get(id)? {
            Object::Text(text) => Some(text.clone()),
            Object::Bytes(_) if self.layout == Layout::Python2 => {
                self.bytes(id).map(Untrusted::from_bytes)
            }
            _ => None,
        }
    }

    /// An object in a few characters, as Python would write it.
    pub fn show(&self, id: Id, longest: usize) -> String {
        code::show(self, id, longest, 3)
    }
}

/// Reads a value in every layout that fits: those that read it to its end, or, where none does, the
/// one that came farthest. The first is the most likely one.
pub fn read(blob: &Blob) -> Vec<Marshal> {
    let mut readings: Vec<Marshal> = Vec::new();
    for layout in Layout::ALL {
        let reading = read_as(blob, layout);
        // Without a code object every layout reads the same.
        let plain = reading.whole && reading.codes().next().is_none();
        readings.push(reading);
        if plain {
            break;
        }
    }
    if readings.iter().any(|reading| reading.whole) {
        readings.retain(|reading| reading.whole);
        return readings;
    }
    let farthest = readings.iter().map(|reading| reading.end).max();
    readings.retain(|reading| Some(reading.end) == farthest);
    readings.truncate(1);
    readings
}

/// Reads a value in one layout.
pub fn read_as(blob: &Blob, layout: Layout) -> Marshal {
    read::read(blob, layout)
}
