"""What `cargo xtask bench --runtime` measures: the side of transformers with torch. It does what
`examples/speed.rs` does, once for each line of its input.

    python speed.py FOLDER
"""

import json
import os
import sys
import time

import torch
import transformers

PROMPT, REPLY, SEQUENCES, TOKENS = 256, 64, 16, 64

torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
model = transformers.AutoModelForCausalLM.from_pretrained(sys.argv[1], dtype=torch.float32).eval()


def tokens(salt, count):
    return [(n * 7 + salt * 31) % 300 + 3 for n in range(count)]


def seconds(act):
    start, before, times = time.perf_counter(), time.process_time(), 0
    while times < 1 or time.perf_counter() - start < 0.5:
        with torch.inference_mode():
            act()
        times += 1
    return [(time.perf_counter() - start) / times, (time.process_time() - before) / times]


def reply(count):
    out = model.generate(
        prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=count, min_new_tokens=count, do_sample=False,
        eos_token_id=None, pad_token_id=0,
    )
    assert out.shape[1] == PROMPT + count


def score(ids):
    logprobs = model(ids[:, :-1], use_cache=False).logits.log_softmax(-1)
    return logprobs.gather(-1, ids[:, 1:, None])


prompt = torch.tensor([tokens(0, PROMPT)])
sequences = torch.tensor([tokens(n, TOKENS) for n in range(SEQUENCES)])
print("ready", torch.__version__, transformers.__version__, flush=True)
for _ in sys.stdin:
    one, many = seconds(lambda: reply(1)), seconds(lambda: reply(REPLY))
    told = {
        "prompt": one,
        "token": [(b - a) / (REPLY - 1) for a, b in zip(one, many)],
        "alone": seconds(lambda: [score(one[None]).tolist() for one in sequences]),
        "together": seconds(lambda: score(sequences).tolist()),
    }
    with torch.inference_mode():
        told["scores"] = score(sequences).double().sum().item()
    print(json.dumps(told), flush=True)
