//! The settings of a `config.json`, and an account of those that were read.

use std::cell::RefCell;
use std::collections::BTreeSet;

use serde_json::{Map, Value};
use vocabulary::escape;

use crate::error::{Error, Result};

/// Settings that change nothing of what a forward pass computes: names, training, generation,
/// classes and files.
const WITHOUT_EFFECT: &[&str] = &[
    "architectures",
    "attention_dropout",
    "attn_implementation",
    "attn_pdrop",
    "auto_map",
    "bad_words_ids",
    "begin_suppress_tokens",
    "bos_token_id",
    "cache_implementation",
    "chunk_size_feed_forward",
    "classifier_dropout",
    "custom_pipelines",
    "decoder_start_token_id",
    "diversity_penalty",
    "do_sample",
    "dtype",
    "early_stopping",
    "embd_pdrop",
    "encoder_no_repeat_ngram_size",
    "eos_token_id",
    "exponential_decay_length_penalty",
    "finetuning_task",
    "forced_bos_token_id",
    "forced_eos_token_id",
    "gradient_checkpointing",
    "hidden_dropout",
    "hidden_dropout_prob",
    "attention_probs_dropout_prob",
    "id2label",
    "initializer_range",
    "is_decoder",
    "is_encoder_decoder",
    "is_llama_config",
    "label2id",
    "length_penalty",
    "max_length",
    "min_length",
    "model_type",
    "no_repeat_ngram_size",
    "num_beam_groups",
    "num_beams",
    "num_return_sequences",
    "output_attentions",
    "output_hidden_states",
    "output_scores",
    "pad_token_id",
    "prefix",
    "problem_type",
    "remove_invalid_values",
    "repetition_penalty",
    "resid_pdrop",
    "return_dict",
    "return_dict_in_generate",
    "rotary_emb_fraction",
    "sep_token_id",
    "summary_activation",
    "summary_first_dropout",
    "summary_proj_to_labels",
    "summary_type",
    "summary_use_proj",
    "suppress_tokens",
    "task_specific_params",
    "temperature",
    "tf_legacy_loss",
    "tie_encoder_decoder",
    "tokenizer_class",
    "top_k",
    "top_p",
    "torch_dtype",
    "torchscript",
    "transformers.js_config",
    "transformers_version",
    "typical_p",
    "unsloth_fixed",
    "unsloth_version",
    "use_bfloat16",
    "use_cache",
];

/// Settings that change something where they are true, which nothing here computes.
const FALSE_ALONE: &[&str] =
    &["attention_bias", "lm_head_bias", "mlp_bias", "rope_interleaved", "use_mrope"];

/// An object of settings. Each one that is asked for counts as understood.
pub(crate) struct Settings<'a> {
    map: &'a Map<String, Value>,
    asked: RefCell<BTreeSet<String>>,
}

impl<'a> Settings<'a> {
    /// The settings of an object.
    pub(crate) fn new(value: &'a Value) -> Result<Self> {
        let map = value
            .as_object()
            .ok_or_else(|| Error::file("config.json", "it is no object of settings"))?;
        Ok(Self { map, asked: RefCell::default() })
    }

