//! From the `config.json` of transformers, in the words of version 4 and of version 5.

use serde_json::{Value, json};
use vocabulary::escape;

use super::settings::shown;
use super::{Activation, Block, Config, Family, Norm, QkNorm, Rope, Scaling, Settings};
use crate::error::{Error, Result};
use crate::number::real;

/// Reads a configuration. What is absent has the value that transformers gives it for that family.
pub(crate) fn read(value: &Value) -> Result<Config> {
    let settings = Settings::new(value)?;
    let name = settings
        .text(&["model_type"])?
        .ok_or_else(|| Error::setting("model_type", "is missing"))?;
    let family = Family::from_model_type(name)
        .ok_or_else(|| Error::Unknown(format!("the model type `{}`", escape(name))))?;
    let config = Reader { settings: &settings, family }.read()?;
    settings.finish()?;
    config.checked()
}

/// By its name in transformers.
pub(super) fn activation(name: &str) -> Result<Activation> {
    match name {
        "silu" | "swish" => Ok(Activation::Silu),
        "gelu" => Ok(Activation::Gelu),
        "gelu_new" | "gelu_pytorch_tanh" | "gelu_fast" => Ok(Activation::GeluTanh),
        "relu" => Ok(Activation::Relu),
        other => Err(Error::Unknown(format!("the activation `{}`", escape(other)))),
    }
}

struct Reader<'a> {
    settings: &'a Settings<'a>,
    family: Family,
}

