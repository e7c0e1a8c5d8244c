//! What a decoder computes, as flags: one struct for every family.
//!
//! A family is a row of flags and a table of names; they are read from a `config.json`
//! or from the pairs of a GGUF file. A setting that is not known to be without
//! effect and not understood is an error that names it: a model that is computed by a guess is not
//! the model that will be deployed.

pub(crate) mod encoder;
pub(crate) mod gguf;
pub(crate) mod hf;
mod rope;
mod settings;
#[cfg(test)]
mod tests;

pub use rope::{Rope, Scaling};
pub(crate) use settings::Settings;

use crate::error::{Error, Result};

/// The families of decoders. Checkpoints of one family have the same names and the same settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// Llama 1 to 3, `SmolLM`, `TinyLlama`, Yi and others that say `llama`.
    Llama,
    /// Mistral 7B.
    Mistral,
    /// Qwen 1.5, 2 and 2.5.
    Qwen2,
    /// Qwen 3, dense.
    Qwen3,
    /// Phi-1 to Phi-2.
    Phi,
    /// Phi-3, Phi-3.5 mini and Phi-4.
    Phi3,
    /// Gemma 1.
    Gemma,
    /// Gemma 2.
    Gemma2,
    /// Gemma 3, text alone.
    Gemma3,
    /// `OLMo` 1.
    Olmo,
    /// `OLMo` 2.
    Olmo2,
    /// `StableLM` 2 and 3B.
    StableLm,
    /// GPT-2.
    Gpt2,
    /// GPT-NeoX, Pythia.
    GptNeoX,
}

impl Family {
    /// Every family.
    pub const ALL: [Self; 14] = [
        Self::Llama,
        Self::Mistral,
        Self::Qwen2,
        Self::Qwen3,
        Self::Phi,
        Self::Phi3,
        Self::Gemma,
        Self::Gemma2,
        Self::Gemma3,
        Self::Olmo,
        Self::Olmo2,
        Self::StableLm,
        Self::Gpt2,
        Self::GptNeoX,
    ];

    /// `model_type` in a `config.json`.
    pub fn model_type(self) -> &'static str {
        match self {
            Self::Llama => "llama",
            Self::Mistral => "mistral",
            Self::Qwen2 => "qwen2",
            Self::Qwen3 => "qwen3",
            Self::Phi => "phi",
            Self::Phi3 => "phi3",
            Self::Gemma => "gemma",
            Self::Gemma2 => "gemma2",
            Self::Gemma3 => "gemma3_text",
            Self::Olmo => "olmo",
            Self::Olmo2 => "olmo2",
            Self::StableLm => "stablelm",
            Self::Gpt2 => "gpt2",
            Self::GptNeoX => "gpt_neox",
        }
    }

    /// By `model_type`.
    pub fn from_model_type(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|family| family.model_type() == name)
    }
}

/// How activations are normed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Norm {
    /// By the root of the mean square, times a weight.
    Rms,
    /// By the root of the mean square, times one plus a weight.
    RmsPlusOne,
    /// To mean zero and variance one, times a weight, plus a bias.
    Layer,
    /// To mean zero and variance one, and nothing else.
    LayerPlain,
}

/// Where norms stand in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Block {
    /// Before attention and before the MLP.
    Pre,
    /// Behind attention and behind the MLP, before they are added.
    Post,
    /// Before and behind both.
    Sandwich,
    /// Attention and MLP side by side, behind one norm.
    ParallelShared,
    /// Attention and MLP side by side, each behind a norm of its own.
    Parallel,
}

/// What is normed of queries and keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QkNorm {
    /// Nothing.
    None,
    /// Each head, all with one weight.
    Head,
    /// All heads together.
    Whole,
    /// Each head with a weight of its own, as a layer norm without bias.
    EachHead,
    /// Each head, all with one layer norm that has a bias.
    HeadLayer,
}

/// The activation of an MLP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// `x · sigmoid(x)`.
    Silu,
    /// GELU by the error function.
    Gelu,
    /// GELU by the hyperbolic tangent.
    GeluTanh,
    /// The greater of zero and `x`.
    Relu,
}

