//! Tokenizers from the pairs of a GGUF file.
//!
//! GGUF holds a vocabulary and merges or scores, and a name for the rules by which text is cut before.
//! A name that is not known here is an error: other cuts give other tokens.

use artifact::Blob;
use formats::gguf::{Gguf, KvArray, KvValue, ValueType, each_text};
use serde_json::{Value, json};
use vocabulary::escape;

use super::tokenizer::Tokenizer;
use crate::error::{Error, Result};
use crate::number::{id, index};

/// How GPT-2 cuts text.
const GPT2: &str = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
/// How Llama 3 cuts text; Qwen 2 with digits one by one.
const LLAMA3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const QWEN2: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// Letters that are gone through to find how tokens are joined, and letters of all those joins.
const WORK: usize = 1 << 31;
const JOINED: usize = 1 << 28;

/// The types of tokens that ggml writes.
const UNKNOWN: i64 = 2;
const CONTROL: i64 = 3;
const USER: i64 = 4;

/// A vocabulary and how text becomes its tokens.
pub(crate) struct Vocabulary {
    model: String,
    pre: String,
    tokens: Vec<String>,
    types: Vec<i64>,
    scores: Vec<f64>,
    merges: Vec<String>,
    bos: Option<u32>,
    eos: Option<u32>,
    unknown: Option<u32>,
    add_bos: bool,
    add_eos: bool,
    add_space: bool,
}

impl Vocabulary {
    /// Reads it, where none of its lists takes more bytes than are allowed; none where the file has no
    /// tokenizer.
    pub(crate) fn read(blob: &Blob, file: &Gguf, allowed: u64) -> Result<Option<Self>> {
        let text = |key: &str| file.get(key).and_then(KvValue::as_text).map(|text| text.text.raw());
        let Some(model) = text("tokenizer.ggml.model") else { return Ok(None) };
        let array = |key: &str| file.get(key).and_then(KvValue::as_array);
        for list in ["tokens", "token_type", "scores", "merges"] {
            let needed =
                array(&format!("tokenizer.ggml.{list}")).map_or(0, |array| array.span.len());
            if needed > allowed {
                return Err(Error::Limit {
                    what: "bytes of a list of the tokenizer",
                    needed,
                    allowed,
                });
            }
        }
        let one = |key: &str| file.get(key).and_then(KvValue::as_u64);
        let number = |key: &str| one(key).and_then(|id| u32::try_from(id).ok());
        let flag = |key: &str, default: bool| match file.get(key) {
            Some(KvValue::Bool(value)) => *value,
            _ => default,
        };
        let texts =
            |key: &str| array(key).map_or(Ok(Vec::new()), |array| strings(blob, file, array));
        let spm = model == "llama";
        Ok(Some(Self {
            model: model.to_owned(),
            pre: text("tokenizer.ggml.pre").unwrap_or("default").to_owned(),
            tokens: texts("tokenizer.ggml.tokens")?,
            types: array("tokenizer.ggml.token_type").map_or(Vec::new(), |a| integers(blob, a)),
            scores: array("tokenizer.ggml.scores").map_or(Vec::new(), |a| floats(blob, a)),
            merges: texts("tokenizer.ggml.merges")?,
            bos: number("tokenizer.ggml.bos_token_id"),
            eos: number("tokenizer.ggml.eos_token_id"),
            unknown: number("tokenizer.ggml.unknown_token_id"),
            add_bos: flag("tokenizer.ggml.add_bos_token", spm),
            add_eos: flag("tokenizer.ggml.add_eos_token", false),
            add_space: flag("tokenizer.ggml.add_space_prefix", spm),
        }))
    }

    /// A token by its number.
    pub(crate) fn token(&self, id: u32) -> Option<&str> {
        self.tokens.get(index(id)).map(String::as_str)
    }

