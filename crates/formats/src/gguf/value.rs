//! Values of pairs.

use vocabulary::{Span, Untrusted};

use super::source::{RawText, Source};
use super::{MAX_ITEMS, MAX_STRING, OddityKind};
use crate::bounded::Oddities;

/// Arrays in arrays that are followed.
const MAX_NESTING: usize = 8;
/// Bytes that are kept of a string in an array.
const MAX_ITEM_STRING: usize = 64 << 10;

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ValueType {
    /// 8 bits, unsigned.
    U8,
    /// 8 bits, signed.
    I8,
    /// 16 bits, unsigned.
    U16,
    /// 16 bits, signed.
    I16,
    /// 32 bits, unsigned.
    U32,
    /// 32 bits, signed.
    I32,
    /// binary32.
    F32,
    /// One byte, 0 or 1.
    Bool,
    /// Text with its length before it.
    String,
    /// Values of one type.
    Array,
    /// 64 bits, unsigned.
    U64,
    /// 64 bits, signed.
    I64,
    /// binary64.
    F64,
    /// A number that stands for no type.
    Unknown(u32),
}

impl ValueType {
    /// By its number in files.
    pub fn from_id(id: u32) -> Self {
        match id {
            0 => Self::U8,
            1 => Self::I8,
            2 => Self::U16,
            3 => Self::I16,
            4 => Self::U32,
            5 => Self::I32,
            6 => Self::F32,
            7 => Self::Bool,
            8 => Self::String,
            9 => Self::Array,
            10 => Self::U64,
            11 => Self::I64,
            12 => Self::F64,
            other => Self::Unknown(other),
        }
    }

    /// Its name in the specification, in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::U8 => "uint8",
            Self::I8 => "int8",
            Self::U16 => "uint16",
            Self::I16 => "int16",
            Self::U32 => "uint32",
            Self::I32 => "int32",
            Self::F32 => "float32",
            Self::Bool => "bool",
            Self::String => "string",
            Self::Array => "array",
            Self::U64 => "uint64",
            Self::I64 => "int64",
            Self::F64 => "float64",
            Self::Unknown(_) => "unknown",
        }
    }

    /// Bytes of one value, where that is fixed.
    fn size(self) -> Option<u64> {
        match self {
            Self::U8 | Self::I8 | Self::Bool => Some(1),
            Self::U16 | Self::I16 => Some(2),
            Self::U32 | Self::I32 | Self::F32 => Some(4),
            Self::U64 | Self::I64 | Self::F64 => Some(8),
            Self::String | Self::Array | Self::Unknown(_) => None,
        }
    }
}

/// A string of a pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KvText {
    /// Its text, at most the first [`MAX_STRING`] bytes.
    pub text: Untrusted,
    /// Its bytes in the file, all of them.
    pub span: Span,
    /// Whether `text` is only the beginning.
    pub cut: bool,
}

/// An array of a pair.
#[derive(Clone, Debug, PartialEq)]
pub struct KvArray {
    /// The type of its values.
    pub element: ValueType,
    /// How many are declared.
    pub len: u64,
    /// The first of them, at most [`MAX_ITEMS`].
    pub items: Vec<KvValue>,
    /// Bytes of the values in the file.
    pub span: Span,
}

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum KvValue {
    /// Unsigned, of 8, 16, 32 or 64 bits.
    Unsigned(u64, ValueType),
    /// Signed, of 8, 16, 32 or 64 bits.
    Signed(i64, ValueType),
    /// Floating point, of 32 or 64 bits.
    Float(f64, ValueType),
    /// True or false; anything but 0 is true.
    Bool(bool),
    /// Text.
    Text(KvText),
    /// Values of one type.
    Array(KvArray),
    /// A value of a type that does not exist.
    Unknown(u32),
}

impl KvValue {
    /// Its type.
    pub fn value_type(&self) -> ValueType {
        match self {
            Self::Unsigned(_, kind) | Self::Signed(_, kind) | Self::Float(_, kind) => *kind,
            Self::Bool(_) => ValueType::Bool,
            Self::Text(_) => ValueType::String,
            Self::Array(_) => ValueType::Array,
            Self::Unknown(id) => ValueType::Unknown(*id),
        }
    }

    /// A whole number that is not negative.
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Self::Unsigned(value, _) => Some(*value),
            Self::Signed(value, _) => u64::try_from(*value).ok(),
            _ => None,
        }
    }

    /// Text.
    pub fn as_text(&self) -> Option<&KvText> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// An array.
    pub fn as_array(&self) -> Option<&KvArray> {
        match self {
            Self::Array(array) => Some(array),
            _ => None,
        }
    }
}

/// Reads values and keeps account of what may still be kept.
pub(super) struct Values<'a> {
    pub(super) source: &'a mut Source,
    pub(super) oddities: &'a mut Oddities<OddityKind>,
    pub(super) left: Left,
}

/// What may still be kept of all values together.
#[derive(Clone, Copy)]
pub(super) struct Left {
    /// Bytes of text.
    pub(super) text: usize,
    /// Values of arrays.
    pub(super) items: usize,
}

