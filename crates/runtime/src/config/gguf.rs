//! From the pairs of a GGUF file, and from which tensors stand in it.
//!
//! Files of one architecture differ in biases and heads, and only their tensors tell. What llama.cpp
//! knows of an architecture and no file says (the scale of the largest Gemmas, the windows' pattern) is
//! known here too.

use formats::gguf::{Gguf, KvValue};
use vocabulary::escape;

use super::{Activation, Block, Config, Family, Norm, QkNorm, Rope, Scaling};
use crate::error::{Error, Result};
use crate::number::real;

/// Keys behind an architecture's name that are read below.
const READ: &[&str] = &[
    "attention.clamp_kqv",
    "attention.head_count",
    "attention.head_count_kv",
    "attention.key_length",
    "attention.layer_norm_epsilon",
    "attention.layer_norm_rms_epsilon",
    "attention.scale",
    "attention.sliding_window",
    "attention.sliding_window_pattern",
    "attention.value_length",
    "attn_logit_softcapping",
    "block_count",
    "context_length",
    "embedding_length",
    "feed_forward_length",
    "final_logit_softcapping",
    "rope.dimension_count",
    "rope.freq_base",
    "rope.freq_base_swa",
    "rope.scaling.attn_factor",
    "rope.scaling.factor",
    "rope.scaling.original_context_length",
    "rope.scaling.type",
    "rope.scaling.yarn_beta_fast",
    "rope.scaling.yarn_beta_slow",
    "use_parallel_residual",
];

/// Keys that change nothing of what is computed here.
const WITHOUT_EFFECT: &[&str] = &["rope.scaling.finetuned", "tensor_data_layout", "vocab_size"];

/// Pairs whose keys begin with an architecture's name.
struct Pairs<'a> {
    file: &'a Gguf,
    arch: &'a str,
}

impl Pairs<'_> {
    fn get(&self, key: &str) -> Option<&KvValue> {
        self.file.get(&format!("{}.{key}", self.arch))
    }

    fn count(&self, key: &str) -> Result<Option<usize>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let count = value.as_u64().and_then(|count| usize::try_from(count).ok());
        count.map(Some).ok_or_else(|| Error::setting(key, "is not a count"))
    }

    fn needed(&self, key: &str) -> Result<usize> {
        self.count(key)?.ok_or_else(|| Error::setting(key, "is missing"))
    }

    fn number(&self, key: &str) -> Result<Option<f64>> {
        match self.get(key) {
            None => Ok(None),
            Some(KvValue::Float(value, _)) if value.is_finite() => Ok(Some(*value)),
            Some(_) => Err(Error::setting(key, "is not a finite number")),
        }
    }

    fn flag(&self, key: &str, default: bool) -> Result<bool> {
        match self.get(key) {
            None => Ok(default),
            Some(KvValue::Bool(value)) => Ok(*value),
            Some(_) => Err(Error::setting(key, "is not true or false")),
        }
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.get(key)?.as_text().map(|text| text.text.raw())
    }

    /// Refuses keys of the architecture that are neither read nor known to be without effect.
    fn finish(&self) -> Result<()> {
        for pair in &self.file.kv {
            let key = pair.key.raw();
            let Some(own) = key.strip_prefix(self.arch).and_then(|key| key.strip_prefix('.'))
            else {
                continue;
            };
            if !READ.contains(&own) && !WITHOUT_EFFECT.contains(&own) {
                return Err(Error::Unknown(format!("the key `{}`", escape(key))));
            }
        }
        Ok(())
    }
}

/// What is asked of the tensors of a file.
pub(crate) trait Tensors {
    /// The shape of a tensor, the slowest dimension first.
    fn shape(&self, name: &str) -> Option<Vec<usize>>;
    /// The numbers of a tensor of one dimension.
    fn numbers(&self, name: &str, count: usize) -> Result<Vec<f64>>;
}

fn family(arch: &str) -> Option<Family> {
    Some(match arch {
        "llama" => Family::Llama,
        "qwen2" => Family::Qwen2,
        "qwen3" => Family::Qwen3,
        "phi2" => Family::Phi,
        "phi3" => Family::Phi3,
        "gemma" => Family::Gemma,
        "gemma2" => Family::Gemma2,
        "gemma3" => Family::Gemma3,
        "olmo" => Family::Olmo,
        "olmo2" => Family::Olmo2,
        "stablelm" => Family::StableLm,
        "gpt2" => Family::Gpt2,
        "gptneox" => Family::GptNeoX,
        _ => return None,
    })
}