impl Reader<'_> {
    fn read(&self) -> Result<Config> {
        if self.family == Family::Gpt2 {
            return self.gpt2();
        }
        let mut config = self.common()?.bounded()?;
        match self.family {
            Family::Llama => self.llama(&mut config)?,
            Family::Mistral => config.windows = vec![self.window(Some(4096))?; config.layers],
            Family::Qwen2 | Family::Qwen3 => self.qwen(&mut config)?,
            Family::Phi => self.phi(&mut config)?,
            Family::Phi3 => self.phi3(&mut config)?,
            Family::Gemma | Family::Gemma2 | Family::Gemma3 => self.gemma(&mut config)?,
            Family::Olmo | Family::Olmo2 => self.olmo(&mut config)?,
            Family::StableLm => self.stablelm(&mut config)?,
            Family::GptNeoX => self.neox(&mut config)?,
            Family::Gpt2 => {}
        }
        self.rope(&mut config)?;
        Ok(config)
    }

    /// What all families but GPT-2 name alike, with the values of a Llama elsewhere.
    fn common(&self) -> Result<Config> {
        let s = self.settings;
        let hidden = s.needed(&["hidden_size"])?;
        let layers = s.needed(&["num_hidden_layers"])?;
        let heads = s.needed(&["num_attention_heads"])?;
        let kv_default = match self.family {
            Family::Mistral => 8,
            Family::Gemma => 16,
            Family::Gemma2 | Family::Gemma3 => 4,
            Family::Qwen2 | Family::Qwen3 | Family::StableLm => 32,
            _ => heads,
        };
        let kv_heads = match self.family {
            Family::GptNeoX => heads,
            // Where the key is there and null, it is the number of heads; where it is not, the default.
            _ if s.present("num_key_value_heads") => {
                s.count(&["num_key_value_heads"])?.unwrap_or(heads)
            }
            _ => kv_default,
        };
        let head_dim = self.head_dim(hidden, heads)?;
        let eps_default = if self.family == Family::Phi3 { 1e-5 } else { 1e-6 };
        let eps = s.number(&["rms_norm_eps"])?.unwrap_or(eps_default);
        let default_act = match self.family {
            Family::Phi => "gelu_new",
            Family::GptNeoX => "gelu",
            Family::Gemma | Family::Gemma2 | Family::Gemma3 => "gelu_pytorch_tanh",
            _ => "silu",
        };
        let act = match self.family {
            // Older files say `gelu` and mean the other one.
            Family::Gemma => match s.text(&["hidden_activation", "hidden_act"])? {
                None | Some("gelu") => default_act,
                Some(other) => other,
            },
            Family::Gemma2 | Family::Gemma3 => {
                s.ignore(&["hidden_act"]);
                s.text(&["hidden_activation"])?.unwrap_or(default_act)
            }
            _ => s.text(&["hidden_act"])?.unwrap_or(default_act),
        };
        let gemma = matches!(self.family, Family::Gemma | Family::Gemma2 | Family::Gemma3);
        Ok(Config {
            family: self.family,
            vocab: s.needed(&["vocab_size"])?,
            hidden,
            layers,
            heads,
            kv_heads,
            head_dim,
            intermediate: s.needed(&["intermediate_size"])?,
            max_positions: s.needed(&["max_position_embeddings"])?,
            norm: Norm::Rms,
            norm_eps: eps,
            block: Block::Pre,
            qk_norm: QkNorm::None,
            qkv_bias: false,
            out_bias: false,
            gated: true,
            mlp_bias: false,
            activation: activation(act)?,
            rope: None,
            local_rope: None,
            windows: vec![None; layers.min(1 << 12)],
            attention_scale: 1.0 / real(head_dim).sqrt(),
            scale_by_layer: false,
            attention_cap: None,
            logit_cap: None,
            embedding_scale: None,
            clip_qkv: None,
            tied: s.flag("tie_word_embeddings", gemma)?,
            head_bias: false,
        })
    }

    fn head_dim(&self, hidden: usize, heads: usize) -> Result<usize> {
        let default = match self.family {
            Family::Qwen3 => Some(128),
            Family::Gemma | Family::Gemma2 | Family::Gemma3 => Some(256),
            _ => None,
        };
        if let Some(dim) = self.settings.count(&["head_dim"])?.or(default) {
            return Ok(dim);
        }
        if let (Some(0), Some(dim)) = (hidden.checked_rem(heads), hidden.checked_div(heads)) {
            return Ok(dim);
        }
        let problem = format!("is {heads}, which does not divide `hidden_size` = {hidden}");
        Err(Error::setting("num_attention_heads", problem))
    }

    /// `sliding_window`; the default holds where the setting is not there, not where it is null.
    fn window(&self, default: Option<usize>) -> Result<Option<usize>> {
        if self.settings.present("sliding_window") {
            self.settings.count(&["sliding_window"])
        } else {
            Ok(default)
        }
    }

    /// The windows of layers: by `layer_types`, or else by what is said of a layer's number.
    fn windows(
        &self,
        layers: usize,
        window: Option<usize>,
        slides: impl Fn(usize) -> bool,
    ) -> Result<Vec<Option<usize>>> {
        let Some(types) = self.settings.get("layer_types") else {
            return Ok((0..layers).map(|n| window.filter(|_| slides(n))).collect());
        };
        let wrong = || Error::setting("layer_types", "is not a list of known types");
        let types = types.as_array().ok_or_else(wrong)?;
        let window_of = |value: &Value| match value.as_str() {
            Some("full_attention") => Ok(None),
            Some("sliding_attention") => window.map(Some).ok_or_else(|| {
                Error::setting("sliding_window", "is missing, and `layer_types` needs it")
            }),
            _ => Err(Error::Unknown(format!("the layer type {}", shown(value)))),
        };
        types.iter().map(window_of).collect()
    }

    fn llama(&self, config: &mut Config) -> Result<()> {
        let s = self.settings;
        config.qkv_bias = s.flag("attention_bias", false)?;
        config.out_bias = config.qkv_bias;
        config.mlp_bias = s.flag("mlp_bias", false)?;
        // It splits products and changes no sum of them.
        s.ignore(&["pretraining_tp"]);
        Ok(())
    }

    fn qwen(&self, config: &mut Config) -> Result<()> {
        let s = self.settings;
        if self.family == Family::Qwen3 {
            config.qk_norm = QkNorm::Head;
            config.qkv_bias = s.flag("attention_bias", false)?;
            config.out_bias = config.qkv_bias;
        } else {
            config.qkv_bias = true;
        }
        let first = s.count(&["max_window_layers"])?.unwrap_or(28);
        let sliding = s.flag("use_sliding_window", false)?;
        let window = self.window(Some(4096))?.filter(|_| sliding);
        config.windows = self.windows(config.layers, window, |layer| layer >= first)?;
        Ok(())
    }

    fn phi(&self, config: &mut Config) -> Result<()> {
        let s = self.settings;
        config.norm = Norm::Layer;
        config.norm_eps = s.number(&["layer_norm_eps"])?.unwrap_or(1e-5);
        config.block = Block::ParallelShared;
        config.gated = false;
        (config.qkv_bias, config.out_bias, config.mlp_bias) = (true, true, true);
        config.head_bias = true;
        if s.flag("qk_layernorm", false)? {
            config.qk_norm = QkNorm::HeadLayer;
        }
        Ok(())
    }

    fn phi3(&self, config: &mut Config) -> Result<()> {
        config.windows = vec![self.window(None)?; config.layers];
        // The files of Phi-4 mini have them; its code does not read them.
        for name in ["full_attn_mod", "interpolate_factor"] {
            self.settings.only(name, &json!(1))?;
        }
        Ok(())
    }

    fn gemma(&self, config: &mut Config) -> Result<()> {
        let s = self.settings;
        config.norm = Norm::RmsPlusOne;
        config.embedding_scale = Some(real(config.hidden).sqrt());
        config.qkv_bias = s.flag("attention_bias", false)?;
        config.out_bias = config.qkv_bias;
        s.only("use_bidirectional_attention", &json!(false))?;
        if self.family == Family::Gemma {
            return Ok(());
        }
        config.block = Block::Sandwich;
        let scalar = s.number(&["query_pre_attn_scalar"])?.unwrap_or(256.0);
        config.attention_scale = 1.0 / scalar.sqrt();
        let window = self.window(Some(4096))?;
        if let Some(window) = window {
            // The first files of Gemma 2 say it twice.
            s.same("sliding_window_size", real(window))?;
        }
        if self.family == Family::Gemma2 {
            let cap = |name: &str, default: f64| -> Result<Option<f64>> {
                if s.present(name) { s.number(&[name]) } else { Ok(Some(default)) }
            };
            config.attention_cap = cap("attn_logit_softcapping", 50.0)?;
            config.logit_cap = cap("final_logit_softcapping", 30.0)?;
            config.windows = self.windows(config.layers, window, |n| n.is_multiple_of(2))?;
        } else {
            config.qk_norm = QkNorm::Head;
            config.attention_cap = s.number(&["attn_logit_softcapping"])?;
            config.logit_cap = s.number(&["final_logit_softcapping"])?;
            let every =
                s.count(&["sliding_window_pattern", "_sliding_window_pattern"])?.unwrap_or(6);
            let slides = |n: usize| n.saturating_add(1).checked_rem(every) != Some(0);
            config.windows = self.windows(config.layers, window, slides)?;
        }
        Ok(())
    }

    fn olmo(&self, config: &mut Config) -> Result<()> {
        let s = self.settings;
        config.qkv_bias = s.flag("attention_bias", false)?;
        config.out_bias = config.qkv_bias;
        if self.family == Family::Olmo {
            config.norm = Norm::LayerPlain;
            config.norm_eps = 1e-5;
            config.clip_qkv = s.number(&["clip_qkv"])?;
        } else {
            config.norm_eps = s.number(&["rms_norm_eps"])?.unwrap_or(1e-5);
            config.block = Block::Post;
            config.qk_norm = QkNorm::Whole;
        }
        Ok(())
    }

    fn stablelm(&self, config: &mut Config) -> Result<()> {
        let s = self.settings;
        config.norm = Norm::Layer;
        config.norm_eps = s.number(&["layer_norm_eps"])?.unwrap_or(1e-5);
        config.qkv_bias = s.flag("use_qkv_bias", false)?;
        if s.flag("qk_layernorm", false)? {
            config.qk_norm = QkNorm::EachHead;
        }
        if s.flag("use_parallel_residual", false)? {
            config.block = Block::ParallelShared;
        }
        Ok(())
    }

    fn neox(&self, config: &mut Config) -> Result<()> {
        let s = self.settings;
        config.norm = Norm::Layer;
        config.norm_eps = s.number(&["layer_norm_eps"])?.unwrap_or(1e-5);
        config.gated = false;
        config.mlp_bias = true;
        config.qkv_bias = s.flag("attention_bias", true)?;
        config.out_bias = config.qkv_bias;
        if s.flag("use_parallel_residual", true)? {
            config.block = Block::Parallel;
        }
        Ok(())
    }

    fn gpt2(&self) -> Result<Config> {
        let s = self.settings;
        let hidden = s.needed(&["n_embd", "hidden_size"])?;
        let heads = s.needed(&["n_head", "num_attention_heads"])?;
        let layers = s.needed(&["n_layer", "num_hidden_layers"])?;
        let head_dim = self.head_dim(hidden, heads)?;
        let scaled = s.flag("scale_attn_weights", true)?;
        s.only("add_cross_attention", &json!(false))?;
        // It computes the same in another order, for halves.
        s.ignore(&["reorder_and_upcast_attn", "n_ctx"]);
        let act = s.text(&["activation_function"])?.unwrap_or("gelu_new");
        let four = hidden.saturating_mul(4);
        Ok(Config {
            family: Family::Gpt2,
            vocab: s.needed(&["vocab_size"])?,
            hidden,
            layers,
            heads,
            kv_heads: heads,
            head_dim,
            intermediate: s.count(&["n_inner"])?.unwrap_or(four),
            max_positions: s.needed(&["n_positions", "max_position_embeddings"])?,
            norm: Norm::Layer,
            norm_eps: s.number(&["layer_norm_epsilon"])?.unwrap_or(1e-5),
            block: Block::Pre,
            qk_norm: QkNorm::None,
            qkv_bias: true,
            out_bias: true,
            gated: false,
            mlp_bias: true,
            activation: activation(act)?,
            rope: None,
            local_rope: None,
            windows: vec![None; layers.min(1 << 12)],
            attention_scale: if scaled { 1.0 / real(head_dim).sqrt() } else { 1.0 },
            scale_by_layer: s.flag("scale_attn_by_inverse_layer_idx", false)?,
            attention_cap: None,
            logit_cap: None,
            embedding_scale: None,
            clip_qkv: None,
            tied: s.flag("tie_word_embeddings", true)?,
            head_bias: false,
        })
    }

    /// Rotary positions. Version 4 of transformers has them as `rope_scaling` and settings beside it,
    /// version 5 as `rope_parameters`.
    fn rope(&self, config: &mut Config) -> Result<()> {
        let s = self.settings;
        let (parameters, scaling) = (s.get("rope_parameters"), s.get("rope_scaling"));
        if parameters.is_some() && scaling.is_some() && parameters != scaling {
            let problem = "differs from `rope_parameters`; which of them counts is not known";
            return Err(Error::setting("rope_scaling", problem));
        }
        if self.family == Family::Gemma3 {
            return self.two_ropes(config, parameters, scaling);
        }
        let own = parameters.or(scaling).cloned().unwrap_or_else(|| json!({}));
        let base = match self.family {
            Family::GptNeoX => {
                let base = s.number(&["rotary_emb_base"])?.unwrap_or(1e4);
                s.same("rope_theta", base)?;
                base
            }
            _ => s.number(&["rope_theta"])?.unwrap_or(1e4),
        };
        config.rope = Some(self.one(config, &own, base)?);
        Ok(())
    }

    /// Those of Gemma 3: of layers that see all, and of layers with a window.
    fn two_ropes(
        &self,
        config: &mut Config,
        parameters: Option<&Value>,
        scaling: Option<&Value>,
    ) -> Result<()> {
        let s = self.settings;
        let base = s.number(&["rope_theta"])?.unwrap_or(1e6);
        let local = s.number(&["rope_local_base_freq"])?.unwrap_or(1e4);
        let plain = json!({});
        let (full, sliding) = match parameters {
            None => (scaling.unwrap_or(&plain), &plain),
            Some(parameters) => {
                let both = Settings::new(parameters)?;
                let part = |name: &str| both.get(name).unwrap_or(&plain);
                let parts = (part("full_attention"), part("sliding_attention"));
                both.finish()?;
                parts
            }
        };
        config.rope = Some(self.one(config, full, base)?);
        config.local_rope = Some(self.one(config, sliding, local)?);
        Ok(())
    }

    /// One kind of rotary positions: its own settings, and the base where they have none.
    fn one(&self, config: &Config, own: &Value, base: f64) -> Result<Rope> {
        let (s, own) = (self.settings, &Settings::new(own)?);
        let theta = own.number(&["rope_theta"])?.unwrap_or(base);
        let default_part = match self.family {
            Family::Phi => Some(0.5),
            Family::StableLm => Some(0.25),
            Family::Phi3 => Some(1.0),
            Family::GptNeoX => Some(s.number(&["rotary_pct"])?.unwrap_or(0.25)),
            _ => None,
        };
        let dim = if let Some(default) = default_part {
            let top = match self.family {
                Family::GptNeoX => {
                    s.same("partial_rotary_factor", default)?;
                    None
                }
                _ => s.number(&["partial_rotary_factor"])?,
            };
            let part = own.number(&["partial_rotary_factor"])?.or(top).unwrap_or(default);
            share(part, config.head_dim)?
        } else {
            config.head_dim
        };
        let kind = match own.text(&["rope_type", "type"])?.unwrap_or("default") {
            // The first files of Phi-3 had these names for it.
            "su" | "yarn" if self.family == Family::Phi3 => "longrope",
            other => other,
        };
        let original = self.original(config, own)?;
        let scaling = scaling(kind, own, original, config.max_positions)?;
        if self.family == Family::Phi3 && !matches!(scaling, Scaling::None | Scaling::Long { .. }) {
            return Err(Error::Unknown(format!("a Phi-3 with the rotary scaling `{kind}`")));
        }
        own.finish()?;
        Ok(Rope { theta, dim, neighbours: false, scaling })
    }

    /// The length that was trained first: what stands beside the rotary settings counts before what
    /// stands among them.
    fn original(&self, config: &Config, own: &Settings<'_>) -> Result<usize> {
        const NAME: &str = "original_max_position_embeddings";
        let default = (self.family == Family::Phi3).then_some(4096);
        let top = self.settings.count(&[NAME])?.or(default);
        if let Some(top) = top {
            own.same(NAME, real(top))?;
        }
        Ok(top.or(own.count(&[NAME])?).unwrap_or(config.max_positions))
    }
}

