"""Writes the tiny models of `vectors.json` as GGUF with the package `gguf`, as llama.cpp's converter
names and turns their tensors.

    python gguf.py VECTORS TEXT FOLDER

Dense files have the logits of the vectors. `NAME.TYPE.gguf` is quantized and `NAME.TYPE.dense.gguf` holds
what the package makes of its blocks. `tok-NAME.gguf` has a tokenizer of `text.json`. Needs numpy and gguf.
"""

import hashlib
import json
import sys
from pathlib import Path

# The folder of this file must not hide the package of the same name.
sys.path = [p for p in sys.path if Path(p or ".").resolve() != Path(__file__).resolve().parent]

import numpy as np
import gguf

ARCH = {
    "llama": "llama", "mistral": "llama", "qwen2": "qwen2", "qwen3": "qwen3", "phi": "phi2", "phi3": "phi3", "gemma": "gemma",
    "gemma2": "gemma2", "gemma3_text": "gemma3", "olmo": "olmo", "olmo2": "olmo2", "stablelm": "stablelm",
    "gpt2": "gpt2", "gpt_neox": "gptneox",
}
NAMES = {
    "embed_tokens": "token_embd", "wte": "token_embd", "embed_in": "token_embd", "wpe": "position_embd",
    "lm_head": "output", "embed_out": "output",
    "norm": "output_norm", "ln_f": "output_norm", "final_layernorm": "output_norm", "final_layer_norm": "output_norm",
    "input_layernorm": "attn_norm", "ln_1": "attn_norm", "ln_2": "ffn_norm",
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "self_attn.dense": "attn_output", "self_attn.qkv_proj": "attn_qkv",
    "attn.c_attn": "attn_qkv", "attn.c_proj": "attn_output",
    "attention.query_key_value": "attn_qkv", "attention.dense": "attn_output",
    "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm",
    "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
    "mlp.fc1": "ffn_up", "mlp.fc2": "ffn_down", "mlp.gate_up_proj": "ffn_up",
    "mlp.c_fc": "ffn_up", "mlp.c_proj": "ffn_down",
    "mlp.dense_h_to_4h": "ffn_up", "mlp.dense_4h_to_h": "ffn_down",
    "pre_feedforward_layernorm": "ffn_norm", "post_feedforward_layernorm": "post_ffw_norm",
}
# What a file cannot say: other activations, scales by layer, windows from a layer on, other norms of heads.
LEFT_OUT = {"gpt2-scaled", "qwen2-sliding", "phi-normed"}


def weights(name, shape):
    state = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little") | 1
    count = int(np.prod(shape))
    numbers = np.empty(count, dtype=np.float32)
    for n in range(count):
        state ^= state >> 12
        state ^= (state << 25) & 0xFFFFFFFFFFFFFFFF
        state ^= state >> 27
        word = (state * 0x2545F4914F6CDD1D) & 0xFFFFFFFFFFFFFFFF
        numbers[n] = (word >> 40) / float(1 << 24) - 0.5
    norm = any(part in name for part in ("norm", "ln_", "LayerNorm", "layer_norm"))
    if norm and name.endswith("weight"):
        numbers = numbers * np.float32(0.5) + np.float32(1.0)
    elif len(shape) > 1 and "embed" not in name and "wte" not in name:
        numbers = numbers * np.float32(0.5)
    return numbers.reshape(shape)


