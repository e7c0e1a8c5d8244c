//! Credentials in text: finding them, and masking them wherever text is printed.
//!
//! [`find`] tells the credentials that are certain by their form: a prefix that one provider gives
//! out, the right length and alphabet, a checksum where the form has one, and a body that is no
//! placeholder. [`masked`] hides more: whatever begins like a credential and goes on long enough.
//! [`crate::escape`] masks, so no rendering of a report can show one.

#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic
    )
)]

mod body;
mod kinds;
mod named;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use kinds::Form;

/// How much a credential is worth to whoever reads the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Worth {
    /// It may be one, or it opens nothing by itself: an encrypted key, a key id, a password by name.
    Possible,
    /// Whoever has it may use it, as long as nobody revoked it.
    Usable,
}

/// A credential in text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Secret {
    /// What it is, in words: `token of GitHub`.
    pub kind: &'static str,
    /// What it is worth.
    pub worth: Worth,
    /// Its first byte.
    pub start: usize,
    /// One past its last byte.
    pub end: usize,
}

impl Secret {
    /// How many bytes.
    pub fn len(&self) -> usize {
        self.end.saturating_sub(self.start)
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.end <= self.start
    }
}

/// The shortest run behind a prefix that is masked.
const MASKED_FROM: usize = 16;

/// Every credential in text, in order. Bytes that are not text may stand around it.
pub fn find(text: &[u8]) -> Vec<Secret> {
    let mut found = Vec::new();
    scan(text, &mut |candidate| {
        if let Some(worth) = candidate.worth {
            found.push(Secret {
                kind: candidate.kind,
                worth,
                start: candidate.start,
                end: candidate.end,
            });
        }
    });
    found
}

/// The text with every credential, and whatever looks like the beginning of one, cut to its first
/// four characters.
pub fn masked(text: &str) -> Cow<'_, str> {
    let Some(ranges) = to_mask(text.as_bytes()) else { return Cow::Borrowed(text) };
    let mut out = String::with_capacity(text.len());
    let mut reached = 0usize;
    for (start, end) in ranges {
        // Every character of a credential is ASCII.
        out.push_str(text.get(reached..start).unwrap_or_default());
        out.push_str(text.get(start..start.saturating_add(4)).unwrap_or_default());
        out.push_str(&mask(start, end));
        reached = end;
    }
    out.push_str(text.get(reached..).unwrap_or_default());
    Cow::Owned(out)
}

/// The same for bytes.
pub fn masked_bytes(bytes: &[u8]) -> Cow<'_, [u8]> {
    let Some(ranges) = to_mask(bytes) else { return Cow::Borrowed(bytes) };
    let mut out = Vec::with_capacity(bytes.len());
    let mut reached = 0usize;
    for (start, end) in ranges {
        out.extend_from_slice(bytes.get(reached..start).unwrap_or_default());
        out.extend_from_slice(bytes.get(start..start.saturating_add(4)).unwrap_or_default());
        out.extend_from_slice(mask(start, end).as_bytes());
        reached = end;
    }
    out.extend_from_slice(bytes.get(reached..).unwrap_or_default());
    Cow::Owned(out)
}

/// What stands in place of the rest.
fn mask(start: usize, end: usize) -> String {
    format!("***(masked, {} characters)", end.saturating_sub(start))
}

/// The ranges to mask, in order and apart; nothing where there is none.
fn to_mask(text: &[u8]) -> Option<Vec<(usize, usize)>> {
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    scan(text, &mut |candidate| {
        let run = candidate.end.saturating_sub(candidate.body);
        if run < MASKED_FROM && candidate.worth.is_none() {
            return;
        }
        if ranges.last().is_none_or(|(_, end)| *end <= candidate.start) {
            ranges.push((candidate.start, candidate.end));
        }
    });
    (!ranges.is_empty()).then_some(ranges)
}

/// Something that begins like a credential.
struct Candidate {
    kind: &'static str,
    /// What it is worth, where its form is right.
    worth: Option<Worth>,
    start: usize,
    /// Where what follows the prefix begins.
    body: usize,
    end: usize,
}

/// Tells every candidate, from front to back.
fn scan(text: &[u8], tell: &mut dyn FnMut(Candidate)) {
    let begins = |pair: &[u8]| {
        let [first, second] = *pair else { return false };
        let pair = usize::from(first) << 8 | usize::from(second);
        kinds::BEGINS.get(pair).is_some_and(|begins| *begins)
    };
    let mut at = 0usize;
    while let Some(rest) = text.get(at..)
        && let Some(ahead) = rest.windows(2).position(begins)
    {
        at = at.saturating_add(ahead);
        if let Some(candidate) = candidate(text, text.get(at..).unwrap_or_default(), at) {
            let next = candidate.end.max(at.saturating_add(1));
            let is_key_id = candidate.kind.starts_with(kinds::KEY_ID) && candidate.worth.is_some();
            tell(candidate);
            if is_key_id && let Some(key) = kinds::key_behind(text, next) {
                at = key.end;
                tell(key);
                continue;
            }
            at = next;
            continue;
        }
        at = at.saturating_add(1);
    }
}

/// Whether a short prefix may begin here: not inside a word, unless the letter before belongs to an
/// escape (`\\n`) or is the length of a short string in a pickle.
fn is_border(text: &[u8], at: usize) -> bool {
    let before = |back: usize| at.checked_sub(back).and_then(|at| text.get(at)).copied();
    match before(1) {
        Some(byte) if byte.is_ascii_alphanumeric() => match before(2) {
            Some(b'\\') => matches!(byte, b'n' | b't' | b'r'),
            other => other == Some(0x8c),
        },
        _ => true,
    }
}

fn candidate(text: &[u8], rest: &[u8], at: usize) -> Option<Candidate> {
    let border = rest.first() == Some(&b':') || is_border(text, at);
    let kind = kinds::of(rest).filter(|kind| border || kind.is_distinct());
    if let Some(kind) = kind {
        let body = rest.get(kind.prefix.len()..).unwrap_or_default();
        let run = (kind.form.run)(body);
        let end = at.saturating_add(kind.prefix.len()).saturating_add(run);
        let whole = text.get(at..end).unwrap_or_default();
        let body = body.get(..run).unwrap_or_default();
        let Form { lengths, check, .. } = &kind.form;
        let fits = lengths.contains(&run) && check(whole, body) && !body::is_placeholder(body);
        return Some(Candidate {
            kind: kind.name,
            worth: fits.then_some(kind.worth),
            start: at,
            body: at.saturating_add(kind.prefix.len()),
            end,
        });
    }
    border.then(|| named::candidate(text, rest, at)).flatten()
}