/// A share of a width, rounded down as Python's `int` does.
fn share(part: f64, width: usize) -> Result<usize> {
    if !(part > 0.0 && part <= 1.0) {
        return Err(Error::setting("partial_rotary_factor", "has to lie between 0 and 1"));
    }
    let wanted = real(width) * part;
    Ok((0..=width).take_while(|n| real(*n) <= wanted).last().unwrap_or(0))
}

fn scaling(kind: &str, own: &Settings<'_>, original: usize, longest: usize) -> Result<Scaling> {
    let needed = |name: &str| {
        let missing = || Error::setting(&format!("rope_scaling.{name}"), "is missing");
        own.number(&[name])?.ok_or_else(missing)
    };
    match kind {
        "default" => Ok(Scaling::None),
        // It changes the turns of sequences that are longer than the model's longest; those are refused.
        "dynamic" => {
            let factor = needed("factor")?;
            let problem = || Error::setting("rope_scaling.factor", "has to be at least 1");
            (factor >= 1.0).then_some(Scaling::None).ok_or_else(problem)
        }
        "linear" => Ok(Scaling::Linear(needed("factor")?)),
        "llama3" => Ok(Scaling::Llama3 {
            factor: needed("factor")?,
            low: needed("low_freq_factor")?,
            high: needed("high_freq_factor")?,
            original,
        }),
        "yarn" => {
            let factor = own.number(&["factor"])?.unwrap_or(real(longest) / real(original));
            let grown = |by: f64| if factor <= 1.0 { 1.0 } else { 0.1 * by * factor.ln() + 1.0 };
            let given = own.number(&["attention_factor"])?;
            let (part, all) = (own.number(&["mscale"])?, own.number(&["mscale_all_dim"])?);
            let computed = match (part, all) {
                (Some(part), Some(all)) if part != 0.0 && all != 0.0 => grown(part) / grown(all),
                _ => grown(1.0),
            };
            Ok(Scaling::Yarn {
                factor,
                fast: own.number(&["beta_fast"])?.unwrap_or(32.0),
                slow: own.number(&["beta_slow"])?.unwrap_or(1.0),
                original,
                truncate: own.flag("truncate", true)?,
                attention: given.unwrap_or(computed),
            })
        }
        "longrope" => {
            let factor = own.number(&["factor"])?.unwrap_or(real(longest) / real(original));
            let computed =
                if factor <= 1.0 { 1.0 } else { (1.0 + factor.ln() / real(original).ln()).sqrt() };
            let list = |name: &str| {
                let missing = || Error::setting(&format!("rope_scaling.{name}"), "is missing");
                own.numbers(name)?.ok_or_else(missing)
            };
            Ok(Scaling::Long {
                short: list("short_factor")?,
                long: list("long_factor")?,
                original,
                attention: own.number(&["attention_factor"])?.unwrap_or(computed),
            })
        }
        other => Err(Error::Unknown(format!("the rotary scaling `{}`", escape(other)))),
    }
}