def permute(x, heads):
    """Halves of a head beside each other, as `LlamaModel.permute` has them."""
    return x.reshape(heads, 2, x.shape[0] // heads // 2, *x.shape[1:]).swapaxes(1, 2).reshape(x.shape)


def tensors(case):
    config = case["config"]
    kind = config["model_type"]
    heads = config.get("num_attention_heads", config.get("n_head"))
    kv = config.get("num_key_value_heads") or heads
    out = {}
    stacks = {}
    for name, shape in case["shapes"].items():
        x = weights(name, shape)
        base, end = name.rsplit(".", 1)
        for root in ("model.", "transformer.", "gpt_neox."):
            base = base.removeprefix(root)
        layer = None
        if base.split(".")[0] in ("layers", "h"):
            _, layer, base = base.split(".", 2)
        if ".norms." in base:
            part, _, head = base.partition(".norms.")
            stacks.setdefault((layer, part), {})[int(head)] = x
            continue
        if base == "post_attention_layernorm":
            new = "post_attention_norm" if kind in ("gemma2", "gemma3_text", "olmo2") else "ffn_norm"
        else:
            new = NAMES[base]
        if kind in ("llama", "mistral", "olmo") and new in ("attn_q", "attn_k"):
            x = permute(x, heads if new == "attn_q" else kv)
        if kind.startswith("gemma") and "norm" in new:
            x = x + np.float32(1)
        if kind == "gpt2" and end == "weight" and new in ("attn_qkv", "attn_output", "ffn_up", "ffn_down"):
            x = np.ascontiguousarray(x.T)
        if kind == "gpt_neox" and new == "attn_qkv":
            rest = x.shape[1:]
            x = x.reshape(heads, 3, -1, *rest).swapaxes(0, 1).reshape(-1, *rest)
        out[f"{new}.{end}" if layer is None else f"blk.{layer}.{new}.{end}"] = x
    for (layer, part), rows in stacks.items():
        new = {"self_attn.q_layernorm": "attn_q_norm", "self_attn.k_layernorm": "attn_k_norm"}[part]
        out[f"blk.{layer}.{new}.weight"] = np.stack([rows[n] for n in sorted(rows)])
    return out


def write(path, case, make, extra=()):
    config = case["config"]
    kind = config["model_type"]
    arch = ARCH[kind]
    writer = gguf.GGUFWriter(str(path), arch)
    hidden = config.get("hidden_size", config.get("n_embd"))
    heads = config.get("num_attention_heads", config.get("n_head"))
    writer.add_context_length(config.get("max_position_embeddings", config.get("n_positions")))
    writer.add_embedding_length(hidden)
    writer.add_block_count(config.get("num_hidden_layers", config.get("n_layer")))
    writer.add_feed_forward_length(config.get("intermediate_size") or config.get("n_inner") or 4 * hidden)
    writer.add_head_count(heads)
    writer.add_head_count_kv(config.get("num_key_value_heads") or heads)
    head_dim = config.get("head_dim") or hidden // heads
    if config.get("head_dim"):
        writer.add_key_length(head_dim)
        writer.add_value_length(head_dim)
    if "rms_norm_eps" in config:
        writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    else:
        writer.add_layer_norm_eps(config.get("layer_norm_eps", config.get("layer_norm_epsilon", 1e-5)))
    rope = config.get("rope_parameters") or {}
    rope = rope.get("full_attention", rope)
    if rope:
        dims = int(head_dim * rope.get("partial_rotary_factor", 1.0))
        writer.add_rope_dimension_count(dims)
        writer.add_rope_freq_base(rope["rope_theta"])
        if rope["rope_type"] == "linear":
            writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
            writer.add_rope_scaling_factor(rope["factor"])
        if rope["rope_type"] == "yarn":
            writer.add_rope_scaling_type(gguf.RopeScalingType.YARN)
            writer.add_rope_scaling_factor(rope["factor"])
            writer.add_rope_scaling_orig_ctx_len(rope["original_max_position_embeddings"])
        if rope["rope_type"] == "longrope":
            original = config["original_max_position_embeddings"]
            factor = config["max_position_embeddings"] / original
            writer.add_rope_scaling_orig_ctx_len(original)
            writer.add_rope_scaling_attn_factors(float(np.sqrt(1 + np.log(factor) / np.log(original))))
            writer.add_tensor("rope_factors_long.weight", np.array(rope["long_factor"], dtype=np.float32))
            writer.add_tensor("rope_factors_short.weight", np.array(rope["short_factor"], dtype=np.float32))
        if rope["rope_type"] == "llama3":
            writer.add_tensor("rope_freqs.weight", llama3(rope, dims))
    if kind in ("gemma2", "gemma3_text", "phi3", "mistral"):
        writer.add_sliding_window(config.get("sliding_window") or 0)
    if kind == "gemma3_text":
        writer.add_sliding_window_pattern([t == "sliding_attention" for t in config["layer_types"]])
    if config.get("attn_logit_softcapping"):
        writer.add_attn_logit_softcapping(config["attn_logit_softcapping"])
    if config.get("final_logit_softcapping"):
        writer.add_final_logit_softcapping(config["final_logit_softcapping"])
    if config.get("clip_qkv"):
        writer.add_clamp_kqv(config["clip_qkv"])
    if "use_parallel_residual" in config:
        writer.add_parallel_residual(config["use_parallel_residual"])
    if config.get("query_pre_attn_scalar"):
        writer.add_attention_scale(config["query_pre_attn_scalar"] ** -0.5)
    for key, value in extra:
        key(writer, value)
    for name, x in tensors(case).items():
        make(writer, name, x)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def tokens(own, text):
    """What writes a tokenizer's pairs, and a chat template."""
    writer = gguf.GGUFWriter
    yield writer.add_tokenizer_model, own["model"]
    yield writer.add_tokenizer_pre, own["pre"]
    yield writer.add_token_list, own["tokens"]
    yield writer.add_token_types, own["types"]
    if "merges" in own:
        yield writer.add_token_merges, own["merges"]
        yield writer.add_bos_token_id, own["tokens"].index("<s>")
        yield writer.add_eos_token_id, own["tokens"].index("</s>")
    else:
        yield writer.add_token_scores, own["scores"]
        yield writer.add_bos_token_id, own["bos"]
        yield writer.add_eos_token_id, own["eos"]
        yield writer.add_unk_token_id, own["unknown"]
    yield writer.add_chat_template, text["templates"]["inst"]


def llama3(rope, dims):
    base = rope["rope_theta"] ** (-np.arange(0, dims, 2) / dims)
    old = rope["original_max_position_embeddings"]
    low, high, factor = rope["low_freq_factor"], rope["high_freq_factor"], rope["factor"]
    out = []
    for f in base:
        wave = 2 * np.pi / f
        if wave < old / high:
            out.append(1.0)
        elif wave > old / low:
            out.append(factor)
        else:
            smooth = (old / wave - low) / (high - low)
            out.append(1 / ((1 - smooth) / factor + smooth))
    return np.array(out, dtype=np.float32)


def dense(writer, name, x):
    writer.add_tensor(name, x)


def half(writer, name, x):
    writer.add_tensor(name, x.astype(np.float16) if x.ndim > 1 else x)


def blocks(kind, again):
    """Quantizes matrices whose rows fill blocks; `again` writes what the blocks stand for."""

    def make(writer, name, x):
        size, _ = gguf.GGML_QUANT_SIZES[kind]
        if x.ndim < 2 or x.shape[-1] % size or "norm" in name:
            writer.add_tensor(name, x)
            return
        packed = pack(x, kind, name)
        if again:
            writer.add_tensor(name, gguf.quants.dequantize(packed, kind).reshape(x.shape))
        else:
            writer.add_tensor(name, packed, raw_dtype=kind)

    return make


def pack(x, kind, name):
    try:
        return gguf.quants.quantize(x, kind)
    except NotImplementedError:
        # The package only reads these: blocks of small scales and any bits.
        return random_blocks(x.shape, kind, name)


# Where the halves of scales stand in a block: offsets in bytes.
SCALES = {"Q2_K": [80, 82], "Q3_K": [108], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208]}


