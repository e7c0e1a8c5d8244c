//! The walk: models, graphs, nodes, attributes, functions.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use artifact::Blob;
use vocabulary::{Span, Untrusted};

use super::external::Files;
use super::tensor::Role;
use super::{
    DOC_STRING, Function, IR_VERSION, MAX_DEPTH, MAX_FUNCTIONS, MAX_OPERATORS, MAX_PROPERTIES,
    MAX_UNEXPLAINED, MAX_VALUES, NAME, OddityKind, Onnx, Operator, Property, TEXT, ValueInfo,
};
use crate::bounded::Oddities;
use crate::protobuf::{Field, Message, Value, Wire};
use crate::{Oddity, Region};

/// Initializers of a graph whose names are compared.
const NAMES: usize = 1 << 20;
/// Nodes of an operator whose text attributes are kept, and how many of them.
const SAMPLES: u64 = 8;
const ATTRIBUTES: usize = 32;

/// What a field of a message holds that nothing needs to be known of.
pub(super) enum Kind {
    Number,
    Numbers,
    Bytes,
    Message(Table),
}

/// The fields of such a message.
pub(super) type Table = &'static [(u32, Kind)];

const PAIR: Table = &[(1, Kind::Bytes), (2, Kind::Bytes)];
const ANNOTATION: Table = &[(1, Kind::Bytes), (2, Kind::Message(PAIR))];
const DEVICE: Table = &[(1, Kind::Bytes), (2, Kind::Number), (3, Kind::Bytes)];
const NODE_DEVICE: Table = &[(1, Kind::Bytes), (2, Kind::Message(SHARDING)), (3, Kind::Number)];
const SHARDING: Table = &[
    (1, Kind::Bytes),
    (2, Kind::Numbers),
    (3, Kind::Message(&[(1, Kind::Number), (2, Kind::Numbers)])),
    (4, Kind::Message(&[(1, Kind::Number), (2, Kind::Message(SIMPLE))])),
];
const SIMPLE: Table = &[(1, Kind::Number), (2, Kind::Bytes), (3, Kind::Number)];
pub(super) const OPAQUE: Table = &[(1, Kind::Bytes), (2, Kind::Bytes)];

pub(super) struct Walk {
    pub(super) wire: Wire,
    pub(super) out: Onnx,
    pub(super) files: Files,
    oddities: Oddities<OddityKind>,
    unexplained: Vec<Span>,
    operators: BTreeMap<(Untrusted, Untrusted), usize>,
    functions: BTreeSet<(Untrusted, Untrusted, Untrusted)>,
}

pub(super) fn read(blob: &Blob) -> Onnx {
    let mut walk = Walk {
        wire: Wire::new(blob),
        out: Onnx::default(),
        files: Files::default(),
        oddities: Oddities::default(),
        unexplained: Vec::new(),
        operators: BTreeMap::new(),
        functions: BTreeSet::new(),
    };
    walk.model(Message::all(blob));
    let Walk { wire, mut out, oddities, unexplained, .. } = walk;
    let wire = wire.finish().into_iter();
    out.oddities = wire
        .map(|Oddity { kind, at, detail }| Oddity { kind: OddityKind::Wire(kind), at, detail })
        .collect();
    out.oddities.append(&mut oddities.finish());
    let mut at = 0;
    for span in unexplained.into_iter().chain([Span::new(blob.len(), blob.len())]) {
        if span.start > at {
            out.regions.push(Region::new(at, span.start, "model"));
        }
        at = span.end;
    }
    out
}

impl Walk {
    pub(super) fn odd(&mut self, kind: OddityKind, at: u64, detail: impl FnOnce() -> String) {
        self.oddities.add(kind, at, detail);
    }

    /// The next field; what cannot be read of the message is explained by nobody.
    pub(super) fn next(&mut self, message: &mut Message) -> Option<Field> {
        let field = self.wire.next(message);
        if field.is_none() && message.stopped().is_some() {
            self.leave(message.rest());
        }
        field
    }

