"""The harmless files that make.py writes: (library, name, Python that writes them)."""

# The packages whose versions a page names, where they are not just the library.
PACKAGES = {
    "stdlib": [],
    "python2": [],
    "sklearn": ["scikit-learn", "numpy"],
    "joblib": ["joblib", "numpy"],
    "pandas": ["pandas", "numpy"],
    "scipy": ["scipy", "numpy"],
    "transformers": ["transformers", "torch"],
    "xgboost": ["xgboost", "numpy"],
    "lightgbm": ["lightgbm", "numpy"],
    "safetensors": ["safetensors", "torch"],
    "gguf": ["gguf", "numpy"],
}

CASES = []


def pickles(library, name, imports, expression, protocols=(4,)):
    """A value as a plain pickle, one file a protocol."""
    lines = ["import pickle", *imports, f"value = {expression}"]
    for protocol in protocols:
        file = "value.pkl" if len(protocols) == 1 else f"protocol{protocol}.pkl"
        lines.append(f"pickle.dump(value, open({file!r}, 'wb'), protocol={protocol})")
    CASES.append((library, name, "\n".join(lines)))


def case(library, name, code):
    CASES.append((library, name, code))


EVERY = (0, 1, 2, 3, 4, 5)

# ---- the standard library ----

pickles("stdlib", "plain-values", [],
        "{'none': None, 'flags': [True, False], 'ints': [0, 1, -1, 255, 65536, 2**31, -2**63, 2**100],\n"
        "         'floats': (0.0, 1.5, float('inf')), 'text': 'gr\\xfc\\xdfe \\u6a21\\u578b', 'bytes': b'\\x00\\xff',\n"
        "         'set': {1}, 'frozen': frozenset({2}), 'array': bytearray(b'ab'), 'complex': 1+2j}", EVERY)
pickles("stdlib", "shared-and-recursive", [], "[['shared']] * 3", EVERY)
case("stdlib", "recursive-list", """
    import pickle
    value = [1]
    value.append(value)
    pickle.dump(value, open("value.pkl", "wb"))
""")
pickles("stdlib", "datetimes", ["from datetime import *", "from zoneinfo import ZoneInfo"],
        "[datetime(2026, 11, 21, 12, 30, tzinfo=timezone.utc), date(2026, 1, 2), time(1, 2, 3),\n"
        "         timedelta(days=1, seconds=2), timezone(timedelta(hours=2), 'X'), ZoneInfo('Europe/Berlin')]", (2, 4))
pickles("stdlib", "paths", ["from pathlib import *"],
        "[PurePosixPath('a/b'), PosixPath('/models/x'), PureWindowsPath('c:/x')]", (2, 4))
pickles("stdlib", "bytes-in-protocol-2", [], "b'\\x00\\x80weights\\xff'", (0, 1, 2))
pickles("stdlib", "collections", ["from collections import *"],
        "[OrderedDict(a=1), Counter('abca'), defaultdict(list, a=[1]), deque([1, 2], 5), ChainMap({1: 2}), UserDict(a=1)]", (2, 4))
pickles("stdlib", "enums", ["import re", "from http import HTTPStatus"],
        "[HTTPStatus.OK, re.IGNORECASE | re.MULTILINE]", (2, 4))
pickles("stdlib", "numbers", ["from decimal import Decimal", "from fractions import Fraction"],
        "[Decimal('1.10'), Fraction(1, 3)]", (2, 4))
pickles("stdlib", "uuids", ["import uuid"], "uuid.UUID(int=1)", (2, 4))
pickles("stdlib", "compiled-pattern", ["import re"], "re.compile(r'(?i)\\\\w+')", (2, 4))
pickles("stdlib", "builtin-types-and-functions", [],
        "[len, print, int, str, dict, type(None), NotImplemented, Ellipsis, range(3), slice(1, 2)]", (2, 4))
pickles("stdlib", "exceptions", [], "[ValueError('bad value'), KeyError('k'), OSError(2, 'missing')]", (2, 4))
pickles("stdlib", "partials-and-getters", ["import functools, operator"],
        "[functools.partial(int, base=2), operator.itemgetter(1, 2), operator.attrgetter('a.b')]", (2, 4))
pickles("stdlib", "bound-builtin-method", [], "['abc'.upper, {}.get]", (2, 4))
pickles("stdlib", "nested-classes", ["import collections"],
        "[str.upper, dict.fromkeys, collections.OrderedDict.fromkeys]", (2, 4))
