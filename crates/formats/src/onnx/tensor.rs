//! Tensors: what they declare, and whether their data is as long as that takes.

use vocabulary::{Span, Untrusted};

use super::external::Pairs;
use super::walk::Walk;
use super::{MAX_TENSORS, OddityKind};
use crate::protobuf::{Field, Message, Value};

/// Dimensions of a tensor that are kept.
const DIMENSIONS: usize = 64;
/// Bytes of packed numbers of varying length that are counted.
const COUNTED: u64 = 1 << 20;
/// Elements of a tensor of text that are looked at.
const TEXTS: u64 = 1 << 20;

/// What a tensor is to the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A weight of a graph.
    Initializer,
    /// A value or an index of a sparse weight or constant.
    Sparse,
    /// A value in an attribute of a node.
    Attribute,
}

/// A tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorEntry {
    /// Its name; constants often have none.
    pub name: Untrusted,
    /// Its element type.
    pub data_type: DataType,
    /// Its dimensions; a negative one is 0 here.
    pub shape: Vec<u64>,
    /// Its raw data, where it stands in the model and is raw.
    pub data: Option<Span>,
    /// Whether its data stands in another file.
    pub external: bool,
    /// What it is to the model.
    pub role: Role,
    /// Its offset.
    pub at: u64,
}

/// The type of a tensor's elements: `TensorProto.DataType`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DataType(pub u64);

/// By number: the name, bits an element in raw data, and the field that holds it otherwise.
const TYPES: &[(&str, u64, u32)] = &[
    ("undefined", 0, 0),
    ("float32", 32, 4),
    ("uint8", 8, 5),
    ("int8", 8, 5),
    ("uint16", 16, 5),
    ("int16", 16, 5),
    ("int32", 32, 5),
    ("int64", 64, 7),
    ("string", 0, 6),
    ("bool", 8, 5),
    ("float16", 16, 5),
    ("float64", 64, 10),
    ("uint32", 32, 11),
    ("uint64", 64, 11),
    ("complex64", 64, 4),
    ("complex128", 128, 10),
    ("bfloat16", 16, 5),
    ("float8e4m3fn", 8, 5),
    ("float8e4m3fnuz", 8, 5),
    ("float8e5m2", 8, 5),
    ("float8e5m2fnuz", 8, 5),
    ("uint4", 4, 5),
    ("int4", 4, 5),
    ("float4e2m1", 4, 5),
    ("float8e8m0", 8, 5),
    ("uint2", 2, 5),
    ("int2", 2, 5),
    ("float6e2m3", 6, 5),
    ("float6e3m2", 6, 5),
];

impl DataType {
    /// Text.
    pub const STRING: Self = Self(8);

    fn row(self) -> Option<&'static (&'static str, u64, u32)> {
        TYPES.get(usize::try_from(self.0).ok()?)
    }

    /// Its name.
    pub fn name(self) -> String {
        self.row().map_or_else(|| format!("type {}", self.0), |row| row.0.to_owned())
    }

    /// Bits of an element in raw data; `None` for text and for what is not known here.
    pub fn bits(self) -> Option<u64> {
        self.row().map(|row| row.1).filter(|bits| *bits > 0)
    }

    /// Numbers in the field for this type: complex numbers take two, and of what is smaller than a
    /// byte a whole byte is one.
    fn numbers(self, elements: u64) -> Option<u64> {
        match self.0 {
            14 | 15 => elements.checked_mul(2),
            21..=23 => Some(elements.div_ceil(2)),
            25 | 26 => Some(elements.div_ceil(4)),
            // Six bits: how many numbers that takes is not settled.
            27 | 28 => None,
            _ => Some(elements),
        }
    }
}

/// What was read of a tensor so far.
struct Draft {
    at: u64,
    name: Untrusted,
    data_type: DataType,
    shape: Vec<u64>,
    elements: Option<u64>,
    dimensions: u64,
    raw: Option<Span>,
    /// The field of numbers or text that is used, how many values are in it, and whether they were
    /// counted to the end.
    values: Option<(u32, u64, bool)>,
    segment: bool,
    location: u64,
    pairs: Pairs,
}