/// What a decoder computes.
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own of the model")]
pub struct Config {
    /// The family, which gives the tensors their names.
    pub family: Family,
    /// Tokens in the vocabulary: rows of the embedding.
    pub vocab: usize,
    /// Width of the residual stream.
    pub hidden: usize,
    /// Blocks.
    pub layers: usize,
    /// Heads of queries.
    pub heads: usize,
    /// Heads of keys and values; a divisor of `heads`.
    pub kv_heads: usize,
    /// Width of a head.
    pub head_dim: usize,
    /// Width of the MLP.
    pub intermediate: usize,
    /// Longest sequence.
    pub max_positions: usize,
    /// How activations are normed.
    pub norm: Norm,
    /// What is added to the variance.
    pub norm_eps: f64,
    /// Where norms stand.
    pub block: Block,
    /// What is normed of queries and keys.
    pub qk_norm: QkNorm,
    /// Whether queries, keys and values have a bias.
    pub qkv_bias: bool,
    /// Whether the output of attention has a bias.
    pub out_bias: bool,
    /// Whether the MLP has a gate.
    pub gated: bool,
    /// Whether the MLP has biases.
    pub mlp_bias: bool,
    /// The activation of the MLP.
    pub activation: Activation,
    /// Rotary positions; none where positions are learned.
    pub rope: Option<Rope>,
    /// Rotary positions of layers with a window, where they differ.
    pub local_rope: Option<Rope>,
    /// How many keys a query sees, itself included, for each layer; none for all before it.
    pub windows: Vec<Option<usize>>,
    /// What the product of query and key is multiplied with.
    pub attention_scale: f64,
    /// Whether that is also divided by the layer's number, counted from one.
    pub scale_by_layer: bool,
    /// Where the products are bent to stay below.
    pub attention_cap: Option<f64>,
    /// Where the logits are bent to stay below.
    pub logit_cap: Option<f64>,
    /// What embeddings are multiplied with.
    pub embedding_scale: Option<f64>,
    /// What queries, keys and values are cut to.
    pub clip_qkv: Option<f64>,
    /// Whether the head is the embedding.
    pub tied: bool,
    /// Whether the head has a bias.
    pub head_bias: bool,
}

/// Bounds that no known model comes near. What is beyond them is a mistake or an attack.
const MOST: [(&str, usize); 7] = [
    ("vocab_size", 1 << 24),
    ("hidden_size", 1 << 18),
    ("num_hidden_layers", 1 << 12),
    ("num_attention_heads", 1 << 12),
    ("head_dim", 1 << 14),
    ("intermediate_size", 1 << 20),
    ("max_position_embeddings", 1 << 28),
];

impl Config {
    /// Holds the sizes against their bounds. Nothing is counted or made by a size before.
    pub(super) fn bounded(self) -> Result<Self> {
        let values = [
            self.vocab,
            self.hidden,
            self.layers,
            self.heads,
            self.head_dim,
            self.intermediate,
            self.max_positions,
        ];
        for ((name, most), value) in MOST.into_iter().zip(values) {
            if value == 0 || value > most {
                let problem = format!("is {value}; it has to lie between 1 and {most}");
                return Err(Error::setting(name, problem));
            }
        }
        Ok(self)
    }

    /// Holds the numbers against each other.
    pub(crate) fn checked(self) -> Result<Self> {
        let config = self.bounded()?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<()> {
        if self.heads.checked_rem(self.kv_heads) != Some(0) {
            let (heads, kv) = (self.heads, self.kv_heads);
            let problem = format!("is {kv}, which does not divide the {heads} heads");
            return Err(Error::setting("num_key_value_heads", problem));
        }
        if self.windows.len() != self.layers {
            let problem = format!("names {} layers of {}", self.windows.len(), self.layers);
            return Err(Error::setting("layer_types", problem));
        }
        if self.windows.contains(&Some(0)) {
            return Err(Error::setting("sliding_window", "is 0"));
        }
        if !(self.norm_eps > 0.0 && self.norm_eps < 1.0) {
            return Err(Error::setting("norm_eps", "has to lie between 0 and 1"));
        }
        let positive = [
            ("query_pre_attn_scalar", Some(self.attention_scale)),
            ("attn_logit_softcapping", self.attention_cap),
            ("final_logit_softcapping", self.logit_cap),
            ("embedding_scale", self.embedding_scale),
            ("clip_qkv", self.clip_qkv),
        ];
        for (name, value) in positive {
            if value.is_some_and(|value| !(value.is_finite() && value > 0.0)) {
                return Err(Error::setting(name, "has to be a positive number"));
            }
        }
        for rope in self.rope.iter().chain(&self.local_rope) {
            rope.check(self.head_dim)?;
        }
        Ok(())
    }
}
