//! Keys whose type the specification fixes, and pairs that must agree with each other.

use super::value::{KvValue, ValueType};
use super::{Gguf, Kv, OddityKind};
use crate::bounded::Oddities;

/// A type that a key may have.
#[derive(Clone, Copy, PartialEq)]
enum Shape {
    One(ValueType),
    ArrayOf(ValueType),
}

use Shape::{ArrayOf, One};

/// Keys of the specification and of llama.cpp's converters, with the types that these write.
const KNOWN: &[(&str, &[Shape])] = &[
    ("general.alignment", &[One(ValueType::U32)]),
    ("general.architecture", &[One(ValueType::String)]),
    ("general.file_type", &[One(ValueType::U32)]),
    ("general.name", &[One(ValueType::String)]),
    ("general.quantization_version", &[One(ValueType::U32)]),
    ("general.type", &[One(ValueType::String)]),
    ("split.count", &[One(ValueType::U16)]),
    ("split.no", &[One(ValueType::U16)]),
    ("split.tensors.count", &[One(ValueType::I32)]),
    ("tokenizer.chat_template", &[One(ValueType::String)]),
    ("tokenizer.chat_templates", &[ArrayOf(ValueType::String)]),
    ("tokenizer.ggml.add_bos_token", &[One(ValueType::Bool)]),
    ("tokenizer.ggml.add_eos_token", &[One(ValueType::Bool)]),
    ("tokenizer.ggml.add_space_prefix", &[One(ValueType::Bool)]),
    ("tokenizer.ggml.bos_token_id", &[One(ValueType::U32)]),
    ("tokenizer.ggml.eos_token_id", &[One(ValueType::U32)]),
    ("tokenizer.ggml.merges", &[ArrayOf(ValueType::String)]),
    ("tokenizer.ggml.model", &[One(ValueType::String)]),
    ("tokenizer.ggml.padding_token_id", &[One(ValueType::U32)]),
    ("tokenizer.ggml.pre", &[One(ValueType::String)]),
    ("tokenizer.ggml.precompiled_charsmap", &[ArrayOf(ValueType::U8), ArrayOf(ValueType::I8)]),
    ("tokenizer.ggml.scores", &[ArrayOf(ValueType::F32)]),
    ("tokenizer.ggml.token_type", &[ArrayOf(ValueType::I32), ArrayOf(ValueType::U32)]),
    ("tokenizer.ggml.tokens", &[ArrayOf(ValueType::String)]),
    ("tokenizer.ggml.unknown_token_id", &[One(ValueType::U32)]),
];

fn expected(key: &[u8]) -> Option<&'static [Shape]> {
    if key.starts_with(b"tokenizer.chat_template.") {
        return Some(&[One(ValueType::String)]);
    }
    KNOWN.iter().find(|(name, _)| name.as_bytes() == key).map(|(_, shapes)| *shapes)
}

pub(super) fn check(gguf: &Gguf, oddities: &mut Oddities<OddityKind>) {
    for kv in &gguf.kv {
        check_type(kv, oddities);
    }
    check_vocabulary(gguf, oddities);
    check_split(gguf, oddities);
}

fn check_type(kv: &Kv, oddities: &mut Oddities<OddityKind>) {
    let Some(shapes) = expected(kv.c_key()) else { return };
    let found = match &kv.value {
        KvValue::Array(array) => ArrayOf(array.element),
        other => One(other.value_type()),
    };
    if !shapes.contains(&found) {
        oddities.add(OddityKind::WrongType, kv.at.start, || {
            let shown = match found {
                One(kind) => kind.name().to_owned(),
                ArrayOf(kind) => format!("array of {}", kind.name()),
            };
            format!("`{}` is {shown}", kv.key.shortened(80))
        });
    }
}

fn check_vocabulary(gguf: &Gguf, oddities: &mut Oddities<OddityKind>) {
    let length = |key: &str| gguf.get(key).and_then(KvValue::as_array).map(|array| array.len);
    let Some(tokens) = length("tokenizer.ggml.tokens") else { return };
    for key in ["tokenizer.ggml.scores", "tokenizer.ggml.token_type"] {
        if let Some(len) = length(key).filter(|len| *len != tokens) {
            let at = gguf.kv.iter().find(|kv| kv.raw_key == key.as_bytes());
            let at = at.map_or(0, |kv| kv.at.start);
            let detail = || format!("{tokens} tokens, and {len} in `{key}`");
            oddities.add(OddityKind::VocabularyLengths, at, detail);
        }
    }
}

fn check_split(gguf: &Gguf, oddities: &mut Oddities<OddityKind>) {
    let number = |key: &str| gguf.get(key).and_then(KvValue::as_u64);
    let (no, count) = (number("split.no"), number("split.count"));
    let total = number("split.tensors.count");
    // A merged file says that it has no parts.
    if count == Some(0) {
        return;
    }
    let at = gguf.kv.iter().find(|kv| kv.raw_key.starts_with(b"split."));
    let at = at.map_or(0, |kv| kv.at.start);
    let mut odd = |detail: String| oddities.add(OddityKind::Split, at, || detail);
    match (no, count) {
        (Some(no), Some(count)) if no >= count => odd(format!("part {no} of {count}")),
        (Some(_), None) | (None, Some(_)) => {
            odd("one of `split.no` and `split.count` is missing".into());
        }
        _ => {}
    }
    if let Some(total) = total.filter(|total| *total < gguf.tensor_count) {
        odd(format!("{total} tensors in all parts, {} in this one", gguf.tensor_count));
    }
}
