//! `.npy` (NEP 1, versions 1 to 3): a magic, a Python literal of a dict, the array.
//!
//! Where the element type holds Python objects the array is a pickle; [`Npy::pickle_at`] says where
//! it begins. `.npz` is a zip of these.

mod descr;
mod literal;

#[cfg(test)]
mod tests;

use artifact::Blob;
use vocabulary::{Span, Untrusted};

use crate::bounded::Oddities;
use crate::{DType, Oddity, Region};

pub use literal::Literal;

/// Longest header that numpy reads by default.
pub const MAX_HEADER: u64 = 10_000;
/// Bytes of a header that are parsed.
const MAX_PARSED: usize = 1 << 20;
/// Most dimensions of a numpy array.
const MAX_DIMENSIONS: usize = 64;

/// What a `.npy` file may hold that numpy does not write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OddityKind {
    /// It does not begin with `\x93NUMPY`.
    BadMagic,
    /// A version that does not exist; it was read as 3.
    UnknownVersion,
    /// The file ends inside the header.
    Truncated,
    /// The header is longer than numpy reads without being told to.
    HeaderTooLarge,
    /// The header is no literal that numpy would read.
    BadLiteral,
    /// The header is a literal, and no dict.
    NotADict,
    /// A key is missing.
    MissingKey,
    /// A key that the format does not know.
    ExtraKey,
    /// A key stands twice.
    DuplicateKey,
    /// Something other than padding follows the dict in the header.
    HeaderTail,
    /// The element type is none that is known; it may hold objects.
    UnknownDescr,
    /// Python objects inside a structured type.
    ObjectInStructure,
    /// `fortran_order` is no boolean.
    BadOrder,
    /// `shape` is no tuple of sizes.
    BadShape,
    /// The shape's product overflows, or is more than a numpy array can have.
    Overflow,
    /// The data is shorter than shape and type ask for.
    DataTooShort,
    /// Another array follows in the same file.
    AnotherArray,
    /// Bytes follow the array.
    TrailingBytes,
}

/// A `.npy` file.
#[derive(Clone, Debug, Default)]
pub struct Npy {
    /// Major and minor version.
    pub version: (u8, u8),
    /// The element type as written.
    pub descr: Option<Literal>,
    /// The element type, where it is a single number.
    pub dtype: Option<DType>,
    /// Bytes an element, where that is known.
    pub item_size: Option<u64>,
    /// Whether the first dimension varies fastest.
    pub fortran_order: Option<bool>,
    /// The dimensions.
    pub shape: Option<Vec<u64>>,
    /// The array's bytes, or the pickle's: as far as they are there.
    pub data: Option<Span>,
    /// Where a pickle begins: the type holds objects, or nobody knows that it does not.
    pub pickle_at: Option<u64>,
    /// What is odd.
    pub oddities: Vec<Oddity<OddityKind>>,
    /// What was explained.
    pub regions: Vec<Region>,
}

/// Reads header and layout; the array itself is not read.
pub fn read(blob: &Blob) -> Npy {
    let mut out = Npy::default();
    let mut oddities = Oddities::default();
    if fill(blob, &mut out, &mut oddities).is_none() {
        let detail = || "the file ends inside the header".into();
        oddities.add(OddityKind::Truncated, blob.len(), detail);
    }
    out.oddities = oddities.finish();
    out
}

fn fill(blob: &Blob, out: &mut Npy, oddities: &mut Oddities<OddityKind>) -> Option<()> {
    if blob.array_at(0) != Some(*b"\x93NUMPY") {
        oddities.add(OddityKind::BadMagic, 0, || "not `\\x93NUMPY`".into());
    }
    let [major, minor] = blob.array_at(6)?;
    out.version = (major, minor);
    if !(1..=3).contains(&major) || minor != 0 {
        oddities.add(OddityKind::UnknownVersion, 6, || format!("{major}.{minor}"));
    }
    let (start, len) = if major == 1 {
        (10, u64::from(u16::from_le_bytes(blob.array_at(8)?)))
    } else {
        (12, u64::from(u32::from_le_bytes(blob.array_at(8)?)))
    };
    if len > MAX_HEADER {
        oddities.add(OddityKind::HeaderTooLarge, 8, || format!("{len} bytes"));
    }
    let end = len.checked_add(start)?;
    let header = blob.slice(start, len);
    let bytes = header.bytes_at(0, MAX_PARSED);
    parse_header(&bytes, start, major, out, oddities);
    out.regions.push(Region::new(0, end.min(blob.len()), "header"));
    if end > blob.len() {
        return None;
    }
    lay_out(blob, end, out, oddities);
    Some(())
}

