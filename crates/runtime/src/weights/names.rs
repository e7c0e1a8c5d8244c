//! The names of tensors: one table for each family of safetensors checkpoints, one for GGUF.

use crate::config::{Block, Config, Family, QkNorm};

/// How queries, keys and values stand in files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum QkvNames {
    /// Three matrices.
    Split([&'static str; 3]),
    /// One: all queries, then all keys, then all values.
    Stacked(&'static str),
    /// One: for each head its query, its key, its value.
    ByHead(&'static str),
}

/// How the MLP stands in files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UpNames {
    /// A gate and what it lets through.
    Gated([&'static str; 2]),
    /// Both in one: the gate first.
    Stacked(&'static str),
    /// No gate.
    Plain(&'static str),
}

/// The names of a decoder's tensors, without `.weight` and `.bias`.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    pub(crate) embed: String,
    pub(crate) positions: String,
    pub(crate) final_norm: String,
    pub(crate) head: String,
    /// What stands before a layer's number.
    pub(crate) layers: String,
    pub(crate) qkv: QkvNames,
    pub(crate) out: &'static str,
    pub(crate) up: UpNames,
    pub(crate) down: &'static str,
    /// Before attention, behind it, before the MLP, behind it.
    pub(crate) norms: [Option<&'static str>; 4],
    pub(crate) qk_norms: [&'static str; 2],
    /// Whether matrices stand with rows for inputs instead of outputs.
    pub(crate) transposed: bool,
    /// Whether norms of each head stand as tensors of their own.
    pub(crate) norm_of_each_head: bool,
}

/// The name of a part of a layer.
impl Names {
    pub(crate) fn layer(&self, layer: usize, part: &str) -> String {
        format!("{}.{layer}.{part}", self.layers)
    }
}

const SELF_ATTN: [&str; 3] = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"];

/// The names in safetensors files. `has` says whether a tensor is there: some files lack the prefix
/// of the class that they were written from.
pub(crate) fn hf(config: &Config, has: impl Fn(&str) -> bool) -> Names {
    let family = config.family;
    let (root, embed, layers, final_norm) = match family {
        Family::Gpt2 => ("transformer.", "wte", "h", "ln_f"),
        Family::GptNeoX => ("gpt_neox.", "embed_in", "layers", "final_layer_norm"),
        Family::Phi => ("model.", "embed_tokens", "layers", "final_layernorm"),
        _ => ("model.", "embed_tokens", "layers", "norm"),
    };
    let root = if has(&format!("{embed}.weight")) { "" } else { root };
    let post = Some("post_attention_layernorm");
    let norms = match (family, config.block) {
        (Family::Gpt2, _) => [Some("ln_1"), None, Some("ln_2"), None],
        (_, Block::Post) => [None, post, None, Some("post_feedforward_layernorm")],
        (_, Block::Sandwich) => [
            Some("input_layernorm"),
            post,
            Some("pre_feedforward_layernorm"),
            Some("post_feedforward_layernorm"),
        ],
        (_, Block::ParallelShared) => [Some("input_layernorm"), None, None, None],
        (_, Block::Pre | Block::Parallel) => [Some("input_layernorm"), None, post, None],
    };
    let each = config.qk_norm == QkNorm::EachHead;
    Names {
        embed: format!("{root}{embed}"),
        positions: format!("{root}wpe"),
        final_norm: format!("{root}{final_norm}"),
        // Version 5 of transformers gave GPT-NeoX the name that the others have.
        head: if has("embed_out.weight") { "embed_out" } else { "lm_head" }.to_owned(),
        layers: format!("{root}{layers}"),
        qkv: match family {
            Family::Gpt2 => QkvNames::Stacked("attn.c_attn"),
            Family::GptNeoX => QkvNames::ByHead("attention.query_key_value"),
            Family::Phi3 => QkvNames::Stacked("self_attn.qkv_proj"),
            _ => QkvNames::Split(SELF_ATTN),
        },
        out: match family {
            Family::Gpt2 => "attn.c_proj",
            Family::GptNeoX => "attention.dense",
            Family::Phi => "self_attn.dense",
            _ => "self_attn.o_proj",
        },
        up: match family {
            Family::Gpt2 => UpNames::Plain("mlp.c_fc"),
            Family::GptNeoX => UpNames::Plain("mlp.dense_h_to_4h"),
            Family::Phi => UpNames::Plain("mlp.fc1"),
            Family::Phi3 => UpNames::Stacked("mlp.gate_up_proj"),
            _ => UpNames::Gated(["mlp.gate_proj", "mlp.up_proj"]),
        },
        down: match family {
            Family::Gpt2 => "mlp.c_proj",
            Family::GptNeoX => "mlp.dense_4h_to_h",
            Family::Phi => "mlp.fc2",
            _ => "mlp.down_proj",
        },
        norms,
        qk_norms: if each || config.qk_norm == QkNorm::HeadLayer {
            ["self_attn.q_layernorm", "self_attn.k_layernorm"]
        } else {
            ["self_attn.q_norm", "self_attn.k_norm"]
        },
        transposed: family == Family::Gpt2,
        norm_of_each_head: each,
    }
}

/// The names in GGUF files. `has` tells which of two forms an architecture's file has.
pub(crate) fn gguf(config: &Config, has: impl Fn(&str) -> bool) -> Names {
    let norms = match config.block {
        Block::Post => [None, Some("post_attention_norm"), None, Some("post_ffw_norm")],
        Block::Sandwich => [
            Some("attn_norm"),
            Some("post_attention_norm"),
            Some("ffn_norm"),
            Some("post_ffw_norm"),
        ],
        Block::ParallelShared => [Some("attn_norm"), None, None, None],
        Block::Pre | Block::Parallel => [Some("attn_norm"), None, Some("ffn_norm"), None],
    };
    Names {
        embed: "token_embd".to_owned(),
        positions: "position_embd".to_owned(),
        final_norm: "output_norm".to_owned(),
        head: "output".to_owned(),
        layers: "blk".to_owned(),
        qkv: if has("blk.0.attn_qkv.weight") {
            QkvNames::Stacked("attn_qkv")
        } else {
            QkvNames::Split(["attn_q", "attn_k", "attn_v"])
        },
        out: "attn_output",
        up: match (config.gated, has("blk.0.ffn_gate.weight")) {
            (false, _) => UpNames::Plain("ffn_up"),
            (true, true) => UpNames::Gated(["ffn_gate", "ffn_up"]),
            (true, false) => UpNames::Stacked("ffn_up"),
        },
        down: "ffn_down",
        norms,
        qk_norms: ["attn_q_norm", "attn_k_norm"],
        transposed: false,
        norm_of_each_head: false,
    }
}

/// Tensors that change nothing: buffers that older versions of the libraries wrote.
pub(crate) fn inert(name: &str) -> bool {
    [".rotary_emb.inv_freq", ".attn.bias", ".attn.masked_bias", ".attention.bias"]
        .iter()
        .any(|end| name.ends_with(end))
        || name.ends_with(".attention.masked_bias")
        || name.ends_with(".position_ids")
}
