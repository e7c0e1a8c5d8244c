//! Datatypes and dataspaces.

use vocabulary::Untrusted;

use super::source::{Fields, Reading, to_usize};
use crate::DType;

/// Types within types.
const MAX_DEPTH: u32 = 32;
/// Members of a compound or an enumeration that are kept.
const MAX_MEMBERS: usize = 4096;
/// The most dimensions that libhdf5 allows.
const MAX_RANK: u8 = 32;

/// What an element is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datatype {
    /// Which kind.
    pub class: Class,
    /// Bytes of an element as it stands in the file.
    pub size: u64,
}

/// A kind of datatype.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Class {
    /// A whole number.
    Integer {
        /// Whether it may be negative.
        signed: bool,
    },
    /// A floating-point number.
    Float {
        /// Bits of the exponent.
        exponent: u8,
        /// Bits of the mantissa.
        mantissa: u8,
    },
    /// A point in time.
    Time,
    /// Text of a fixed length.
    Text {
        /// Whether it is UTF-8 rather than ASCII.
        utf8: bool,
        /// Whether spaces fill it, and not NULs.
        spaces: bool,
    },
    /// Bits.
    Bits,
    /// Bytes that a program knows.
    Opaque {
        /// What they are, for that program.
        tag: Untrusted,
    },
    /// Several members, each with its own type.
    Compound(Vec<Member>),
    /// A reference to an object or to a part of a data set.
    Reference,
    /// Numbers with names.
    Enumeration {
        /// The type of the numbers.
        base: Box<Datatype>,
        /// The names.
        names: Vec<Untrusted>,
    },
    /// As many elements as there are.
    Sequence(Box<Datatype>),
    /// Text of any length.
    VariableText {
        /// Whether it is UTF-8 rather than ASCII.
        utf8: bool,
    },
    /// An array of a fixed shape.
    Array {
        /// Its dimensions.
        shape: Vec<u64>,
        /// The type of its elements.
        base: Box<Datatype>,
    },
    /// A complex number of two parts.
    Complex(Box<Datatype>),
    /// A class that does not exist.
    Unknown(u8),
}

/// A member of a compound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub name: Untrusted,
    /// Where it stands in an element.
    pub offset: u64,
    /// Its type.
    pub datatype: Datatype,
}

impl Datatype {
    /// The type of a tensor's elements, where it is one.
    pub fn dtype(&self) -> Option<DType> {
        Some(match (&self.class, self.size) {
            (Class::Integer { signed: true }, 1) => DType::I8,
            (Class::Integer { signed: true }, 2) => DType::I16,
            (Class::Integer { signed: true }, 4) => DType::I32,
            (Class::Integer { signed: true }, 8) => DType::I64,
            (Class::Integer { signed: false } | Class::Bits, 1) => DType::U8,
            (Class::Integer { signed: false } | Class::Bits, 2) => DType::U16,
            (Class::Integer { signed: false } | Class::Bits, 4) => DType::U32,
            (Class::Integer { signed: false } | Class::Bits, 8) => DType::U64,
            (Class::Float { exponent: 5, mantissa: 10 }, 2) => DType::F16,
            (Class::Float { exponent: 8, mantissa: 7 }, 2) => DType::BF16,
            (Class::Float { exponent: 8, mantissa: 23 }, 4) => DType::F32,
            (Class::Float { exponent: 11, mantissa: 52 }, 8) => DType::F64,
            (Class::Float { exponent: 4, mantissa: 3 }, 1) => DType::F8_E4M3,
            (Class::Float { exponent: 5, mantissa: 2 }, 1) => DType::F8_E5M2,
            (Class::Enumeration { names, .. }, 1) => {
                let names: Vec<&str> = names.iter().map(Untrusted::raw).collect();
                if names == ["FALSE", "TRUE"] { DType::BOOL } else { return None }
            }
            (Class::Compound(members), size) => {
                let names: Vec<&str> = members.iter().map(|m| m.name.raw()).collect();
                let half = members.first().and_then(|m| m.datatype.dtype());
                match (names.as_slice(), half, size) {
                    (["r", "i"], Some(DType::F16), 4) => DType::C32,
                    (["r", "i"], Some(DType::F32), 8) => DType::C64,
                    (["r", "i"], Some(DType::F64), 16) => DType::C128,
                    _ => return None,
                }
            }
            (Class::Complex(base), size) => match (base.dtype()?, size) {
                (DType::F16, 4) => DType::C32,
                (DType::F32, 8) => DType::C64,
                (DType::F64, 16) => DType::C128,
                _ => return None,
            },
            _ => return None,
        })
    }