impl Walk {
    /// A `TensorProto`.
    pub(super) fn tensor(&mut self, mut message: Message, at: u64, role: Role) -> Untrusted {
        let mut draft = Draft {
            at,
            name: Untrusted::default(),
            data_type: DataType(0),
            shape: Vec::new(),
            elements: Some(1),
            dimensions: 0,
            raw: None,
            values: None,
            segment: false,
            location: 0,
            pairs: Pairs::default(),
        };
        let mut seen = 0;
        while let Some(field) = self.next(&mut message) {
            match (field.number, field.value) {
                (1, Value::Varint(_) | Value::Bytes) => self.dimensions(&field, &mut draft),
                (2, Value::Varint(number)) => {
                    self.once(&mut seen, &field);
                    draft.data_type = DataType(number);
                }
                (3, Value::Bytes) => draft.segment = true,
                (8, Value::Bytes) => {
                    self.once(&mut seen, &field);
                    draft.name = self.name(field.payload);
                }
                (9, Value::Bytes) => {
                    self.once(&mut seen, &field);
                    draft.raw = Some(field.payload);
                }
                (12, Value::Bytes) => {
                    self.once(&mut seen, &field);
                    self.binary(field.payload);
                }
                (13, Value::Bytes) => {
                    let pair = Message::within(field.payload);
                    self.external_pair(pair, field.at, &mut draft.pairs);
                }
                (14, Value::Varint(number)) => {
                    self.once(&mut seen, &field);
                    draft.location = number;
                }
                (16, Value::Bytes) => self.inner_pair(field.payload),
                _ => {
                    if !self.values(&field, &mut draft) {
                        self.unknown(&field, &message);
                    }
                }
            }
        }
        let name = draft.name.clone();
        self.tensor_done(draft, role);
        name
    }

    fn dimensions(&mut self, field: &Field, draft: &mut Draft) {
        let Some(mut packed) = field.packed() else { return };
        while let Some(number) = self.wire.next_packed(&mut packed) {
            draft.dimensions = draft.dimensions.saturating_add(1);
            let dimension = i64::from_ne_bytes(number.to_ne_bytes());
            if dimension < 0 {
                let detail = || format!("a dimension of {dimension}");
                self.odd(OddityKind::NegativeDimension, field.at, detail);
            }
            let dimension = u64::try_from(dimension).unwrap_or(0);
            draft.elements = draft.elements.and_then(|n| n.checked_mul(dimension));
            if draft.shape.len() < DIMENSIONS {
                draft.shape.push(dimension);
            }
        }
    }

    /// Values in a field for their type; false where the field holds none.
    fn values(&mut self, field: &Field, draft: &mut Draft) -> bool {
        let (count, whole) = match (field.number, field.value) {
            (4, Value::Fixed32(_)) | (5 | 7 | 11, Value::Varint(_)) | (10, Value::Fixed64(_)) => {
                (1, true)
            }
            (4, Value::Bytes) => (field.payload.len() / 4, true),
            (10, Value::Bytes) => (field.payload.len() / 8, true),
            (6, Value::Bytes) => {
                let number = draft.values.map_or(0, |(_, count, _)| count);
                if number < TEXTS {
                    self.binary(field.payload);
                }
                (1, true)
            }
            (5 | 7 | 11, Value::Bytes) if field.payload.len() > COUNTED => (1, false),
            (5 | 7 | 11, Value::Bytes) => {
                let mut count = 0u64;
                let Some(mut packed) = field.packed() else { return false };
                while self.wire.next_packed(&mut packed).is_some() {
                    count = count.saturating_add(1);
                }
                (count, true)
            }
            _ => return false,
        };
        draft.values = match draft.values {
            Some((number, held, all)) if number == field.number => {
                Some((number, held.saturating_add(count), all && whole))
            }
            // An empty field in front of another says nothing.
            None | Some((_, 0, _)) => Some((field.number, count, whole)),
            Some(held) => {
                if count > 0 {
                    let detail =
                        || format!("`{}` has values in two fields", draft.name.shortened(60));
                    self.odd(OddityKind::TwoValues, field.at, detail);
                }
                Some(held)
            }
        };
        true
    }

