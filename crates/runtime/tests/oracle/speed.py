"""What transformers with torch takes for a prompt with one token behind it, and with many: by the clock and
of the processor, three times.

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
    start, before, times = time.perf_counter(), time.process_time(), 0
    while times < 1 or time.perf_counter() - start < 0.5:
        with torch.inference_mode():
            out = model.generate(
                prompt, attention_mask=mask, max_new_tokens=count, min_new_tokens=count, do_sample=False,
                eos_token_id=None, pad_token_id=0,
            )
        assert out.shape[1] == prompt.shape[1] + count
        times += 1
    return [(time.perf_counter() - start) / times, (time.process_time() - before) / times]


seconds(4)
print(json.dumps([[seconds(1), seconds(int(sys.argv[3]))] for _ in range(3)]))
