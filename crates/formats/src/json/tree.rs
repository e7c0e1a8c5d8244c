//! The tree of a document, for JSON and YAML.

use std::collections::HashMap;

use artifact::Blob;
use vocabulary::{Span, Untrusted};

use super::string::Text;
use super::{Event, Json, Limits, OddityKind, Parser};
use crate::Region;

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub value: Value,
    /// Its bytes.
    pub span: Span,
    /// Its tag, written out (`tag:yaml.org,2002:python/object/apply:os.system`); YAML alone has any.
    pub tag: Option<Box<Untrusted>>,
}

/// What a node holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A number, as it is written.
    Number(Untrusted),
    /// Text.
    String(Untrusted),
    /// Values in order.
    Array(Vec<Node>),
    /// Keys with values, in order, duplicates included.
    Object(Vec<Member>),
    /// YAML: a reference to the node with this anchor. It is not followed.
    Alias(u64),
    /// Something that is no value.
    Junk(Untrusted),
    /// A value that was read and, by the limits, not kept.
    Omitted,
}

/// A key and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The key; in JSON always a string.
    pub key: Node,
    /// The value.
    pub value: Node,
    /// Whether a later member of the same object has the same key.
    pub shadowed: bool,
}

impl Node {
    /// A node without a tag.
    pub fn new(value: Value, span: Span) -> Self {
        Self { value, span, tag: None }
    }

