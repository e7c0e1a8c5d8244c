"""Embeds texts with transformers: the mean of the last hidden states, of length one. JSON on standard
output.

    python embed.py FOLDER TEXT...
"""

import json
import sys

import torch
from transformers import AutoModel, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
model = AutoModel.from_pretrained(sys.argv[1]).eval()
out = []
for text in sys.argv[2:]:
    with torch.no_grad():
        mean = model(**tokenizer(text, return_tensors="pt")).last_hidden_state.mean(1)[0]
    out.append((mean / mean.norm()).tolist())
print(json.dumps(out))