fn parse_header(
    bytes: &[u8],
    base: u64,
    major: u8,
    out: &mut Npy,
    oddities: &mut Oddities<OddityKind>,
) {
    // Versions 1 and 2 are Latin-1, version 3 is UTF-8.
    let text: String = if major >= 3 {
        String::from_utf8_lossy(bytes).into_owned()
    } else {
        bytes.iter().map(|byte| char::from(*byte)).collect()
    };
    let parsed = literal::parse(&text);
    if !parsed.complete {
        let detail = || Untrusted::new(text.as_str()).shortened(80);
        oddities.add(OddityKind::BadLiteral, base, detail);
    } else if !parsed.rest.trim_matches([' ', '\n', '\0']).is_empty() || parsed.rest.contains('\0')
    {
        let detail = || Untrusted::new(parsed.rest).shortened(80);
        oddities.add(OddityKind::HeaderTail, base, detail);
    }
    let Some(Literal::Dict(pairs)) = parsed.value else {
        if parsed.value.is_some() {
            oddities.add(OddityKind::NotADict, base, || "the header is no dict".into());
        }
        return;
    };
    let mut seen = [false; 3];
    for (key, value) in pairs {
        let index = match &key {
            Literal::Text(key) => {
                ["descr", "fortran_order", "shape"].iter().position(|known| *known == key.raw())
            }
            _ => None,
        };
        let Some(slot) = index.and_then(|index| seen.get_mut(index)) else {
            oddities.add(OddityKind::ExtraKey, base, || key.to_string());
            continue;
        };
        if std::mem::replace(slot, true) {
            oddities.add(OddityKind::DuplicateKey, base, || key.to_string());
        }
        match index {
            Some(0) => out.descr = Some(value),
            Some(1) => match value {
                Literal::Bool(order) => out.fortran_order = Some(order),
                other => oddities.add(OddityKind::BadOrder, base, || other.to_string()),
            },
            _ => {
                out.shape = sizes(&value);
                if out.shape.is_none() {
                    oddities.add(OddityKind::BadShape, base, || value.to_string());
                }
            }
        }
    }
    for (key, _) in ["descr", "fortran_order", "shape"].iter().zip(seen).filter(|(_, s)| !s) {
        oddities.add(OddityKind::MissingKey, base, || format!("`{key}`"));
    }
}

fn sizes(value: &Literal) -> Option<Vec<u64>> {
    let Literal::Tuple(items) = value else { return None };
    items
        .iter()
        .map(|item| match item {
            Literal::Int(size) => u64::try_from(*size).ok(),
            _ => None,
        })
        .collect()
}

fn lay_out(blob: &Blob, start: u64, out: &mut Npy, oddities: &mut Oddities<OddityKind>) {
    let there = Span::new(start, blob.len());
    out.data = Some(there);
    let kind = out.descr.as_ref().map(descr::judge);
    let Some(kind) = kind.filter(|kind| !kind.objects && kind.size.is_some()) else {
        let objects = kind.is_some_and(|kind| kind.objects);
        if objects && kind.is_some_and(|kind| kind.structured) {
            let detail = || "objects inside a structured type".into();
            oddities.add(OddityKind::ObjectInStructure, start, detail);
        }
        if !objects && let Some(descr) = &out.descr {
            oddities.add(OddityKind::UnknownDescr, start, || descr.to_string());
        }
        if objects && there.is_empty() {
            oddities.add(OddityKind::DataTooShort, start, || "no pickle follows".into());
        }
        out.pickle_at = Some(start);
        return;
    };
    out.item_size = kind.size;
    out.dtype = match &out.descr {
        Some(Literal::Text(text)) => DType::from_numpy(text.raw()),
        _ => None,
    };
    let Some(shape) = &out.shape else { return };
    let count = shape.iter().try_fold(1u64, |product, n| product.checked_mul(*n));
    let size = count.zip(kind.size).and_then(|(count, size)| count.checked_mul(size));
    let Some(size) = size.filter(|_| shape.len() <= MAX_DIMENSIONS) else {
        let detail = || format!("{} dimensions", shape.len());
        oddities.add(OddityKind::Overflow, start, detail);
        return;
    };
    if size > there.len() {
        let detail = || format!("{size} bytes declared, {} are there", there.len());
        oddities.add(OddityKind::DataTooShort, start, detail);
    }
    let end = start.saturating_add(size).min(blob.len());
    out.data = Some(Span::new(start, end));
    if end > start {
        out.regions.push(Region::new(start, end, "array"));
    }
    if end < blob.len() {
        // `numpy.save` to an open file puts arrays one after another.
        let kind = if blob.array_at(end) == Some(*b"\x93NUMPY") {
            OddityKind::AnotherArray
        } else {
            OddityKind::TrailingBytes
        };
        let detail = || format!("{} bytes after the array", blob.len().saturating_sub(end));
        oddities.add(kind, end, detail);
    }
}
