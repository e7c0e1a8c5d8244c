//! A GGUF file: weights, tokenizer and template in one.

use std::collections::BTreeSet;

use formats::gguf::{self, Gguf, KvValue};

use super::files::Files;
use super::{Limits, Options, Words, folder};
use crate::config;
use crate::decoder::Decoder;
use crate::error::{Error, Result};
use crate::text::gguf as tokens;
use crate::text::template::Template;
use crate::weights::{Store, gguf as weights, names};

/// The one GGUF file among these, where there is one.
pub(super) fn only(files: &Files) -> Option<String> {
    let mut all = files.names().into_iter().filter(|name| name.ends_with(".gguf"));
    let first = all.next()?.to_owned();
    all.next().is_none().then_some(first)
}

/// Reads weights, tokenizer and template.
pub(super) fn read(
    name: &str,
    files: &mut Files,
    limits: &Limits,
    options: &Options,
) -> Result<(Decoder, Words)> {
    let blob = files.blob(name)?.ok_or(Error::Missing("GGUF file"))?;
    let file = gguf::read(&blob);
    let tensors = weights::tensors(name, &blob, &file)?;
    folder::weigh(&tensors, limits, options)?;
    let store = Store::new(tensors, &options.device, options.numbers());
    let config = config::gguf::read(&file, &store)?;
    let names = names::gguf(&config, |name| store.has(name));
    let decoder = Decoder::read(&config, &names, &store, options.mode)?;
    Ok((decoder, words(&blob, &file, limits)?))
}

fn words(blob: &artifact::Blob, file: &Gguf, limits: &Limits) -> Result<Words> {
    let vocabulary = tokens::Vocabulary::read(blob, file, limits.text)?;
    let id = |key: &str| {
        let value = file.get(&format!("tokenizer.ggml.{key}_token_id")).and_then(KvValue::as_u64);
        value.and_then(|id| u32::try_from(id).ok())
    };
    let ends = [id("eos"), id("eot"), id("eom")].into_iter().flatten().collect::<BTreeSet<_>>();
    let Some(vocabulary) = vocabulary else {
        return Ok(Words { ends, ..Words::default() });
    };
    let special =
        [("bos_token", id("bos")), ("eos_token", id("eos")), ("pad_token", id("padding"))];
    let named = special
        .into_iter()
        .filter_map(|(name, id)| Some((name.to_owned(), vocabulary.token(id?)?.to_owned())));
    let source = file.get("tokenizer.chat_template").and_then(KvValue::as_text);
    let template = match source {
        Some(text) if text.cut => return Err(Error::Template("it is too long".to_owned())),
        Some(text) => Some(Template::new(text.text.raw().to_owned(), named.collect())),
        None => None,
    };
    Ok(Words { tokenizer: Some(vocabulary.tokenizer()?), template, ends })
}
