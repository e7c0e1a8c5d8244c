"""Makes the vectors of tokenizers and chat templates: what `tokenizers`, `sentencepiece` and transformers
make of texts. The texts, the tokenizers' training text and the templates are our own.

    python text.py OUT/text.json

Run with transformers 5.23, tokenizers, sentencepiece.
"""

import io
import json
import sys
from pathlib import Path

import sentencepiece
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from tokenizers import AddedToken, Regex
from transformers import PreTrainedTokenizerFast

TRAINING = [
    "The scale weighs what comes in, and the scale weighs what goes out.",
    "Whoever weighs a thing twice knows more than whoever weighs it once.",
    "A model answers; the answers are counted, and the count has an error.",
    "It's what we've seen: they're heavy, I'm sure, and you'll agree we'd ask again.",
    "1 12 123 1234 12345 numbers 2024 and 1999 stand here with 100% and 50%.",
    "def weigh(thing):\n    return thing.mass * 9.81\n\n\nprint(weigh(x))\n",
    "Größe, façade, naïve, Ωmega, дом, 計量, ひらがな.",
] * 4
TEXTS = [
    "The scale weighs it.",
    "  two spaces,\ttab\n\n\nand lines   \n",
    "It's 12345 and 67 — we'LL see!!!",
    "def f(x):\n        return x\n",
    "Größe 計量 дом 😀 \u200b end",
    "",
    " ",
    "<|im_start|>user\nhello<|im_end|>",
    "a<|im_end|>b <s>c</s>",
]
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")


def byte_level(pattern, ignore_merges):
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(pattern), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=360, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False,
    )
    tokenizer.train_from_iterator(TRAINING, trainer)
    tokenizer.add_special_tokens(["<s>", "</s>", "<|im_start|>", "<|im_end|>"])
    return tokenizer


