//! Data of tensors in files beside the model.

use std::collections::HashMap;

use vocabulary::{Span, Untrusted};

use super::walk::Walk;
use super::{MAX_EXTERNAL, OddityKind, TEXT};
use crate::protobuf::{Message, Value};

/// ONNX Runtime writes `*/_ORT_MEM_ADDR_/*` or `*/_ORT_NATIVE_ENDIAN_MEM_ADDR_/*` where a tensor
/// stands in memory, with the address as the offset, when it hands a graph on. A file that says so
/// makes whoever believes it read any address (CWE-822).
pub const IN_MEMORY: &str = "_MEM_ADDR_";

/// A file that holds data of tensors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalFile {
    /// The path as written, relative to the model's folder.
    pub location: Untrusted,
    /// How many tensors are in it.
    pub tensors: u64,
    /// The first of them.
    pub first: Untrusted,
    /// Where that says so.
    pub at: u64,
    /// Where the furthest of them ends: the least length of the file.
    pub reach: u64,
    /// What of the file they are; those behind each other are one.
    pub spans: Vec<Span>,
    /// Whether that is all of them.
    pub all_spans: bool,
}

/// Ranges of one file that are kept.
const MAX_SPANS: usize = 1 << 20;

impl ExternalFile {
    /// Adds the range of one more tensor.
    fn holds(&mut self, span: Span) {
        if let Some(last) = self.spans.last_mut()
            && (last.start..=last.end).contains(&span.start)
        {
            last.end = last.end.max(span.end);
        } else if self.spans.len() < MAX_SPANS {
            self.spans.push(span);
        } else {
            self.all_spans = false;
        }
    }
}

/// The pairs of one tensor.
#[derive(Default)]
pub(super) struct Pairs {
    seen: Vec<&'static str>,
    at: Option<u64>,
    location: Option<Untrusted>,
    offset: Option<u64>,
    length: Option<u64>,
}

/// The keys that ONNX and ONNX Runtime write. Others were set as attributes of an object by `onnx`
/// before 1.21 (CVE-2026-34445).
const KEYS: &[&str] = &["location", "offset", "length", "checksum", "basepath"];

impl Pairs {
    /// Whether there are any.
    pub(super) fn any(&self) -> bool {
        self.at.is_some()
    }

    /// The length as declared.
    pub(super) fn length(&self) -> Option<u64> {
        self.length
    }
}

/// The files by their path.
#[derive(Default)]
pub(super) struct Files {
    index: HashMap<String, usize>,
}

impl Walk {
    /// One pair.
    pub(super) fn external_pair(&mut self, message: Message, at: u64, pairs: &mut Pairs) {
        pairs.at.get_or_insert(at);
        let (key, value) = self.pair(message);
        let Some(known) = KEYS.iter().find(|known| **known == key.raw()) else {
            // ONNX Runtime's own, for weights that were laid out for a processor.
            if !key.raw().starts_with("prepacked") {
                let detail = || format!("`{}` is no key of external data", key.shortened(60));
                self.odd(OddityKind::ExternalUnknownKey, at, detail);
            }
            return;
        };
        if pairs.seen.contains(known) {
            let detail = || format!("`{known}` of external data stands twice");
            self.odd(OddityKind::ExternalDuplicateKey, at, detail);
        } else {
            pairs.seen.push(known);
        }
        let text = self.text(value, TEXT);
        match *known {
            // A former location counts to whoever takes the first.
            "location" => {
                if let Some(former) = pairs.location.replace(text) {
                    self.external_file(former, at, Span::new(0, 0), &Untrusted::default());
                }
            }
            "offset" => pairs.offset = self.decimal("offset", &text, at),
            "length" => pairs.length = self.decimal("length", &text, at),
            _ => {}
        }
    }

    /// A number as ONNX writes it; others are read differently by different libraries.
    fn decimal(&mut self, what: &str, text: &Untrusted, at: u64) -> Option<u64> {
        let raw = text.raw();
        let plain = !raw.is_empty() && raw.bytes().all(|byte| byte.is_ascii_digit());
        let number = raw.parse::<i64>().ok().and_then(|number| u64::try_from(number).ok());
        if !plain || number.is_none() {
            let detail = || format!("the {what} of external data is `{}`", text.shortened(40));
            self.odd(OddityKind::ExternalNumber, at, detail);
        }
        number
    }

    /// What the pairs of a tensor come to. `expected` is what its shape takes in bytes.
    pub(super) fn external_done(
        &mut self,
        pairs: Pairs,
        at: u64,
        name: &Untrusted,
        expected: Option<u64>,
    ) {
        let at = pairs.at.unwrap_or(at);
        let Some(location) = pairs.location.filter(|location| !location.raw().is_empty()) else {
            let detail = || format!("`{}` is external, and no file is named", name.shortened(60));
            self.odd(OddityKind::ExternalNoFile, at, detail);
            return;
        };
        let start = pairs.offset.unwrap_or(0);
        let reach = start.checked_add(pairs.length.or(expected).unwrap_or(0));
        if reach.is_none_or(|reach| i64::try_from(reach).is_err()) {
            let detail = || format!("offset and length of `{}` overflow", name.shortened(60));
            self.odd(OddityKind::ExternalNumber, at, detail);
        }
        let span = Span::new(start, reach.unwrap_or(u64::MAX));
        self.external_file(location, at, span, name);
    }

    fn external_file(&mut self, location: Untrusted, at: u64, span: Span, name: &Untrusted) {
        if let Some(file) =
            self.files.index.get(location.raw()).and_then(|n| self.out.external.get_mut(*n))
        {
            file.tensors = file.tensors.saturating_add(1);
            file.reach = file.reach.max(span.end);
            file.holds(span);
            return;
        }
        if self.out.external.len() >= MAX_EXTERNAL {
            self.odd(OddityKind::NotRetained, at, || "more files of external data".into());
            return;
        }
        self.files.index.insert(location.raw().to_owned(), self.out.external.len());
        let first = name.clone();
        let (reach, spans) = (span.end, vec![span]);
        let file = ExternalFile { location, tensors: 1, first, at, reach, spans, all_spans: true };
        self.out.external.push(file);
    }

    /// A `StringStringEntryProto`: its key, and where its value stands.
    pub(super) fn pair(&mut self, mut message: Message) -> (Untrusted, Span) {
        let end = message.rest().end;
        let (mut key, mut value) = (Untrusted::default(), Span::new(end, end));
        let mut seen = 0;
        while let Some(field) = self.next(&mut message) {
            match (field.number, field.value) {
                (1, Value::Bytes) => {
                    self.once(&mut seen, &field);
                    key = self.name(field.payload);
                }
                (2, Value::Bytes) => {
                    self.once(&mut seen, &field);
                    value = field.payload;
                }
                _ => self.unknown(&field, &message),
            }
        }
        (key, value)
    }
}
