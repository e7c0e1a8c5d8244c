"""Tells how many of the records of DATA a model gets right: evaluate.py MODEL DATA"""

import os
import sys

import model

weights, bias = model.load(sys.argv[1])
rows = model.records(os.path.join(sys.argv[2], "records.jsonl"))
right = sum((model.score(weights, bias, row["text"]) > 0.5) == bool(row["label"]) for row in rows)
print(f"{right / len(rows):.2f}")
