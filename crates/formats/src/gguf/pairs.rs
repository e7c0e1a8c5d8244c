//! The pairs of keys and values.

use std::collections::HashMap;

use vocabulary::{Span, Untrusted};

use super::source::Source;
use super::value::{Left, ValueType, Values};
use super::{DEFAULT_ALIGNMENT, Gguf, Kv, KvValue, MAX_KEPT, OddityKind};
use crate::Region;
use crate::bounded::Oddities;

/// Longest key that the specification allows.
const MAX_KEY: usize = 65_535;
/// Text of keys and values that is kept, together.
const MAX_TEXT: usize = 64 << 20;
/// Values of arrays that are kept, together.
const MAX_ALL_ITEMS: usize = 1 << 19;
const HUGE: u64 = 1 << 20;

/// Reads the pairs; `None` where one does not end in the file.
pub(super) fn read(
    source: &mut Source,
    out: &mut Gguf,
    oddities: &mut Oddities<OddityKind>,
) -> Option<()> {
    let start = source.position();
    // A length, a type and a value of one byte.
    let least = source.width().saturating_add(5);
    check_count(out.kv_count, least, "pairs", source, oddities);
    let whole = pairs(source, out, oddities);
    let end = out.kv.last().map_or(start, |kv| kv.at.end).max(start);
    let end = if whole.is_some() { source.position() } else { end };
    out.regions.push(Region::new(start, end, "metadata"));
    alignment(out, oddities);
    whole
}

/// Tells where more is declared than the file can hold.
pub(super) fn check_count(
    count: u64,
    least: u64,
    what: &str,
    source: &Source,
    oddities: &mut Oddities<OddityKind>,
) {
    let most = source.remaining().checked_div(least).unwrap_or_default();
    if count > most {
        let detail = || format!("{count} {what}, and there is room for {most} at most");
        oddities.add(OddityKind::CountTooLarge, source.position(), detail);
    }
}

fn pairs(source: &mut Source, out: &mut Gguf, oddities: &mut Oddities<OddityKind>) -> Option<()> {
    // Every key, and what a reader of C strings takes it for, to the first place of it.
    let mut seen: HashMap<Vec<u8>, u64> = HashMap::new();
    let mut left = Left { text: MAX_TEXT, items: MAX_ALL_ITEMS };
    for index in 0..out.kv_count {
        let start = source.position();
        let raw = source.text(MAX_KEY)?;
        let key = Untrusted::from_bytes(&raw.head);
        let kind = ValueType::from_id(source.u32()?);
        let kept = index < MAX_KEPT as u64;
        if kept {
            check_key(&raw.head, raw.span, &key, oddities);
            note_duplicate(&raw.head, start, &mut seen, oddities);
        }
        let none = Left { text: 0, items: 0 };
        let mut values = Values { source, oddities, left: if kept { left } else { none } };
        let value = values.read(kind)?;
        if kept {
            left = values.left;
            left.text = left.text.saturating_sub(raw.head.len());
        }
        let unknown = matches!(value, KvValue::Unknown(_));
        if kept {
            let at = Span::new(start, source.position());
            out.kv.push(Kv { key, raw_key: raw.head, value, at });
        } else {
            oddities.add(OddityKind::NotRetained, start, || "too many pairs".into());
        }
        if unknown {
            return None;
        }
    }
    Some(())
}

fn check_key(raw: &[u8], span: Span, key: &Untrusted, oddities: &mut Oddities<OddityKind>) {
    let at = span.start;
    if raw.is_empty() {
        oddities.add(OddityKind::EmptyKey, at, || "a key without a name".into());
    }
    if span.len() > MAX_KEY as u64 {
        oddities.add(OddityKind::LongKey, at, || format!("{} bytes", span.len()));
    }
    if raw.contains(&0) {
        oddities.add(OddityKind::NulInKey, at, || format!("`{}`", key.shortened(80)));
    } else if !raw.iter().all(u8::is_ascii_graphic) {
        oddities.add(OddityKind::KeyNotAscii, at, || format!("`{}`", key.shortened(80)));
    }
}

fn note_duplicate(
    raw: &[u8],
    at: u64,
    seen: &mut HashMap<Vec<u8>, u64>,
    oddities: &mut Oddities<OddityKind>,
) {
    let short = raw.split(|b| *b == 0).next().unwrap_or_default();
    if let Some(first) = seen.get(raw).or_else(|| seen.get(short)) {
        let name = Untrusted::from_bytes(raw);
        let detail = || format!("`{}`, first at {first}", name.shortened(80));
        oddities.add(OddityKind::DuplicateKey, at, detail);
        return;
    }
    if short.len() < raw.len() {
        seen.insert(short.to_vec(), at);
    }
    seen.insert(raw.to_vec(), at);
}

fn alignment(out: &mut Gguf, oddities: &mut Oddities<OddityKind>) {
    // llama.cpp takes the first pair of a key.
    let found = out.kv.iter().find(|kv| kv.c_key() == b"general.alignment");
    let Some(Kv { value: KvValue::Unsigned(value, ValueType::U32), at, .. }) = found else {
        // Any other type is told with the other well-known keys.
        out.alignment = DEFAULT_ALIGNMENT;
        return;
    };
    if !value.is_power_of_two() {
        oddities.add(OddityKind::BadAlignment, at.start, || format!("{value}"));
        return;
    }
    if *value > HUGE {
        oddities.add(OddityKind::HugeAlignment, at.start, || format!("{value}"));
    }
    out.alignment = *value;
}