pickles("stdlib", "iterators", ["import itertools"], "[iter([1, 2]), iter((1,)), itertools.count(3), reversed([1])]")
pickles("stdlib", "namespaces", ["import types"], "types.SimpleNamespace(lr=0.1, steps=3)", (2, 4))
pickles("stdlib", "typed-array", ["import array"], "array.array('d', [1, 2])", (2, 4))
pickles("stdlib", "addresses", ["import ipaddress"], "ipaddress.ip_network('10.0.0.0/8')")
pickles("stdlib", "struct-time", ["import time"], "time.gmtime(0)")
pickles("stdlib", "random-state", ["import random"], "random.Random(0).getstate()")
pickles("stdlib", "text-that-looks-dangerous", [],
        "{'vocab': ['os.system', '__import__', 'eval', 'exec', 'cposix\\nsystem\\n', '<script>', 'rm -rf /']}", (0, 4))
case("stdlib", "several-pickles-in-one-file", """
    import pickle
    with open("log.pkl", "wb") as file:
        for step in range(3):
            pickle.dump({"step": step, "loss": 1.0 / (step + 1)}, file)
""")
case("stdlib", "out-of-band-buffers", """
    import pickle
    value = pickle.PickleBuffer(bytearray(b"weights"))
    pickle.dump([value], open("in-band.pkl", "wb"), protocol=5)
""")
case("stdlib", "long-frames", """
    import pickle
    pickle.dump([f"token {n}" for n in range(300)], open("vocab.pkl", "wb"), protocol=4)
""")
for extension, opener in [("gz", "gzip.GzipFile(FILE, 'wb', mtime=0)"), ("bz2", "bz2.open(FILE, 'wb')"),
                          ("xz", "lzma.open(FILE, 'wb')"),
                          ("lzma", "lzma.open(FILE, 'wb', format=lzma.FORMAT_ALONE)")]:
    module = opener.split(".")[0]
    opener = opener.replace("FILE", f"'value.pkl.{extension}'")
    case("stdlib", f"pickle-in-{extension}", f"""
        import {module}, pickle
        with {opener} as file:
            pickle.dump(list(range(50)), file)
    """)
case("stdlib", "archives", """
    import io, tarfile, zipfile
    text = b'{"model_type": "bert"}'
    with zipfile.ZipFile("model.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("model/config.json"), text, zipfile.ZIP_DEFLATED)
        archive.writestr(zipfile.ZipInfo("model/vocab.txt"), "[PAD]\\n[UNK]\\n")
    with tarfile.open("model.tar", "w") as archive:
        entry = tarfile.TarInfo("model/config.json")
        entry.size = len(text)
        archive.addfile(entry, io.BytesIO(text))
""")
case("stdlib", "zip-streamed", """
    import io, sys, zipfile

    class Pipe(io.RawIOBase):
        def writable(self): return True
        def write(self, data): return file.write(data)

    with open("streamed.zip", "wb") as file, zipfile.ZipFile(Pipe(), "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("config.json"), "{}", zipfile.ZIP_DEFLATED)
""")
case("py7zr", "archive", """
    import py7zr
    with py7zr.SevenZipFile("model.7z", "w") as archive:
        archive.writestr('{"model_type": "bert"}', "config.json")
""")

# ---- Python 2 ----

case("python2", "old-and-new", """
    # -*- coding: utf-8 -*-
    import cPickle, pickle, collections, datetime
    value = {u"t\\u00e9xt": "bytes\\xff", "long": 10**30, "int": 1, "when": datetime.datetime(2015, 1, 2),
             "ordered": collections.OrderedDict([("a", 1)]), "set": set([1]), "types": [unicode, xrange, long]}
    for protocol in 0, 1, 2:
        cPickle.dump(value, open("c%d.pkl" % protocol, "wb"), protocol)
        pickle.dump(value, open("python%d.pkl" % protocol, "wb"), protocol)
""")
case("python2", "old-style-instance", """
    import cPickle, UserDict
    cPickle.dump(UserDict.UserDict({"a": 1}), open("instance.pkl", "wb"), 0)
    cPickle.dump(UserDict.UserDict({"a": 1}), open("instance-binary.pkl", "wb"), 1)
""")

# ---- numpy ----

