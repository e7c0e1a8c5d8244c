//! YAML 1.2, read as events: tags are kept, anchors are never expanded (an alias is a reference,
//! so that nothing grows), and every document of a stream is there.

mod positions;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use artifact::Blob;
use saphyr_parser::{Event, Parser, ScalarStyle, Tag};
use vocabulary::{Span, Untrusted};

use self::positions::Positions;
use crate::bounded::Oddities;
use crate::json::{Builder, Limits, Node, Value};
use crate::text::{self, Encoding};
use crate::{Oddity, Region};

/// Bytes that are read. The library needs the text in memory.
pub const MAX_LEN: usize = 16 << 20;

/// Bytes of an anchored scalar that are kept for its aliases.
pub const MAX_SCALAR: usize = 1 << 10;

/// What a YAML file may hold that is no YAML, or that its readers take differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OddityKind {
    /// There is no document.
    Empty,
    /// It is not YAML from here on; what stood before was read.
    Syntax,
    /// It is no Unicode text; what does not decode was replaced.
    Encoding,
    /// A mapping holds a key twice.
    DuplicateKey,
    /// It nests deeper than is kept.
    Deep,
    /// It holds more than is kept in memory, or is longer than is read.
    NotRetained,
}

/// A stream of documents.
#[derive(Clone, Debug, Default)]
pub struct Yaml {
    /// The root of each document.
    pub documents: Vec<Node>,
    /// Anchors that were given, and aliases that refer to them.
    pub anchors: u64,
    /// How often an anchor is referred to.
    pub aliases: u64,
    /// The text of the scalars that have an anchor, by the number that [`Value::Alias`] gives; those
    /// of up to [`MAX_SCALAR`] bytes.
    pub scalars: BTreeMap<u64, Untrusted>,
    /// How many values there would be with every alias replaced by what it stands for.
    pub expanded: u64,
    /// How many values were read and not kept.
    pub omitted: u64,
    /// What is odd.
    pub oddities: Vec<Oddity<OddityKind>>,
    /// What was explained.
    pub regions: Vec<Region>,
}

/// Reads the documents of the first [`MAX_LEN`] bytes.
pub fn read(blob: &Blob) -> Yaml {
    read_within(blob, Limits::default())
}

/// Reads documents.
pub fn read_within(blob: &Blob, limits: Limits) -> Yaml {
    let head = blob.bytes_at(0, MAX_LEN);
    let encoding = text::encoding(&head, (head.len() as u64) < blob.len());
    drop(head);
    let source = text::decode(blob, MAX_LEN);
    let mut oddities = Oddities::default();
    if encoding == Encoding::Other {
        oddities.add(OddityKind::Encoding, 0, || "no Unicode text".into());
    }
    if blob.len() > MAX_LEN as u64 {
        let detail = || format!("only the first {MAX_LEN} bytes were read");
        oddities.add(OddityKind::NotRetained, MAX_LEN as u64, detail);
    }
    let mut reader = Reader {
        builder: Builder::new(limits),
        positions: Positions::new(&source, encoding),
        tags: Vec::new(),
        weights: Weights::default(),
        out: Yaml::default(),
        oddities,
    };
    let mut end = 0;
    for event in Parser::new_from_str(&source) {
        match event {
            Ok((event, span)) => {
                let start = reader.positions.byte(span.start.index());
                end = reader.positions.byte(span.end.index()).max(start);
                reader.event(event, Span::new(start, end));
            }
            Err(error) => {
                let at = reader.positions.byte(error.marker().index());
                reader.oddities.add(OddityKind::Syntax, at, || error.info().to_owned());
                end = at;
                break;
            }
        }
    }
    reader.finish(end)
}

/// Anchors that are remembered.
const MAX_ANCHORS: usize = 1 << 16;

/// Counts the values that a document stands for once its aliases are followed. Nothing is expanded:
/// an alias counts as much as what it refers to did.
#[derive(Default)]
struct Weights {
    /// Of each anchor.
    anchored: BTreeMap<usize, u64>,
    /// Anchor and weight so far of the open collections.
    open: Vec<(usize, u64)>,
    /// Of everything that is complete.
    total: u64,
}

impl Weights {
    fn leaf(&mut self, anchor: usize, weight: u64) {
        if anchor > 0 && self.anchored.len() < MAX_ANCHORS {
            self.anchored.insert(anchor, weight);
        }
        let around = self.open.last_mut().map_or(&mut self.total, |(_, weight)| weight);
        *around = around.saturating_add(weight);
    }

