"""Makes the vectors of decoders and encoders that the tests compare with: what transformers computes.

    python make.py OUT/vectors.json [CASE ...]

Weights come from a generator that the tests have too (`weights.py`), by a tensor's name and shape, so no
weights are kept. Run with torch 2.15 and transformers 5.23.
"""

import json
import sys

import torch
import transformers
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSequenceClassification

from weights import weights

torch.manual_seed(0)
torch.set_num_threads(1)

COMMON = dict(
    vocab_size=160,
    hidden_size=32,
    intermediate_size=48,
    num_hidden_layers=3,
    num_attention_heads=4,
    num_key_value_heads=2,
    max_position_embeddings=128,
    bos_token_id=1,
    eos_token_id=2,
    pad_token_id=0,
)
FULL = {k: v for k, v in COMMON.items() if k != "num_key_value_heads"}
LLAMA3 = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 16,
    "rope_theta": 500.0,
}
CASES = {
    "llama": ("llama", COMMON),
    "llama3": ("llama", {**COMMON, "rope_parameters": LLAMA3, "tie_word_embeddings": True}),
    "llama-biased": ("llama", {**COMMON, "attention_bias": True, "mlp_bias": True, "head_dim": 12}),
    "llama-linear": ("llama", {**COMMON, "rope_parameters": {"rope_type": "linear", "factor": 4.0, "rope_theta": 1e4}}),
    "llama-yarn": (
        "llama",
        {
            **COMMON,
            "rope_parameters": {
                "rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32, "rope_theta": 1e4,
            },
        },
    ),
    "llama-dynamic": ("llama", {**COMMON, "rope_parameters": {"rope_type": "dynamic", "factor": 2.5, "rope_theta": 1e4}}),
    "mistral": ("mistral", {**COMMON, "sliding_window": 7}),
    "mistral-whole": ("mistral", {**COMMON, "sliding_window": None}),
    "qwen2": ("qwen2", {**COMMON, "tie_word_embeddings": True}),
    "qwen2-sliding": ("qwen2", {**COMMON, "use_sliding_window": True, "sliding_window": 6, "max_window_layers": 1}),
    "qwen2-yarn": (
        "qwen2",
        {
            **COMMON,
            "rope_parameters": {
                "rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32, "rope_theta": 1e6,
                "beta_fast": 16, "beta_slow": 2, "mscale": 1.3, "mscale_all_dim": 0.7, "truncate": False,
            },
        },
    ),
    "qwen3": ("qwen3", {**COMMON, "head_dim": 16}),
    "qwen3-biased": ("qwen3", {**COMMON, "head_dim": 16, "attention_bias": True, "tie_word_embeddings": True}),
    "phi": ("phi", {**COMMON, "num_key_value_heads": None}),
    "phi-normed": ("phi", {**COMMON, "qk_layernorm": True, "partial_rotary_factor": 1.0}),
    "phi3": ("phi3", {**COMMON, "sliding_window": 9}),
    "phi3-long": (
        "phi3",
        {
            **COMMON,
            "original_max_position_embeddings": 20,
            "rope_parameters": {
                "rope_type": "longrope",
                "rope_theta": 1e4,
                "short_factor": [1.0, 1.1, 1.2, 1.3],
                "long_factor": [1.5, 2.0, 3.0, 4.0],
            },
        },
    ),
    # As Phi-4 mini: part of a head is turned, and the head is the embedding.
    "phi3-part": (
        "phi3",
        {
            **COMMON,
            "partial_rotary_factor": 0.75,
            "tie_word_embeddings": True,
            "original_max_position_embeddings": 20,
            "rope_parameters": {
                "rope_type": "longrope",
                "rope_theta": 1e4,
                "partial_rotary_factor": 0.75,
                "short_factor": [1.0, 1.1, 1.2],
                "long_factor": [1.5, 2.0, 3.0],
            },
        },
    ),
    "gemma": ("gemma", {**COMMON, "head_dim": 16, "num_key_value_heads": 1}),
    "gemma2": (
        "gemma2",
        {
            **COMMON,
            "head_dim": 16,
            "sliding_window": 6,
            "query_pre_attn_scalar": 24,
            "attn_logit_softcapping": 2.0,
            "final_logit_softcapping": 3.0,
        },
    ),
    "gemma3": (
        "gemma3_text",
        {**COMMON, "num_hidden_layers": 4, "head_dim": 16, "sliding_window": 6, "sliding_window_pattern": 3},
    ),
    # As the larger ones: positions of layers that see all are scaled.
    "gemma3-scaled": (
        "gemma3_text",
        {
            **COMMON, "num_hidden_layers": 4, "head_dim": 16, "sliding_window": 6, "sliding_window_pattern": 2,
            "query_pre_attn_scalar": 20, "final_logit_softcapping": 4.0,
            "rope_parameters": {
                "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1e6},
                "sliding_attention": {"rope_type": "default", "rope_theta": 1e4},
            },
        },
    ),
    "olmo": ("olmo", {**COMMON, "clip_qkv": 0.4}),
    "olmo2": ("olmo2", COMMON),
    "stablelm": ("stablelm", {**COMMON, "use_qkv_bias": True}),
    "stablelm-parallel": ("stablelm", {**COMMON, "use_parallel_residual": True, "qk_layernorm": True, "partial_rotary_factor": 0.5}),
    "gpt2": ("gpt2", dict(vocab_size=160, n_embd=32, n_layer=3, n_head=4, n_positions=128, bos_token_id=1, eos_token_id=2)),
    "gpt2-scaled": (
        "gpt2",
        dict(
            vocab_size=160, n_embd=32, n_layer=3, n_head=4, n_positions=128, n_inner=40, bos_token_id=1,
            eos_token_id=2, scale_attn_by_inverse_layer_idx=True, activation_function="relu",
        ),
    ),
    "gpt2-unscaled": (
        "gpt2",
        dict(
            vocab_size=160, n_embd=32, n_layer=3, n_head=4, n_positions=128, bos_token_id=1, eos_token_id=2,
            scale_attn_weights=False, tie_word_embeddings=False, activation_function="gelu",
        ),
    ),
    "gpt_neox": ("gpt_neox", FULL),
    "gpt_neox-serial": ("gpt_neox", {**FULL, "use_parallel_residual": False, "rotary_pct": 0.5, "attention_bias": False}),
}


