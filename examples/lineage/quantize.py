"""Weights of 32 bits become weights of 8: quantize.py MODEL OUT"""

import sys

import model

source, out = sys.argv[1:]
weights, bias = model.load(source)
scale = max(abs(value) for value in weights) / 127 or 1.0
model.save(out, [round(value / scale) for value in weights], bias, kind="I8", scale=scale)
