"""A tiny classifier of sentences: logistic regression over hashed words."""

import json
import math
import os
import random
import zlib

import tensors

WIDTH = 64


def features(text):
    return sorted({zlib.crc32(word.encode()) % WIDTH for word in text.lower().split()})


def score(weights, bias, text):
    total = bias + sum(weights[at] for at in features(text))
    return 1 / (1 + math.exp(-total))


def records(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def loss(weights, bias, rows):
    total = 0.0
    for row in rows:
        right = score(weights, bias, row["text"])
        total -= math.log(right if row["label"] else 1 - right)
    return total / len(rows)


def fit(weights, bias, rows, seed, epochs, rate):
    """Trains in an order that the seed gives; tells the loss of every epoch."""
    order = random.Random(seed)
    for epoch in range(1, epochs + 1):
        order.shuffle(rows)
        for row in rows:
            error = score(weights, bias, row["text"]) - row["label"]
            bias -= rate * error
            for at in features(row["text"]):
                weights[at] -= rate * error
        print(f"epoch {epoch}: loss {loss(weights, bias, rows):.3f}")
    return weights, bias


def save(folder, weights, bias, kind="F32", scale=1.0):
    os.makedirs(folder, exist_ok=True)
    pack = {"weights": (kind, weights), "bias": ("F32", [bias]), "scale": ("F32", [scale])}
    tensors.write(os.path.join(folder, "model.safetensors"), pack)
    with open(os.path.join(folder, "config.json"), "w", encoding="utf-8") as file:
        json.dump({"model_type": "hashed-words", "width": WIDTH}, file)


def load(folder):
    pack = tensors.read(os.path.join(folder, "model.safetensors"))
    scale = pack["scale"][1][0]
    return [value * scale for value in pack["weights"][1]], pack["bias"][1][0]