for name, expression in {
    "float32": "np.arange(6, dtype='f4').reshape(2, 3)",
    "fortran": "np.asfortranarray(np.arange(6.0).reshape(2, 3))",
    "structured": "np.array([(1, 2.0, 'x')], dtype=[('id', 'i4'), ('score', 'f8'), ('name', 'U4')])",
    "scalar-shape": "np.array(3.5)",
    "empty": "np.zeros((0, 4), dtype='i8')",
    "bool-and-half": "np.array([True, False])",
    "big-endian": "np.arange(3, dtype='>i4')",
    "text": "np.array(['abc', '\\u6a21'])",
    "datetime64": "np.array(['2026-11-21'], dtype='M8[D]')",
    "subarray": "np.zeros(2, dtype=[('v', 'f4', (2, 2))])",
}.items():
    case("numpy", f"npy-{name}", f"""
        import numpy as np
        np.save("array.npy", {expression}, allow_pickle=False)
    """)
case("numpy", "npy-object-strings", """
    import numpy as np
    np.save("labels.npy", np.array(["cat", "dog", None], dtype=object), allow_pickle=True)
""")
case("numpy", "npz", """
    import numpy as np
    np.savez("weights.npz", w=np.eye(2), b=np.zeros(2, "f2"))
    np.savez_compressed("packed.npz", w=np.eye(2), b=np.zeros(2, "f2"))
""")
pickles("numpy", "array", ["import numpy as np"], "np.arange(6, dtype='f4').reshape(2, 3)", EVERY)
pickles("numpy", "scalars", ["import numpy as np"],
        "[np.float64(1.5), np.int64(3), np.bool_(True), np.float16(2), np.complex64(1j), np.str_('x'), np.bytes_(b'x'),\n"
        "         np.datetime64('2026-11-21'), np.void(b'ab')]", (2, 4))
pickles("numpy", "dtypes", ["import numpy as np"],
        "[np.dtype('f4'), np.dtype('>i2'), np.dtype([('a', 'i4'), ('b', 'U3')]), np.dtype('M8[ns]'), np.float32]", (2, 4))
pickles("numpy", "arrays-of-kinds", ["import numpy as np"],
        "{'fortran': np.asfortranarray(np.eye(2)), 'object': np.array(['a', None, 1.5], dtype=object), 'bool': np.array([True]),\n"
        "         'text': np.array(['ab']), 'time': np.array(['2026-11-21'], 'M8[D]'), 'empty': np.zeros((0, 3)),\n"
        "         'fields': np.array([(1, 2.0)], dtype=[('a', 'i4'), ('b', 'f8')])}", (2, 4, 5))
pickles("numpy", "generator", ["import numpy as np"], "np.random.default_rng(0)", (2, 4))
pickles("numpy", "bit-generators", ["import numpy as np"],
        "[np.random.Philox(0), np.random.SFC64(0), np.random.SeedSequence(1)]")
pickles("numpy", "random-state", ["import numpy as np"], "np.random.RandomState(0)")
pickles("numpy", "masked-array", ["import numpy as np"], "np.ma.masked_array([1.0, 2.0], mask=[True, False])", (2, 4))
pickles("numpy", "matrix-and-records", ["import numpy as np"],
        "[np.matrix([[1, 2]]), np.rec.array([(1, 'a')], names='id,name')]")
pickles("numpy", "functions", ["import numpy as np"], "[np.add, np.log1p, np.mean, np.linalg.norm]", (2, 4))
pickles("numpy", "polynomial", ["import numpy as np"], "[np.polynomial.Polynomial([1, 2]), np.poly1d([1, 2])]")

# ---- joblib ----

VALUE = '{"w": np.arange(12.0).reshape(3, 4), "b": np.zeros(3, "f4"), "names": ["x", "y"]}'
case("joblib", "plain", f"""
    import joblib, numpy as np
    joblib.dump({VALUE}, "model.joblib")
""")
for method in ["zlib", "gzip", "bz2", "lzma", "xz", "lz4"]:
    case("joblib", f"compressed-{method}", f"""
        import joblib, numpy as np
        joblib.dump({VALUE}, "model.joblib", compress=("{method}", 3))
    """)
