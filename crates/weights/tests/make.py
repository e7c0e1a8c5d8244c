"""Writes pages/<name>.md: files as PyTorch writes them, and what their tensors are.

Each case is Python that leaves `value` and saves it as `model.pt` (or names another file). Its page
keeps that Python, the versions that ran it, the bytes as a `forge` recipe, and in an `expect` block
the SHA-256 of the file that the `safetensors` package writes for the same tensors, and each tensor's
element type, shape and the SHA-256 of its bytes. The tensors are taken from what `torch.load` gives.

    python crates/weights/tests/make.py              # every page
    python crates/weights/tests/make.py --keep DIR   # the files themselves, for the oracle test

Needs torch, safetensors and numpy.
"""

import base64
import hashlib
import importlib.metadata
import json
import os
import pathlib
import platform
import struct
import sys
import tempfile
import textwrap

import numpy
import torch
from safetensors.numpy import save as save_numpy
from safetensors.torch import load, save

PAGES = pathlib.Path(__file__).parent / "pages"
HERE = os.getcwd()

MODEL = """
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.ReLU(), torch.nn.Linear(2, 1))
"""

CASES = {
    "state-dict": MODEL + "    torch.save(model.state_dict(), 'model.pt')",
    "state-dict-legacy": MODEL + """
    torch.save(model.state_dict(), 'model.pt', _use_new_zipfile_serialization=False)
""",
    "checkpoint": MODEL + """
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 2)
    model(torch.zeros(1, 3)).sum().backward()
    optimizer.step(); scheduler.step()
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(),
                "scheduler": scheduler.state_dict(), "epoch": 1, "best": None, "notes": "third run",
                "loss": torch.tensor(0.5)}, "model.pt")
""",
    "dtypes": """
    names = ["float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8",
             "uint16", "uint32", "uint64", "bool", "complex64", "float8_e4m3fn", "float8_e5m2",
             "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu", "float4_e2m1fn_x2"]
    raw = torch.arange(1, 97, dtype=torch.uint8).reshape(2, 48)
    value = {name: raw.view(getattr(torch, name)).clone() if name != "bool" else raw % 2 == 0
             for name in names}
    torch.save(value, "model.pt")
""",
    "dtypes-legacy": """
    names = ["float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8",
             "bool", "complex64"]
    raw = torch.arange(1, 97, dtype=torch.uint8).reshape(2, 48)
    value = {name: raw.view(getattr(torch, name)).clone() if name != "bool" else raw % 2 == 0
             for name in names}
    torch.save(value, "model.pt", _use_new_zipfile_serialization=False)
""",
    "views": """
    base = torch.arange(120.0).reshape(2, 3, 4, 5)
    torch.save({"base": base, "part": base[1:, 1], "transposed": base.transpose(0, 3),
                "permuted": base.permute(2, 0, 3, 1), "every": base.flatten()[1::7],
                "columns": base[..., 1:5:3], "diagonal": base[0, 0].diagonal(),
                "scalar": base[1, 2, 3, 4], "ones": base[:1, :1, :1], "empty": base[:0],
                "expanded": torch.arange(3.0).unsqueeze(1).expand(3, 4),
                "overlapping": torch.arange(6.0).unfold(0, 3, 1), "number": torch.tensor(7)},
               "model.pt")
""",
    "views-legacy": """
    base = torch.arange(24, dtype=torch.int16).reshape(2, 3, 4)
    torch.save([base, base.mT, base[1], torch.zeros(0, 3), (torch.ones(1).expand(2, 2), 3)], "model.pt",
               _use_new_zipfile_serialization=False)
""",
    "tied": """
    weight = torch.nn.Parameter(torch.arange(6.0).reshape(2, 3))
    torch.save({"embedding": weight, "head": weight, "again": weight.data,
                "row": weight.data[1]}, "model.pt")
""",
    "parameters": """
    tagged = torch.nn.Parameter(torch.ones(2))
    tagged.tag = "kept"
    torch.save({"p": torch.nn.Parameter(torch.arange(3.0)), "tagged": tagged,
                "buffer": torch.nn.Buffer(torch.ones(1)), "size": torch.Size([1, 2]),
                "dtype": torch.float16, "device": torch.device("cpu")}, "model.pt")
""",
    "names": """
    a = torch.ones(1)
    torch.save({"": a, "a\\nb": a + 1, "\\u6a21\\u578b \\U0001f917": a + 2, "quote\\"\\\\": a + 3, "nul\\0": a + 4,
                1: {2: [a + 5]}, "x.y": {"z": a + 6}}, "model.pt")
""",
    "single-tensor": "    torch.save(torch.arange(4), 'model.pt')",
    "big-endian": """
    # As a machine of the other byte order writes it: the storages swapped, and `byteorder` saying so.
    import zipfile
    value = {"f": torch.arange(3.0), "h": torch.arange(5, dtype=torch.int16), "b": torch.tensor([1, 2], dtype=torch.uint8),
             "c": torch.tensor([1 + 2j])}
    torch.save(value, "little.pt")
    width = {"0": 4, "1": 2, "2": 1, "3": 4}
    with zipfile.ZipFile("little.pt") as old, zipfile.ZipFile("model.pt", "w") as new:
        for entry in old.infolist():
            data = old.read(entry)
            key = entry.filename.split("/")[-1]
            if "/data/" in entry.filename:
                n = width[key]
                data = b"".join(data[i:i + n][::-1] for i in range(0, len(data), n))
            if entry.filename.endswith("byteorder"):
                data = b"big"
            new.writestr(zipfile.ZipInfo(entry.filename), data)
    os.remove("little.pt")
""",
    "npy-fortran": """
    numpy.save("model.npy", numpy.asfortranarray(numpy.arange(6, dtype=">f4").reshape(2, 3)))
""",
    "npz": """
    numpy.savez_compressed("model.npz", weight=numpy.arange(6, dtype="<i2").reshape(2, 3), big=numpy.arange(3, dtype=">f8"),
                           empty=numpy.zeros((0, 2)), scalar=numpy.float32(1.5), flags=numpy.array([True, False]),
                           fortran=numpy.asfortranarray(numpy.arange(24, dtype="u4").reshape(2, 3, 4)))
""",
}