    /// The tokenizer, as the same rules in `tokenizer.json` would make it.
    pub(crate) fn tokenizer(&self) -> Result<Tokenizer> {
        if self.tokens.is_empty() {
            return Err(Error::Tokenizer("it has no tokens".to_owned()));
        }
        let (model, normalizer, pre, decoder) = match self.model.as_str() {
            "gpt2" => self.bytes()?,
            "llama" => self.pieces()?,
            other => {
                return Err(Error::Unknown(format!("the tokenizer model `{}`", escape(other))));
            }
        };
        let whole = json!({
            "version": "1.0",
            "truncation": null,
            "padding": null,
            "added_tokens": self.added(),
            "normalizer": normalizer,
            "pre_tokenizer": pre,
            "post_processor": self.frame(),
            "decoder": decoder,
            "model": model,
        });
        Tokenizer::from_json(whole.to_string().as_bytes())
    }

    fn vocabulary(&self) -> Value {
        let tokens = self.tokens.iter().enumerate();
        Value::Object(tokens.map(|(n, token)| (token.clone(), json!(id(n)))).collect())
    }

    fn added(&self) -> Vec<Value> {
        let special = self.types.iter().enumerate().filter_map(|(n, kind)| {
            let content = self.tokens.get(n)?;
            matches!(*kind, CONTROL | USER | UNKNOWN).then(|| {
                json!({
                    "id": id(n), "content": content, "single_word": false, "lstrip": false,
                    "rstrip": false, "normalized": false, "special": *kind != USER,
                })
            })
        });
        special.collect()
    }

    /// Byte-level pairs.
    fn bytes(&self) -> Result<(Value, Value, Value, Value)> {
        let pattern = match self.pre.as_str() {
            "gpt-2" | "gpt2" | "phi-2" | "olmo" | "dbrx-gpt2" | "default" => GPT2,
            "llama-bpe" | "llama3" | "llama-v3" => LLAMA3,
            "qwen2" | "stablelm2" => QWEN2,
            other => {
                return Err(Error::Unknown(format!("the pre-tokenizer `{}`", escape(other))));
            }
        };
        let level = json!({
            "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false,
        });
        let split = json!({
            "type": "Split", "pattern": { "Regex": pattern }, "behavior": "Isolated", "invert": false,
        });
        let model = json!({
            "type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false,
            // Llama 3 takes a cut that is a token as it stands.
            "ignore_merges": pattern == LLAMA3,
            "vocab": self.vocabulary(), "merges": self.merges,
        });
        let pre = json!({ "type": "Sequence", "pretokenizers": [split, level.clone()] });
        Ok((model, Value::Null, pre, level))
    }

    /// `SentencePiece` pairs: of two neighbours those are joined first whose token scores highest.
    fn pieces(&self) -> Result<(Value, Value, Value, Value)> {
        let known = self.tokens.iter().enumerate().map(|(n, token)| (token.as_str(), n));
        let known = known.collect::<std::collections::HashMap<_, _>>();
        let mut merges: Vec<(f64, usize, usize, Value)> = Vec::new();
        let (mut work, mut joined) = (0usize, 0usize);
        for (n, token) in self.tokens.iter().enumerate() {
            let score = self.scores.get(n).copied().unwrap_or(0.0);
            work = work.saturating_add(token.len().saturating_mul(token.len()));
            for (cut, _) in token.char_indices().skip(1) {
                if work > WORK || joined > JOINED {
                    let problem = "its tokens can be joined in too many ways";
                    return Err(Error::Tokenizer(problem.to_owned()));
                }
                let (left, right) = token.split_at(cut);
                if let (Some(a), Some(b)) = (known.get(left), known.get(right)) {
                    joined = joined.saturating_add(token.len()).saturating_add(size_of::<Value>());
                    merges.push((score, *a, *b, json!([left, right])));
                }
            }
        }
        merges.sort_by(|x, y| y.0.total_cmp(&x.0).then((x.1, x.2).cmp(&(y.1, y.2))));
        let unknown = self.unknown.and_then(|id| self.token(id));
        let model = json!({
            "type": "BPE", "dropout": null, "unk_token": unknown, "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "fuse_unk": true, "byte_fallback": true,
            "ignore_merges": false, "vocab": self.vocabulary(),
            "merges": merges.into_iter().map(|merge| merge.3).collect::<Vec<_>>(),
        });
        let spaces = json!({ "type": "Replace", "pattern": { "String": " " }, "content": "▁" });
        let mut before = vec![spaces];
        let mut behind = vec![
            json!({ "type": "Replace", "pattern": { "String": "▁" }, "content": " " }),
            json!({ "type": "ByteFallback" }),
            json!({ "type": "Fuse" }),
        ];
        if self.add_space {
            before.insert(0, json!({ "type": "Prepend", "prepend": "▁" }));
            behind.push(json!({ "type": "Strip", "content": " ", "start": 1, "stop": 0 }));
        }
        let normalizer = json!({ "type": "Sequence", "normalizers": before });
        let decoder = json!({ "type": "Sequence", "decoders": behind });
        Ok((model, normalizer, Value::Null, decoder))
    }