impl Values<'_> {
    /// A value of a type; `None` where it does not end in the file. What was read of an array that
    /// does not end is not given.
    pub(super) fn read(&mut self, kind: ValueType) -> Option<KvValue> {
        self.value(kind, MAX_STRING, 0)
    }

    fn value(&mut self, kind: ValueType, max: usize, nesting: usize) -> Option<KvValue> {
        let at = self.source.position();
        let source = &mut *self.source;
        Some(match kind {
            ValueType::U8 => KvValue::Unsigned(source.array().map(u8::from_le_bytes)?.into(), kind),
            ValueType::U16 => {
                KvValue::Unsigned(source.array().map(u16::from_le_bytes)?.into(), kind)
            }
            ValueType::U32 => KvValue::Unsigned(source.u32()?.into(), kind),
            ValueType::U64 => KvValue::Unsigned(source.u64()?, kind),
            ValueType::I8 => KvValue::Signed(source.array().map(i8::from_le_bytes)?.into(), kind),
            ValueType::I16 => KvValue::Signed(source.array().map(i16::from_le_bytes)?.into(), kind),
            ValueType::I32 => KvValue::Signed(source.array().map(i32::from_le_bytes)?.into(), kind),
            ValueType::I64 => KvValue::Signed(source.array().map(i64::from_le_bytes)?, kind),
            ValueType::F32 => KvValue::Float(source.array().map(f32::from_le_bytes)?.into(), kind),
            ValueType::F64 => KvValue::Float(source.array().map(f64::from_le_bytes)?, kind),
            ValueType::Bool => {
                let [byte] = source.array()?;
                if byte > 1 {
                    self.oddities.add(OddityKind::BadBool, at, || format!("{byte}"));
                }
                KvValue::Bool(byte != 0)
            }
            ValueType::String => {
                let text = source.text(max.min(self.left.text))?;
                KvValue::Text(self.text(&text))
            }
            ValueType::Array => self.array(nesting)?,
            ValueType::Unknown(id) => {
                let detail = || format!("type {id}: what follows cannot be read");
                self.oddities.add(OddityKind::UnknownValueType, at, detail);
                KvValue::Unknown(id)
            }
        })
    }

    fn text(&mut self, raw: &RawText) -> KvText {
        self.left.text = self.left.text.saturating_sub(raw.head.len());
        let cut = (raw.head.len() as u64) < raw.span.len();
        let valid = match std::str::from_utf8(&raw.head) {
            Ok(_) => true,
            Err(error) => cut && error.error_len().is_none(),
        };
        let text = Untrusted::from_bytes(&raw.head);
        if !valid {
            self.oddities.add(OddityKind::InvalidUtf8, raw.span.start, || text.shortened(60));
        }
        if cut {
            let detail = || format!("a string of {} bytes", raw.span.len());
            self.oddities.add(OddityKind::NotRetained, raw.span.start, detail);
        }
        KvText { text, span: raw.span, cut }
    }

    fn array(&mut self, nesting: usize) -> Option<KvValue> {
        let at = self.source.position();
        let element = ValueType::from_id(self.source.u32()?);
        let len = self.source.length()?;
        let start = self.source.position();
        if nesting > 0 {
            self.oddities.add(OddityKind::NestedArray, at, || "an array in an array".into());
        }
        if nesting >= MAX_NESTING {
            self.oddities.add(OddityKind::NestedTooDeep, at, || "not read".into());
            return None;
        }
        if matches!(element, ValueType::Unknown(_)) {
            let detail = || format!("an array of type {}", element_id(element));
            self.oddities.add(OddityKind::UnknownValueType, at, detail);
            return (len == 0).then(|| self.finish(element, len, Vec::new(), start));
        }
        let mut items = Vec::new();
        let mut read = 0u64;
        // Of arrays in arrays nothing is kept but their lengths.
        let most = if nesting == 0 { MAX_ITEMS.min(self.left.items) } else { 0 };
        while read < len && items.len() < most {
            items.push(self.value(element, MAX_ITEM_STRING, nesting.saturating_add(1))?);
            read = read.saturating_add(1);
        }
        self.left.items = self.left.items.saturating_sub(items.len());
        let rest = len.saturating_sub(read);
        match element.size() {
            Some(size) => self.source.pass(rest.checked_mul(size)?)?,
            // Each takes at least the bytes of its length, so this ends with the file.
            None if element == ValueType::String => {
                for _ in 0..rest {
                    self.source.text(0)?;
                }
            }
            None => {
                for _ in 0..rest {
                    self.value(element, 0, nesting.saturating_add(1))?;
                }
            }
        }
        Some(self.finish(element, len, items, start))
    }

    fn finish(&self, element: ValueType, len: u64, items: Vec<KvValue>, start: u64) -> KvValue {
        let span = Span::new(start, self.source.position());
        KvValue::Array(KvArray { element, len, items, span })
    }
}

fn element_id(element: ValueType) -> u32 {
    match element {
        ValueType::Unknown(id) => id,
        _ => 0,
    }
}