    /// The value of a key; the last one, where the key stands several times, as most readers do.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.get_all(key).next_back()
    }

    /// Every value of a key.
    pub fn get_all<'a>(&'a self, key: &str) -> impl DoubleEndedIterator<Item = &'a Self> {
        self.members()
            .iter()
            .filter(move |m| m.key.as_str().is_some_and(|k| k.raw() == key))
            .map(|m| &m.value)
    }

    /// The members of an object; none for anything else.
    pub fn members(&self) -> &[Member] {
        match &self.value {
            Value::Object(members) => members,
            _ => &[],
        }
    }

    /// The items of an array; none for anything else.
    pub fn items(&self) -> &[Self] {
        match &self.value {
            Value::Array(items) => items,
            _ => &[],
        }
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&Untrusted> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// A number that is a whole one and fits.
    pub fn as_u64(&self) -> Option<u64> {
        match &self.value {
            Value::Number(text) => text.raw().parse().ok(),
            _ => None,
        }
    }

    /// True or false.
    pub fn as_bool(&self) -> Option<bool> {
        match self.value {
            Value::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// Calls `visit` for this node and everything under it, keys included, in the file's order.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Self)) {
        // The tree is as deep as `Limits::depth` at most.
        visit(self);
        for item in self.items() {
            item.walk(visit);
        }
        for member in self.members() {
            member.key.walk(visit);
            member.value.walk(visit);
        }
    }
}

/// Marks the members that a later one shadows and gives each of those with the later one's place.
pub(crate) fn mark_shadowed(members: &mut [Member]) -> Vec<(u64, String)> {
    let mut last: HashMap<Untrusted, usize> = HashMap::new();
    let mut shadowed = Vec::new();
    for (index, member) in members.iter().enumerate() {
        if let Some(key) = member.key.as_str()
            && let Some(earlier) = last.insert(key.clone(), index)
        {
            shadowed.push((earlier, member.key.span.start, key.shortened(60)));
        }
    }
    let mut found = Vec::with_capacity(shadowed.len());
    for (earlier, at, key) in shadowed {
        if let Some(member) = members.get_mut(earlier) {
            member.shadowed = true;
            found.push((at, format!("`{key}`, first at {}", member.key.span.start)));
        }
    }
    found
}

/// A container whose end was not seen yet.
struct Open {
    start: u64,
    object: bool,
    items: Vec<Node>,
    members: Vec<Member>,
    key: Option<Node>,
}

/// Puts values together. Both readers of trees drive it.
pub(crate) struct Builder {
    limits: Limits,
    open: Vec<Open>,
    /// Containers open below the depth that is kept.
    beyond: u64,
    beyond_start: u64,
    nodes: usize,
    text: usize,
    pub(crate) roots: Vec<Node>,
    pub(crate) omitted: u64,
}

impl Builder {
    pub(crate) fn new(limits: Limits) -> Self {
        let (nodes, text) = (limits.nodes, limits.text);
        let (open, roots) = (Vec::new(), Vec::new());
        Self { limits, open, beyond: 0, beyond_start: 0, nodes, text, roots, omitted: 0 }
    }

    /// A container begins; false where it is not kept.
    pub(crate) fn start(&mut self, object: bool, start: u64) -> bool {
        if self.beyond > 0 || self.nodes == 0 || self.open.len() >= self.limits.depth {
            if self.beyond == 0 {
                self.beyond_start = start;
            }
            self.beyond = self.beyond.saturating_add(1);
            return false;
        }
        self.nodes = self.nodes.saturating_sub(1);
        let (items, members) = (Vec::new(), Vec::new());
        self.open.push(Open { start, object, items, members, key: None });
        true
    }

    /// The innermost container ends. Gives the keys that it holds twice.
    pub(crate) fn end(&mut self, end: u64, tag: Option<Box<Untrusted>>) -> Vec<(u64, String)> {
        if self.beyond > 0 {
            self.beyond = self.beyond.saturating_sub(1);
            if self.beyond == 0 {
                self.omitted = self.omitted.saturating_add(1);
                self.leaf(Value::Omitted, Span::new(self.beyond_start, end), tag);
            }
            return Vec::new();
        }
        let Some(mut open) = self.open.pop() else { return Vec::new() };
        let duplicates = mark_shadowed(&mut open.members);
        let value =
            if open.object { Value::Object(open.members) } else { Value::Array(open.items) };
        self.put(Node { value, span: Span::new(open.start, end), tag });
        duplicates
    }

    /// A scalar.
    pub(crate) fn leaf(&mut self, value: Value, span: Span, tag: Option<Box<Untrusted>>) {
        if self.beyond > 0 {
            self.omitted = self.omitted.saturating_add(1);
            return;
        }
        if self.nodes == 0 {
            self.omitted = self.omitted.saturating_add(1);
            // Its key, if it has one, stands alone from now on.
            if let Some(open) = self.open.last_mut() {
                open.key = None;
            }
            return;
        }
        self.nodes = self.nodes.saturating_sub(1);
        let value = self.afford(value);
        self.put(Node { value, span, tag });
    }

    fn put(&mut self, node: Node) {
        match self.open.last_mut() {
            None => self.roots.push(node),
            Some(open) if !open.object => open.items.push(node),
            Some(open) => match open.key.take() {
                None => open.key = Some(node),
                Some(key) => open.members.push(Member { key, value: node, shadowed: false }),
            },
        }
    }

    fn afford(&mut self, value: Value) -> Value {
        let len = match &value {
            Value::String(text) | Value::Number(text) | Value::Junk(text) => text.raw().len(),
            _ => 0,
        };
        if let Some(left) = self.text.checked_sub(len) {
            self.text = left;
            return value;
        }
        self.omitted = self.omitted.saturating_add(1);
        Value::Omitted
    }
}

pub(super) fn build(blob: &Blob, limits: Limits) -> Json {
    let mut parser = Parser::new(blob, 0, limits);
    let mut builder = Builder::new(limits);
    let mut regions = Vec::new();
    let text = |text: Text| text.text;
    while let Some((event, span)) = parser.next_event() {
        let value = match event {
            Event::ObjectStart | Event::ArrayStart => {
                if !builder.start(event == Event::ObjectStart, span.start) {
                    let odd = parser.oddities_mut();
                    odd.add(OddityKind::Deep, span.start, || "deeper than is kept".into());
                }
                continue;
            }
            Event::ObjectEnd | Event::ArrayEnd => {
                for (at, detail) in builder.end(span.end, None) {
                    parser.oddities_mut().add(OddityKind::DuplicateKey, at, || detail);
                }
                continue;
            }
            Event::Key(key) | Event::String(key) => Value::String(text(key)),
            Event::Number(number) => Value::Number(text(number)),
            Event::Bool(value) => Value::Bool(value),
            Event::Null => Value::Null,
            Event::Junk(junk) => Value::Junk(text(junk)),
        };
        builder.leaf(value, span, None);
    }
    if builder.omitted > 0 {
        let omitted = builder.omitted;
        let detail = || format!("{omitted} values were read and not kept");
        parser.oddities_mut().add(OddityKind::NotRetained, 0, detail);
    }
    if parser.roots() > 0 {
        regions.push(Region::new(0, parser.position(), "json"));
    }
    Json {
        roots: builder.roots,
        omitted: builder.omitted,
        oddities: parser.into_oddities(),
        regions,
    }
}
