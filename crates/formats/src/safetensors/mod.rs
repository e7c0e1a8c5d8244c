//! safetensors: eight bytes of header length (little endian), a JSON header, tensor data.
//!
//! The header is `{"name": {"dtype", "shape", "data_offsets": [begin, end]}, "__metadata__": {…}}`;
//! offsets count from the end of the header. The reference (the `safetensors` crate, 0.8) asks that
//! the tensors, in the order of their offsets, cover the data without gap or overlap.
//!
//! This reader takes what the reference refuses as well, and says why it would be refused. Where
//! a name stands twice, the reference takes the last entry and other readers the first; both are
//! given, the earlier ones marked [`TensorEntry::shadowed`].

mod header;
mod layout;

#[cfg(test)]
mod tests;

use artifact::Blob;
use vocabulary::{Span, Untrusted};

use crate::bounded::Oddities;
use crate::json;
use crate::{Oddity, Region, Tensor};

/// Longest header that the reference reads.
pub const MAX_HEADER: u64 = 100_000_000;
/// Entries that are kept; of any more it is only said how many.
pub const MAX_TENSORS: usize = 1 << 18;
/// Dimensions of a tensor that are kept.
pub const MAX_DIMENSIONS: usize = 64;

/// What a safetensors file may hold that the reference does not write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OddityKind {
    /// It is shorter than the header's length field.
    TooShort,
    /// The header is longer than [`MAX_HEADER`].
    HeaderTooLarge,
    /// The header reaches past the end of the file.
    HeaderPastEnd,
    /// The data does not begin at a multiple of eight, as the reference writes it.
    UnalignedHeader,
    /// The header does not begin with `{`.
    LeadingBytes,
    /// The header is padded with something else than spaces.
    HeaderPadding,
    /// The header is no JSON object.
    NotAnObject,
    /// The header is no JSON, or JSON that readers take differently.
    Json(json::OddityKind),
    /// A tensor's name stands twice.
    DuplicateTensor,
    /// A key stands twice in `__metadata__`.
    DuplicateMetadata,
    /// A field stands twice in an entry, or `__metadata__` twice in the header.
    DuplicateField,
    /// An entry lacks a field.
    MissingField,
    /// An entry has a field that the format does not know.
    UnknownField,
    /// An entry or field has the wrong type.
    WrongType,
    /// A size or offset is negative, no integer or too large.
    BadNumber,
    /// `__metadata__` is no object, or holds something else than text.
    BadMetadata,
    /// No such element type.
    UnknownDtype,
    /// The shape's product overflows.
    Overflow,
    /// More dimensions than are kept.
    TooManyDimensions,
    /// Sub-byte elements that do not fill whole bytes.
    PartialByte,
    /// The bytes are not as many as shape and element type ask for.
    WrongSize,
    /// A tensor ends before it begins.
    BeginPastEnd,
    /// The first tensor does not begin where the data begins.
    NotAtStart,
    /// Bytes between two tensors belong to neither.
    Hole,
    /// Two tensors share bytes.
    Overlap,
    /// A tensor without bytes stands inside another one.
    EmptyInside,
    /// A tensor reaches past the end of the file.
    PastEnd,
    /// Bytes after the last tensor.
    TrailingBytes,
    /// More entries or text than are kept.
    NotRetained,
}

/// A safetensors file.
#[derive(Clone, Debug, Default)]
pub struct Safetensors {
    /// The header's length, as declared.
    pub header_len: u64,
    /// The header's bytes, as far as they are there.
    pub header: Option<Span>,
    /// What `__metadata__` holds, in order, duplicates included.
    pub metadata: Vec<(Untrusted, Untrusted)>,
    /// The entries in order, duplicates included, at most [`MAX_TENSORS`].
    pub tensors: Vec<TensorEntry>,
    /// How many entries there are, kept or not.
    pub tensor_count: u64,
    /// What is odd.
    pub oddities: Vec<Oddity<OddityKind>>,
    /// What was explained.
    pub regions: Vec<Region>,
}

/// An entry of the header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorEntry {
    /// The tensor; its data is placed in the file.
    pub tensor: Tensor,
    /// The element type as written, where it is none that is known.
    pub unknown_dtype: Option<Untrusted>,
    /// `data_offsets` as declared, where it has two numbers.
    pub offsets: Option<(u64, u64)>,
    /// Bytes of the entry in the header, from its name on.
    pub at: Span,
    /// Whether a later entry has the same name.
    pub shadowed: bool,
}

impl Safetensors {
    /// The tensors that the reference would give: the last one of each name.
    pub fn effective(&self) -> impl Iterator<Item = &TensorEntry> {
        self.tensors.iter().filter(|entry| !entry.shadowed)
    }
}

/// Reads header and layout; the data itself is not read.
pub fn read(blob: &Blob) -> Safetensors {
    let mut out = Safetensors::default();
    let mut oddities = Oddities::default();
    let Some(length) = blob.array_at(0) else {
        let detail = || format!("{} bytes, and the header's length takes 8", blob.len());
        oddities.add(OddityKind::TooShort, 0, detail);
        out.oddities = oddities.finish();
        return out;
    };
    let declared = u64::from_le_bytes(length);
    out.header_len = declared;
    out.regions.push(Region::new(0, 8, "header length"));
    if declared > MAX_HEADER {
        oddities.add(OddityKind::HeaderTooLarge, 0, || format!("{declared} bytes"));
    }
    let there = blob.len().saturating_sub(8);
    if declared > there {
        let detail = || format!("{declared} bytes declared, {there} are there");
        oddities.add(OddityKind::HeaderPastEnd, 0, detail);
    }
    if declared & 7 != 0 {
        oddities.add(OddityKind::UnalignedHeader, 0, || format!("{declared} bytes"));
    }
    let header = blob.slice(8, declared);
    let data_start = header.len().saturating_add(8);
    out.header = Some(Span::new(8, data_start));
    header::read(&header, &mut out, &mut oddities);
    layout::check(&mut out, data_start, blob.len(), &mut oddities);
    out.oddities.append(&mut oddities.finish());
    out
}
