"""Writes the lists of packs/huggingface-classes from pinned wheels.

    python huggingface_classes.py OUT WHEEL...    # as `cargo xtask packs huggingface-classes` calls it

The classes and model types that the configurations of a model may name without bringing code of
their own are those of any release of the library that its publisher may have used. So several
releases are read, and a name that one of them has is in the list. Wheels are fetched with
`pip download --no-deps NAME==VERSION`; nothing of them is imported.
"""

import hashlib
import pathlib
import re
import sys
import zipfile

# What files of a model name: whole models, configurations, tokenizers and processors, no layers.
TRANSFORMERS = re.compile(
    r"\w+(Tokenizer|TokenizerFast|TokenizersBackend|Backend|Processor|ProcessorFast|Extractor|Config|Model|"
    r"(?:For|With|LMHead)\w+)")


def python_files(wheel):
    with zipfile.ZipFile(wheel) as archive:
        for name in sorted(archive.namelist()):
            if name.endswith(".py"):
                yield name, archive.read(name).decode("utf-8", "replace")


def main(out, *wheels):
    releases = {}
    for wheel in map(pathlib.Path, wheels):
        releases.setdefault(wheel.name.split("-")[0], []).append(wheel)
    for library, of_library in releases.items():
        classes, types, pipelines, sources = set(), set(), set(), []
        for wheel in of_library:
            digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
            sources.append(f"# {wheel.name} sha256 {digest}")
            for name, text in python_files(wheel):
                for found in re.findall(r"^class ([A-Z]\w*)", text, re.M):
                    if library != "transformers" or TRANSFORMERS.fullmatch(found):
                        classes.add(found)
                if library == "transformers":
                    # Classes that only an alias or a table of names is left of.
                    for found in re.findall(r'"([A-Z]\w+)"', text) if "/auto/" in name else ():
                        if TRANSFORMERS.fullmatch(found):
                            classes.add(found)
                    types.update(re.findall(r'^    model_type(?:: str)? = "([\w.-]+)"', text, re.M))
                    if name.endswith("configuration_auto.py"):
                        types.update(re.findall(r'\(\s*"([\w.-]+)",\s*"\w+"\s*\)', text))
                        types.update(re.findall(r'^\s+"([\w.-]+)": "\w+",$', text, re.M))
                module = re.match(r"diffusers/pipelines/(\w+)/", name)
                if module:
                    pipelines.add(module[1])
        lines = [f"# Names that {library} has in any of these releases; written by huggingface_classes.py.", *sources]
        for kind, names in ("class", classes), ("type", types), ("pipeline", pipelines):
            lines += [f"{kind} {name}" for name in sorted(names)]
        (pathlib.Path(out) / f"{library}.txt").write_text("\n".join(lines) + "\n")
        print(library, len(classes), len(types), len(pipelines))


if __name__ == "__main__":
    main(*sys.argv[1:])
