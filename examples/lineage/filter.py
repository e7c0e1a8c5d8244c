"""Drops records that stand twice or that hold an address: filter.py DATA OUT"""

import json
import os
import sys

import model

data, out = sys.argv[1:]
os.makedirs(out)
seen, kept, dropped = set(), 0, 0
with open(os.path.join(out, "records.jsonl"), "w", encoding="utf-8") as file:
    for row in model.records(os.path.join(data, "records.jsonl")):
        if row["text"] in seen or "@" in row["text"]:
            dropped += 1
            continue
        seen.add(row["text"])
        kept += 1
        file.write(json.dumps(row) + "\n")
print(f"kept {kept}, dropped {dropped}")