    /// A field that the schema does not have, or not with this wire type.
    pub(super) fn unknown(&mut self, field: &Field, message: &Message) {
        self.leave(Span::new(field.at, message.rest().start));
    }

    /// Spans come in order and do not overlap.
    fn leave(&mut self, span: Span) {
        let full = self.unexplained.len() >= MAX_UNEXPLAINED;
        match self.unexplained.last_mut() {
            Some(last) if full || last.end == span.start => last.end = span.end.max(last.end),
            _ => self.unexplained.push(span),
        }
    }

    /// Tells of a field that the schema has once and that stands twice.
    pub(super) fn once(&mut self, seen: &mut u64, field: &Field) {
        let bit = 1u64.checked_shl(field.number).unwrap_or(0);
        if *seen & bit != 0 {
            let detail = || format!("field {} of a message stands twice", field.number);
            self.odd(OddityKind::DuplicateField, field.at, detail);
        }
        *seen |= bit;
    }

    pub(super) fn text(&mut self, span: Span, max: usize) -> Untrusted {
        if span.len() > max as u64 {
            let detail = || format!("a text of {} bytes where a short one stands", span.len());
            self.odd(OddityKind::LongName, span.start, detail);
        }
        self.wire.text(span, max)
    }

    pub(super) fn name(&mut self, span: Span) -> Untrusted {
        self.text(span, NAME)
    }

    fn domain(&mut self, span: Span) -> Untrusted {
        let domain = self.name(span);
        if domain.raw() == "ai.onnx" { Untrusted::default() } else { domain }
    }

    /// Notes bytes that may be something else than the text that they stand for.
    pub(super) fn binary(&mut self, span: Span) {
        if span.len() < 8 || !is_binary(&self.wire.bytes(span, 64)) {
            return;
        }
        if self.out.binaries.len() < MAX_PROPERTIES {
            self.out.binaries.push(span);
        } else {
            self.odd(OddityKind::NotRetained, span.start, || "more texts that are none".into());
        }
    }

    /// A pair of metadata that belongs to a part of the model.
    pub(super) fn inner_pair(&mut self, span: Span) {
        let (_, value) = self.pair(Message::within(span));
        self.binary(value);
    }

    fn model(&mut self, mut message: Message) {
        let mut seen = 0;
        while let Some(field) = self.next(&mut message) {
            match (field.number, field.value) {
                (1 | 5, Value::Varint(number)) => {
                    self.once(&mut seen, &field);
                    match field.number {
                        1 => self.out.ir_version = Some(number),
                        _ => self.out.model_version = Some(number),
                    }
                }
                (2..=4, Value::Bytes) => {
                    self.once(&mut seen, &field);
                    let text = self.wire.text(field.payload, TEXT);
                    match field.number {
                        2 => self.out.producer.0 = text,
                        3 => self.out.producer.1 = text,
                        _ => self.out.domain = text,
                    }
                }
                (6, Value::Bytes) => {
                    self.once(&mut seen, &field);
                    self.property(DOC_STRING.into(), field.payload);
                }
                (7, Value::Bytes) => {
                    self.once(&mut seen, &field);
                    self.graph(Message::within(field.payload), field.at, 0);
                }
                (8, Value::Bytes) => self.opset(Message::within(field.payload), true),
                (14, Value::Bytes) => {
                    let (key, value) = self.pair(Message::within(field.payload));
                    self.property(key, value);
                }
                (20, Value::Bytes) => self.training(Message::within(field.payload)),
                (25, Value::Bytes) => self.function(Message::within(field.payload), field.at),
                (26, Value::Bytes) => self.skim(Message::within(field.payload), DEVICE),
                _ => self.unknown(&field, &message),
            }
        }
        if self.out.graphs == 0 {
            self.odd(OddityKind::NoGraph, 0, || "there is no graph".into());
        }
        match self.out.ir_version {
            Some(1..=255) => {}
            Some(other) => self.odd(OddityKind::IrVersion, 0, || {
                format!("version {other} of the format; the highest that is known is {IR_VERSION}")
            }),
            None => self.odd(OddityKind::IrVersion, 0, || "no version of the format".into()),
        }
        if self.out.opsets.is_empty() && self.out.ir_version.is_none_or(|version| version > 2) {
            self.odd(OddityKind::NoOperatorSet, 0, || "no set of operators".into());
        }
    }

