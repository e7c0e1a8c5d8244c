"""Makes the files of `cargo xtask bench`: make.py FOLDER DIVISOR (sizes are divided by it).

The same arguments make the same bytes. Needs h5py. Nothing here needs torch: the pickle inside the zip names
torch's functions as torch itself writes them, and nobody loads it.
"""

import io
import json
import pickle
import random
import struct
import sys
import types
import zipfile
from pathlib import Path

FOLDER = Path(sys.argv[1])
DIVISOR = int(sys.argv[2])
GIB = 1 << 30
TENSORS = 64
CHUNK = 1 << 20


def named(module, name):
    """A function that pickles as `module.name`, without that module being there."""

    def function(*_):
        raise RuntimeError("never called")

    function.__module__, function.__qualname__, function.__name__ = module, name, name
    parts = module.split(".")
    for depth in range(len(parts)):
        sys.modules.setdefault(".".join(parts[: depth + 1]), types.ModuleType(module))
    setattr(sys.modules[module], name, function)
    return function


class Storage:
    def __init__(self, key, count):
        self.key, self.count = key, count


class Tensor:
    def __init__(self, storage):
        self.storage = storage

    def __reduce__(self):
        rebuild = named("torch._utils", "_rebuild_tensor_v2")
        from collections import OrderedDict

        shape = (self.storage.count // 1024, 1024)
        return rebuild, (self.storage, 0, shape, (1024, 1), False, OrderedDict())


class Pickler(pickle.Pickler):
    def persistent_id(self, value):
        if isinstance(value, Storage):
            kind = named("torch", "FloatStorage")
            return "storage", kind, value.key, "cpu", value.count
        return None


def noise(count, seed):
    """`count` bytes that do not compress, in chunks."""
    block = random.Random(seed).randbytes(CHUNK)
    for start in range(0, count, CHUNK):
        yield block[: min(CHUNK, count - start)]


def torch_zip(path, total):
    count = total // TENSORS // 4096 * 1024
    storages = [Storage(str(n), count) for n in range(TENSORS)]
    state = {f"layer.{n}.weight": Tensor(storage) for n, storage in enumerate(storages)}
    data = io.BytesIO()
    Pickler(data, protocol=2).dump(state)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("torch/data.pkl", data.getvalue())
        archive.writestr("torch/byteorder", "little")
        for storage in storages:
            with archive.open(f"torch/data/{storage.key}", "w", force_zip64=True) as member:
                for chunk in noise(count * 4, int(storage.key)):
                    member.write(chunk)
        archive.writestr("torch/version", "3\n")


def safetensors(path, total):
    each = total // TENSORS // 4096 * 4096
    header = {
        f"layer.{n}.weight": {
            "dtype": "F32",
            "shape": [each // 4096, 1024],
            "data_offsets": [n * each, (n + 1) * each],
        }
        for n in range(TENSORS)
    }
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for n in range(TENSORS):
            for chunk in noise(each, n):
                out.write(chunk)


def dicts(path, count):
    values = [
        {"id": n, "name": f"item-{n:08d}-{'x' * 140}", "score": n / 7, "tags": ["a", str(n)]}
        for n in range(count)
    ]
    with open(path, "wb") as out:
        pickle.dump(values, out, protocol=4)


def small(folder, count):
    folder.mkdir(exist_ok=True)
    for n in range(count):
        value = {"step": n, "values": list(range(200)), "name": f"run-{n}"}
        (folder / f"{n:05d}.pkl").write_bytes(pickle.dumps(value, protocol=4))


def field(number, payload):
    """A length-delimited field of a protocol buffer."""
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def varint(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out + bytes([value]))


def onnx(path, total):
    each = total // TENSORS // 4096 * 4096
    dims = varint(1 << 3) + varint(each // 4096) + varint(1 << 3) + varint(1024)
    nodes, heads = b"", []
    for n in range(TENSORS):
        name = b"weight.%d" % n
        before, after = b"x%d" % n, b"x%d" % (n + 1)
        node = field(1, before) + field(1, name) + field(2, after) + field(4, b"MatMul")
        nodes += field(1, node)
        head = dims + varint(2 << 3) + varint(1) + field(8, name)
        heads.append(head + varint(9 << 3 | 2) + varint(each))
    sizes = [len(head) + each for head in heads]
    tags = [varint(5 << 3 | 2) + varint(size) for size in sizes]
    ends = field(11, field(1, b"x0")) + field(12, field(1, b"x%d" % TENSORS))
    graph = len(nodes) + sum(map(len, tags)) + sum(sizes) + len(ends)
    with open(path, "wb") as out:
        out.write(varint(1 << 3) + varint(8) + field(8, varint(2 << 3) + varint(17)))
        out.write(varint(7 << 3 | 2) + varint(graph) + nodes)
        for n, (tag, head) in enumerate(zip(tags, heads)):
            out.write(tag + head)
            for chunk in noise(each, n):
                out.write(chunk)
        out.write(ends)


def keras(path, total):
    import h5py
    import numpy

    each = total // TENSORS // 4096 * 4096
    layers = [{"module": "keras.layers", "class_name": "InputLayer", "registered_name": None,
               "config": {"batch_shape": [None, 1024], "dtype": "float32", "name": "input"}}]
    layers += [{"module": "keras.layers", "class_name": "Dense", "registered_name": None,
                "config": {"name": f"dense_{n}", "units": each // 4096, "activation": "relu"}}
               for n in range(TENSORS)]
    config = {"module": "keras", "class_name": "Sequential", "registered_name": None,
              "config": {"name": "sequential", "layers": layers}}
    weights = path.with_suffix(".h5")
    with h5py.File(weights, "w") as file:
        for n in range(TENSORS):
            block = numpy.frombuffer(b"".join(noise(each, n)), dtype="<u4")
            stored = (block & 0x3FFFFFFF).view("<f4").reshape(1024, -1)
            file[f"layers/dense_{n}/vars/0"] = stored
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.15.1"}))
        archive.writestr("config.json", json.dumps(config))
        archive.write(weights, "model.weights.h5")
    weights.unlink()


torch_zip(FOLDER / "torch.pt", 2 * GIB // DIVISOR)
safetensors(FOLDER / "model.safetensors", 2 * GIB // DIVISOR)
dicts(FOLDER / "dicts.pkl", 1_000_000 // DIVISOR)
small(FOLDER / "small", 2_000 // DIVISOR)
# A protocol buffer holds less than 2 GiB.
onnx(FOLDER / "model.onnx", (2 * GIB - (64 << 20)) // DIVISOR)
keras(FOLDER / "model.keras", 2 * GIB // DIVISOR)
