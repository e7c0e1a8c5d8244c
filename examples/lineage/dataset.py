"""raw/*.tsv -> a data set of one JSON record a line: dataset.py RAW OUT"""

import json
import os
import sys

raw, out = sys.argv[1:]
os.makedirs(out)
with open(os.path.join(out, "records.jsonl"), "w", encoding="utf-8") as file:
    for name in sorted(os.listdir(raw)):
        with open(os.path.join(raw, name), encoding="utf-8") as lines:
            for line in lines:
                label, text = line.rstrip("\n").split("\t")
                file.write(json.dumps({"text": text, "label": int(label)}) + "\n")
