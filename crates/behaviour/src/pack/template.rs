//! Text with slots: `{name}`, `{name.column}`; a brace that is meant stands twice.

use std::collections::BTreeMap;

/// The values of slots by the name that templates use.
pub type Values = BTreeMap<String, String>;

/// A part of a template.
#[derive(Debug, PartialEq, Eq)]
enum Part<'a> {
    Text(&'a str),
    Brace(char),
    Slot(&'a str),
}

/// The parts, in order. A brace that opens nothing is told by its byte.
fn parts(template: &str) -> Result<Vec<Part<'_>>, String> {
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        let (text, from) = rest.split_at(at);
        if !text.is_empty() {
            parts.push(Part::Text(text));
        }
        if let Some(after) = from.strip_prefix("{{") {
            parts.push(Part::Brace('{'));
            rest = after;
        } else if let Some(after) = from.strip_prefix("}}") {
            parts.push(Part::Brace('}'));
            rest = after;
        } else {
            let slot = from.strip_prefix('{').and_then(|from| from.split_once('}'));
            let Some((name, after)) = slot.filter(|(name, _)| is_name(name)) else {
                return Err("a brace that names no slot; one that is meant stands twice".to_owned());
            };
            parts.push(Part::Slot(name));
            rest = after;
        }
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest));
    }
    Ok(parts)
}

fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    !name.is_empty() && name.chars().all(fits)
}

/// The slots that a template names.
pub(crate) fn names(template: &str) -> Result<Vec<&str>, String> {
    Ok(parts(template)?
        .into_iter()
        .filter_map(|part| match part {
            Part::Slot(name) => Some(name),
            Part::Text(_) | Part::Brace(_) => None,
        })
        .collect())
}

/// Bytes of a text with its slots filled, before the last of them.
const MAX_FILLED: usize = 4 << 20;

/// The text with its slots filled.
pub(crate) fn fill(template: &str, values: &Values) -> Result<String, String> {
    let mut text = String::with_capacity(template.len());
    for part in parts(template)? {
        if text.len() > MAX_FILLED {
            return Err(format!("with its slots filled it is longer than {MAX_FILLED} bytes"));
        }
        match part {
            Part::Text(part) => text.push_str(part),
            Part::Brace(brace) => text.push(brace),
            Part::Slot(name) => match values.get(name) {
                Some(value) => text.push_str(value),
                None => return Err(format!("no slot is named `{name}`")),
            },
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_filled_and_doubled_braces_are_braces() {
        let values = Values::from([("a".into(), "1".into()), ("b.c".into(), "{x}".into())]);
        assert_eq!(fill("{{{a}}} {b.c}", &values).unwrap(), "{1} {x}");
        assert_eq!(names("{{{a}}} {b.c}").unwrap(), ["a", "b.c"]);
        for wrong in ["{", "}", "{}", "{a b}", "{a"] {
            assert!(fill(wrong, &values).is_err(), "{wrong}");
        }
        assert_eq!(fill("{d}", &values).unwrap_err(), "no slot is named `d`");
        let values = Values::from([("a".into(), "x".repeat(1 << 20))]);
        assert!(fill(&"{a}".repeat(100_000), &values).unwrap_err().contains("longer than"));
    }
}