def pieces():
    """A SentencePiece model, as Llama 2 has one: pairs, bytes for what is not known."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TRAINING), model_writer=model, vocab_size=420, model_type="bpe", byte_fallback=True,
        split_digits=True, normalization_rule_name="identity", remove_extra_whitespaces=False, character_coverage=0.98,
        allow_whitespace_only_pieces=True, minloglevel=2,
    )
    return sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())


def encodings(encode, decode):
    return [{"text": text, "ids": encode(text), "back": decode(encode(text))} for text in TEXTS]


def from_tokenizers(tokenizer, pre):
    whole = json.loads(tokenizer.to_str())
    vocab = {**whole["model"]["vocab"], **{t["content"]: t["id"] for t in whole["added_tokens"]}}
    tokens = sorted(vocab, key=vocab.get)
    special = {t["content"] for t in whole["added_tokens"]}
    return {
        "json": whole,
        "gguf": {
            "model": "gpt2", "pre": pre, "tokens": tokens, "types": [3 if t in special else 1 for t in tokens],
            "merges": [" ".join(m) for m in whole["model"]["merges"]],
        },
        "encodings": encodings(
            lambda text: tokenizer.encode(text, add_special_tokens=False).ids,
            lambda ids: tokenizer.decode(ids, skip_special_tokens=True),
        ),
    }


def from_pieces(sp):
    count = sp.vocab_size()
    kinds = [2 if sp.is_unknown(n) else 3 if sp.is_control(n) else 6 if sp.is_byte(n) else 1 for n in range(count)]
    texts = [t for t in TEXTS if "<" not in t]
    return {
        "gguf": {
            "model": "llama", "pre": "default", "tokens": [sp.id_to_piece(n) for n in range(count)], "types": kinds,
            "scores": [sp.get_score(n) for n in range(count)], "bos": sp.bos_id(), "eos": sp.eos_id(), "unknown": sp.unk_id(),
        },
        "encodings": [{"text": t, "ids": sp.encode(t), "back": sp.decode(sp.encode(t))} for t in texts],
    }


# Templates in the manner of the large families, written for this test.
TEMPLATES = {
    "chatml": "{%- for message in messages %}\n{{- '<|im_start|>' + message.role + '\\n' + message['content'] | trim + '<|im_end|>' + '\\n' }}\n{%- endfor %}\n{%- if add_generation_prompt %}\n{{- '<|im_start|>assistant\\n' }}\n{%- endif %}\n",
    "chatml-default-system": "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% set system = messages[0]['content'] %}{% else %}{% set loop_messages = messages %}{% set system = 'You weigh things.' %}{% endif %}<|im_start|>system\n{{ system }}<|im_end|>\n{% for m in loop_messages %}<|im_start|>{{ m.role }}\n{{ m.content.strip() }}<|im_end|>\n{% if loop.last and add_generation_prompt %}<|im_start|>assistant\n{% endif %}{% endfor %}",
    "inst": "{{ bos_token }}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('roles must alternate user/assistant') }}{% endif %}{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'].strip() + ' [/INST]' }}{% elif message['role'] == 'assistant' %}{{ ' ' + message['content'].strip() + ' ' + eos_token }}{% else %}{{ raise_exception('only user and assistant') }}{% endif %}{% endfor %}",
    "header": "{{- bos_token }}\n{%- if not date_string is defined %}\n    {%- if strftime_now is defined %}\n        {%- set date_string = strftime_now('%d %b %Y') %}\n    {%- else %}\n        {%- set date_string = '26 Jul 2024' %}\n    {%- endif %}\n{%- endif %}\n{%- if messages[0].role == 'system' %}\n    {%- set system_message = messages[0].content | trim %}\n    {%- set messages = messages[1:] %}\n{%- else %}\n    {%- set system_message = '' %}\n{%- endif %}\n{{- '<|header|>system<|/header|>\\n\\n' }}\n{{- 'Today Date: ' + date_string + '\\n\\n' }}\n{{- system_message }}\n{{- '<|eot|>' }}\n{%- for message in messages %}\n    {%- if not (message.role == 'ipython' or 'tool_calls' in message) %}\n        {{- '<|header|>' + message.role + '<|/header|>\\n\\n' + message.content | trim + '<|eot|>' }}\n    {%- endif %}\n{%- endfor %}\n{%- if add_generation_prompt %}\n    {{- '<|header|>assistant<|/header|>\\n\\n' }}\n{%- endif %}",
    "turn": "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{% set first_user_prefix = messages[0]['content'] + '\\n\\n' %}{% set loop_messages = messages[1:] %}{% else %}{% set first_user_prefix = '' %}{% set loop_messages = messages %}{% endif %}{% for message in loop_messages %}{% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}{% set role = message['role'] %}{% endif %}{{ '<start_of_turn>' + role + '\\n' + (first_user_prefix if loop.first else '') }}{% if message['content'] is string %}{{ message['content'] | trim }}{% elif message['content'] is iterable %}{% for item in message['content'] %}{{ item['text'] }}{% endfor %}{% endif %}{{ '<end_of_turn>\\n' }}{% endfor %}{% if add_generation_prompt %}{{'<start_of_turn>model\\n'}}{% endif %}",
    "bars": "{% for message in messages %}{% if message['role'] == 'system' %}{{'<|system|>\\n' + message['content'] + '<|end|>\\n'}}{% elif message['role'] == 'user' %}{{'<|user|>\\n' + message['content'] + '<|end|>\\n'}}{% elif message['role'] == 'assistant' %}{{'<|assistant|>\\n' + message['content'] + '<|end|>\\n'}}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% else %}{{ eos_token }}{% endif %}",
    "think": "{%- set ns = namespace(last=-1, system='') %}\n{%- for message in messages[::-1] %}\n    {%- set index = (messages | length - 1) - loop.index0 %}\n    {%- if ns.last < 0 and message.role == 'user' and not (message.content.startswith('<tool>') and message.content.endswith('</tool>')) %}\n        {%- set ns.last = index %}\n    {%- endif %}\n{%- endfor %}\n{%- for message in messages %}\n    {%- set content = message.content if message.content is string else '' %}\n    {%- if message.role == 'assistant' and '</think>' in content %}\n        {%- set thought = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}\n        {%- set content = content.split('</think>')[-1].lstrip('\\n') %}\n        {{- '[' ~ thought ~ ']' }}\n    {%- endif %}\n    {{- message.role.upper() ~ ': ' ~ content.replace('\\t', ' ') ~ ' (' ~ loop.index ~ '/' ~ loop.length ~ (', last' if loop.index0 == ns.last else '') ~ ')\\n' }}\n{%- endfor %}",
    "data": "{{ messages | tojson }}\n{{ messages[0] | tojson(indent=2) }}\n{%- for key, value in messages[-1].items() %}\n{{ key }}={{ value | upper }}{{ ',' if not loop.last }}\n{%- endfor %}\n{{ messages | map(attribute='role') | join('-') }} {{ messages | selectattr('role', 'equalto', 'user') | list | length }} {{ 'q\"<&>é' | tojson }} {{ [1, 2.5, true, none] | tojson }} {{ {'a': {'b': []}} | tojson }}",
    "macro": "{%- macro say(who, what='nothing') -%}\n{{ who | capitalize }} says {{ what | trim | default('…', true) }}.\n{%- endmacro -%}\n{% for m in messages if m.role != 'system' %}{{ say(m.role, what=m.content) }}{% if not loop.last %} {% endif %}{% else %}nobody{% endfor %}{% set parts = [] %}{% for m in messages %}{% set parts = parts + [m.role[0]] %}{% endfor %}{{ parts | length }}{% for n in range(3) %}{% if n == 1 %}{% continue %}{% endif %}{{ n }}{% endfor %}{{ '%s-%d' | format('x', 3) if false else messages[0].content[:4] | title }}",
}
CHATS = {
    "one": [{"role": "user", "content": "How heavy is it?"}],
    "talk": [
        {"role": "user", "content": " How heavy?\n"},
        {"role": "assistant", "content": "<think>\nhm\n</think>\n\nTwo\tkilos."},
        {"role": "user", "content": "And \"this\" <one> & that — 計?"},
    ],
    "system": [
        {"role": "system", "content": "You weigh."},
        {"role": "user", "content": "Go."},
        {"role": "assistant", "content": ""},
        {"role": "user", "content": "<tool>x</tool>"},
    ],
}


class Day:
    """The day that `strftime_now` tells."""

    @staticmethod
    def now():
        import datetime

        return datetime.datetime(2025, 3, 9)


def templates():
    import transformers.utils.chat_template_utils as utils

    utils.datetime = Day
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=byte_level(GPT2, False), bos_token="<s>", eos_token="</s>")
    out = []
    for name, source in TEMPLATES.items():
        for chat, messages in CHATS.items():
            for prompt in (False, True):
                try:
                    text = tokenizer.apply_chat_template(
                        messages, chat_template=source, add_generation_prompt=prompt, tokenize=False,
                    )
                except Exception as error:
                    text = None
                    print(name, chat, repr(error)[:90])
                out.append({"template": name, "chat": chat, "prompt": prompt, "text": text})
    return out


def main():
    vectors = {
        "tokenizers": {
            "gpt2": from_tokenizers(byte_level(GPT2, False), "gpt-2"),
            "llama3": from_tokenizers(byte_level(LLAMA3, True), "llama-bpe"),
            "qwen2": from_tokenizers(byte_level(QWEN2, False), "qwen2"),
            "pieces": from_pieces(pieces()),
        },
        "templates": TEMPLATES,
        "chats": CHATS,
        "day": [2025, 3, 9],
        "renders": templates(),
    }
    Path(sys.argv[1]).write_text(json.dumps(vectors, ensure_ascii=False, separators=(",", ":")) + "\n")


main()
