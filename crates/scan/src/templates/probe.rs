//! What a condition asks of a conversation.

use formats::jinja::Compare;
use vocabulary::Untrusted;

use super::evaluate::Evaluator;
use super::notes::Kind;
use super::value::{Taint, Turn, Value, What};
use super::{family, fold, text};

impl Evaluator<'_> {
    /// `needle` is looked for in, or compared with, something.
    pub(super) fn probe(&mut self, subject: &Value, needle: &Value, at: u64) -> Value {
        let taint = subject.taint;
        let mut told = Taint::NONE;
        let mut role = None;
        let mut roles = 0usize;
        for needle in texts(needle) {
            let marker = text::is_marker(&needle)
                || family::is_known_needle(&needle)
                || family::is_part_key(&needle);
            if taint.has(Taint::CONTENT) {
                if needle.is_empty() {
                    continue;
                }
                if marker {
                    told = told.with(Taint::ON_MARKER);
                } else {
                    told = told.with(Taint::ON_WORDS);
                    self.asks(at, "looks for", &needle, "in what a message says");
                }
            } else if taint.has(Taint::PART) {
                if !marker {
                    told = told.with(Taint::ON_WORDS);
                    self.asks(at, "looks for", &needle, "in a part of a message");
                }
            } else if taint.has(Taint::ROLE) {
                roles = roles.saturating_add(1);
                role = Turn::of(&needle);
                if role == Some(Turn::System) {
                    told = told.with(Taint::ON_SYSTEM);
                }
            } else if taint.has(Taint::NAME)
                && !marker
                && Turn::of(&needle).is_none()
                && !family::is_known_name(&needle)
            {
                told = told.with(Taint::ON_NAME);
                self.asks(at, "asks for the name", &needle, "of a speaker or tool");
            }
        }
        if taint.has(Taint::DATE) && !matches!(needle.what, What::None) {
            told = told.with(Taint::ON_DATE);
            self.notes.add(Kind::Condition, at, "asks what the date is");
        }
        let far = needle.as_int().is_some_and(|count| count > 2);
        if taint.has(Taint::COUNT) && (far || taint.has(Taint::EVERY_FEW)) {
            let on = if taint.has(Taint::CONTENT) { Taint::ON_SIZE } else { Taint::ON_COUNT };
            told = told.with(on);
        }
        let excuses = Taint::ON_SETTING.with(Taint::OFF_SETTING);
        let mut told = told.with(taint.as_condition().without(excuses));
        // Where nobody set it, it equals nothing that is written down.
        if taint.has(Taint::SETTING) && needle.is_known() && needle.truth() == Some(true) {
            told = told.with(Taint::ON_SETTING);
        }
        Value { role: role.filter(|_| roles == 1), ..Value::unknown(told) }
    }

    fn asks(&mut self, at: u64, does: &str, needle: &str, of: &str) {
        let shown = Untrusted::new(needle).shortened(60);
        self.notes.add(Kind::Condition, at, format!("{does} `{shown}` {of}"));
    }

    pub(super) fn probe_compare(
        &mut self,
        compare: Compare,
        left: &Value,
        right: &Value,
        at: u64,
    ) -> Value {
        if let Some(truth) = decided(compare, left, right) {
            return Value::bool(truth);
        }
        let (a, b) = (self.probe(left, right, at), self.probe(right, left, at));
        let taint = a.taint.with(b.taint);
        let taint = match compare {
            Compare::Eq | Compare::In => taint,
            Compare::Ne | Compare::NotIn => taint.negated(),
            // More than none of what is handed over.
            _ if left.taint.has(Taint::TOOLS) && matches!(compare, Compare::Gt | Compare::GtEq) => {
                taint.with(Taint::ON_SETTING)
            }
            _ => taint.without(Taint::ON_SETTING),
        };
        let negative = matches!(compare, Compare::Ne | Compare::NotIn);
        let role = if negative { None } else { a.role.or(b.role) };
        Value { role, ..Value::unknown(taint) }
    }
}

/// Every text that a value may be, or that stands in its list.
fn texts(value: &Value) -> Vec<String> {
    const MOST: usize = 64;
    let mut found = Vec::new();
    let mut left: Vec<Value> = vec![value.clone()];
    while let Some(value) = left.pop() {
        if found.len() >= MOST {
            break;
        }
        match &value.what {
            What::Text(text) => found.push(text.to_string()),
            What::List(items) => left.extend(items.iter().cloned()),
            What::Map(pairs) => left.extend(pairs.iter().map(|(key, _)| key.clone())),
            What::OneOf(values) => left.extend(values.iter().cloned()),
            // `'x' ~ …`: the words in it are looked for all the same.
            What::Parts(parts) => left.extend(parts.iter().cloned()),
            _ => {}
        }
    }
    found
}

/// A comparison of what is known.
fn decided(compare: Compare, left: &Value, right: &Value) -> Option<bool> {
    if !left.is_known() || !right.is_known() {
        return None;
    }
    if let (Some(a), Some(b)) = (left.as_int(), right.as_int()) {
        return Some(match compare {
            Compare::Eq => a == b,
            Compare::Ne => a != b,
            Compare::Lt => a < b,
            Compare::LtEq => a <= b,
            Compare::Gt => a > b,
            Compare::GtEq => a >= b,
            Compare::In | Compare::NotIn => return None,
        });
    }
    match compare {
        Compare::Eq | Compare::Ne => {
            let same = match (&left.what, &right.what) {
                (What::Text(a), What::Text(b)) => a == b,
                (What::None, What::None) => true,
                (What::None, _) | (_, What::None) => false,
                _ => return None,
            };
            Some(same == (compare == Compare::Eq))
        }
        Compare::In | Compare::NotIn => {
            let needle = left.as_text()?;
            let stands = match &right.what {
                What::Text(text) => text.contains(needle),
                What::List(_) | What::Map(_) => {
                    fold::items(right)?.iter().any(|item| item.as_text() == Some(needle))
                }
                _ => return None,
            };
            Some(stands == (compare == Compare::In))
        }
        _ => None,
    }
}