case("joblib", "fortran-object-and-empty", """
    import joblib, numpy as np
    joblib.dump([np.asfortranarray(np.eye(3)), np.array(["a", None], dtype=object), np.zeros((0, 2)),
                 np.float32(1.5), np.array(7)], "model.joblib")
""")
case("joblib", "every-protocol", f"""
    import joblib, numpy as np
    for protocol in 2, 3, 4, 5:
        joblib.dump({VALUE}, f"protocol{{protocol}}.joblib", protocol=protocol)
""")
case("joblib", "array-bytes-that-look-like-opcodes", """
    import joblib, numpy as np
    joblib.dump([np.frombuffer(b"cposix\\nsystem\\n(S'true'\\ntR." * 3, dtype="u1"), "after"], "model.joblib")
""")

# ---- scikit-learn ----

FIT = """
    import {dump}, numpy as np
    {imports}
    rng = np.random.RandomState(0)
    x, y = rng.rand(20, 3), np.arange(20) % 2
    model = {model}
    {fit}
    {save}
"""
PICKLE = 'pickle.dump(model, open("model.pkl", "wb"))'
JOBLIB = 'joblib.dump(model, "model.joblib")'


def sklearn(name, imports, model, fit="model.fit(x, y)", by="pickle"):
    code = FIT.format(dump=by, imports=imports, model=model, fit=fit,
                      save=PICKLE if by == "pickle" else JOBLIB)
    CASES.append(("sklearn", name, code))


LINEAR = "from sklearn.linear_model import *"
ENSEMBLE = "from sklearn.ensemble import *"
PREPROCESSING = "from sklearn.preprocessing import *"
for by in "pickle", "joblib":
    sklearn(f"linear-regression-{by}", LINEAR, "LinearRegression()", by=by)
    sklearn(f"decision-tree-{by}", "from sklearn.tree import *", "DecisionTreeClassifier(random_state=0)", by=by)
sklearn("logistic-regression", LINEAR, "LogisticRegression()")
sklearn("ridge", LINEAR, "Ridge()")
sklearn("sgd", LINEAR, "SGDClassifier(random_state=0)")
sklearn("random-forest", ENSEMBLE, "RandomForestClassifier(2, max_depth=2, random_state=0)", by="joblib")
sklearn("isolation-forest", ENSEMBLE, "IsolationForest(n_estimators=2, max_samples=4, random_state=0)")
sklearn("gradient-boosting", ENSEMBLE, "GradientBoostingClassifier(n_estimators=2, max_depth=2, random_state=0)")
sklearn("hist-gradient-boosting", ENSEMBLE, "HistGradientBoostingClassifier(max_iter=2, random_state=0)", by="joblib")
sklearn("voting", f"{LINEAR}; {ENSEMBLE}", "VotingClassifier([('a', LogisticRegression()), ('b', SGDClassifier(loss='log_loss', random_state=0))])")
sklearn("neighbours", "from sklearn.neighbors import *", "KNeighborsClassifier(algorithm='kd_tree')")
sklearn("ball-tree", "from sklearn.neighbors import *", "KNeighborsRegressor(algorithm='ball_tree')")
sklearn("svc", "from sklearn.svm import *", "SVC(probability=False)")
sklearn("naive-bayes", "from sklearn.naive_bayes import *", "GaussianNB()")
sklearn("k-means", "from sklearn.cluster import *", "KMeans(2, n_init=1, random_state=0)", "model.fit(x)")
sklearn("pca", "from sklearn.decomposition import *", "PCA(2, random_state=0)", "model.fit(x)")
sklearn("mlp", "from sklearn.neural_network import *", "MLPClassifier((4,), max_iter=5, random_state=0)")
sklearn("gaussian-process", "from sklearn.gaussian_process import *\n    from sklearn.gaussian_process.kernels import *",
        "GaussianProcessRegressor(RBF() + WhiteKernel(), optimizer=None)")
sklearn("pipeline", f"{LINEAR}; {PREPROCESSING}\n    from sklearn.pipeline import *",
        "make_pipeline(StandardScaler(), PolynomialFeatures(2), LogisticRegression())", by="joblib")
sklearn("function-transformer", f"{PREPROCESSING}\n    from sklearn.pipeline import *",
        "make_pipeline(FunctionTransformer(np.log1p), StandardScaler())", "model.fit(x)")
sklearn("column-transformer", f"{PREPROCESSING}\n    from sklearn.compose import *",
        "make_column_transformer((StandardScaler(), [0, 1]), (KBinsDiscretizer(2, quantile_method='averaged_inverted_cdf'), [2]))", "model.fit(x)")