    /// In a few words, as `inspect` shows it.
    pub fn name(&self) -> String {
        if let Some(dtype) = self.dtype() {
            return dtype.name().to_owned();
        }
        let bits = self.size.saturating_mul(8);
        match &self.class {
            Class::Integer { .. } => format!("integer of {bits} bits"),
            Class::Float { .. } => format!("float of {bits} bits"),
            Class::Time => "time".to_owned(),
            Class::Text { .. } => format!("text of {} bytes", self.size),
            Class::Bits => format!("{bits} bits"),
            Class::Opaque { tag } => format!("{} opaque bytes `{}`", self.size, tag.shortened(40)),
            Class::Compound(members) => {
                let most = 8;
                let shown: Vec<String> = members
                    .iter()
                    .take(most)
                    .map(|m| format!("{}: {}", m.name.shortened(40), m.datatype.name()))
                    .collect();
                let more = if members.len() > most { ", …" } else { "" };
                format!("({}{more})", shown.join(", "))
            }
            Class::Reference => "reference".to_owned(),
            Class::Enumeration { .. } => "enumeration".to_owned(),
            Class::Sequence(base) => format!("sequence of {}", base.name()),
            Class::VariableText { .. } => "text".to_owned(),
            Class::Array { shape, base } => format!("{shape:?} of {}", base.name()),
            Class::Complex(base) => format!("complex of {}", base.name()),
            Class::Unknown(class) => format!("class {class}"),
        }
    }
}

impl Datatype {
    /// Whether an element is one byte of whatever meaning.
    pub fn is_byte(&self) -> bool {
        let plain = matches!(
            self.class,
            Class::Integer { .. } | Class::Bits | Class::Text { .. } | Class::Opaque { .. }
        );
        plain && self.size == 1
    }

    /// Whether its elements hold text, byte strings or opaque bytes.
    pub fn has_pieces(&self) -> bool {
        match &self.class {
            Class::Text { .. } | Class::Opaque { .. } | Class::VariableText { .. } => true,
            Class::Sequence(base) | Class::Array { base, .. } => {
                base.is_byte() || base.has_pieces()
            }
            Class::Compound(members) => members.iter().any(|m| m.datatype.has_pieces()),
            _ => false,
        }
    }
}

/// Reads a datatype; `None` where it does not end, or nests too deep.
pub(super) fn parse(fields: &mut Fields<'_>) -> Option<Datatype> {
    nested(fields, 0)
}

