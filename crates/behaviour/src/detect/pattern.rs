//! A regular expression over the reply. The engine works in linear time, whatever the reply.

use regex::{Regex, RegexBuilder};

use super::{Score, Seen};
use crate::pack::Problem;
use vocabulary::Untrusted;

/// Bytes of a compiled expression, at most.
const MAX_SIZE: usize = 1 << 20;

#[derive(Debug, Clone)]
pub(super) struct Pattern {
    written: String,
    /// Made once, where it names no slot.
    fixed: Option<Regex>,
    ignore_case: bool,
    absent: bool,
}

/// The slots in an expression: `{{name}}`, because one brace is a repetition.
pub(super) fn slots(pattern: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = pattern;
    while let Some(at) = rest.find("{{") {
        let from = rest.get(at..).unwrap_or_default();
        let end = from.find("}}").and_then(|end| end.checked_add(2)).unwrap_or(from.len());
        let (slot, after) = from.split_at(end);
        // As a template writes it.
        found.push(slot.get(1..slot.len().saturating_sub(1)).unwrap_or_default());
        rest = after;
    }
    found
}

fn compile(pattern: &str, ignore_case: bool) -> Result<Regex, String> {
    let mut builder = RegexBuilder::new(pattern);
    builder.case_insensitive(ignore_case).size_limit(MAX_SIZE);
    builder
        .build()
        .map_err(|error| error.to_string().lines().last().unwrap_or_default().trim().to_owned())
}

impl Pattern {
    pub(super) fn new(pattern: &str, ignore_case: bool, absent: bool) -> Result<Self, Problem> {
        let fixed = if slots(pattern).is_empty() {
            let problem =
                |cause| Problem::new(format!("`{pattern}` is no regular expression: {cause}"));
            Some(compile(pattern, ignore_case).map_err(problem)?)
        } else {
            None
        };
        Ok(Self { written: pattern.to_owned(), fixed, ignore_case, absent })
    }

    pub(super) fn judge(&self, seen: Seen<'_>) -> Score {
        let made;
        let regex = match &self.fixed {
            Some(regex) => regex,
            None => match self.with(seen) {
                Ok(regex) => {
                    made = regex;
                    &made
                }
                Err(cause) => return Score::unknown(cause),
            },
        };
        match regex.find(&seen.reply.text) {
            Some(found) => {
                let text = Untrusted::new(found.as_str()).shortened(60);
                Score::is(!self.absent, format!("it has `{text}`"))
            }
            None => Score::is(self.absent, "nothing in it matches"),
        }
    }

    fn with(&self, seen: Seen<'_>) -> Result<Regex, String> {
        let mut pattern = self.written.clone();
        for slot in slots(&self.written) {
            let name = slot.trim_matches(['{', '}']);
            let value = seen.case.slots.get(name).ok_or(format!("no slot is named `{name}`"))?;
            pattern = pattern.replace(&format!("{{{slot}}}"), &regex::escape(value));
        }
        compile(&pattern, self.ignore_case)
    }
}
