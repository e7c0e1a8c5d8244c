//! Reads attestations from files. Whatever the bytes are, every line ends as a record or is told.

use serde_json::Value;

use crate::bundle::Bundle;
use crate::dsse::Envelope;
use crate::json;
use crate::statement::{self, Statement};

/// Where an attestation stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Place {
    /// The file, as it was named.
    pub file: String,
    /// The line, counted from 1; 1 where the file is one document.
    pub line: usize,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", vocabulary::escape(&self.file), self.line)
    }
}

/// An attestation as it was read; nothing of it is verified.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Where it stands.
    pub place: Place,
    /// Its form.
    pub form: Form,
}

/// The form in which an attestation came.
#[derive(Clone, Debug, PartialEq)]
pub enum Form {
    /// A DSSE envelope.
    Envelope(Envelope),
    /// A Sigstore bundle.
    Bundle(Box<Bundle>),
    /// A statement without any signature.
    Bare(Box<Statement>),
}

impl Record {
    /// The envelope, where there is one.
    pub fn envelope(&self) -> Option<&Envelope> {
        match &self.form {
            Form::Envelope(envelope) => Some(envelope),
            Form::Bundle(bundle) => Some(&bundle.dsse_envelope),
            Form::Bare(_) => None,
        }
    }
}

/// A line that is no attestation.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Unread {
    /// Where it stands.
    #[serde(flatten)]
    pub place: Place,
    /// Why it cannot be read.
    pub because: String,
}

/// Everything that files held.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Collection {
    /// The attestations.
    pub records: Vec<Record>,
    /// What is none.
    pub unread: Vec<Unread>,
}

impl Collection {
    /// Reads a file: one attestation a line (`.intoto.jsonl`), or one document.
    pub fn add(&mut self, file: &str, bytes: &[u8]) {
        for (line, _, form) in attestations(bytes) {
            let place = Place { file: file.to_owned(), line };
            match form {
                Ok(form) => self.records.push(Record { place, form }),
                Err(because) => self.unread.push(Unread { place, because }),
            }
        }
    }
}

/// The attestations of a file, each with its line and its text, one in memory at a time: one a line
/// (`.intoto.jsonl`), or one document.
pub(crate) fn attestations(
    bytes: &[u8],
) -> impl Iterator<Item = (usize, &[u8], Result<Form, String>)> {
    let lines = move || {
        let numbered = bytes.split(|byte| *byte == b'\n').enumerate();
        numbered.filter(|(_, line)| !blank(line))
    };
    let document = if lines().nth(1).is_some() { form(bytes).ok() } else { None };
    let none_left = if document.is_some() { usize::MAX } else { 0 };
    let each = lines().skip(none_left);
    let each = each.map(|(number, line)| (number.saturating_add(1), line, form(line)));
    document.into_iter().map(move |form| (1, bytes, Ok(form))).chain(each)
}

fn blank(line: &[u8]) -> bool {
    line.iter().all(u8::is_ascii_whitespace)
}

/// Reads one attestation. A document of several lines fails at once where its first line is a
/// document of its own, so that long lists are not read twice.
fn form(bytes: &[u8]) -> Result<Form, String> {
    let said = |error: crate::Error| match error {
        crate::Error::Malformed { because, .. } => because,
        other => other.to_string(),
    };
    let value = json::parse("the line", bytes).map_err(said)?;
    let has = |field: &str| value.get(field).is_some();
    if has("dsseEnvelope") {
        return Bundle::parse("the bundle", bytes).map(Box::new).map(Form::Bundle).map_err(said);
    }
    if has("payload") && has("payloadType") {
        return Envelope::parse("the envelope", bytes).map(Form::Envelope).map_err(said);
    }
    if value.get("_type").and_then(Value::as_str) == Some(statement::TYPE) {
        let read = Statement::parse("the statement", bytes);
        return read.map(Box::new).map(Form::Bare).map_err(said);
    }
    Err("it is no DSSE envelope, no Sigstore bundle and no in-toto statement".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_record_or_is_told() {
        let envelope = r#"{"payload":"e30=","payloadType":"t","signatures":[]}"#;
        let bare =
            r#"{"_type":"https://in-toto.io/Statement/v1","subject":[],"predicateType":"x"}"#;
        let text = format!("{envelope}\n\n{bare}\n{{\"a\":1}}\nnot json\n{}\n", &envelope[..20]);
        let mut all = Collection::default();
        all.add("a.jsonl", text.as_bytes());
        let lines: Vec<usize> = all.records.iter().map(|record| record.place.line).collect();
        assert_eq!(lines, [1, 3]);
        let lines: Vec<usize> = all.unread.iter().map(|unread| unread.place.line).collect();
        assert_eq!(lines, [4, 5, 6]);
        let pretty = envelope.replace(',', ",\n");
        all.add("b.json", pretty.as_bytes());
        assert_eq!(all.records.len(), 3);
        for cut in 0..text.len() {
            Collection::default().add("cut", &text.as_bytes()[..cut]);
        }
    }
}
