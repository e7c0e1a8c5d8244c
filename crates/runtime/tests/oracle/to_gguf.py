"""Writes the tiny models of `vectors.json` as GGUF with the package `gguf`, as llama.cpp's converter
names and turns their tensors.

    python to_gguf.py VECTORS TEXT FOLDER

Dense files have the logits of the vectors. `NAME.TYPE.gguf` is quantized and `NAME.TYPE.dense.gguf` holds
what the package makes of its blocks. `tok-NAME.gguf` has a tokenizer of `text.json`. Needs numpy and gguf.
"""

import hashlib
import json
import sys
from pathlib import Path

import gguf
import numpy as np

from weights import weights

ARCH = {
    "llama": "llama", "mistral": "llama", "qwen2": "qwen2", "qwen3": "qwen3", "phi": "phi2", "phi3": "phi3", "gemma": "gemma",
    "gemma2": "gemma2", "gemma3_text": "gemma3", "olmo": "olmo", "olmo2": "olmo2", "stablelm": "stablelm",
    "gpt2": "gpt2", "gpt_neox": "gptneox",
}
# What a file cannot say: other activations, scales by layer, windows from a layer on, other norms of heads.
LEFT_OUT = {"gpt2-scaled", "gpt2-unscaled", "qwen2-sliding", "qwen2-yarn", "phi-normed"}


def permute(x, heads):
    """Halves of a head beside each other, as `LlamaModel.permute` has them."""
    return x.reshape(heads, 2, x.shape[0] // heads // 2, *x.shape[1:]).swapaxes(1, 2).reshape(x.shape)


def tensors(case, width):
    config = case["config"]
    kind = config["model_type"]
    heads = config.get("num_attention_heads", config.get("n_head"))
    kv = config.get("num_key_value_heads") or heads
    arch = {name: arch for arch, name in gguf.MODEL_ARCH_NAMES.items()}[ARCH[kind]]
    names = gguf.get_tensor_name_map(arch, config.get("num_hidden_layers", config.get("n_layer")))
    out = {}
    stacks = {}
    for name, shape in case["shapes"].items():
        x = weights(name, tuple(shape))
        if x.ndim > 1:
            x = x * np.float32(width)
        if ".norms." in name:
            part, head = name.removesuffix(".weight").split(".norms.")
            stacks.setdefault(part, {})[int(head)] = x
            continue
        new = names.get_name(name, try_suffixes=(".weight", ".bias"))
        part, end = new.split(".")[-2:]
        if kind in ("llama", "mistral", "olmo") and part in ("attn_q", "attn_k"):
            x = permute(x, heads if part == "attn_q" else kv)
        if kind.startswith("gemma") and "norm" in part:
            x = x + np.float32(1)
        if kind == "gpt2" and end == "weight" and part in ("attn_qkv", "attn_output", "ffn_up", "ffn_down"):
            x = np.ascontiguousarray(x.T)
        if kind == "gpt_neox" and part == "attn_qkv":
            rest = x.shape[1:]
            x = x.reshape(heads, 3, -1, *rest).swapaxes(0, 1).reshape(-1, *rest)
        out[new] = x
    for part, rows in stacks.items():
        layer, which = part.split(".")[2], part.rsplit(".", 1)[1]
        out[f"blk.{layer}.attn_{which[0]}_norm.weight"] = np.stack([rows[n] for n in sorted(rows)])
    return out


def write(path, case, make, extra=(), width=1.0):
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
    for name, x in tensors(case, width).items():
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
    vectors = json.loads(Path(sys.argv[1]).read_text())
    decoders = vectors["decoders"]
    text = json.loads(Path(sys.argv[2]).read_text())
    folder = Path(sys.argv[3])
    for name, tokenizer in text["tokenizers"].items():
        write(folder / f"tok-{name}.gguf", decoders["llama"], dense, tokens(tokenizer["gguf"], text))
    for name, case in decoders.items():
        if name not in LEFT_OUT:
            write(folder / f"{name}.gguf", case, dense)
    write(folder / "llama-half.gguf", decoders["llama"], half)
    wide = vectors["blocks"]["wide"]
    for kind in ("Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K"):
        kind = gguf.GGMLQuantizationType[kind]
        # Weights are smaller, as rows are longer.
        write(folder / f"wide.{kind.name}.gguf", wide, blocks(kind, False), width=0.3)
        write(folder / f"wide.{kind.name}.dense.gguf", wide, blocks(kind, True), width=0.3)


main()
