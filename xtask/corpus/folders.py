"""Makes model folders of the code of libraries: folders.py OUT WHEEL...

Each model of transformers, diffusers, timm and sentence-transformers becomes a folder as people upload it: a
configuration that names the code, the code itself, and small weights. Imports that lead out of the folder name the
library, as such code does on the Hub. `weighbridge weigh` over each folder tells what an honest model meets.
"""

import json
import re
import struct
import sys
import zipfile
from pathlib import Path, PurePosixPath

OUT = Path(sys.argv[1])
RELATIVE = re.compile(r"^(\s*from )(\.+)([\w.]*)( import )", re.MULTILINE)


def weights():
    header = json.dumps({"weight": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
    return struct.pack("<Q", len(header)) + header + struct.pack("<2f", 0.5, -0.25)


def absolute(text, package, folder):
    """The text with imports that climb out of `folder` naming `package`."""
    inside = PurePosixPath(package.replace(".", "/"))

    def name(found):
        start, dots, rest, end = found.groups()
        base = inside
        for _ in dots[1:]:
            base = base.parent
        here = (rest.split(".")[0] + ".py") in folder if rest else len(folder) > 1
        if base == inside and here:
            return found.group(0)
        whole = ".".join(part for part in [*base.parts, rest] if part)
        return f"{start}{whole}{end}"

    return RELATIVE.sub(name, text)


def write(name, config, sources, package):
    folder = OUT / name
    folder.mkdir(parents=True, exist_ok=True)
    for file, value in config.items():
        (folder / file).write_text(json.dumps(value, indent=2))
    for file, text in sources.items():
        (folder / file).write_text(absolute(text, package, sources))
    (folder / "model.safetensors").write_bytes(weights())


def classes(text, *suffixes):
    return [c for c in re.findall(r"^class (\w+)", text, re.MULTILINE) if c.endswith(suffixes)]


def transformers(name, sources, package):
    modeling = next((f for f in sources if f.startswith("modeling_")), None)
    if modeling is None:
        return
    auto = {}
    for file, text in sources.items():
        stem = file.removesuffix(".py")
        for prefix, key, ends in [
            ("configuration_", "AutoConfig", ("Config",)),
            ("modeling_", "AutoModel", ("Model", "ForCausalLM", "ForConditionalGeneration")),
            ("tokenization_", "AutoTokenizer", ("Tokenizer",)),
            ("processing_", "AutoProcessor", ("Processor",)),
            ("image_processing_", "AutoImageProcessor", ("ImageProcessor",)),
        ]:
            found = classes(text, *ends)
            if file.startswith(prefix) and found:
                auto.setdefault(key, f"{stem}.{found[-1]}")
    write(f"transformers-{name}", {"config.json": {"model_type": name, "auto_map": auto}}, sources, package)


def diffusers(name, sources, package):
    for file, text in sources.items():
        found = classes(text, "Pipeline")
        if file.startswith("pipeline_") and found:
            index = {"_class_name": [file.removesuffix(".py"), found[-1]], "_diffusers_version": "0.30.0"}
            write(f"diffusers-{name}", {"model_index.json": index}, sources, package)
            return


def single(library, file, text, package):
    found = classes(text, "")
    if not found:
        return
    stem = file.removesuffix(".py")
    config = {"model_type": stem, "auto_map": {"AutoModel": f"{stem}.{found[-1]}"}}
    write(f"{library}-{stem}", {"config.json": config}, {file: text}, package)


def sentence(file, text, package):
    found = classes(text, "")
    if not found:
        return
    stem = file.removesuffix(".py")
    modules = [{"idx": 0, "name": "0", "path": "", "type": f"{stem}.{found[-1]}"}]
    write(f"sentence-transformers-{stem}", {"modules.json": modules}, {file: text}, package)


for wheel in sys.argv[2:]:
    packages = {}
    with zipfile.ZipFile(wheel) as archive:
        for path in map(PurePosixPath, archive.namelist()):
            if path.suffix == ".py" and path.name != "__init__.py":
                text = archive.read(str(path)).decode("utf-8", "replace")
                packages.setdefault(path.parent, {})[path.name] = text
    for folder, sources in sorted(packages.items()):
        package = ".".join(folder.parts)
        match folder.parts:
            case ("transformers", "models", name):
                transformers(name, sources, package)
            case ("diffusers", "pipelines", name):
                diffusers(name, sources, package)
            case ("timm", "models" | "layers"):
                for file, text in sources.items():
                    single("timm", file, text, package)
            case ("sentence_transformers", *_):
                for file, text in sources.items():
                    sentence(file, text, package)