    fn tensor_done(&mut self, draft: Draft, role: Role) {
        let (at, name) = (draft.at, draft.name.clone());
        let expected = self.size(&draft);
        let external = draft.location == 1 || draft.pairs.any();
        let inside = draft.raw.is_some_and(|raw| !raw.is_empty())
            || draft.values.is_some_and(|(_, count, _)| count > 0);
        if draft.location > 1 {
            let detail = || format!("`{}` is at place {}", name.shortened(60), draft.location);
            self.odd(OddityKind::DataLocation, at, detail);
        }
        if external && inside {
            let detail = || format!("`{}` has values here and elsewhere", name.shortened(60));
            self.odd(OddityKind::TwoValues, at, detail);
        }
        if !draft.segment {
            self.check_values(&draft, expected, external);
        }
        self.out.tensor_count = self.out.tensor_count.saturating_add(1);
        if external {
            self.external_done(draft.pairs, at, &name, expected);
        }
        if self.out.tensors.len() < MAX_TENSORS {
            let Draft { data_type, shape, raw: data, .. } = draft;
            let entry = TensorEntry { name, data_type, shape, data, external, role, at };
            self.out.tensors.push(entry);
        }
    }

    /// The bytes that a tensor's shape takes; what is odd about shape and type is told.
    fn size(&mut self, draft: &Draft) -> Option<u64> {
        let shown = || draft.name.shortened(60);
        let Some(elements) = draft.elements else {
            self.odd(OddityKind::Overflow, draft.at, || format!("the shape of `{}`", shown()));
            return None;
        };
        match (draft.data_type.row(), draft.data_type) {
            (None, DataType(number)) => {
                let detail = || format!("element type {number} of `{}`", shown());
                self.odd(OddityKind::UnknownType, draft.at, detail);
                None
            }
            (Some(_), DataType::STRING) => None,
            (Some((_, 0, _)), _) => {
                let detail = || format!("`{}` has no element type", shown());
                self.odd(OddityKind::WrongType, draft.at, detail);
                None
            }
            (Some((_, bits, _)), _) => {
                let bytes = elements.checked_mul(*bits).map(|bits| bits.div_ceil(8));
                if bytes.is_none() {
                    let detail = || format!("the shape of `{}`", shown());
                    self.odd(OddityKind::Overflow, draft.at, detail);
                }
                bytes
            }
        }
    }

    fn check_values(&mut self, draft: &Draft, expected: Option<u64>, external: bool) {
        let at = draft.at;
        let shown = || draft.name.shortened(60);
        let raw = draft.raw.filter(|raw| !raw.is_empty());
        if raw.is_some() && draft.data_type == DataType::STRING {
            self.odd(OddityKind::RawText, at, || format!("`{}`", shown()));
        }
        if raw.is_some() && draft.values.is_some_and(|(_, count, _)| count > 0) {
            let detail = || format!("`{}` has raw values and others", shown());
            self.odd(OddityKind::TwoValues, at, detail);
        }
        let there = match (raw, external) {
            (Some(raw), _) => Some(raw.len()),
            (None, true) => draft.pairs.length(),
            (None, false) => None,
        };
        if let (Some(expected), Some(there)) = (expected, there)
            && expected != there
        {
            let detail =
                || format!("the shape of `{}` takes {expected} bytes, it has {there}", shown());
            self.odd(OddityKind::WrongSize, at, detail);
        }
        if raw.is_some() || external {
            return;
        }
        let (Some(elements), Some((_, _, field))) = (draft.elements, draft.data_type.row()) else {
            return;
        };
        match draft.values {
            None | Some((_, 0, _)) if elements > 0 => {
                self.odd(OddityKind::NoValues, at, || format!("`{}` has no values", shown()));
            }
            Some((number, count, _)) if count > 0 && number != *field => {
                let kind = draft.data_type.name();
                let detail = || format!("`{}` is {kind}, its values are not", shown());
                self.odd(OddityKind::WrongType, at, detail);
            }
            Some((_, count, true))
                if draft.data_type.numbers(elements).is_some_and(|n| n != count) =>
            {
                let detail = || {
                    format!("the shape of `{}` takes {elements} values, it has {count}", shown())
                };
                self.odd(OddityKind::WrongSize, at, detail);
            }
            _ => {}
        }
    }

    /// A `SparseTensorProto`.
    pub(super) fn sparse_tensor(&mut self, mut message: Message) {
        let mut seen = 0;
        while let Some(field) = self.next(&mut message) {
            match (field.number, field.value) {
                (1 | 2, Value::Bytes) => {
                    self.once(&mut seen, &field);
                    self.tensor(Message::within(field.payload), field.at, Role::Sparse);
                }
                (3, Value::Varint(_) | Value::Bytes) => {}
                _ => self.unknown(&field, &message),
            }
        }
    }
}