sklearn("encoders", PREPROCESSING, "[OneHotEncoder().fit([['a'], ['b']]), LabelEncoder().fit(['x', 'y'])]", "")
sklearn("text-vectorizers", "from sklearn.feature_extraction.text import *",
        "[TfidfVectorizer().fit(['one two', 'two three']), HashingVectorizer(n_features=8)]", "")
sklearn("grid-search", f"{LINEAR}\n    from sklearn.model_selection import GridSearchCV",
        "GridSearchCV(Ridge(), {'alpha': [0.1, 1.0]}, cv=2)", "model.fit(x, y)\n    for key in [k for k in model.cv_results_ if 'time' in k]: model.cv_results_[key] = 0\n    model.refit_time_ = 0.0")
sklearn("calibrated", f"{LINEAR}\n    from sklearn.calibration import *", "CalibratedClassifierCV(LogisticRegression(), cv=2)")
sklearn("imputer", "from sklearn.impute import *", "SimpleImputer()", "model.fit(x)")

# ---- pandas ----

PANDAS = ["import numpy as np, pandas as pd"]
FRAME = ("pd.DataFrame({'i': [1, 2], 'f': [0.5, None], 's': ['a', 'b'], 'c': pd.Categorical(['x', 'y']),\n"
         "         't': pd.to_datetime(['2026-11-20', '2026-11-21']), 'o': [{}, None], 'n': pd.array([1, None], dtype='Int64')})")
pickles("pandas", "frame", PANDAS, FRAME, (2, 4, 5))
pickles("pandas", "series", PANDAS, "pd.Series([1.0, 2.0], index=['a', 'b'], name='loss')", (2, 5))
pickles("pandas", "indexes", PANDAS,
        "[pd.RangeIndex(3), pd.Index(['a']), pd.MultiIndex.from_tuples([(1, 'a')]), pd.date_range('2026-11-21', periods=2, tz='UTC'),\n"
        "         pd.interval_range(0, 2), pd.period_range('2026-01', periods=2, freq='M'), pd.timedelta_range('1D', periods=1)]")
pickles("pandas", "scalars", PANDAS,
        "[pd.Timestamp('2026-11-21', tz='UTC'), pd.Timedelta('1D'), pd.NaT, pd.NA, pd.Period('2026-01'), pd.Interval(0, 1), pd.CategoricalDtype(['a'])]")
case("pandas", "to-pickle-compressed", """
    import pandas as pd
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    for extension in "bz2", "xz":
        frame.to_pickle(f"frame.pkl.{extension}")
    frame.to_pickle("frame.pkl.gz", compression={"method": "gzip", "mtime": 0})
""")

# ---- scipy ----

SCIPY = ["import numpy as np, scipy.sparse as sp"]
pickles("scipy", "sparse", SCIPY,
        "[sp.csr_matrix(np.eye(3)), sp.csc_matrix(np.eye(3)), sp.coo_matrix(np.eye(3)), sp.csr_array(np.eye(2)),\n"
        "         sp.dok_matrix((2, 2)), sp.lil_matrix((2, 2)), sp.dia_matrix(np.eye(2))]")
case("scipy", "sparse-npz", """
    import numpy as np, scipy.sparse as sp
    sp.save_npz("matrix.npz", sp.csr_matrix(np.eye(3)))
""")
pickles("scipy", "interpolators", ["import numpy as np", "from scipy.interpolate import *"],
        "[CubicSpline([0, 1, 2], [0, 1, 4]), interp1d([0, 1], [0, 1])]")
pickles("scipy", "tree", ["import numpy as np", "from scipy.spatial import *"], "[cKDTree(np.eye(3)), KDTree(np.eye(2))]")
pickles("scipy", "rotation", ["from scipy.spatial.transform import Rotation"], "Rotation.from_euler('x', 0.5)")

# ---- torch ----