def random_blocks(shape, kind, name):
    size, width = gguf.GGML_QUANT_SIZES[kind]
    rows = int(np.prod(shape[:-1]))
    count = shape[-1] // size
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "little")
    packed = np.random.default_rng(seed).integers(0, 256, (rows, count, width), dtype=np.uint8)
    step = {"Q2_K": 2e-3, "Q3_K": 3e-4, "Q4_K": 2e-4, "Q5_K": 1e-4, "Q6_K": 3e-5}[kind.name]
    for at in SCALES[kind.name]:
        packed[:, :, at : at + 2] = np.frombuffer(np.float16(step).tobytes(), dtype=np.uint8)
    return packed.reshape(*shape[:-1], count * width)


def main():
    vectors = json.loads(Path(sys.argv[1]).read_text())["decoders"]
    text = json.loads(Path(sys.argv[2]).read_text())
    folder = Path(sys.argv[3])
    for name, tokenizer in text["tokenizers"].items():
        write(folder / f"tok-{name}.gguf", vectors["llama"], dense, tokens(tokenizer["gguf"], text))
    for name, case in vectors.items():
        if name not in LEFT_OUT:
            write(folder / f"{name}.gguf", case, dense)
    write(folder / "llama-half.gguf", vectors["llama"], half)
    # Rows of 256, so that every kind of block fits.
    wide = {
        "config": {
            "model_type": "qwen2", "vocab_size": 64, "hidden_size": 256, "intermediate_size": 512, "num_hidden_layers": 2,
            "num_attention_heads": 8, "num_key_value_heads": 4, "max_position_embeddings": 64, "rms_norm_eps": 1e-6,
            "rope_parameters": {"rope_type": "default", "rope_theta": 1e4},
        },
        "shapes": {"model.embed_tokens.weight": [64, 256], "model.norm.weight": [256], "lm_head.weight": [64, 256]},
    }
    for n in range(2):
        for part, shape in {
            "input_layernorm.weight": [256], "post_attention_layernorm.weight": [256],
            "self_attn.q_proj.weight": [256, 256], "self_attn.k_proj.weight": [128, 256], "self_attn.v_proj.weight": [128, 256],
            "self_attn.q_proj.bias": [256], "self_attn.k_proj.bias": [128], "self_attn.v_proj.bias": [128],
            "self_attn.o_proj.weight": [256, 256], "mlp.gate_proj.weight": [512, 256], "mlp.up_proj.weight": [512, 256],
            "mlp.down_proj.weight": [256, 512],
        }.items():
            wide["shapes"][f"model.layers.{n}.{part}"] = shape
    cache = {}
    plain = weights

    def once(name, shape):
        # Smaller, as rows are longer.
        if name not in cache:
            x = plain(name, shape)
            cache[name] = x * np.float32(0.3) if len(shape) > 1 else x
        return cache[name]

    globals()["weights"] = once
    for kind in ("Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K"):
        kind = gguf.GGMLQuantizationType[kind]
        write(folder / f"wide.{kind.name}.gguf", wide, blocks(kind, False))
        write(folder / f"wide.{kind.name}.dense.gguf", wide, blocks(kind, True))


main()