    /// What sequences begin and end with.
    fn frame(&self) -> Value {
        let token = |id: Option<u32>, wanted: bool| {
            id.filter(|_| wanted).and_then(|id| self.token(id).map(|text| (text, id)))
        };
        let (first, last) = (token(self.bos, self.add_bos), token(self.eos, self.add_eos));
        if first.is_none() && last.is_none() {
            return Value::Null;
        }
        let part = |(text, _): (&str, u32)| json!({ "SpecialToken": { "id": text, "type_id": 0 } });
        let sequence = |name: &str| json!({ "Sequence": { "id": name, "type_id": 0 } });
        let frame = |names: &[&str]| {
            let inner = names.iter().map(|name| sequence(name));
            first.map(part).into_iter().chain(inner).chain(last.map(part)).collect::<Vec<_>>()
        };
        let named = first.iter().chain(&last).map(|(text, id)| {
            ((*text).to_owned(), json!({ "id": text, "ids": [id], "tokens": [text] }))
        });
        json!({
            "type": "TemplateProcessing",
            "single": frame(&["A"]),
            "pair": frame(&["A", "B"]),
            "special_tokens": Value::Object(named.collect()),
        })
    }
}

/// All texts of an array.
fn strings(blob: &Blob, file: &Gguf, array: &KvArray) -> Result<Vec<String>> {
    let mut out = Vec::new();
    let mut whole = true;
    each_text(blob, file, array, &mut |_, bytes, cut| {
        whole &= !cut;
        match std::str::from_utf8(bytes) {
            Ok(text) => out.push(text.to_owned()),
            Err(_) => whole = false,
        }
    });
    let complete = whole && out.len() as u64 == array.len;
    complete.then_some(out).ok_or_else(|| Error::Tokenizer("its lists are no texts".to_owned()))
}

/// All numbers of an array, bytes least significant first.
fn each<const N: usize, T>(blob: &Blob, array: &KvArray, make: impl Fn([u8; N]) -> T) -> Vec<T> {
    let len = usize::try_from(array.span.len()).unwrap_or(0);
    let bytes = blob.bytes_at(array.span.start, len);
    bytes.as_chunks::<N>().0.iter().map(|chunk| make(*chunk)).collect()
}

fn integers(blob: &Blob, array: &KvArray) -> Vec<i64> {
    match array.element {
        ValueType::I32 => each(blob, array, |bytes| i64::from(i32::from_le_bytes(bytes))),
        ValueType::U32 => each(blob, array, |bytes| i64::from(u32::from_le_bytes(bytes))),
        _ => Vec::new(),
    }
}

fn floats(blob: &Blob, array: &KvArray) -> Vec<f64> {
    match array.element {
        ValueType::F32 => each(blob, array, |bytes| f64::from(f32::from_le_bytes(bytes))),
        _ => Vec::new(),
    }
}