/// Reads a configuration.
pub(crate) fn read(file: &Gguf, tensors: &dyn Tensors) -> Result<Config> {
    let arch = file.get("general.architecture").and_then(KvValue::as_text);
    let arch = arch.ok_or_else(|| Error::setting("general.architecture", "is missing"))?;
    let arch = arch.text.raw();
    let family = family(arch)
        .ok_or_else(|| Error::Unknown(format!("the architecture `{}`", escape(arch))))?;
    let pairs = Pairs { file, arch };
    let mut config = common(&pairs, family, tensors)?.bounded()?;
    special(&pairs, &mut config, tensors)?;
    if family != Family::Gpt2 {
        rope(&pairs, &mut config, tensors)?;
    }
    pairs.finish()?;
    config.checked()
}

fn common(pairs: &Pairs<'_>, family: Family, tensors: &dyn Tensors) -> Result<Config> {
    let has = |name: &str| tensors.shape(name).is_some();
    let hidden = pairs.needed("embedding_length")?;
    let layers = pairs.needed("block_count")?;
    let heads = pairs.needed("attention.head_count")?;
    let kv_heads = pairs.count("attention.head_count_kv")?.unwrap_or(heads);
    let head_dim = match pairs.count("attention.key_length")? {
        Some(dim) => dim,
        None => hidden
            .checked_div(heads)
            .ok_or_else(|| Error::setting("attention.head_count", "is 0"))?,
    };
    if pairs.count("attention.value_length")?.is_some_and(|width| width != head_dim) {
        return Err(Error::Unknown("values of another width than keys".to_owned()));
    }
    let vocab = tensors
        .shape("token_embd.weight")
        .and_then(|shape| shape.first().copied())
        .ok_or_else(|| Error::tensor("token_embd.weight", "is missing"))?;
    let root = pairs.number("attention.layer_norm_rms_epsilon")?;
    let mean = pairs.number("attention.layer_norm_epsilon")?;
    let window = pairs.count("attention.sliding_window")?.filter(|window| *window > 0);
    let scale = pairs.number("attention.scale")?.unwrap_or(1.0 / real(head_dim).sqrt());
    let gated = !matches!(family, Family::Phi | Family::Gpt2 | Family::GptNeoX);
    Ok(Config {
        family,
        vocab,
        hidden,
        layers,
        heads,
        kv_heads,
        head_dim,
        intermediate: pairs.needed("feed_forward_length")?,
        max_positions: pairs.needed("context_length")?,
        norm: if root.is_some() { Norm::Rms } else { Norm::Layer },
        norm_eps: root
            .or(mean)
            .ok_or_else(|| Error::setting("attention.layer_norm_rms_epsilon", "is missing"))?,
        block: Block::Pre,
        qk_norm: QkNorm::None,
        qkv_bias: has("blk.0.attn_q.bias") || has("blk.0.attn_qkv.bias"),
        out_bias: has("blk.0.attn_output.bias"),
        gated,
        mlp_bias: has("blk.0.ffn_up.bias"),
        activation: Activation::Silu,
        rope: None,
        local_rope: None,
        windows: vec![window; layers.min(1 << 12)],
        attention_scale: scale,
        scale_by_layer: false,
        attention_cap: None,
        logit_cap: None,
        embedding_scale: None,
        clip_qkv: None,
        tied: !has("output.weight"),
        head_bias: has("output.bias"),
    })
}

