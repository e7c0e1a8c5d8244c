"""Writes the lists of operators in packs/tensorflow-ops: one name a line, from pinned wheels.

    python tensorflow_ops.py OUT WHEEL...    # as `cargo xtask packs tensorflow-ops` calls it

The wheels are those of tensorflow-cpu, tensorflow-text, tensorflow-addons,
tensorflow-decision-forests and tensorflow-io. TensorFlow and TensorFlow Text tell their operators
themselves: this Python must have the same TensorFlow installed, and loads the libraries of the
wheel of TensorFlow Text. The others are built against older versions and cannot be loaded; their
names share a prefix and are taken from the strings of their libraries.
"""

import hashlib
import importlib.metadata
import os
import pathlib
import re
import sys
import tempfile
import zipfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
PREFIXES = {"tensorflow-addons": rb"Addons>", "tensorflow-decision-forests": rb"SimpleML",
            "tensorflow-io": rb"IO>"}
# Not names but the halves of names, as compilers store short strings.
HALVES = {"Addons>AdjustHsvP", "Addons>GatherTreP"}


def registered():
    from tensorflow.core.framework import op_def_pb2
    from tensorflow.python.client import pywrap_tf_session
    operators = op_def_pb2.OpList()
    operators.ParseFromString(pywrap_tf_session.TF_GetBuffer(pywrap_tf_session.TF_GetAllOpList()))
    return {operator.name for operator in operators.op}


def libraries(wheel):
    with zipfile.ZipFile(wheel) as archive:
        for name in sorted(archive.namelist()):
            if name.endswith(".so"):
                yield archive.read(name)


def names(library, wheel):
    before = registered()
    if library == "tensorflow-cpu":
        if importlib.metadata.version(library) != wheel.name.split("-")[1]:
            raise SystemExit(f"{wheel.name} is not what is installed")
        return before
    if library == "tensorflow-text":
        import tensorflow
        with tempfile.TemporaryDirectory() as folder:
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(folder)
            for path in sorted(pathlib.Path(folder).rglob("tensorflow_text/**/*.so")):
                tensorflow.load_op_library(str(path))
            return registered() - before
    pattern = re.compile(rb"(?<![\x20-\x7e])" + PREFIXES[library] + rb"[A-Za-z0-9]+(?=\0)")
    found = {match.decode() for text in libraries(wheel) for match in pattern.findall(text)}
    return found - HALVES


def main(out, *wheels):
    for wheel in map(pathlib.Path, wheels):
        library, version = wheel.name.split("-")[:2]
        library = library.replace("_", "-")
        operators = sorted(names(library, wheel))
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        target = pathlib.Path(out) / f"{library.removesuffix('-cpu')}.txt"
        header = (f"library {library}\nversion {version}\nsource {wheel.name}\nsha256 {digest}\n"
                  f"generator 1\n")
        target.write_text(header + "\n" + "".join(f"{name}\n" for name in operators))
        print(f"{library}: {len(operators)} operators")


if __name__ == "__main__":
    main(*sys.argv[1:])
