"""The weights of the models that are compared: the tests make the same ones (`it/common.rs`)."""

import functools
import hashlib

import numpy as np


@functools.cache
def weights(name, shape):
    """The numbers of a tensor: xorshift64* from the name's SHA-256, as 24 bits around zero.

    Norms lie around one, everything else around zero, in a width that keeps activations near one.
    """
    state = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little") | 1
    count = int(np.prod(shape))
    numbers = np.empty(count, dtype=np.float32)
    for n in range(count):
        state ^= state >> 12
        state ^= (state << 25) & 0xFFFFFFFFFFFFFFFF
        state ^= state >> 27
        word = (state * 0x2545F4914F6CDD1D) & 0xFFFFFFFFFFFFFFFF
        numbers[n] = (word >> 40) / float(1 << 24) - 0.5
    norm = any(part in name for part in ("norm", "ln_", "LayerNorm", "layer_norm"))
    if norm and name.endswith("weight"):
        numbers = numbers * np.float32(0.5) + np.float32(1.0)
    elif len(shape) > 1 and "embed" not in name and "wte" not in name:
        numbers = numbers * np.float32(0.5)
    return numbers.reshape(shape)
