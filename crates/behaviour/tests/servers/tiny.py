"""Writes a llama of 60 thousand random numbers with a tokenizer and a chat template: enough for a real
server to load and to answer with. Usage: python tiny.py OUT.gguf (needs `gguf` and `numpy`)."""

import sys

import gguf
import numpy as np

DIM, LAYERS, HEADS, FEED, CONTEXT = 32, 2, 4, 64, 512
WORDS = (
    "the a of to and in is it that was for on are with as at be this have from or one had by word but "
    "not what all were we when your can said there use an each which she do how their if will up other "
    "about out many then them these so some her would make like him into time has look two more write "
    "go see number no way could people my than first water been call who its now find long down day"
).split()
TEMPLATE = (
    "{% for message in messages %}<{{ message.role }}>{{ message.content }}{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)


def tokens():
    yield "<unk>", 0.0, gguf.TokenType.UNKNOWN
    yield "<s>", 0.0, gguf.TokenType.CONTROL
    yield "</s>", 0.0, gguf.TokenType.CONTROL
    for byte in range(256):
        yield f"<0x{byte:02X}>", 0.0, gguf.TokenType.BYTE
    for rank, char in enumerate(map(chr, range(33, 127))):
        yield char, -1000.0 - rank, gguf.TokenType.NORMAL
    yield "\u2581", -999.0, gguf.TokenType.NORMAL
    for rank, word in enumerate(WORDS):
        yield "\u2581" + word, -1.0 - rank, gguf.TokenType.NORMAL


def main(path):
    vocabulary = list(tokens())
    random = np.random.default_rng(7)
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("tiny")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(DIM)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(FEED)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_rope_dimension_count(DIM // HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(vocabulary))
    writer.add_tokenizer_model("llama")
    writer.add_token_list([text.encode() for text, _, _ in vocabulary])
    writer.add_token_scores([score for _, score, _ in vocabulary])
    writer.add_token_types([kind for _, _, kind in vocabulary])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_chat_template(TEMPLATE)

    def add(name, *shape, scale=0.4):
        writer.add_tensor(name, (random.standard_normal(shape) * scale).astype(np.float32))

    add("token_embd.weight", len(vocabulary), DIM, scale=1.0)
    for n in range(LAYERS):
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            add(f"blk.{n}.{name}.weight", DIM, DIM)
        add(f"blk.{n}.ffn_gate.weight", FEED, DIM)
        add(f"blk.{n}.ffn_up.weight", FEED, DIM)
        add(f"blk.{n}.ffn_down.weight", DIM, FEED)
        for name in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"blk.{n}.{name}.weight", np.ones(DIM, np.float32))
    writer.add_tensor("output_norm.weight", np.ones(DIM, np.float32))
    head = random.standard_normal((len(vocabulary), DIM)) * 0.5
    # Mostly words: bytes alone would make texts that are none.
    head[3:259] *= 0.05
    writer.add_tensor("output.weight", head.astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


main(sys.argv[1])
