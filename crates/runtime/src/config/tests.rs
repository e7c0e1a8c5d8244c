//! Configurations as the published models of each family have them: settings and values, at their real
//! sizes, as version 4 of transformers wrote them.

#![allow(clippy::float_cmp, reason = "numbers that were read are those that were written")]

use serde_json::{Value, json};

use super::*;

/// What every file has that changes nothing.
fn with_common(mut value: Value) -> Value {
    let common = json!({
        "architectures": ["SomeForCausalLM"], "torch_dtype": "bfloat16", "transformers_version": "4.46.0",
        "bos_token_id": 1, "eos_token_id": [1, 2], "use_cache": true, "initializer_range": 0.02,
        "attention_dropout": 0.0, "_name_or_path": "x", "pad_token_id": null,
    });
    value.as_object_mut().unwrap().extend(common.as_object().unwrap().clone());
    value
}

fn read(value: Value) -> Config {
    hf::read(&with_common(value)).unwrap()
}

#[test]
fn llamas_are_understood() {
    let one = read(json!({
        "model_type": "llama", "vocab_size": 32000, "hidden_size": 4096, "intermediate_size": 11008,
        "num_hidden_layers": 32, "num_attention_heads": 32, "hidden_act": "silu",
        "max_position_embeddings": 2048, "max_length": 20, "rms_norm_eps": 1e-6,
        "tie_word_embeddings": false,
    }));
    assert_eq!((one.kv_heads, one.head_dim, one.tied), (32, 128, false));
    assert_eq!(one.rope.unwrap().theta, 1e4);
    let three = read(json!({
        "model_type": "llama", "vocab_size": 128_256, "hidden_size": 4096, "intermediate_size": 14336,
        "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8,
        "hidden_act": "silu", "max_position_embeddings": 131_072, "rms_norm_eps": 1e-5,
        "attention_bias": false, "mlp_bias": false, "pretraining_tp": 1, "tie_word_embeddings": false,
        "rope_theta": 500_000.0, "rope_scaling": {
            "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
            "original_max_position_embeddings": 8192, "rope_type": "llama3",
        },
    }));
    let scaling = Scaling::Llama3 { factor: 8.0, low: 1.0, high: 4.0, original: 8192 };
    assert_eq!(three.rope.unwrap().scaling, scaling);
    let small = read(json!({
        "model_type": "llama", "vocab_size": 49152, "hidden_size": 576, "intermediate_size": 1536,
        "num_hidden_layers": 30, "num_attention_heads": 9, "num_key_value_heads": 3,
        "hidden_act": "silu", "max_position_embeddings": 8192, "rms_norm_eps": 1e-5,
        "attention_bias": false, "mlp_bias": false, "pretraining_tp": 1, "tie_word_embeddings": true,
        "rope_theta": 100_000, "rope_scaling": null, "rope_interleaved": false, "is_llama_config": true,
        "transformers.js_config": { "kv_cache_dtype": {} },
    }));
    assert!(small.tied);
}

#[test]
fn windows_are_those_of_the_families() {
    let mistral = |window: Value| {
        let mut value = json!({
            "model_type": "mistral", "vocab_size": 32000, "hidden_size": 4096,
            "intermediate_size": 14336, "num_hidden_layers": 2, "num_attention_heads": 32,
            "num_key_value_heads": 8, "hidden_act": "silu", "max_position_embeddings": 32768,
            "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "tie_word_embeddings": false,
        });
        if window != json!("absent") {
            value["sliding_window"] = window;
        }
        read(value).windows
    };
    assert_eq!(mistral(json!(1024)), [Some(1024); 2]);
    assert_eq!(mistral(json!(null)), [None; 2]);
    assert_eq!(mistral(json!("absent")), [Some(4096); 2]);
    let qwen = read(json!({
        "model_type": "qwen2", "vocab_size": 151_936, "hidden_size": 896, "intermediate_size": 4864,
        "num_hidden_layers": 24, "num_attention_heads": 14, "num_key_value_heads": 2,
        "hidden_act": "silu", "max_position_embeddings": 32768, "max_window_layers": 21,
        "rms_norm_eps": 1e-6, "rope_theta": 1_000_000.0, "sliding_window": 32768,
        "tie_word_embeddings": true, "use_mrope": false, "use_sliding_window": false,
    }));
    assert!(qwen.qkv_bias && !qwen.out_bias);
    assert_eq!(qwen.windows, [None; 24]);
    let qwen3 = read(json!({
        "model_type": "qwen3", "vocab_size": 151_936, "hidden_size": 1024, "intermediate_size": 3072,
        "num_hidden_layers": 28, "num_attention_heads": 16, "num_key_value_heads": 8, "head_dim": 128,
        "hidden_act": "silu", "max_position_embeddings": 40960, "max_window_layers": 28,
        "rms_norm_eps": 1e-6, "rope_scaling": null, "rope_theta": 1_000_000, "sliding_window": null,
        "tie_word_embeddings": true, "use_sliding_window": false, "attention_bias": false,
    }));
    assert_eq!((qwen3.head_dim, qwen3.qk_norm), (128, QkNorm::Head));
}