MODEL = """
    import torch
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.ReLU(), torch.nn.Linear(2, 1))
"""
case("torch", "state-dict", MODEL + '    torch.save(model.state_dict(), "model.pt")')
case("torch", "state-dict-legacy", MODEL + '    torch.save(model.state_dict(), "model.pt", _use_new_zipfile_serialization=False)')
case("torch", "checkpoint", MODEL + """
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 2)
    model(torch.zeros(1, 3)).sum().backward()
    optimizer.step(); scheduler.step()
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "scheduler": scheduler.state_dict(),
                "epoch": 1, "loss": torch.tensor(0.5)}, "checkpoint.pt")
""")
case("torch", "whole-module", MODEL + '    torch.save(model, "model.pt")')
case("torch", "whole-module-legacy", """
    import torch
    # A legacy file keeps the source of each class and the path of its file, which is of no use here.
    original = torch.serialization.get_source_lines_and_file
    torch.serialization.get_source_lines_and_file = lambda kind: (*original(kind)[:2], "torch/nn/modules/linear.py")
    torch.save(torch.nn.Identity(), "model.pt", _use_new_zipfile_serialization=False)
""")
case("torch", "convolutional-module", """
    import torch
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2), torch.nn.MaxPool2d(2), torch.nn.Flatten(),
                                torch.nn.Dropout(0.1), torch.nn.LayerNorm(4), torch.nn.Embedding(3, 2), torch.nn.LSTM(2, 2))
    torch.save(model, "model.pt")
""")
case("torch", "dtypes", """
    import torch
    names = ["float64", "float32", "float16", "bfloat16", "float8_e4m3fn", "float8_e5m2", "int64", "int32", "int16",
             "int8", "uint8", "bool", "complex64"]
    torch.save({name: torch.zeros(2, 2).to(getattr(torch, name)) for name in names}, "dtypes.pt")
""")
case("torch", "shared-and-strided", """
    import torch
    base = torch.arange(12.0)
    torch.save({"base": base, "view": base[2:8].reshape(2, 3), "transposed": base.reshape(3, 4).t(), "every": base[::3],
                "scalar": torch.tensor(1), "empty": torch.zeros(0, 3), "expanded": torch.ones(1).expand(4)}, "views.pt")
""")
case("torch", "parameters-and-hooks", """
    import torch
    parameter = torch.nn.Parameter(torch.ones(2))
    parameter.tag = "kept"
    torch.save({"p": parameter, "buffer": torch.nn.Buffer(torch.ones(1)), "size": torch.Size([1, 2]),
                "dtype": torch.float16, "device": torch.device("cpu"), "generator": torch.Generator().manual_seed(0).get_state()[:8].clone()}, "x.pt")
""")
case("torch", "sparse-and-quantized", """
    import torch
    torch.save({"sparse": torch.eye(3).to_sparse(), "csr": torch.eye(2).to_sparse_csr()}, "sparse.pt")
    torch.save(torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8), "quantized.pt")
""")
case("torch", "torchscript-traced", """
    import torch
    torch.manual_seed(0)
    torch.jit.trace(torch.nn.Linear(2, 1), torch.zeros(1, 2)).save("model.ts")
""")
case("torch", "torchscript-scripted", """
    import torch
    torch.manual_seed(0)
    torch.jit.script(torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU())).save("model.pt")
""")
case("torch", "package-of-data", """
    import torch.package
    with torch.package.PackageExporter("data.pt") as package:
        package.save_pickle("model", "weights.pkl", {"epoch": 3, "names": ["a"]})
        package.save_text("model", "notes.txt", "weights of the third epoch")
""")
case("torch", "partial-gelu", """
    import functools, torch
    torch.save({"activation": functools.partial(torch.nn.functional.gelu, approximate="tanh"), "factory": functools.partial(torch.nn.GELU)}, "x.pt")
""")
case("torch", "method-by-getattr", """
    import torch
    # As detection checkpoints hold it: a method of a class, which protocol 2 writes as `getattr(Linear, "forward")`.
    torch.save({"forward": torch.nn.Linear.forward, "names": {0: "person", 1: "bicycle"}}, "yolo.pt")
""")
case("torch", "training-objects", """
    import datetime, pathlib, torch
    torch.save({"date": datetime.datetime(2026, 11, 21), "save_dir": pathlib.PurePosixPath("runs/train"), "args": {"lr0": 0.01},
                "rng": torch.get_rng_state()[:16].clone(), "criterion": torch.nn.CrossEntropyLoss()}, "last.pt")
""")
case("torch", "transformer-layer", """
    import torch
    torch.manual_seed(0)
    torch.save(torch.nn.TransformerEncoderLayer(4, 2, 8), "layer.pt")
""")
case("torch", "tensor-as-pickle", """
    import pickle, torch
    # A plain pickle of a tensor: `torch.storage._load_from_bytes` and a legacy file inside.
    pickle.dump({"w": torch.arange(3.0)}, open("tensor.pkl", "wb"), protocol=4)
""")
case("torch", "module-as-pickle", MODEL + '    import pickle\n    pickle.dump(model, open("model.pkl", "wb"))')
case("torch", "torch-in-bin", MODEL + '    torch.save(model.state_dict(), "pytorch_model.bin")')
case("torch", "sharded-bin-with-index", """
    import json, torch
    torch.save({"a.weight": torch.ones(2)}, "pytorch_model-00001-of-00002.bin")
    torch.save({"b.weight": torch.ones(2)}, "pytorch_model-00002-of-00002.bin")
    index = {"metadata": {"total_size": 16}, "weight_map": {"a.weight": "pytorch_model-00001-of-00002.bin",
                                                              "b.weight": "pytorch_model-00002-of-00002.bin"}}
    json.dump(index, open("pytorch_model.bin.index.json", "w"), indent=2)
""")