/// What differs among architectures.
fn special(pairs: &Pairs<'_>, config: &mut Config, tensors: &dyn Tensors) -> Result<()> {
    let has = |name: &str| tensors.shape(name).is_some();
    let layers = config.layers.min(1 << 12);
    let window = config.windows.first().copied().flatten();
    let every = |full: usize| {
        let slides = |n: usize| n.saturating_add(1).checked_rem(full) != Some(0);
        (0..layers).map(|n| window.filter(|_| slides(n))).collect::<Vec<_>>()
    };
    // Whether each layer has the window, or which layers have not; else what the architecture has.
    let pattern = |full: usize| match pairs.get("attention.sliding_window_pattern") {
        None => Ok(every(full)),
        Some(KvValue::Array(list)) if list.items.len() as u64 == list.len => {
            let slides = |item: &KvValue| match item {
                KvValue::Bool(slides) => Ok(window.filter(|_| *slides)),
                _ => Err(Error::setting("attention.sliding_window_pattern", "is no list of flags")),
            };
            list.items.iter().map(slides).collect()
        }
        Some(_) => {
            let count = pairs.count("attention.sliding_window_pattern")?;
            Ok(every(count.unwrap_or(full)))
        }
    };
    match config.family {
        Family::Llama | Family::Mistral | Family::Qwen2 | Family::Phi3 => {}
        Family::Qwen3 => config.qk_norm = QkNorm::Head,
        Family::Phi => {
            config.block = Block::ParallelShared;
            config.activation = Activation::GeluTanh;
        }
        Family::Gemma | Family::Gemma2 | Family::Gemma3 => {
            // The files hold one plus the weight already.
            config.activation = Activation::GeluTanh;
            config.embedding_scale = Some(real(config.hidden).sqrt());
            if config.family != Family::Gemma {
                config.block = Block::Sandwich;
                config.attention_cap = pairs.number("attn_logit_softcapping")?;
                config.logit_cap = pairs.number("final_logit_softcapping")?;
                // The largest of either scales by the width of the model over its heads.
                let largest = if config.family == Family::Gemma2 { 46 } else { 62 };
                if config.layers == largest {
                    let share = real(config.hidden) / real(config.heads.max(1));
                    config.attention_scale = 1.0 / share.sqrt();
                }
            }
            if config.family == Family::Gemma2 {
                config.windows = pattern(2)?;
            } else if config.family == Family::Gemma3 {
                config.qk_norm = QkNorm::Head;
                config.windows = pattern(6)?;
            }
        }
        Family::Olmo => {
            config.norm = Norm::LayerPlain;
            config.clip_qkv = pairs.number("attention.clamp_kqv")?.filter(|clip| *clip > 0.0);
        }
        Family::Olmo2 => {
            config.block = Block::Post;
            config.qk_norm = QkNorm::Whole;
        }
        Family::StableLm => {
            if has("blk.0.attn_q_norm.weight") {
                config.qk_norm = QkNorm::EachHead;
            }
            if !has("blk.0.ffn_norm.weight") {
                config.block = Block::ParallelShared;
            }
            pairs.flag("use_parallel_residual", false)?;
        }
        Family::Gpt2 => config.activation = Activation::GeluTanh,
        Family::GptNeoX => {
            config.activation = Activation::Gelu;
            if pairs.flag("use_parallel_residual", true)? {
                config.block = Block::Parallel;
            }
        }
    }
    Ok(())
}

fn rope(pairs: &Pairs<'_>, config: &mut Config, tensors: &dyn Tensors) -> Result<()> {
    let default_theta = if config.family == Family::Gemma3 { 1e6 } else { 1e4 };
    let theta = pairs.number("rope.freq_base")?.unwrap_or(default_theta);
    let dim = pairs.count("rope.dimension_count")?.unwrap_or(config.head_dim);
    let original = pairs.count("rope.scaling.original_context_length")?;
    let original = original.unwrap_or(config.max_positions);
    let half = dim.div_euclid(2);
    let factor = pairs.number("rope.scaling.factor")?;
    let attention = pairs.number("rope.scaling.attn_factor")?;
    let scaling = if tensors.shape("rope_freqs.weight").is_some() {
        Scaling::Factors(tensors.numbers("rope_freqs.weight", half)?)
    } else if tensors.shape("rope_factors_short.weight").is_some() {
        Scaling::Long {
            short: tensors.numbers("rope_factors_short.weight", half)?,
            long: tensors.numbers("rope_factors_long.weight", half)?,
            original,
            attention: attention.unwrap_or(1.0),
        }
    } else {
        let missing = || Error::setting("rope.scaling.factor", "is missing");
        match pairs.text("rope.scaling.type") {
            None | Some("none") => Scaling::None,
            Some("linear") => Scaling::Linear(factor.ok_or_else(missing)?),
            Some("yarn") => {
                let factor = factor.ok_or_else(missing)?;
                let grown = if factor <= 1.0 { 1.0 } else { 0.1 * factor.ln() + 1.0 };
                Scaling::Yarn {
                    factor,
                    fast: pairs.number("rope.scaling.yarn_beta_fast")?.unwrap_or(32.0),
                    slow: pairs.number("rope.scaling.yarn_beta_slow")?.unwrap_or(1.0),
                    original,
                    truncate: true,
                    attention: attention.unwrap_or(1.0) * grown,
                }
            }
            Some(other) => {
                return Err(Error::Unknown(format!("the rotary scaling `{}`", escape(other))));
            }
        }
    };
    // The converter moves the halves of these heads beside each other.
    let neighbours = matches!(config.family, Family::Llama | Family::Olmo);
    config.rope = Some(Rope { theta, dim, neighbours, scaling });
    if config.family == Family::Gemma3 {
        let theta = pairs.number("rope.freq_base_swa")?.unwrap_or(1e4);
        config.local_rope = Some(Rope { theta, dim, neighbours, scaling: Scaling::None });
    }
    Ok(())
}