#[test]
fn gemmas_are_understood() {
    let one = read(json!({
        "model_type": "gemma", "vocab_size": 256_000, "hidden_size": 2048, "intermediate_size": 16384,
        "num_hidden_layers": 18, "num_attention_heads": 8, "num_key_value_heads": 1, "head_dim": 256,
        "hidden_act": "gelu", "hidden_activation": null, "max_position_embeddings": 8192,
        "rms_norm_eps": 1e-6, "rope_scaling": null, "rope_theta": 10000.0, "attention_bias": false,
    }));
    assert_eq!((one.activation, one.tied), (Activation::GeluTanh, true));
    let two = read(json!({
        "model_type": "gemma2", "vocab_size": 256_000, "hidden_size": 2304, "intermediate_size": 9216,
        "num_hidden_layers": 4, "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 256,
        "hidden_act": "gelu_pytorch_tanh", "hidden_activation": "gelu_pytorch_tanh",
        "max_position_embeddings": 8192, "rms_norm_eps": 1e-6, "rope_theta": 10000.0,
        "attention_bias": false, "attn_logit_softcapping": 50.0, "final_logit_softcapping": 30.0,
        "query_pre_attn_scalar": 256, "sliding_window": 4096, "cache_implementation": "hybrid",
    }));
    assert_eq!(two.windows, [Some(4096), None, Some(4096), None]);
    assert_eq!((two.attention_cap, two.logit_cap), (Some(50.0), Some(30.0)));
    let three = read(json!({
        "model_type": "gemma3_text", "vocab_size": 262_144, "hidden_size": 1152,
        "intermediate_size": 6912, "num_hidden_layers": 26, "num_attention_heads": 4,
        "num_key_value_heads": 1, "head_dim": 256, "hidden_activation": "gelu_pytorch_tanh",
        "max_position_embeddings": 32768, "rms_norm_eps": 1e-6, "rope_theta": 1_000_000,
        "rope_local_base_freq": 10000, "rope_scaling": null, "attention_bias": false,
        "attn_logit_softcapping": null, "final_logit_softcapping": null, "query_pre_attn_scalar": 256,
        "sliding_window": 512, "sliding_window_pattern": 6, "cache_implementation": "hybrid",
    }));
    assert_eq!(three.windows.iter().filter(|window| window.is_none()).count(), 4);
    assert_eq!((three.rope.unwrap().theta, three.local_rope.unwrap().theta), (1e6, 1e4));
}

#[test]
fn others_are_understood() {
    let phi = read(json!({
        "model_type": "phi", "vocab_size": 51200, "hidden_size": 2560, "intermediate_size": 10240,
        "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 32,
        "hidden_act": "gelu_new", "max_position_embeddings": 2048, "layer_norm_eps": 1e-5,
        "partial_rotary_factor": 0.4, "qk_layernorm": false, "embd_pdrop": 0.0, "resid_pdrop": 0.1,
        "rope_scaling": null, "rope_theta": 10000.0, "tie_word_embeddings": false,
    }));
    assert_eq!(phi.rope.unwrap().dim, 32);
    let phi3 = read(json!({
        "model_type": "phi3", "vocab_size": 32064, "hidden_size": 3072, "intermediate_size": 8192,
        "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 32,
        "hidden_act": "silu", "max_position_embeddings": 4096,
        "original_max_position_embeddings": 4096, "rms_norm_eps": 1e-5, "rope_scaling": null,
        "rope_theta": 10000.0, "sliding_window": 2047, "attention_bias": false, "embd_pdrop": 0.0,
        "resid_pdrop": 0.0, "tie_word_embeddings": false, "auto_map": { "AutoConfig": "x" },
    }));
    assert_eq!((phi3.head_dim, phi3.windows[0]), (96, Some(2047)));
    let olmo = read(json!({
        "model_type": "olmo", "vocab_size": 50304, "hidden_size": 2048, "intermediate_size": 8192,
        "num_hidden_layers": 16, "num_attention_heads": 16, "num_key_value_heads": 16,
        "hidden_act": "silu", "max_position_embeddings": 2048, "clip_qkv": null,
        "attention_bias": false, "rope_scaling": null, "rope_theta": 10000.0,
        "tie_word_embeddings": true,
    }));
    assert_eq!(olmo.norm, Norm::LayerPlain);
    let stable = read(json!({
        "model_type": "stablelm", "vocab_size": 100_352, "hidden_size": 2048,
        "intermediate_size": 5632, "num_hidden_layers": 24, "num_attention_heads": 32,
        "num_key_value_heads": 32, "hidden_act": "silu", "max_position_embeddings": 4096,
        "layer_norm_eps": 1e-5, "partial_rotary_factor": 0.25, "rope_theta": 10000,
        "use_qkv_bias": true, "tie_word_embeddings": false, "hidden_dropout": 0.0,
    }));
    assert_eq!(stable.rope.unwrap().dim, 16);
    let gpt2 = read(json!({
        "model_type": "gpt2", "vocab_size": 50257, "n_embd": 768, "n_layer": 12, "n_head": 12,
        "n_positions": 1024, "n_ctx": 1024, "activation_function": "gelu_new", "attn_pdrop": 0.1,
        "embd_pdrop": 0.1, "resid_pdrop": 0.1, "layer_norm_epsilon": 1e-5, "summary_type": "cls_index",
        "task_specific_params": { "text-generation": { "do_sample": true, "max_length": 50 } },
    }));
    assert_eq!((gpt2.intermediate, gpt2.tied), (3072, true));
    let pythia = read(json!({
        "model_type": "gpt_neox", "vocab_size": 50304, "hidden_size": 512, "intermediate_size": 2048,
        "num_hidden_layers": 6, "num_attention_heads": 8, "hidden_act": "gelu",
        "max_position_embeddings": 2048, "layer_norm_eps": 1e-5, "rotary_emb_base": 10000,
        "rotary_pct": 0.25, "use_parallel_residual": true, "tie_word_embeddings": false,
    }));
    assert_eq!((pythia.rope.unwrap().dim, pythia.block), (16, Block::Parallel));
}