# ---- transformers ----

case("transformers", "training-arguments", """
    import torch
    from transformers import TrainingArguments
    torch.save(TrainingArguments("out", use_cpu=True, seed=1), "training_args.bin")
""")
case("transformers", "config-pickle", """
    import pickle
    from transformers import BertConfig
    pickle.dump(BertConfig(hidden_size=8, num_hidden_layers=1), open("config.pkl", "wb"))
""")
case("transformers", "tiny-model-folder", """
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel
    torch.manual_seed(0)
    GPT2LMHeadModel(GPT2Config(vocab_size=16, n_positions=8, n_embd=4, n_layer=1, n_head=1)).save_pretrained(".")
""")
case("transformers", "rng-state", """
    import random, numpy, torch
    # What Trainer keeps beside a checkpoint; the states cut short to keep this page small.
    random.seed(0); numpy.random.seed(0)
    kind, keys, *rest = numpy.random.get_state()
    version, state, gauss = random.getstate()
    torch.save({"python": (version, state[:20], gauss), "numpy": (kind, keys[:20], *rest), "cpu": torch.get_rng_state()[:40].clone()}, "rng_state.pth")
""")

# ---- boosted trees ----

BOOST = """
    import pickle, numpy as np, {library}
    rng = np.random.RandomState(0)
    x, y = rng.rand(40, 3), np.arange(40) % 2
"""
case("xgboost", "classifier-pickle", BOOST.format(library="xgboost") + """
    model = xgboost.XGBClassifier(n_estimators=2, max_depth=2, n_jobs=1).fit(x, y)
    pickle.dump(model, open("model.pkl", "wb"))
""")
case("xgboost", "booster-files", BOOST.format(library="xgboost") + """
    model = xgboost.XGBClassifier(n_estimators=2, max_depth=2, n_jobs=1).fit(x, y)
    model.save_model("model.json")
""")
case("lightgbm", "classifier-pickle", BOOST.format(library="lightgbm") + """
    model = lightgbm.LGBMClassifier(n_estimators=2, num_leaves=3, n_jobs=1, verbose=-1).fit(x, y)
    pickle.dump(model, open("model.pkl", "wb"))
""")
case("lightgbm", "booster-text", BOOST.format(library="lightgbm") + """
    lightgbm.LGBMClassifier(n_estimators=2, num_leaves=3, n_jobs=1, verbose=-1).fit(x, y).booster_.save_model("model.txt")
""")

# ---- pickle's relatives, plain data only ----

for library in "dill", "cloudpickle":
    case(library, "plain-data", f"""
        import collections, datetime, {library}
        {library}.dump({{"a": [1, 2.0, None], "o": collections.OrderedDict(x=1), "d": datetime.date(2026, 11, 21)}}, open("value.pkl", "wb"))
    """)
    case(library, "array", f"""
        import numpy as np, {library}
        {library}.dump(np.arange(4), open("value.pkl", "wb"))
    """)

# ---- safetensors ----

