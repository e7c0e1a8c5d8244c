//! The JSON header, as events: memory grows with what is kept, not with what is there.

use std::collections::HashMap;
use std::io::Read;

use artifact::Blob;
use vocabulary::{Span, Untrusted};

use super::{MAX_DIMENSIONS, MAX_TENSORS, OddityKind, Safetensors, TensorEntry};
use crate::bounded::Oddities;
use crate::json::{Event, Limits, Parser, Text};
use crate::{DType, Oddity, Region, Tensor};

/// Text of names and metadata that is kept, together.
const MAX_TEXT: usize = 128 << 20;
/// Where the header begins in the file.
const BASE: u64 = 8;

const FIELDS: [&str; 3] = ["dtype", "shape", "data_offsets"];

pub(super) fn read(header: &Blob, out: &mut Safetensors, oddities: &mut Oddities<OddityKind>) {
    let limits = Limits { string: 16 << 20, ..Limits::default() };
    let parser = Parser::new(header, BASE, limits);
    let mut reader = Reader {
        parser,
        out,
        oddities,
        names: HashMap::new(),
        text_left: MAX_TEXT,
        metadata_seen: false,
    };
    if header.array_at(0) != Some(*b"{") {
        reader.odd(OddityKind::LeadingBytes, BASE, "the first byte is not `{`");
    }
    match reader.parser.next_event() {
        Some((Event::ObjectStart, _)) => reader.entries(),
        Some((event, span)) => {
            reader.odd(OddityKind::NotAnObject, span.start, "the header is no JSON object");
            reader.skip(&event);
        }
        None => reader.odd(OddityKind::NotAnObject, BASE, "the header is empty"),
    }
    let end = reader.parser.position();
    // Anything more is no header; the parser says what it is.
    while reader.parser.next_event().is_some() {}
    let reached = reader.parser.position();
    let Reader { parser, .. } = reader;
    for Oddity { kind, at, detail } in parser.into_oddities() {
        out.oddities.push(Oddity::new(OddityKind::Json(kind), at, detail));
    }
    if let Some(at) = first_other_than_space(header, end.saturating_sub(BASE)) {
        let at = at.saturating_add(BASE);
        oddities.add(OddityKind::HeaderPadding, at, || "something else than spaces".into());
    }
    out.regions.push(Region::new(BASE, reached, "header"));
}

fn first_other_than_space(header: &Blob, from: u64) -> Option<u64> {
    let mut at = from;
    let mut cursor = header.cursor(from);
    let mut buffer = vec![0; 64 << 10];
    while let Ok(count) = cursor.read(&mut buffer) {
        let part = buffer.get(..count).filter(|part| !part.is_empty())?;
        if let Some(found) = part.iter().position(|b| *b != b' ') {
            return Some(at.saturating_add(found as u64));
        }
        at = at.saturating_add(count as u64);
    }
    None
}

struct Reader<'a> {
    parser: Parser,
    out: &'a mut Safetensors,
    oddities: &'a mut Oddities<OddityKind>,
    /// Name to the last entry of it.
    names: HashMap<Untrusted, usize>,
    text_left: usize,
    metadata_seen: bool,
}

/// An entry under construction.
#[derive(Default)]
struct Fields {
    seen: [bool; 3],
    dtype: Option<DType>,
    unknown_dtype: Option<Untrusted>,
    shape: Vec<u64>,
    offsets: Vec<u64>,
}