#[test]
fn true_where_false_alone_is_computed_is_told() {
    let mut value = json!({
        "model_type": "phi3", "vocab_size": 64, "hidden_size": 32, "intermediate_size": 32,
        "num_hidden_layers": 1, "num_attention_heads": 4, "max_position_embeddings": 64,
        "attention_bias": false,
    });
    hf::read(&value).unwrap();
    value["attention_bias"] = json!(true);
    let error = hf::read(&value).unwrap_err().to_string();
    assert!(error.contains("attention_bias"), "{error}");
}

/// What a file does not say has the value that transformers gives it, for every family.
#[test]
fn defaults_are_those_of_transformers() {
    let vectors: Value =
        serde_json::from_str(include_str!("../../tests/oracle/vectors.json")).unwrap();
    let cases = vectors["defaults"].as_object().unwrap();
    assert_eq!(cases.len(), Family::ALL.len());
    for (name, case) in cases {
        let least = hf::read(&case["least"]).unwrap_or_else(|error| panic!("{name}: {error}"));
        let whole = hf::read(&case["whole"]).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(least, whole, "{name}");
    }
}

#[test]
fn what_files_say_twice_is_read_once() {
    // Phi-4 mini, with settings that its code does not read.
    let mut value = json!({
        "model_type": "phi3", "vocab_size": 200_064, "hidden_size": 3072, "intermediate_size": 8192,
        "num_hidden_layers": 32, "num_attention_heads": 24, "num_key_value_heads": 8,
        "hidden_act": "silu", "max_position_embeddings": 131_072, "full_attn_mod": 1,
        "original_max_position_embeddings": 4096, "interpolate_factor": 1, "lm_head_bias": false,
        "mlp_bias": false, "attention_bias": false, "partial_rotary_factor": 0.75,
        "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "sliding_window": 262_144, "embd_pdrop": 0.0,
        "resid_pdrop": 0.0, "tie_word_embeddings": true, "rope_scaling": {
            "type": "longrope", "long_factor": vec![2.0; 48], "short_factor": vec![1.0; 48],
        },
    });
    let rope = read(value.clone()).rope.unwrap();
    assert_eq!(rope.dim, 96);
    let attention = (1.0 + 32f64.ln() / 4096f64.ln()).sqrt();
    assert!(
        matches!(rope.scaling, Scaling::Long { original: 4096, attention: a, .. } if a == attention)
    );
    value["lm_head_bias"] = json!(true);
    assert!(hf::read(&value).unwrap_err().to_string().contains("lm_head_bias"));
    let gemma = read(json!({
        "model_type": "gemma2", "vocab_size": 256_000, "hidden_size": 3584, "intermediate_size": 14336,
        "num_hidden_layers": 2, "num_attention_heads": 16, "num_key_value_heads": 8, "head_dim": 256,
        "hidden_act": "gelu_pytorch_tanh", "max_position_embeddings": 8192, "rope_theta": 10000.0,
        "sliding_window": 4096, "sliding_window_size": 4096,
    }));
    assert_eq!(gemma.windows, [Some(4096), None]);
    let llama = |scaling: Value| {
        let mut value = json!({
            "model_type": "llama", "vocab_size": 32000, "hidden_size": 64, "intermediate_size": 64,
            "num_hidden_layers": 1, "num_attention_heads": 4, "max_position_embeddings": 4096,
        });
        value["rope_scaling"] = scaling;
        hf::read(&value)
    };
    let plain = llama(json!(null)).unwrap();
    assert_eq!(llama(json!({ "type": "dynamic", "factor": 2.0 })).unwrap(), plain);
    assert!(llama(json!({ "type": "dynamic", "factor": 0.5 })).is_err());
    assert!(llama(json!({ "type": "dynamic", "alpha": 1000.0, "factor": 1.0 })).is_err());
}
