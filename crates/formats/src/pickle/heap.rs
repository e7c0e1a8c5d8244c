//! The nodes behind the values.

use artifact::Blob;

use super::literal::{self, Form, Found, LongLines};
use super::render::{self, Bounds};
use super::value::{Call, Global, Items, Literal, Pairs, Unpacked, Value, View};

/// What a container holds: the first members, and how many there are.
#[derive(Clone, Debug)]
pub(super) struct Members<T> {
    pub(super) shown: Vec<T>,
    pub(super) total: u64,
    /// Whether a node among the members, or below one, is no plain container. Known when a member
    /// is added; what happens to a member later does not count.
    pub(super) impure: bool,
}

impl<T> Default for Members<T> {
    fn default() -> Self {
        Self { shown: Vec::new(), total: 0, impure: false }
    }
}

/// A container, an import, a call or a persistent id.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Tuple(Members<Value>),
    List(Members<Value>),
    Set(Members<Value>),
    FrozenSet(Members<Value>),
    Dict(Members<(Value, Value)>),
    Global(Box<Global>),
    Call(Box<Call>),
    PersistentId(Value),
}

impl Node {
    /// Whether it is more than a container of plain values.
    pub(super) fn is_impure(&self) -> bool {
        match self {
            Self::Tuple(m) | Self::List(m) | Self::Set(m) | Self::FrozenSet(m) => m.impure,
            Self::Dict(m) => m.impure,
            Self::Global(_) | Self::Call(_) | Self::PersistentId(_) => true,
        }
    }

    /// Bytes that it takes.
    pub(super) fn weight(&self) -> usize {
        let more = match self {
            Self::Tuple(m) | Self::List(m) | Self::Set(m) | Self::FrozenSet(m) => {
                m.shown.capacity().saturating_mul(size_of::<Value>())
            }
            Self::Dict(m) => m.shown.capacity().saturating_mul(size_of::<(Value, Value)>()),
            Self::Global(global) => {
                let text = |name: &super::Name| name.known().map_or(0, str::len);
                let raw = global.raw.as_ref().map_or(0, |(module, name)| {
                    module.raw().len().saturating_add(name.raw().len())
                });
                size_of::<Global>()
                    .saturating_add(text(&global.module))
                    .saturating_add(text(&global.name))
                    .saturating_add(raw)
            }
            Self::Call(call) => {
                let singles = call.states.capacity().saturating_add(call.items.capacity());
                size_of::<Call>()
                    .saturating_add(singles.saturating_mul(size_of::<Value>()))
                    .saturating_add(
                        call.pairs.capacity().saturating_mul(size_of::<(Value, Value)>()),
                    )
            }
            Self::PersistentId(_) => 0,
        };
        // What an allocator adds to each allocation.
        let overhead = if more > 0 { 16 } else { 0 };
        size_of::<Self>().saturating_add(more).saturating_add(overhead)
    }
}

/// The structure that a stream builds, as far as it was kept.
#[derive(Clone)]
pub struct Heap {
    pub(super) blob: Blob,
    pub(super) nodes: Vec<Node>,
    /// Bytes that the nodes take, as counted while they are made.
    pub(super) weight: usize,
    pub(super) calls: u64,
    pub(super) long_lines: LongLines,
}

impl Heap {
    pub(super) fn new(blob: Blob) -> Self {
        Self { blob, nodes: Vec::new(), weight: 0, calls: 0, long_lines: LongLines::new() }
    }

    pub(super) fn add(&mut self, node: Node) -> Value {
        let Ok(index) = u32::try_from(self.nodes.len()) else { return Value::FORGOTTEN_OBJECT };
        self.weight = self.weight.saturating_add(node.weight());
        self.nodes.push(node);
        Value::node(index)
    }

    pub(super) fn node(&self, value: Value) -> Option<&Node> {
        match value.unpack() {
            Unpacked::Node(index) => self.nodes.get(usize::try_from(index).ok()?),
            _ => None,
        }
    }

    /// A node, to add to it; the caller counts what that weighs.
    pub(super) fn node_mut(&mut self, value: Value) -> Option<&mut Node> {
        match value.unpack() {
            Unpacked::Node(index) => self.nodes.get_mut(usize::try_from(index).ok()?),
            _ => None,
        }
    }

    /// Whether it is more than a plain value or a container of plain values.
    pub(super) fn is_impure(&self, value: Value) -> bool {
        match self.node(value) {
            Some(node) => node.is_impure(),
            None => matches!(value.unpack(), Unpacked::ForgottenObject | Unpacked::Buffer),
        }
    }