    fn property(&mut self, key: Untrusted, span: Span) {
        if self.out.properties.len() >= MAX_PROPERTIES {
            self.odd(OddityKind::NotRetained, span.start, || "more metadata".into());
            return;
        }
        if self.out.property(key.raw()).is_some() {
            let detail = || format!("`{}` stands twice in the metadata", key.shortened(60));
            self.odd(OddityKind::DuplicateMetadata, span.start, detail);
        }
        let value = self.wire.text(span, TEXT);
        self.out.properties.push(Property { key, value, span });
    }

    fn opset(&mut self, mut message: Message, of_model: bool) {
        let (mut domain, mut version, mut seen) = (Untrusted::default(), 0, 0);
        while let Some(field) = self.next(&mut message) {
            match (field.number, field.value) {
                (1, Value::Bytes) => {
                    self.once(&mut seen, &field);
                    domain = self.domain(field.payload);
                }
                (2, Value::Varint(number)) => {
                    self.once(&mut seen, &field);
                    version = number;
                }
                _ => self.unknown(&field, &message),
            }
        }
        if of_model && self.out.opsets.len() < MAX_PROPERTIES {
            self.out.opsets.push((domain, version));
        }
    }

    fn training(&mut self, mut message: Message) {
        let mut seen = 0;
        while let Some(field) = self.next(&mut message) {
            match (field.number, field.value) {
                (1 | 2, Value::Bytes) => {
                    self.once(&mut seen, &field);
                    self.graph(Message::within(field.payload), field.at, 1);
                }
                (3 | 4, Value::Bytes) => self.skim(Message::within(field.payload), PAIR),
                _ => self.unknown(&field, &message),
            }
        }
    }

    fn function(&mut self, mut message: Message, at: u64) {
        let mut function = Function {
            domain: Untrusted::default(),
            name: Untrusted::default(),
            overload: Untrusted::default(),
            at,
        };
        let mut seen = 0;
        while let Some(field) = self.next(&mut message) {
            let inner = Message::within(field.payload);
            match (field.number, field.value) {
                (1 | 8 | 10 | 13, Value::Bytes) => {
                    self.once(&mut seen, &field);
                    match field.number {
                        1 => function.name = self.name(field.payload),
                        10 => function.domain = self.domain(field.payload),
                        13 => function.overload = self.name(field.payload),
                        _ => self.binary(field.payload),
                    }
                }
                (4..=6, Value::Bytes) => {}
                (7, Value::Bytes) => self.node(inner, field.at, 0),
                (9, Value::Bytes) => self.opset(inner, false),
                (11, Value::Bytes) => self.attribute(inner, field.at, 0, &mut Vec::new()),
                (12, Value::Bytes) => {
                    self.value_info(inner, false);
                }
                (14, Value::Bytes) => self.inner_pair(field.payload),
                _ => self.unknown(&field, &message),
            }
        }
        let key = (function.domain.clone(), function.name.clone(), function.overload.clone());
        if self.out.functions.len() >= MAX_FUNCTIONS {
            self.odd(OddityKind::NotRetained, at, || "more functions".into());
        } else if self.functions.insert(key) {
            self.out.functions.push(function);
        } else {
            let detail = || format!("`{}`", function.name.shortened(60));
            self.odd(OddityKind::DuplicateFunction, at, detail);
        }
    }

