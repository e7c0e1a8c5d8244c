"""Trains from nothing, or from BASE: train.py DATA OUT SEED [BASE]"""

import os
import sys

import model

data, out, seed, *base = sys.argv[1:]
weights, bias = model.load(base[0]) if base else ([0.0] * model.WIDTH, 0.0)
rows = model.records(os.path.join(data, "records.jsonl"))
weights, bias = model.fit(weights, bias, rows, int(seed), epochs=3, rate=0.5)
model.save(out, weights, bias)
