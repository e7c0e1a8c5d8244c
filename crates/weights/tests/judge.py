"""Compares every `converted.safetensors` under a folder with what `torch.load` gives.

Run by the oracle test on the folder that `make.py --keep` wrote.
"""

import pathlib
import sys

import numpy
import torch
from safetensors.torch import load_file

from make import copy, tensors


def same(a, b):
    """Whether two tensors have the same type, shape and bits."""
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    if a.numel() == 0:
        return True
    bits = [x.reshape(1) if x.dim() == 0 else x for x in (copy(a), b)]
    return torch.equal(*(x.view(torch.uint8) for x in bits))


def main(folder):
    for converted in sorted(pathlib.Path(folder).glob("*/converted.safetensors")):
        new = load_file(converted)
        [old] = converted.parent.glob("model.*")
        if old.suffix == ".pt":
            value = dict(tensors(torch.load(old, weights_only=False)))
            assert new.keys() == value.keys(), (old, new.keys() ^ value.keys())
            for name in new:
                assert same(value[name], new[name]), (old, name)
        else:
            arrays = numpy.load(old)
            arrays = {"array": arrays} if old.suffix == ".npy" else dict(arrays)
            assert new.keys() == arrays.keys(), old
            for name in new:
                assert numpy.array_equal(new[name].numpy(), arrays[name]), (old, name)
        print(old, len(new))


if __name__ == "__main__":
    main(sys.argv[1])