case("safetensors", "numpy-dtypes", """
    import numpy as np
    from safetensors.numpy import save_file
    save_file({name: np.zeros((2, 2), name) for name in ["f8", "f4", "f2", "i8", "i4", "i2", "i1", "u1", "u2", "u4", "u8", "?"]}, "model.safetensors")
""")
case("safetensors", "torch-dtypes-and-metadata", """
    import torch
    from safetensors.torch import save_file
    tensors = {name: torch.zeros(3).to(getattr(torch, name)) for name in ["bfloat16", "float8_e4m3fn", "float8_e5m2", "bool", "complex64"]}
    save_file(tensors | {"scalar": torch.tensor(1.0), "empty": torch.zeros(0, 3)}, "model.safetensors", metadata={"format": "pt", "note": "trained by hand"})
""")
case("safetensors", "no-tensors", """
    import numpy
    from safetensors.numpy import save_file
    save_file({}, "empty.safetensors")
""")
case("safetensors", "long-metadata", """
    import numpy as np
    from safetensors.numpy import save_file
    # As image-model trainers write it: prose and JSON inside metadata strings.
    save_file({"lora_up.weight": np.zeros((2, 2), "f2")}, "lora.safetensors",
              metadata={"ss_tag_frequency": '{"train": {"eval, exec, os.system": 3}}', "ss_comment": "import of a checkpoint; run it at https://example.com"})
""")
case("safetensors", "sharded-with-index", """
    import json, torch
    from safetensors.torch import save_file
    save_file({"a.weight": torch.ones(2)}, "model-00001-of-00002.safetensors", metadata={"format": "pt"})
    save_file({"b.weight": torch.ones(2)}, "model-00002-of-00002.safetensors", metadata={"format": "pt"})
    index = {"metadata": {"total_size": 16}, "weight_map": {"a.weight": "model-00001-of-00002.safetensors",
                                                              "b.weight": "model-00002-of-00002.safetensors"}}
    json.dump(index, open("model.safetensors.index.json", "w"), indent=2)
""")

# ---- gguf ----

GGUF = """
    import numpy as np
    from gguf import *
    writer = GGUFWriter("model.gguf", "llama"{more})
    writer.add_name("tiny")
    writer.add_block_count(1)
    writer.add_float32("llama.rope.freq_base", 10000.0)
    writer.add_token_list(["<s>", "a", "b"])
    writer.add_token_scores([0.0, -1.0, -2.0])
    {body}
    writer.write_header_to_file(); writer.write_kv_data_to_file(); writer.write_tensors_to_file(); writer.close()
"""
for name, more, body in [
    ("plain", "", 'writer.add_tensor("token_embd.weight", np.zeros((3, 4), "f4"))'),
    ("aligned-64", "", 'writer.add_custom_alignment(64); writer.add_tensor("a", np.ones(3, "f4")); writer.add_tensor("b", np.ones(5, "f2"))'),
    ("quantized", "", 'for kind in (GGMLQuantizationType.Q8_0, GGMLQuantizationType.Q4_0): writer.add_tensor(kind.name, quants.quantize(np.ones((2, 32), "f4"), kind), raw_dtype=kind)'),
    ("big-endian", ", endianess=GGUFEndian.BIG", 'writer.add_tensor("a", np.ones(3, "f4"))'),
    ("no-tensors", "", 'writer.add_chat_template("{% for m in messages %}{{ m.content }}{% endfor %}")'),
]:
    case("gguf", name, GGUF.format(more=more, body=body))

case("torch", "oldest-tar", """
import collections, io, pickle, struct, tarfile, torch

# No PyTorch of today writes this layout; `torch.load` reads it.
def dump(value):
    return pickle.dumps(value, protocol=2)

class Stored:
    def __init__(self, key):
        self.key = key

class Pickler(pickle.Pickler):
    def persistent_id(self, value):
        return value.key if isinstance(value, Stored) else None

storages = dump(2)
storages += dump((101, "cpu", torch.FloatStorage)) + struct.pack("<q6f", 6, *range(6))
storages += dump((102, "cpu", torch.LongStorage)) + struct.pack("<q2q", 2, 7, 8)
storages += dump([])
tensors = dump(2)
tensors += dump((1, 101, "torch.FloatTensor")) + struct.pack("<q2q2qq", 2, 2, 3, 3, 1, 0)
tensors += dump((2, 102, "torch.LongTensor")) + struct.pack("<q1q1qq", 1, 2, 1, 0)
pickled = io.BytesIO()
Pickler(pickled, 2).dump(collections.OrderedDict(weight=Stored("1"), steps=Stored("2")))
members = {"sys_info": dump({"protocol_version": 1000, "little_endian": True}),
           "pickle": pickled.getvalue(), "tensors": tensors, "storages": storages}
with tarfile.open("model.pt", "w", format=tarfile.USTAR_FORMAT) as tar:
    for name, content in members.items():
        info = tarfile.TarInfo(name)
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))
assert torch.load("model.pt", weights_only=False)["steps"].tolist() == [7, 8]
""")
