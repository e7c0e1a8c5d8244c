"""Writes the generated lists of packs/onnx-ops: a domain and a name a line, from pinned wheels.

    python onnx_ops.py OUT WHEEL...    # as `cargo xtask packs onnx-ops` calls it

The wheels are those of onnx and onnxruntime, and this Python must have the same versions of them
installed: both tell the schemas of their operators themselves.
"""

import hashlib
import importlib.metadata
import pathlib
import sys


def schemas(library):
    if library == "onnx":
        import onnx
        return onnx.defs.get_all_schemas_with_history()
    import onnxruntime.capi.onnxruntime_pybind11_state as state
    return state.get_all_operator_schema()


def main(out, *wheels):
    before = set()
    for wheel in sorted(map(pathlib.Path, wheels)):
        library, version = wheel.name.split("-")[:2]
        if importlib.metadata.version(library) != version:
            raise SystemExit(f"{library} {version} is not what is installed")
        names = {(schema.domain or "ai.onnx", schema.name) for schema in schemas(library)} - before
        before |= names
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        header = (f"library {library}\nversion {version}\nsource {wheel.name}\nsha256 {digest}\n"
                  f"generator 1\n")
        lines = "".join(f"{domain} {name}\n" for domain, name in sorted(names))
        (pathlib.Path(out) / f"{library}.txt").write_text(header + "\n" + lines)
        print(f"{library}: {len(names)} operators")


if __name__ == "__main__":
    main(*sys.argv[1:])