    fn alias(&mut self, anchor: usize) {
        let weight = self.anchored.get(&anchor).copied().unwrap_or(1);
        self.leaf(0, weight);
    }

    fn start(&mut self, anchor: usize) {
        self.open.push((anchor, 1));
    }

    fn end(&mut self) {
        if let Some((anchor, weight)) = self.open.pop() {
            self.leaf(anchor, weight);
        }
    }
}

struct Reader<'a> {
    builder: Builder,
    positions: Positions<'a>,
    /// Tags of the open collections.
    tags: Vec<Option<Box<Untrusted>>>,
    weights: Weights,
    out: Yaml,
    oddities: Oddities<OddityKind>,
}

impl Reader<'_> {
    fn event(&mut self, event: Event<'_>, span: Span) {
        let anchored = match &event {
            Event::Scalar(_, _, anchor, _)
            | Event::SequenceStart(anchor, _)
            | Event::MappingStart(anchor, _) => *anchor > 0,
            _ => false,
        };
        self.out.anchors = self.out.anchors.saturating_add(u64::from(anchored));
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.weights.leaf(anchor, 1);
                if anchor > 0 && text.len() <= MAX_SCALAR && self.out.scalars.len() < MAX_ANCHORS {
                    self.out.scalars.insert(anchor as u64, (&*text).into());
                }
                let tag = tag.map(|tag| Box::new(written(&tag)));
                let plain = style == ScalarStyle::Plain && tag.is_none();
                self.builder.leaf(scalar(&text, plain), span, tag);
            }
            Event::Alias(anchor) => {
                self.out.aliases = self.out.aliases.saturating_add(1);
                self.weights.alias(anchor);
                self.builder.leaf(Value::Alias(anchor as u64), span, None);
            }
            Event::SequenceStart(anchor, tag) => {
                self.weights.start(anchor);
                self.start(false, tag.as_deref(), span);
            }
            Event::MappingStart(anchor, tag) => {
                self.weights.start(anchor);
                self.start(true, tag.as_deref(), span);
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(span.end),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => {}
        }
    }

    fn start(&mut self, mapping: bool, tag: Option<&Tag>, span: Span) {
        self.tags.push(tag.map(|tag| Box::new(written(tag))));
        if !self.builder.start(mapping, span.start) {
            self.oddities.add(OddityKind::Deep, span.start, || "not kept".into());
        }
    }

    fn end(&mut self, at: u64) {
        self.weights.end();
        let tag = self.tags.pop().flatten();
        for (at, detail) in self.builder.end(at, tag) {
            self.oddities.add(OddityKind::DuplicateKey, at, || detail);
        }
    }

    fn finish(mut self, end: u64) -> Yaml {
        // What an error left open.
        while !self.tags.is_empty() {
            self.end(end);
        }
        let omitted = self.builder.omitted;
        if omitted > 0 {
            let detail = || format!("{omitted} values were read and not kept");
            self.oddities.add(OddityKind::NotRetained, 0, detail);
        }
        if self.builder.roots.is_empty() {
            self.oddities.add(OddityKind::Empty, 0, || "no document".into());
        } else {
            self.out.regions.push(Region::new(0, end, "yaml"));
        }
        self.out.expanded = self.weights.total;
        self.out.documents = self.builder.roots;
        self.out.omitted = omitted;
        self.out.oddities = self.oddities.finish();
        self.out
    }
}

/// A tag as YAML writes it in full.
fn written(tag: &Tag) -> Untrusted {
    Untrusted::new(format!("{}{}", tag.handle, tag.suffix))
}

/// The core schema (YAML 1.2.2, section 10.3) for plain scalars; everything else is text.
fn scalar(text: &str, plain: bool) -> Value {
    if plain {
        match text {
            "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
            "true" | "True" | "TRUE" => return Value::Bool(true),
            "false" | "False" | "FALSE" => return Value::Bool(false),
            _ if is_number(text) => return Value::Number(text.into()),
            _ => {}
        }
    }
    Value::String(text.into())
}

fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let all =
        |digits: &str, radix: u32| !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
    if let Some(digits) = unsigned.strip_prefix("0x") {
        return all(digits, 16);
    }
    if let Some(digits) = unsigned.strip_prefix("0o") {
        return all(digits, 8);
    }
    matches!(unsigned, ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN")
        || (unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.')
            && unsigned.parse::<f64>().is_ok())
}
