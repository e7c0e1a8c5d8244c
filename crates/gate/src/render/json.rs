use serde_json::Value;
use vocabulary::{Kept, Report, escape};

use crate::rules;

/// One report: indented, for people as well; several: one a line.
pub(super) fn render(reports: &[Report]) -> String {
    let mut out = String::new();
    for report in reports {
        let text = if reports.len() == 1 {
            serde_json::to_string_pretty(report)
        } else {
            serde_json::to_string(report)
        };
        // Reports hold only strings, numbers and maps with string keys: writing them cannot fail.
        out.push_str(&text.unwrap_or_default());
        out.push('\n');
    }
    out
}

/// A report as it was written, where this version would write the same bytes: its other forms then say
/// what was said then. Nothing in it acts on a terminal.
pub fn read(text: &str) -> Option<Report> {
    let value = plain(provenance::json::parse("the report", text.as_bytes()).ok()?);
    let report = serde_json::from_value::<Kept>(value).ok()?.report(rules::find)?;
    (render(std::slice::from_ref(&report)) == text).then_some(report)
}

/// The same with every line of text escaped. What was escaped before stays as it is.
fn plain(value: Value) -> Value {
    match value {
        Value::String(text) => {
            Value::String(text.split('\n').map(escape).collect::<Vec<_>>().join("\n"))
        }
        Value::Array(values) => values.into_iter().map(plain).collect(),
        Value::Object(values) => {
            values.into_iter().map(|(name, value)| (escape(&name), plain(value))).collect()
        }
        other => other,
    }
}

/// Something of ours that holds only what JSON can hold, indented.
pub(super) fn pretty(value: &impl serde::Serialize) -> String {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}
