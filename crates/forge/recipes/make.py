"""Writes recipes/harmless/<library>/<name>.md: small files as real libraries write them.

Each case is Python that writes files into the current folder. Its page keeps that Python, the
versions that ran it, and the bytes as a `forge` recipe. Run it with the libraries installed:

    python crates/forge/recipes/make.py            # every case
    python crates/forge/recipes/make.py torch      # the cases of some libraries

Running it again changes only what the libraries themselves vary: storage keys taken from memory
addresses, a modification time. A case whose library is missing is skipped and its page is left as
it is. Needs numpy, scikit-learn, pandas, joblib, lz4, scipy, torch, transformers, accelerate,
safetensors, gguf, xgboost, lightgbm, dill, cloudpickle and py7zr; the cases of `python2` need a
`python2.7` on the path.
"""

import base64
import importlib
import importlib.metadata
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap

from cases import CASES, PACKAGES

HERE = pathlib.Path(__file__).parent
HARMLESS = HERE / "harmless"
# `cases_keras.py` and the like add to the list by being imported.
for more in sorted(HERE.glob("cases_*.py")):
    importlib.import_module(more.stem)
LARGEST_PAGE = 20_000


def run(library, code, folder):
    """Runs a case in a process of its own, so that no case depends on the one before."""
    python = shutil.which("python2.7") if library == "python2" else sys.executable
    if python is None:
        raise ImportError("no `python2.7` on the path")
    settings = {"PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run([python, "-"], input=code.encode(), cwd=folder, capture_output=True,
                          env=os.environ | settings)
    if done.returncode:
        last = done.stderr.decode().strip().splitlines()[-1]
        raise ImportError(last)


def versions(library):
    if library == "python2":
        return subprocess.run(["python2.7", "-V"], capture_output=True).stderr.decode().strip()
    with_python = f"Python {platform.python_version()}"
    packages = PACKAGES.get(library, [library])
    named = [f"{package} {importlib.metadata.version(package)}" for package in packages]
    return ", ".join([*named, with_python])


def encoded(data, indent):
    text = base64.b64encode(data).decode()
    return [indent + line for line in textwrap.wrap(text, 96)]


def recipe(folder):
    lines = []
    for path in sorted(folder.rglob("*")):
        if path.is_dir():
            continue
        name = path.relative_to(folder).as_posix()
        # HDF5 keeps room for more: runs of zeros are counted and not written out.
        parts = re.split(rb"(\0{1024,})", path.read_bytes())
        if len(parts) == 1:
            lines += [f"{name}: base64", *encoded(parts[0], "  ")]
            continue
        lines.append(f"{name}: concat")
        for part in filter(None, parts):
            if part.strip(b"\0"):
                lines += ["  base64", *encoded(part, "    ")]
            else:
                lines.append(f"  zeros {len(part)}")
    return "\n".join(lines)


def page(library, name, code, folder):
    return (f"# {library}: {name}\n\n"
            f"Written by {versions(library)}:\n\n"
            f"```python\n{code}\n```\n\n"
            f"```forge\n{recipe(folder)}\n```\n")


def main(wanted):
    failed = 0
    for library, name, code in CASES:
        if wanted and library not in wanted:
            continue
        if not re.fullmatch(r"[a-z0-9-]+", name):
            raise SystemExit(f"{library}/{name}: not kebab-case")
        code = textwrap.dedent(code).strip()
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            try:
                run(library, code, folder)
                text = page(library, name, code, folder)
            except ImportError as error:
                print(f"{library}/{name}: {error}", file=sys.stderr)
                failed += 1
                continue
        if len(text) > LARGEST_PAGE:
            print(f"{library}/{name}: {len(text)} bytes are too many", file=sys.stderr)
            failed += 1
            continue
        target = HARMLESS / library / f"{name}.md"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        print(f"{library}/{name}: {len(text)}")
    raise SystemExit(1 if failed else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
