"""Lays a model folder out as the Hugging Face cache does: blobs, snapshots of links, refs.

    python3 examples/hub-cache.py MODEL CACHE [REVISIONS]

Each revision but the last has a README.md of its own, as if only the model card had been edited.
"""

import hashlib
import os
import pathlib
import sys


def blob(blobs, content):
    """Keeps a content under the name that the hub gives it: git's digest of it,
    or SHA-256 where it is large."""
    if len(content) > 10 << 20:
        name = hashlib.sha256(content).hexdigest()
    else:
        name = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    (blobs / name).write_bytes(content)
    return name


def main(model, cache, revisions):
    repository = pathlib.Path(cache)
    blobs = repository / "blobs"
    blobs.mkdir(parents=True)
    paths = [path for path in sorted(pathlib.Path(model).rglob("*")) if path.is_file()]
    files = {path.relative_to(model): path.read_bytes() for path in paths}
    names = {path: blob(blobs, content) for path, content in files.items()}
    for number in range(revisions):
        revision = hashlib.sha1(b"revision %d" % number).hexdigest()
        snapshot = repository / "snapshots" / revision
        for path in files:
            name = names[path]
            if str(path) == "README.md" and number + 1 < revisions:
                name = blob(blobs, files[path] + b"\nRevision %d.\n" % number)
            link = snapshot / path
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(os.path.relpath(blobs / name, link.parent))
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(revision)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 1)