    fn graph(&mut self, mut message: Message, at: u64, depth: usize) {
        self.out.graphs = self.out.graphs.saturating_add(1);
        if depth > MAX_DEPTH {
            self.odd(OddityKind::TooDeep, at, || {
                format!("more than {MAX_DEPTH} graphs in each other")
            });
            return;
        }
        let mut names = BTreeSet::new();
        let mut seen = 0;
        while let Some(field) = self.next(&mut message) {
            let inner = Message::within(field.payload);
            match (field.number, field.value) {
                (1, Value::Bytes) => self.node(inner, field.at, depth),
                (2, Value::Bytes) => {
                    self.once(&mut seen, &field);
                    if depth == 0 {
                        self.out.graph_name = self.wire.text(field.payload, TEXT);
                    }
                }
                (5, Value::Bytes) => {
                    let name = self.tensor(inner, field.at, Role::Initializer);
                    let new = name.raw().is_empty() || names.insert(hash(&name));
                    if !new {
                        let detail = || format!("`{}`", name.shortened(60));
                        self.odd(OddityKind::DuplicateTensor, field.at, detail);
                    }
                    if names.len() > NAMES {
                        names.clear();
                        let detail = || "more initializers than names are compared of".into();
                        self.odd(OddityKind::NotRetained, field.at, detail);
                    }
                }
                (10, Value::Bytes) => {
                    self.once(&mut seen, &field);
                    self.binary(field.payload);
                }
                (11..=13, Value::Bytes) => {
                    let kept = depth == 0 && field.number != 13;
                    let value = self.value_info(inner, kept);
                    let list = match field.number {
                        11 => &mut self.out.inputs,
                        _ => &mut self.out.outputs,
                    };
                    if kept && list.len() < MAX_VALUES {
                        list.push(value);
                    }
                }
                (14, Value::Bytes) => self.skim(inner, ANNOTATION),
                (15, Value::Bytes) => self.sparse_tensor(inner),
                (16, Value::Bytes) => self.inner_pair(field.payload),
                _ => self.unknown(&field, &message),
            }
        }
    }

    fn node(&mut self, mut message: Message, at: u64, depth: usize) {
        let (mut domain, mut name) = (Untrusted::default(), Untrusted::default());
        let mut texts = Vec::new();
        let mut seen = 0;
        while let Some(field) = self.next(&mut message) {
            let inner = Message::within(field.payload);
            match (field.number, field.value) {
                (1 | 2, Value::Bytes) => {}
                (3 | 6 | 8, Value::Bytes) => {
                    self.once(&mut seen, &field);
                    self.binary(field.payload);
                }
                (4, Value::Bytes) => {
                    self.once(&mut seen, &field);
                    name = self.name(field.payload);
                }
                (5, Value::Bytes) => self.attribute(inner, field.at, depth, &mut texts),
                (7, Value::Bytes) => {
                    self.once(&mut seen, &field);
                    domain = self.domain(field.payload);
                }
                (9, Value::Bytes) => self.inner_pair(field.payload),
                (10, Value::Bytes) => self.skim(inner, NODE_DEVICE),
                _ => self.unknown(&field, &message),
            }
        }
        self.out.nodes = self.out.nodes.saturating_add(1);
        self.operator(domain, name, at, &texts);
    }

    fn operator(&mut self, domain: Untrusted, name: Untrusted, at: u64, texts: &[(Span, Span)]) {
        let key = (domain, name);
        let index = match self.operators.get(&key) {
            Some(index) => *index,
            None if self.out.operators.len() >= MAX_OPERATORS => {
                self.odd(OddityKind::NotRetained, at, || "more operators".into());
                return;
            }
            None => {
                let index = self.out.operators.len();
                let (domain, name) = key.clone();
                let attributes = Vec::new();
                self.out.operators.push(Operator { domain, name, count: 0, at, attributes });
                self.operators.insert(key, index);
                index
            }
        };
        let Some(operator) = self.out.operators.get_mut(index) else { return };
        operator.count = operator.count.saturating_add(1);
        if operator.count > SAMPLES {
            return;
        }
        for (name, value) in texts {
            if operator.attributes.len() < ATTRIBUTES {
                let name = self.wire.text(*name, NAME);
                let value = self.wire.text(*value, NAME);
                operator.attributes.push((name, value));
            }
        }
    }

