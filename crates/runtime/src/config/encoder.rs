//! What an encoder computes: BERT, `RoBERTa`, `DistilBERT`.

use serde_json::{Value, json};
use vocabulary::escape;

use super::{Activation, Settings, hf};
use crate::error::{Error, Result};

/// The families of encoders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EncoderFamily {
    /// BERT.
    Bert,
    /// `RoBERTa`: positions begin behind the padding's.
    Roberta,
    /// `DistilBERT`: no token types.
    DistilBert,
}

/// What an encoder computes.
#[derive(Clone, Debug, PartialEq)]
pub struct EncoderConfig {
    /// The family, which gives the tensors their names.
    pub family: EncoderFamily,
    /// Tokens in the vocabulary.
    pub vocab: usize,
    /// Width.
    pub hidden: usize,
    /// Layers.
    pub layers: usize,
    /// Heads; a divisor of the width.
    pub heads: usize,
    /// Width inside of the MLP.
    pub intermediate: usize,
    /// Rows of the table of positions.
    pub positions: usize,
    /// The row of the first position.
    pub first_position: usize,
    /// Kinds of tokens; 0 where there are none.
    pub types: usize,
    /// The activation of the MLP.
    pub activation: Activation,
    /// What is added to the variance.
    pub norm_eps: f64,
    /// The names of classes, in order.
    pub labels: Vec<String>,
}

/// Classes that are kept.
const MOST_LABELS: usize = 1 << 16;

impl EncoderConfig {
    /// Whether a `model_type` is an encoder's.
    pub(crate) fn family(model_type: &str) -> Option<EncoderFamily> {
        match model_type {
            "bert" => Some(EncoderFamily::Bert),
            "roberta" | "xlm-roberta" => Some(EncoderFamily::Roberta),
            "distilbert" => Some(EncoderFamily::DistilBert),
            _ => None,
        }
    }

    /// Reads a `config.json`.
    pub fn read(value: &Value) -> Result<Self> {
        let s = Settings::new(value)?;
        let name = s.text(&["model_type"])?;
        let name = name.ok_or_else(|| Error::setting("model_type", "is missing"))?;
        let family = Self::family(name)
            .ok_or_else(|| Error::Unknown(format!("the encoder `{}`", escape(name))))?;
        let distil = family == EncoderFamily::DistilBert;
        s.only("position_embedding_type", &json!("absolute"))?;
        s.only("is_decoder", &json!(false))?;
        s.only("add_cross_attention", &json!(false))?;
        // Dropout, ties of a head that classifies nothing, and how positions were filled at first.
        s.ignore(&[
            "dropout",
            "qa_dropout",
            "seq_classif_dropout",
            "sinusoidal_pos_embds",
            "tie_word_embeddings",
            "tie_weights_",
            "num_labels",
        ]);
        let act = s.text(&["hidden_act", "activation"])?.unwrap_or("gelu");
        let eps = s.number(&["layer_norm_eps"])?;
        let padding = s.count(&["pad_token_id"])?.unwrap_or(1);
        let config = Self {
            family,
            vocab: s.needed(&["vocab_size"])?,
            hidden: s.needed(&["hidden_size", "dim"])?,
            layers: s.needed(&["num_hidden_layers", "n_layers"])?,
            heads: s.needed(&["num_attention_heads", "n_heads"])?,
            intermediate: s.needed(&["intermediate_size", "hidden_dim"])?,
            positions: s.needed(&["max_position_embeddings"])?,
            first_position: match family {
                EncoderFamily::Roberta => padding.saturating_add(1),
                _ => 0,
            },
            types: if distil { 0 } else { s.count(&["type_vocab_size"])?.unwrap_or(2) },
            activation: hf::activation(act)?,
            norm_eps: eps.unwrap_or(1e-12),
            labels: labels(&s)?,
        };
        s.finish()?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<()> {
        let bounds = [
            ("vocab_size", self.vocab, 1 << 24),
            ("hidden_size", self.hidden, 1 << 16),
            ("num_hidden_layers", self.layers, 1 << 12),
            ("num_attention_heads", self.heads, 1 << 12),
            ("intermediate_size", self.intermediate, 1 << 20),
            ("max_position_embeddings", self.positions, 1 << 24),
        ];
        for (name, value, most) in bounds {
            if value == 0 || value > most {
                let problem = format!("is {value}; it has to lie between 1 and {most}");
                return Err(Error::setting(name, problem));
            }
        }
        if self.hidden.checked_rem(self.heads) != Some(0) {
            let problem = format!("is {}, which does not divide {}", self.heads, self.hidden);
            return Err(Error::setting("num_attention_heads", problem));
        }
        if !(self.norm_eps > 0.0 && self.norm_eps < 1.0) {
            return Err(Error::setting("layer_norm_eps", "has to lie between 0 and 1"));
        }
        Ok(())
    }
}

/// The names of classes by their numbers, which go from 0 without a gap.
fn labels(s: &Settings<'_>) -> Result<Vec<String>> {
    let Some(names) = s.get("id2label").and_then(Value::as_object) else {
        return Ok(vec!["LABEL_0".to_owned(), "LABEL_1".to_owned()]);
    };
    if names.len() > MOST_LABELS {
        return Err(Error::setting("id2label", "names too many classes"));
    }
    let name = |n: usize| names.get(&n.to_string()).and_then(Value::as_str).map(str::to_owned);
    let missing = || Error::setting("id2label", "does not name every class from 0 on");
    (0..names.len()).map(name).collect::<Option<Vec<_>>>().ok_or_else(missing)
}