# The least that a configuration says, for what transformers takes for the rest. Thirty-two heads are what any
# default number of heads of keys divides.
LEAST = dict(
    vocab_size=64, hidden_size=256, intermediate_size=64, num_hidden_layers=7, num_attention_heads=32,
    max_position_embeddings=64,
)
FAMILIES = [
    "llama", "mistral", "qwen2", "qwen3", "phi", "phi3", "gemma", "gemma2", "gemma3_text", "olmo", "olmo2", "stablelm",
    "gpt_neox",
]
LEAST_OF_ALL = {family: LEAST for family in FAMILIES} | {
    "gpt2": dict(vocab_size=64, n_embd=32, n_layer=3, n_head=4, n_positions=64),
}
# Rows of 256, so that every kind of block fits.
WIDE = dict(
    vocab_size=64, hidden_size=256, intermediate_size=512, num_hidden_layers=2, num_attention_heads=8,
    num_key_value_heads=4, max_position_embeddings=64,
)

SMALL = dict(vocab_size=120, max_position_embeddings=64)
ENCODERS = {
    "bert": ("bert", {
        **SMALL, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48, "num_labels": 3,
    }),
    "roberta": ("roberta", {
        **SMALL, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48,
        "type_vocab_size": 1, "layer_norm_eps": 1e-5, "id2label": {0: "calm", 1: "hostile"}, "label2id": {"calm": 0, "hostile": 1},
    }),
    "distilbert": ("distilbert", {**SMALL, "dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 48}),
}


def fill(model):
    """Sets every tensor of a model's state; tied ones once."""
    shapes = {}
    seen = {}
    for name, tensor in model.state_dict().items():
        if tensor.data_ptr() in seen and tensor.numel() > 0:
            continue
        if not torch.is_floating_point(tensor):
            continue
        seen[tensor.data_ptr()] = name
        shapes[name] = list(tensor.shape)
        tensor.copy_(torch.from_numpy(weights(name, tuple(tensor.shape))))
    return shapes


def tokens(count, vocab, salt):
    return [(salt * 31 + 7 * n + n * n * 13 + (n % 5) * salt) % (vocab - 3) + 3 for n in range(count)]


def decoder(model_type, settings):
    config = AutoConfig.for_model(model_type, **settings)
    config._attn_implementation = "eager"
    model = AutoModelForCausalLM.from_config(config, attn_implementation="eager").eval().float()
    with torch.no_grad():
        shapes = fill(model)
        prompts = [tokens(18, config.vocab_size, salt) for salt in (1, 2)]
        logits = model(torch.tensor(prompts), use_cache=False).logits
        greedy = model.generate(
            torch.tensor(prompts[:1]), max_new_tokens=24, do_sample=False, use_cache=True,
            eos_token_id=None, pad_token_id=0,
        )[0, 18:].tolist()
    return {
        "config": json.loads(config.to_json_string()),
        "shapes": shapes,
        "prompts": prompts,
        # Of both prompts three positions, of each every fourth token.
        "logits": [[[round(float(x), 6) for x in row[p][::4]] for p in (0, 9, 17)] for row in logits],
        "greedy": greedy,
    }


def least(model_type, settings):
    """A configuration as it may stand in a file, and all that transformers takes it for."""
    config = AutoConfig.for_model(model_type, **settings)
    return {"least": {"model_type": model_type, **settings}, "whole": json.loads(config.to_json_string(use_diff=False))}


def wide():
    """A model that is written in blocks: its configuration and its tensors."""
    config = AutoConfig.for_model("qwen2", **WIDE)
    with torch.no_grad():
        shapes = fill(AutoModelForCausalLM.from_config(config))
    return {"config": json.loads(config.to_json_string()), "shapes": shapes}


def encoder(model_type, settings):
    config = AutoConfig.for_model(model_type, **settings)
    model = AutoModelForSequenceClassification.from_config(config, attn_implementation="eager").eval().float()
    with torch.no_grad():
        shapes = fill(model)
        prompts = [tokens(14, config.vocab_size, salt) for salt in (1, 2)]
        out = model(torch.tensor(prompts), output_hidden_states=True)
    return {
        "config": json.loads(config.to_json_string()),
        "shapes": shapes,
        "prompts": prompts,
        "logits": [[round(float(x), 6) for x in row] for row in out.logits],
        "hidden": [[round(float(x), 6) for x in row[-1]] for row in out.hidden_states[-1]],
    }


def main():
    """Writes one line a case, so that a change shows as one."""
    out, wanted = sys.argv[1], sys.argv[2:]
    vectors = {"transformers": transformers.__version__, "torch": torch.__version__.split("+")[0], "decoders": {}, "encoders": {}, "defaults": {}, "blocks": {}}
    for name, (model_type, settings) in CASES.items():
        if wanted and name not in wanted:
            continue
        vectors["decoders"][name] = decoder(model_type, settings)
        print(name, vectors["decoders"][name]["greedy"][:8], flush=True)
    for name, (model_type, settings) in ENCODERS.items():
        if not wanted or name in wanted:
            vectors["encoders"][name] = encoder(model_type, settings)
    for model_type, settings in LEAST_OF_ALL.items():
        vectors["defaults"][model_type] = least(model_type, settings)
    vectors["blocks"]["wide"] = wide()
    with open(out, "w") as file:
        file.write(json.dumps({k: v for k, v in vectors.items() if isinstance(v, str)})[:-1])
        for part in ("decoders", "encoders", "defaults", "blocks"):
            lines = [f"{json.dumps(name)}: {json.dumps(case, separators=(',', ':'))}" for name, case in vectors[part].items()]
            file.write(f', "{part}": {{\n' + ",\n".join(lines) + "\n}")
        file.write("}\n")


main()
