"""Makes a labelled folder of a peer's own public test suite.

    python suites.py picklescan CLONE OUT
    python suites.py modelaudit CLONE OUT
    python suites.py modelscan BASETEMP OUT     BASETEMP: `pytest --basetemp=BASETEMP` of its tests
    python suites.py fickling CLONE OUT         runs its tests and keeps every pickle they judge

CLONE is a clone of the peer's repository. Labels are the peer's: they follow from its names and
from what its tests expect. Nothing is loaded. Files that are no model or data file (expected
outputs, sources, generators) are left out.
"""

import csv
import pathlib
import re
import shutil
import sys


def named_hostile(path):
    """What the suites call a file that should be found."""
    return re.search(r"malicious|unsafe|exploit|attack|evil|bypass|GHSA|sploit|injection|exfil"
                     r"|bad_pytorch|type-confusion|keyerror|FileIO|FileHandler|CodeType|urlopen"
                     r"|obfuscated|nested_pickle|simple_nested|decode_exec|path_traversal|dill_func"
                     r"|object_array|jinja2/tokenizer_config|multiple_templates", str(path), re.IGNORECASE)


def picklescan(clone):
    for folder in ["tests/data", "tests/data2"]:
        for path in sorted((clone / folder).iterdir()):
            yield path, f"{folder[6:]}/{path.name}", bool(named_hostile(path.name)), path.stem


def modelaudit(clone):
    assets = clone / "tests/assets"
    for path in sorted(assets.rglob("*")):
        inside = path.relative_to(assets)
        skipped = path.suffix in {".py", ".md", ".sh"} and "generators" in inside.parts
        if path.is_dir() or skipped or path.suffix == ".md" or path.name.startswith("gen_"):
            continue
        # A SavedModel is its folder.
        if path.name == "saved_model.pb":
            yield path.parent, str(inside.parent), bool(named_hostile(inside)), inside.parts[-3]
        else:
            yield path, str(inside), bool(named_hostile(inside)), inside.parent.name


def modelscan(base):
    for top in sorted(base.iterdir()):
        if not top.is_dir() or top.is_symlink():
            continue
        models = {path.parent for path in top.rglob("saved_model.pb")}
        for path in sorted(models):
            yield path, f"{top.name}/{path.name}", bool(named_hostile(path.name)), top.name
        for path in sorted(top.rglob("*")):
            if path.is_dir() or any(model in path.parents for model in models):
                continue
            hostile = bool(named_hostile(path.name)) or path.name == "test.zip"
            yield path, f"{top.name}/{path.name}", hostile, top.name


def fickling(clone):
    import unittest

    import fickling.analysis

    out = pathlib.Path(sys.argv[3]) / "pickles"
    out.mkdir(parents=True, exist_ok=True)
    current, kept = [""], []
    judge = fickling.analysis.check_safety

    def keep(pickled, *args, **kwargs):
        result = judge(pickled, *args, **kwargs)
        path = out / f"{current[0]}-{len(kept):03}.pkl"
        path.write_bytes(pickled.dumps())
        hostile = result.severity > fickling.analysis.Severity.LIKELY_SAFE
        kept.append((path, f"pickles/{path.name}", hostile, current[0]))
        return result

    fickling.analysis.check_safety = keep
    sys.path.insert(0, str(clone))

    class Named(unittest.TextTestResult):
        def startTest(self, test):
            current[0] = test.id().rsplit(".", 1)[-1]
            super().startTest(test)

    modules = [path.stem for path in sorted((clone / "test").glob("test_*.py"))]
    for module in modules:
        try:
            suite = unittest.defaultTestLoader.loadTestsFromName(f"test.{module}")
            unittest.TextTestRunner(resultclass=Named, verbosity=0).run(suite)
        except Exception as error:
            print(f"{module} is left out: {error}", file=sys.stderr)
    yield from kept


def main(suite, source, out):
    out = pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    suites = {"picklescan": picklescan, "modelaudit": modelaudit, "modelscan": modelscan,
              "fickling": fickling}
    rows = []
    for path, name, hostile, technique in suites[suite](pathlib.Path(source)):
        target = out / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            shutil.copytree(path, target, dirs_exist_ok=True)
        elif path != target:
            shutil.copyfile(path, target)
        rows.append([name, "hostile" if hostile else "harmless", technique])
    with open(out / "labels.csv", "w", newline="") as file:
        csv.writer(file).writerows([["path", "label", "technique"], *rows])
    hostile = sum(row[1] == "hostile" for row in rows)
    print(f"{len(rows)} paths, {hostile} of them hostile")


main(*sys.argv[1:4])
