"""Seconds of transformers with torch: a prompt with one token behind it, and with many; three times.

    python speed.py FOLDER PROMPT REPLY
"""

import json
import os
import sys
import time

import torch
from transformers import AutoModelForCausalLM

torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
model = AutoModelForCausalLM.from_pretrained(sys.argv[1], dtype=torch.float32).eval()
prompt = torch.tensor([[n * 7 % 300 + 3 for n in range(int(sys.argv[2]))]])
mask = torch.ones_like(prompt)


def seconds(count):
    start = time.perf_counter()
    with torch.inference_mode():
        out = model.generate(
            prompt, attention_mask=mask, max_new_tokens=count, min_new_tokens=count, do_sample=False, eos_token_id=None,
            pad_token_id=0,
        )
    assert out.shape[1] == prompt.shape[1] + count
    return time.perf_counter() - start


seconds(4)
print(json.dumps([[seconds(1), seconds(int(sys.argv[3]))] for _ in range(3)]))
