//! What a `tokenizer.json` may do to a text.
//!
//! Its rules are small programs: forty rules that write two letters for one make a terabyte of one
//! letter. So before a tokenizer is made, its rules are read and what each can multiply a text by is
//! counted; and rules that draw lots are refused, for they give other tokens each time.

use serde::Deserialize;
use serde_json::Value;

use crate::error::{Error, Result};
use crate::number::real;

/// How often a text may be doubled: by all rules before it is cut, and by all that join tokens again.
const DOUBLINGS: f64 = 12.0;
/// Pieces of the frame around a sequence, and tokens of each.
const FRAME: usize = 64;

/// The rules of a tokenizer, without its vocabulary.
#[derive(Deserialize)]
struct Rules {
    normalizer: Option<Value>,
    pre_tokenizer: Option<Value>,
    post_processor: Option<Value>,
    decoder: Option<Value>,
    model: Option<Model>,
}

#[derive(Deserialize)]
struct Model {
    dropout: Option<Value>,
}

/// Holds the rules of a `tokenizer.json` against their bounds.
pub(super) fn check(bytes: &[u8]) -> Result<()> {
    let wrong = |problem: &str| Err(Error::Tokenizer(problem.to_owned()));
    let rules: Rules = match serde_json::from_slice(bytes) {
        Ok(rules) => rules,
        Err(error) => return wrong(&vocabulary::escape(&error.to_string())),
    };
    let drawn = rules.model.and_then(|model| model.dropout);
    if drawn.is_some_and(|share| share.as_f64() != Some(0.0)) {
        return Err(Error::Unknown("a tokenizer that draws lots (`dropout`)".to_owned()));
    }
    let before = [&rules.normalizer, &rules.pre_tokenizer].into_iter().flatten();
    let before: f64 = before.map(doublings).sum();
    let behind = rules.decoder.iter().map(doublings).sum();
    if before.max(behind) > DOUBLINGS {
        return wrong("its rules make texts too much longer");
    }
    if rules.post_processor.iter().any(|frame| !is_frame(frame)) {
        return wrong("what it puts around a sequence is too much");
    }
    Ok(())
}

/// How often a rule, or a sequence of rules, can double a text.
fn doublings(rule: &Value) -> f64 {
    let lists = ["normalizers", "pretokenizers", "decoders"].into_iter();
    let mut inner = lists.filter_map(|name| rule.get(name)?.as_array()).flatten().peekable();
    if inner.peek().is_some() {
        return inner.map(doublings).sum();
    }
    let length = |name: &str| rule.get(name).and_then(Value::as_str).map_or(0, str::len);
    match rule.get("type").and_then(Value::as_str) {
        Some("Replace") => {
            let pattern = rule.get("pattern").and_then(|pattern| pattern.get("String"));
            let pattern = pattern.and_then(Value::as_str).map_or(0, str::len);
            let content = real(length("content"));
            // A pattern that matches nothing matches between all letters.
            let times = if pattern == 0 { content + 1.0 } else { content / real(pattern) };
            times.max(1.0).log2()
        }
        Some("Prepend") => real(length("prepend").saturating_add(1)).log2(),
        Some("Precompiled") => {
            let map = rule.get("precompiled_charsmap").and_then(Value::as_str).unwrap_or_default();
            real(longest(map).max(1)).log2()
        }
        Some("Metaspace") => 2.0,
        Some(
            "Split" | "Whitespace" | "WhitespaceSplit" | "Digits" | "Punctuation" | "Fuse"
            | "Strip" | "ByteFallback" | "Sequence",
        ) => 0.0,
        // Folding of letters, and bytes that are written as letters.
        _ => 1.0,
    }
}

/// The longest text that a map of `SentencePiece` writes for a letter. In base 64 it has the length of a
/// search tree, the tree, and the texts, each with a zero behind it.
fn longest(map: &str) -> usize {
    let mut bytes = Vec::with_capacity(map.len());
    let (mut bits, mut held) = (0u32, 0u32);
    for letter in map.bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter.wrapping_sub(b'A'),
            b'a'..=b'z' => letter.wrapping_sub(b'a').wrapping_add(26),
            b'0'..=b'9' => letter.wrapping_sub(b'0').wrapping_add(52),
            b'+' => 62,
            b'/' => 63,
            _ => continue,
        };
        bits = bits << 6 | u32::from(value);
        held = held.saturating_add(6);
        if held >= 8 {
            held = held.saturating_sub(8);
            bytes.extend((bits >> held).to_le_bytes().first());
        }
    }
    let Some((size, rest)) = bytes.split_first_chunk::<4>() else { return 0 };
    let tree = usize::try_from(u32::from_le_bytes(*size)).unwrap_or(usize::MAX);
    let texts = rest.get(tree..).unwrap_or_default();
    texts.split(|byte| *byte == 0).map(<[u8]>::len).max().unwrap_or(0)
}

/// Whether a rule puts few tokens around a sequence, and the sequence once.
fn is_frame(rule: &Value) -> bool {
    if let Some(inner) = rule.get("processors").and_then(Value::as_array) {
        return inner.len() <= FRAME && inner.iter().all(is_frame);
    }
    let pieces = |name: &str| rule.get(name).and_then(Value::as_array);
    let whole = |list: &Vec<Value>, most: usize| {
        let sequences = list.iter().filter(|piece| piece.get("Sequence").is_some());
        list.len() <= FRAME && sequences.count() <= most
    };
    let named = rule.get("special_tokens").and_then(Value::as_object);
    let ids = named.into_iter().flat_map(|named| named.values()).filter_map(|one| one.get("ids"));
    pieces("single").is_none_or(|list| whole(list, 1))
        && pieces("pair").is_none_or(|list| whole(list, 2))
        && ids.filter_map(Value::as_array).all(|ids| ids.len() <= FRAME)
}