impl Reader<'_> {
    fn odd(&mut self, kind: OddityKind, at: u64, detail: &str) {
        self.oddities.add(kind, at, || detail.to_owned());
    }

    /// Passes the rest of a value whose first event this is.
    fn skip(&mut self, first: &Event) {
        if !matches!(first, Event::ObjectStart | Event::ArrayStart) {
            return;
        }
        let outside = self.parser.depth().saturating_sub(1);
        while self.parser.depth() > outside && self.parser.next_event().is_some() {}
    }

    /// Whether text of this length may still be kept.
    fn afford(&mut self, text: &Text, at: u64) -> bool {
        match self.text_left.checked_sub(text.text.raw().len()) {
            Some(left) if !text.cut => {
                self.text_left = left;
                true
            }
            _ => {
                self.odd(OddityKind::NotRetained, at, "too much text");
                false
            }
        }
    }

    fn entries(&mut self) {
        while let Some((event, span)) = self.parser.next_event() {
            match event {
                Event::Key(name) if name.text.raw() == "__metadata__" => self.metadata(span),
                Event::Key(name) => self.entry(name, span),
                Event::ObjectEnd => return,
                other => self.skip(&other),
            }
        }
    }

    fn metadata(&mut self, key: Span) {
        if std::mem::replace(&mut self.metadata_seen, true) {
            self.odd(OddityKind::DuplicateField, key.start, "`__metadata__`");
        }
        let Some((event, span)) = self.parser.next_event() else { return };
        if event != Event::ObjectStart {
            self.odd(OddityKind::BadMetadata, span.start, "`__metadata__` is no object");
            self.skip(&event);
            return;
        }
        let mut seen: HashMap<Untrusted, u64> = HashMap::new();
        while let Some((event, span)) = self.parser.next_event() {
            let Event::Key(name) = event else {
                if event == Event::ObjectEnd {
                    return;
                }
                self.skip(&event);
                continue;
            };
            let keep = self.afford(&name, span.start);
            if keep && let Some(first) = seen.insert(name.text.clone(), span.start) {
                self.oddities.add(OddityKind::DuplicateMetadata, span.start, || {
                    format!("`{}`, first at {first}", name.text.shortened(60))
                });
            }
            let Some((event, span)) = self.parser.next_event() else { return };
            if let Event::String(value) = event {
                if self.afford(&value, span.start) && keep {
                    self.out.metadata.push((name.text, value.text));
                }
            } else {
                self.oddities.add(OddityKind::BadMetadata, span.start, || {
                    format!("`{}` is no string", name.text.shortened(60))
                });
                self.skip(&event);
            }
        }
    }

    fn entry(&mut self, name: Text, key: Span) {
        let mut fields = Fields::default();
        let Some((event, span)) = self.parser.next_event() else { return };
        match event {
            Event::ObjectStart => self.object(&mut fields),
            // The reference, through serde, takes a list of the three values as well.
            Event::ArrayStart => {
                self.odd(OddityKind::WrongType, span.start, "an entry is a list");
                self.list(&mut fields);
            }
            other => {
                self.odd(OddityKind::WrongType, span.start, "an entry is no object");
                self.skip(&other);
            }
        }
        for (field, _) in FIELDS.iter().zip(fields.seen).filter(|(_, seen)| !seen) {
            self.oddities.add(OddityKind::MissingField, key.start, || {
                format!("`{field}` of `{}`", name.text.shortened(60))
            });
        }
        self.keep(name, key, fields);
    }

    fn keep(&mut self, name: Text, key: Span, fields: Fields) {
        self.out.tensor_count = self.out.tensor_count.saturating_add(1);
        if !self.afford(&name, key.start) {
            return;
        }
        if self.out.tensors.len() >= MAX_TENSORS {
            self.odd(OddityKind::NotRetained, key.start, "too many entries");
            return;
        }
        let name = name.text;
        if let Some(earlier) = self.names.insert(name.clone(), self.out.tensors.len())
            && let Some(earlier) = self.out.tensors.get_mut(earlier)
        {
            earlier.shadowed = true;
            let first = earlier.at.start;
            self.oddities.add(OddityKind::DuplicateTensor, key.start, || {
                format!("`{}`, first at {first}", name.shortened(60))
            });
        }
        let offsets = match fields.offsets.as_slice() {
            [begin, end] => Some((*begin, *end)),
            _ => None,
        };
        self.out.tensors.push(TensorEntry {
            // Where the data begins is not known yet; `layout` places it.
            tensor: Tensor {
                name,
                dtype: fields.dtype,
                shape: fields.shape,
                data: Span::new(0, 0),
            },
            unknown_dtype: fields.unknown_dtype,
            offsets,
            at: Span::new(key.start, self.parser.position()),
            shadowed: false,
        });
    }

    fn object(&mut self, fields: &mut Fields) {
        while let Some((event, span)) = self.parser.next_event() {
            let Event::Key(field) = event else {
                if event == Event::ObjectEnd {
                    return;
                }
                self.skip(&event);
                continue;
            };
            let Some((event, value)) = self.parser.next_event() else { return };
            if let Some(index) = FIELDS.iter().position(|known| *known == field.text.raw()) {
                self.field(index, event, span, value, fields);
            } else {
                let detail = || field.text.shortened(60);
                self.oddities.add(OddityKind::UnknownField, span.start, detail);
                self.skip(&event);
            }
        }
    }

    fn list(&mut self, fields: &mut Fields) {
        let mut index = 0usize;
        while let Some((event, span)) = self.parser.next_event() {
            if event == Event::ArrayEnd {
                return;
            }
            if index < FIELDS.len() {
                self.field(index, event, span, span, fields);
            } else {
                self.odd(OddityKind::UnknownField, span.start, "a fourth value");
                self.skip(&event);
            }
            index = index.saturating_add(1);
        }
    }

    fn field(&mut self, index: usize, event: Event, key: Span, value: Span, fields: &mut Fields) {
        let name = FIELDS.get(index).copied().unwrap_or_default();
        if let Some(seen) = fields.seen.get_mut(index)
            && std::mem::replace(seen, true)
        {
            self.odd(OddityKind::DuplicateField, key.start, name);
        }
        match (index, event) {
            (0, Event::String(text)) => {
                fields.dtype = DType::from_safetensors(text.text.raw());
                fields.unknown_dtype = None;
                if fields.dtype.is_none() {
                    let shown = text.text.shortened(60);
                    self.odd(OddityKind::UnknownDtype, value.start, &shown);
                    fields.unknown_dtype =
                        Some(Untrusted::new(text.text.raw().chars().take(256).collect::<String>()));
                }
            }
            (1, Event::ArrayStart) => fields.shape = self.numbers(MAX_DIMENSIONS, value.start),
            (2, Event::ArrayStart) => {
                fields.offsets = self.numbers(3, value.start);
                if fields.offsets.len() != 2 {
                    self.odd(OddityKind::WrongType, value.start, "`data_offsets` is no pair");
                }
            }
            (_, event) => {
                self.odd(OddityKind::WrongType, value.start, name);
                self.skip(&event);
            }
        }
    }

    /// A list of numbers, at most `max` of them. One that is none is told and left out.
    fn numbers(&mut self, max: usize, at: u64) -> Vec<u64> {
        let mut numbers = Vec::new();
        while let Some((event, span)) = self.parser.next_event() {
            match event {
                Event::ArrayEnd => break,
                Event::Number(text) => match natural(text.text.raw()) {
                    Some(number) if numbers.len() < max => numbers.push(number),
                    Some(_) => self.odd(OddityKind::TooManyDimensions, at, "more than are kept"),
                    None => {
                        let shown = text.text.shortened(40);
                        self.odd(OddityKind::BadNumber, span.start, &shown);
                    }
                },
                other => {
                    self.odd(OddityKind::WrongType, span.start, "no number");
                    self.skip(&other);
                }
            }
        }
        numbers
    }
}

/// The reference takes digits alone: `-0`, `1.0` and `1e3` are refused.
fn natural(text: &str) -> Option<u64> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}
