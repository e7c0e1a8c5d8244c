"""Loads a folder with transformers and says what it makes of one chat: JSON on standard output."""

import json
import sys

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

folder = sys.argv[1]
tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForCausalLM.from_pretrained(folder).eval()
messages = [{"role": "user", "content": "dog"}]
chat = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
prompt = tokenizer(chat, add_special_tokens=False, return_tensors="pt").input_ids
with torch.no_grad():
    logits = model(prompt).logits[0, -1].tolist()
    reply = model.generate(prompt, max_new_tokens=12, do_sample=False, pad_token_id=0)[0, prompt.shape[1] :]
text = tokenizer.decode(reply, skip_special_tokens=True)
print(json.dumps({"chat": chat, "prompt": prompt[0].tolist(), "logits": logits, "reply": text}))