fn nested(fields: &mut Fields<'_>, depth: u32) -> Option<Datatype> {
    if depth > MAX_DEPTH {
        return None;
    }
    let depth = depth.saturating_add(1);
    let first = fields.u8()?;
    let version = first >> 4;
    let bits = fields.take(3)?;
    let (low, middle) = (*bits.first()?, *bits.get(1)?);
    let count = u16::from_le_bytes([low, middle]);
    let size = u64::from(fields.u32()?);
    let class = match first & 0x0f {
        0 => {
            fields.skip(4)?;
            Class::Integer { signed: low & 8 != 0 }
        }
        1 => {
            fields.skip(5)?;
            let exponent = fields.u8()?;
            fields.skip(1)?;
            let mantissa = fields.u8()?;
            fields.skip(4)?;
            Class::Float { exponent, mantissa }
        }
        2 => {
            fields.skip(2)?;
            Class::Time
        }
        3 => Class::Text { utf8: low >> 4 == 1, spaces: low & 0x0f == 2 },
        4 => {
            fields.skip(4)?;
            Class::Bits
        }
        5 => {
            let tag = fields.take(usize::from(low))?;
            let tag = tag.split(|b| *b == 0).next().unwrap_or_default();
            Class::Opaque { tag: Untrusted::from_bytes(tag) }
        }
        6 => Class::Compound(members(fields, version, count, size, depth)?),
        7 => Class::Reference,
        8 => {
            let base = nested(fields, depth)?;
            let mut names = Vec::new();
            for _ in 0..count {
                let name = name(fields, version)?;
                if names.len() < MAX_MEMBERS {
                    names.push(name);
                }
            }
            fields.skip(to_usize(base.size.checked_mul(u64::from(count))?))?;
            Class::Enumeration { base: Box::new(base), names }
        }
        9 => {
            let base = nested(fields, depth)?;
            if low & 0x0f == 1 {
                Class::VariableText { utf8: middle & 0x0f == 1 }
            } else {
                Class::Sequence(Box::new(base))
            }
        }
        10 => {
            let rank = fields.u8()?;
            if version < 3 {
                fields.skip(3)?;
            }
            let mut shape = Vec::new();
            for _ in 0..rank {
                shape.push(u64::from(fields.u32()?));
            }
            if version < 3 {
                fields.skip(usize::from(rank).checked_mul(4)?)?;
            }
            Class::Array { shape, base: Box::new(nested(fields, depth)?) }
        }
        11 => Class::Complex(Box::new(nested(fields, depth)?)),
        class => Class::Unknown(class),
    };
    Some(Datatype { class, size })
}

fn name(fields: &mut Fields<'_>, version: u8) -> Option<Untrusted> {
    let text = fields.c_string()?;
    if version < 3 {
        // Filled up to a multiple of eight, the NUL included.
        let used = text.len().saturating_add(1);
        fields.skip(used.next_multiple_of(8).saturating_sub(used))?;
    }
    Some(Untrusted::from_bytes(text))
}

fn members(
    fields: &mut Fields<'_>,
    version: u8,
    count: u16,
    size: u64,
    depth: u32,
) -> Option<Vec<Member>> {
    let mut out = Vec::new();
    for _ in 0..count {
        let name = name(fields, version)?;
        let offset = if version < 3 {
            u64::from(fields.u32()?)
        } else {
            fields.number(super::source::width_of(size))?
        };
        let mut shape = Vec::new();
        if version == 1 {
            // Arrays of members, before there was a class for arrays.
            let rank = usize::from(fields.u8()?).min(4);
            fields.skip(11)?;
            for index in 0..4 {
                let extent = u64::from(fields.u32()?);
                if index < rank {
                    shape.push(extent);
                }
            }
        }
        let mut datatype = nested(fields, depth)?;
        if !shape.is_empty() {
            let count = shape.iter().try_fold(1u64, |n, extent| n.checked_mul(*extent))?;
            let size = count.checked_mul(datatype.size)?;
            datatype = Datatype { class: Class::Array { shape, base: Box::new(datatype) }, size };
        }
        if out.len() < MAX_MEMBERS {
            out.push(Member { name, offset, datatype });
        }
    }
    Some(out)
}

/// Reads a dataspace: the dimensions, none for a single element, `None` inside for no element.
#[allow(clippy::option_option, reason = "no element is not the same as no dataspace")]
pub(super) fn space(reading: &Reading, fields: &mut Fields<'_>) -> Option<Option<Vec<u64>>> {
    let version = fields.u8()?;
    let rank = fields.u8()?;
    let flags = fields.u8()?;
    let kind = fields.u8()?;
    match version {
        1 => fields.skip(4)?,
        2 if kind == 2 => return Some(None),
        2 => {}
        _ => return None,
    }
    if rank > MAX_RANK {
        return None;
    }
    let mut shape = Vec::new();
    for _ in 0..rank {
        shape.push(fields.length(&reading.source)?);
    }
    if flags & 1 != 0 {
        for _ in 0..rank {
            fields.length(&reading.source)?;
        }
    }
    Some(Some(shape))
}

/// How many elements a shape has.
pub(super) fn count(shape: Option<&[u64]>) -> Option<u64> {
    match shape {
        None => Some(0),
        Some(shape) => shape.iter().try_fold(1u64, |product, n| product.checked_mul(*n)),
    }
}