    /// A setting; none where it is not there, or null.
    pub(crate) fn get(&self, name: &str) -> Option<&'a Value> {
        self.asked.borrow_mut().insert(name.to_owned());
        self.map.get(name).filter(|value| !value.is_null())
    }

    /// Whether a setting stands there, null or not.
    pub(crate) fn present(&self, name: &str) -> bool {
        self.map.contains_key(name)
    }

    /// The first of several names that is there.
    fn first(&self, names: &[&str]) -> Option<(&'a Value, String)> {
        // All of them are asked for, so that none is left over.
        let mut found = names.iter().map(|name| (self.get(name), *name)).collect::<Vec<_>>();
        found.retain(|(value, _)| value.is_some());
        let (value, name) = found.first()?;
        Some(((*value)?, (*name).to_owned()))
    }

    /// A count, under any of several names.
    pub(crate) fn count(&self, names: &[&str]) -> Result<Option<usize>> {
        let Some((value, name)) = self.first(names) else { return Ok(None) };
        let count = value.as_u64().and_then(|count| usize::try_from(count).ok());
        let wrong = || Error::setting(&name, format!("is {}, not a count", shown(value)));
        count.map(Some).ok_or_else(wrong)
    }

    /// A count that has to be there.
    pub(crate) fn needed(&self, names: &[&str]) -> Result<usize> {
        let missing = || Error::setting(names.first().copied().unwrap_or_default(), "is missing");
        self.count(names)?.ok_or_else(missing)
    }

    /// A finite number, under any of several names.
    pub(crate) fn number(&self, names: &[&str]) -> Result<Option<f64>> {
        let Some((value, name)) = self.first(names) else { return Ok(None) };
        let number = value.as_f64().filter(|number| number.is_finite());
        let wrong = || Error::setting(&name, format!("is {}, not a number", shown(value)));
        number.map(Some).ok_or_else(wrong)
    }

    /// True or false.
    pub(crate) fn flag(&self, name: &str, default: bool) -> Result<bool> {
        match self.get(name) {
            None => Ok(default),
            Some(Value::Bool(value)) => Ok(*value),
            Some(other) => {
                Err(Error::setting(name, format!("is {}, not true or false", shown(other))))
            }
        }
    }

    /// Text, under any of several names.
    pub(crate) fn text(&self, names: &[&str]) -> Result<Option<&'a str>> {
        let Some((value, name)) = self.first(names) else { return Ok(None) };
        let wrong = || Error::setting(&name, format!("is {}, not text", shown(value)));
        value.as_str().map(Some).ok_or_else(wrong)
    }

    /// Numbers.
    pub(crate) fn numbers(&self, name: &str) -> Result<Option<Vec<f64>>> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let wrong = || Error::setting(name, "is not a list of numbers");
        let list = value.as_array().ok_or_else(wrong)?;
        let numbers = list.iter().map(Value::as_f64).collect::<Option<Vec<_>>>();
        numbers
            .filter(|list| list.iter().all(|number| number.is_finite()))
            .map(Some)
            .ok_or_else(wrong)
    }

    /// Refuses a number that is there and not the one that another setting says.
    pub(crate) fn same(&self, name: &str, expected: f64) -> Result<()> {
        let told = self.number(&[name])?;
        if told.is_some_and(|told| told.to_bits() != expected.to_bits()) {
            let problem = format!("contradicts another setting, by which it is {expected}");
            return Err(Error::setting(name, problem));
        }
        Ok(())
    }

    /// Refuses a setting that is there and not as it has to be.
    pub(crate) fn only(&self, name: &str, allowed: &Value) -> Result<()> {
        match self.get(name) {
            Some(value) if value != allowed => Err(unknown(name, value)),
            _ => Ok(()),
        }
    }

    /// Passes over settings, whatever they say.
    pub(crate) fn ignore(&self, names: &[&str]) {
        for name in names {
            let _ = self.get(name);
        }
    }

    /// Refuses what nobody asked for and what is not known to be without effect.
    pub(crate) fn finish(&self) -> Result<()> {
        let asked = self.asked.borrow();
        for (name, value) in self.map {
            let known = asked.contains(name)
                || WITHOUT_EFFECT.contains(&name.as_str())
                || FALSE_ALONE.contains(&name.as_str()) && *value == Value::Bool(false)
                || name.starts_with('_')
                || value.is_null();
            if !known {
                return Err(unknown(name, value));
            }
        }
        Ok(())
    }
}

fn unknown(name: &str, value: &Value) -> Error {
    Error::Unknown(format!("the setting `{}` = {}", escape(name), shown(value)))
}

/// A value, escaped and cut.
pub(crate) fn shown(value: &Value) -> String {
    vocabulary::Untrusted::new(value.to_string()).shortened(60)
}
