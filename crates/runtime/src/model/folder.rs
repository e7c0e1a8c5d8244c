//! A folder as transformers writes it.

use std::collections::{BTreeMap, BTreeSet};

use formats::index;
use serde_json::Value;

use super::files::Files;
use super::{Limits, Options, Words};
use crate::config;
use crate::decoder::Decoder;
use crate::error::{Error, Result};
use crate::text::template::Template;
use crate::text::tokenizer::Tokenizer;
use crate::weights::{Store, Stored, names, safetensors};

/// Reads weights, tokenizer and template.
pub(crate) fn read(
    files: &mut Files,
    limits: &Limits,
    options: &Options,
) -> Result<(Decoder, Words)> {
    let config = json(files, "config.json")?.ok_or(Error::Missing("config.json"))?;
    let decoder_config = config::hf::read(&config)?;
    let store = store(files, limits, options)?;
    let names = names::hf(&decoder_config, |name| store.has(name));
    let decoder = Decoder::read(&decoder_config, &names, &store, options.mode)?;
    Ok((decoder, words(files, &config)?))
}

/// A file of JSON.
pub(crate) fn json(files: &mut Files, name: &str) -> Result<Option<Value>> {
    let Some(bytes) = files.bytes(name)? else { return Ok(None) };
    if formats::json::is_too_dense(&bytes) {
        return Err(Error::file(name, "holds more values than are read"));
    }
    let read = serde_json::from_slice(&bytes);
    read.map(Some).map_err(|error| Error::file(name, format!("is no JSON: {error}")))
}

/// The tensors of `model.safetensors`, or of the files that its index names.
pub(crate) fn store(files: &mut Files, limits: &Limits, options: &Options) -> Result<Store> {
    const SINGLE: &str = "model.safetensors";
    const INDEX: &str = "model.safetensors.index.json";
    let mut tensors = BTreeMap::new();
    if let Some(blob) = files.blob(SINGLE)? {
        safetensors::add(SINGLE, &blob, &mut tensors)?;
    } else if let Some(blob) = files.blob(INDEX)? {
        let index = index::read(&blob);
        if let Some(oddity) = index.oddities.first() {
            return Err(Error::file(INDEX, format!("{:?}: {}", oddity.kind, oddity.detail)));
        }
        for shard in index.shards() {
            let name = shard.raw();
            let blob = files.blob(name)?;
            let blob =
                blob.ok_or_else(|| Error::file(name, "the index names it; it is not there"))?;
            safetensors::add(name, &blob, &mut tensors)?;
        }
        let named = index.weight_map.iter().map(|(name, _)| name.raw()).collect::<BTreeSet<_>>();
        let missing = named.iter().find(|name| !tensors.contains_key(**name));
        if let Some(name) = missing {
            return Err(Error::tensor(name, "the index names it; it is in no file"));
        }
    } else {
        return Err(Error::Missing("model.safetensors"));
    }
    weigh(&tensors, limits, options)?;
    Ok(Store::new(tensors, &options.device, options.numbers()))
}

/// Holds what the tensors will take in memory against the limit.
pub(crate) fn weigh(
    tensors: &BTreeMap<String, Stored>,
    limits: &Limits,
    options: &Options,
) -> Result<()> {
    let mut needed = 0u64;
    for stored in tensors.values() {
        let Stored::File { data, dtype, shape } = stored else { continue };
        let kept = crate::weights::block_type(*dtype).is_some() && !options.numbers();
        let count = shape.iter().fold(1u64, |count, n| count.saturating_mul(*n as u64));
        let bytes = if kept { data.len() } else { count.saturating_mul(4) };
        needed = needed.saturating_add(bytes);
    }
    let allowed = limits.weights;
    if needed > allowed {
        return Err(Error::Limit { what: "bytes of weights in memory", needed, allowed });
    }
    Ok(())
}

fn words(files: &mut Files, config: &Value) -> Result<Words> {
    let tokenizer = match files.bytes("tokenizer.json")? {
        Some(bytes) => Some(Tokenizer::from_json(&bytes)?),
        None => None,
    };
    let settings = json(files, "tokenizer_config.json")?.unwrap_or_default();
    let generation = json(files, "generation_config.json")?.unwrap_or_default();
    let mut ends = BTreeSet::new();
    let declared = [&generation, config].into_iter().find_map(|from| from.get("eos_token_id"));
    let listed = declared.into_iter().flat_map(|value| match value {
        Value::Array(list) => list.as_slice(),
        other => std::slice::from_ref(other),
    });
    ends.extend(listed.filter_map(|id| id.as_u64().and_then(|id| u32::try_from(id).ok())));
    let special = special_tokens(files, &settings)?;
    let end = special.iter().find(|(name, _)| name == "eos_token");
    if let (Some(tokenizer), Some((_, text))) = (&tokenizer, end) {
        ends.extend(tokenizer.id(text));
    }
    let template = source(files, &settings)?.map(|source| Template::new(source, special));
    Ok(Words { tokenizer, template, ends })
}

/// Special tokens by name: a text, or an object that holds one.
fn special_tokens(files: &mut Files, settings: &Value) -> Result<Vec<(String, String)>> {
    const NAMES: [&str; 7] = [
        "bos_token",
        "eos_token",
        "unk_token",
        "sep_token",
        "pad_token",
        "cls_token",
        "mask_token",
    ];
    let map = json(files, "special_tokens_map.json")?.unwrap_or_default();
    let text = |value: &Value| {
        value.as_str().or_else(|| value.get("content")?.as_str()).map(str::to_owned)
    };
    let found = NAMES.into_iter().filter_map(|name| {
        let value = [settings, &map].into_iter().find_map(|from| from.get(name).and_then(text))?;
        Some((name.to_owned(), value))
    });
    Ok(found.collect())
}

/// The chat template: a file of its own, or a text among the tokenizer's settings, of several the one
/// that is called `default`.
fn source(files: &mut Files, settings: &Value) -> Result<Option<String>> {
    const FILE: &str = "chat_template.jinja";
    if let Some(bytes) = files.bytes(FILE)? {
        let text = String::from_utf8(bytes).map_err(|_| Error::file(FILE, "is not UTF-8"))?;
        return Ok(Some(text));
    }
    let own = json(files, "chat_template.json")?;
    let value = own.as_ref().or(Some(settings)).and_then(|from| from.get("chat_template"));
    Ok(match value {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Array(list)) => list
            .iter()
            .find(|one| one.get("name").and_then(Value::as_str) == Some("default"))
            .and_then(|one| one.get("template")?.as_str())
            .map(str::to_owned),
        _ => None,
    })
}