    /// A value, to match on.
    pub fn view(&self, value: Value) -> View<'_> {
        match value.unpack() {
            Unpacked::None => View::None,
            Unpacked::Bool(it) => View::Bool(it),
            Unpacked::Int(it) => View::Int(it),
            Unpacked::Literal(kind, at) => self.view_literal(kind, at),
            Unpacked::EmptyTuple => View::Tuple(Items { shown: &[], total: 0 }),
            Unpacked::Buffer => View::Buffer,
            Unpacked::Array(index) => View::Array(index),
            Unpacked::Missing => View::Missing,
            Unpacked::ForgottenPlain | Unpacked::ForgottenObject => View::Forgotten,
            Unpacked::Node(_) => self.node(value).map_or(View::Missing, |node| match node {
                Node::Tuple(m) => View::Tuple(Items { shown: &m.shown, total: m.total }),
                Node::List(m) => View::List(Items { shown: &m.shown, total: m.total }),
                Node::Set(m) => View::Set(Items { shown: &m.shown, total: m.total }),
                Node::FrozenSet(m) => View::FrozenSet(Items { shown: &m.shown, total: m.total }),
                Node::Dict(m) => View::Dict(Pairs { shown: &m.shown, total: m.total }),
                Node::Global(global) => View::Global(global),
                Node::Call(call) => View::Call(call),
                Node::PersistentId(id) => View::PersistentId(*id),
            }),
        }
    }

    fn view_literal(&self, kind: Literal, at: u64) -> View<'_> {
        let Some(found) = literal::find(&self.blob, &self.long_lines, at) else {
            return View::Missing;
        };
        match kind {
            Literal::Text => View::Text(found.content),
            Literal::Bytes => View::Bytes(found.content),
            Literal::ByteArray => View::ByteArray(found.content),
            Literal::Int => literal::integer(&self.blob, &found).map_or(View::BigInt, View::Int),
            Literal::Float => literal::float(&self.blob, &found).map_or(View::Missing, View::Float),
        }
    }

    fn literal(&self, value: Value) -> Option<(Literal, Found)> {
        match value.unpack() {
            Unpacked::Literal(kind, at) => {
                Some((kind, literal::find(&self.blob, &self.long_lines, at)?))
            }
            _ => None,
        }
    }

    /// Whether it is a `str`.
    pub fn is_text(&self, value: Value) -> bool {
        matches!(value.unpack(), Unpacked::Literal(Literal::Text, _))
    }

    /// The first `max` characters of a `str`. Lone surrogates become `\udXXX`, bytes that are not
    /// UTF-8 `\xNN`.
    pub fn text(&self, value: Value, max: usize) -> Option<String> {
        let (Literal::Text, found) = self.literal(value)? else { return None };
        // The longest spelling of a character is `\U0010ffff`.
        let bytes = literal::content(&self.blob, &found, max.saturating_mul(10));
        Some(literal::to_text(&bytes, max))
    }

    /// The first bytes, at most `max`, of a `bytes` or `bytearray`, or of the UTF-8 of a `str`.
    pub fn bytes(&self, value: Value, max: usize) -> Option<Vec<u8>> {
        let (Literal::Text | Literal::Bytes | Literal::ByteArray, found) = self.literal(value)?
        else {
            return None;
        };
        let longest = if found.form == Form::Plain { max } else { max.saturating_mul(10) };
        let mut bytes = literal::content(&self.blob, &found, longest);
        bytes.truncate(max);
        Some(bytes)
    }

    /// The content of a `str`, `bytes` or `bytearray`, to look into. Where the file escapes it,
    /// that is a copy of its first 16 MiB.
    pub fn content(&self, value: Value) -> Option<Blob> {
        let (Literal::Text | Literal::Bytes | Literal::ByteArray, found) = self.literal(value)?
        else {
            return None;
        };
        Some(match found.form {
            Form::Plain => self.blob.slice(found.content.start, found.content.len()),
            _ => Blob::from_vec(literal::content(&self.blob, &found, 16 << 20)),
        })
    }

    /// An integer or a bool, where it fits in 64 bits.
    pub fn int(&self, value: Value) -> Option<i64> {
        match self.view(value) {
            View::Int(it) => Some(it),
            View::Bool(it) => Some(it.into()),
            _ => None,
        }
    }

    /// The import behind a value.
    pub fn global(&self, value: Value) -> Option<&Global> {
        match self.node(value)? {
            Node::Global(global) => Some(global),
            _ => None,
        }
    }

    /// The call behind a value.
    pub fn call(&self, value: Value) -> Option<&Call> {
        match self.node(value)? {
            Node::Call(call) => Some(call),
            _ => None,
        }
    }

    /// The value as Python would write it, as far as the bounds allow; safe to print.
    pub fn show(&self, value: Value, bounds: Bounds) -> String {
        render::show(self, value, bounds)
    }
}
