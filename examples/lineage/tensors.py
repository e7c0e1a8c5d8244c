"""Reads and writes safetensors files of one-dimensional tensors, with nothing but the library of Python."""

import json
import struct

CODES = {"F32": "f", "I8": "b"}


def write(path, tensors):
    """Writes tensors: name -> (type, values)."""
    header, data = {}, b""
    for name, (kind, values) in sorted(tensors.items()):
        packed = struct.pack(f"<{len(values)}{CODES[kind]}", *values)
        header[name] = {
            "dtype": kind,
            "shape": [len(values)],
            "data_offsets": [len(data), len(data) + len(packed)],
        }
        data += packed
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def read(path):
    """Reads what `write` wrote."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header, data = json.loads(file.read(length)), file.read()
    tensors = {}
    for name, about in header.items():
        start, end = about["data_offsets"]
        code = CODES[about["dtype"]]
        count = about["shape"][0]
        tensors[name] = (about["dtype"], list(struct.unpack(f"<{count}{code}", data[start:end])))
    return tensors