def tensors(value, path=()):
    """Every tensor in containers, by its joined path."""
    if isinstance(value, torch.Tensor):
        yield ".".join(path) or ("" if path else "tensor"), value.detach()
    elif isinstance(value, dict):
        for key, below in value.items():
            yield from tensors(below, (*path, str(key)))
    elif isinstance(value, (list, tuple)):
        for index, below in enumerate(value):
            yield from tensors(below, (*path, str(index)))


def expected(file):
    if file.suffix == ".npy":
        array = numpy.load(file)
        return save_numpy({"array": little(array)}, metadata={"format": "np"})
    if file.suffix == ".npz":
        with numpy.load(file) as arrays:
            return save_numpy({name: little(arrays[name]) for name in arrays}, metadata={"format": "np"})
    value = torch.load(file, weights_only=False)
    found = {}
    for name, tensor in tensors(value):
        assert name not in found
        found[name] = copy(tensor)
    return save(found, metadata={"format": "pt"})


def copy(tensor):
    """The tensor alone in its memory. Kernels do not know every element type, so bytes are moved."""
    width = tensor.element_size()
    if tensor.dim() == 0:
        return tensor.clone()
    same = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}[width]
    return tensor.view(same).clone(memory_format=torch.contiguous_format).view(tensor.dtype)


def little(array):
    return numpy.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")).reshape(array.shape)


def expectation(data):
    digest = hashlib.sha256(data).hexdigest()
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + length])
    lines = [f"file {digest}"]
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        digest = hashlib.sha256(data[begin:end]).hexdigest()
        lines.append(f"{digest} {entry['dtype']} {json.dumps(entry['shape'])} {json.dumps(name)}")
    return "\n".join(lines)


def page(name, code, file, data):
    versions = ", ".join(f"{p} {importlib.metadata.version(p)}" for p in ("torch", "safetensors", "numpy"))
    text = base64.b64encode(file.read_bytes()).decode()
    recipe = "\n".join([f"{file.name}: base64", *(f"  {line}" for line in textwrap.wrap(text, 96))])
    return (f"# {name}\n\nWritten by {versions}, Python {platform.python_version()}:\n\n"
            f"```python\nimport torch, numpy, os\n{code}\n```\n\n"
            f"```forge\n{recipe}\n```\n\n```expect\n{expectation(data)}\n```\n")


def main(keep):
    for name, code in CASES.items():
        code = textwrap.dedent(code).strip()
        with tempfile.TemporaryDirectory() as temporary:
            os.chdir(temporary)
            exec(code, {"torch": torch, "numpy": numpy, "os": os})
            [file] = pathlib.Path(temporary).iterdir()
            data = expected(file)
            os.chdir(HERE)
            if keep:
                folder = pathlib.Path(keep) / name
                folder.mkdir(parents=True)
                (folder / file.name).write_bytes(file.read_bytes())
                (folder / "expected.safetensors").write_bytes(data)
            else:
                PAGES.mkdir(exist_ok=True)
                (PAGES / f"{name}.md").write_text(page(name, code, file, data))


if __name__ == "__main__":
    main(sys.argv[2] if sys.argv[1:2] == ["--keep"] else None)