    /// An attribute of a node; `texts` takes where the name and the value of one that is text
    /// stand.
    fn attribute(
        &mut self,
        mut message: Message,
        at: u64,
        depth: usize,
        texts: &mut Vec<(Span, Span)>,
    ) {
        let (mut name, mut text) = (Span::new(at, at), None);
        let mut seen = 0;
        let deeper = depth.saturating_add(1);
        while let Some(field) = self.next(&mut message) {
            let inner = Message::within(field.payload);
            match (field.number, field.value) {
                (1, Value::Bytes) => {
                    self.once(&mut seen, &field);
                    name = field.payload;
                }
                (2, Value::Fixed32(_)) | (3 | 20, Value::Varint(_)) | (13 | 21, Value::Bytes) => {
                    self.once(&mut seen, &field);
                }
                (4, Value::Bytes) => {
                    self.once(&mut seen, &field);
                    self.binary(field.payload);
                    text = Some(field.payload);
                }
                (5, Value::Bytes) => {
                    self.once(&mut seen, &field);
                    self.tensor(inner, field.at, Role::Attribute);
                }
                (6, Value::Bytes) => {
                    self.once(&mut seen, &field);
                    self.graph(inner, field.at, deeper);
                }
                (7, Value::Fixed32(_) | Value::Bytes) | (8, Value::Varint(_) | Value::Bytes) => {}
                (9, Value::Bytes) => self.binary(field.payload),
                (10, Value::Bytes) => {
                    self.tensor(inner, field.at, Role::Attribute);
                }
                (11, Value::Bytes) => self.graph(inner, field.at, deeper),
                (14, Value::Bytes) => {
                    self.once(&mut seen, &field);
                    self.kind(inner, 0, &mut None);
                }
                (15, Value::Bytes) => self.kind(inner, 0, &mut None),
                (22, Value::Bytes) => {
                    self.once(&mut seen, &field);
                    self.sparse_tensor(inner);
                }
                (23, Value::Bytes) => self.sparse_tensor(inner),
                _ => self.unknown(&field, &message),
            }
        }
        if let Some(text) = text.filter(|_| texts.len() < ATTRIBUTES) {
            texts.push((name, text));
        }
    }

    /// A message of which nothing is kept.
    pub(super) fn skim(&mut self, mut message: Message, table: Table) {
        while let Some(field) = self.next(&mut message) {
            let kind = table.iter().find(|(number, _)| *number == field.number).map(|row| &row.1);
            match (kind, field.value) {
                (Some(Kind::Number | Kind::Numbers), Value::Varint(_))
                | (Some(Kind::Numbers | Kind::Bytes), Value::Bytes) => {}
                (Some(Kind::Message(inner)), Value::Bytes) => {
                    self.skim(Message::within(field.payload), inner);
                }
                _ => self.unknown(&field, &message),
            }
        }
    }

    fn value_info(&mut self, mut message: Message, kept: bool) -> ValueInfo {
        let (mut name, mut kind) = (Untrusted::default(), kept.then(String::new));
        let mut seen = 0;
        while let Some(field) = self.next(&mut message) {
            match (field.number, field.value) {
                (1 | 3, Value::Bytes) => {
                    self.once(&mut seen, &field);
                    if field.number == 1 && kept {
                        name = self.name(field.payload);
                    }
                }
                (2, Value::Bytes) => {
                    self.once(&mut seen, &field);
                    self.kind(Message::within(field.payload), 0, &mut kind);
                }
                (4, Value::Bytes) => self.inner_pair(field.payload),
                _ => self.unknown(&field, &message),
            }
        }
        ValueInfo { name, kind: kind.unwrap_or_default().into() }
    }
}

fn hash(name: &Untrusted) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

/// Whether bytes are something else than text: not UTF-8, or with control characters. The last
/// character may be cut.
fn is_binary(bytes: &[u8]) -> bool {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.as_bytes(),
        Err(error) if error.error_len().is_none() => {
            bytes.get(..error.valid_up_to()).unwrap_or_default()
        }
        Err(_) => return true,
    };
    text.iter()
        .any(|byte| (*byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r')) || *byte == 0x7f)
}
