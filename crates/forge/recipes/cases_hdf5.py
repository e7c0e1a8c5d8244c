"""Harmless HDF5 files of h5py, PyTables, pandas and Keras, and files as MATLAB writes them."""

from cases import PACKAGES, case

PACKAGES |= {
    "h5py": ["h5py", "numpy"],
    "tables": ["tables", "numpy"],
    "pandas-hdf": ["pandas", "tables", "numpy"],
    "keras-hdf5": ["keras", "h5py", "numpy"],
}

START = """
    import h5py, numpy as np
"""

case("h5py", "weights", START + """
    with h5py.File("model.weights.h5", "w") as f:
        for n in range(3):
            layer = f.create_group(f"layers/dense_{n}")
            layer.create_dataset("kernel", data=np.arange(12, dtype="f4").reshape(3, 4))
            layer.create_dataset("bias", data=np.zeros(4, "f4"))
            layer.attrs["weight_names"] = ["kernel", "bias"]
""")
case("h5py", "kinds-of-values", START + """
    with h5py.File("values.h5", "w", libver="latest") as f:
        f.attrs["text"] = "gr\\u00fc\\u00dfe"
        f.attrs["fixed"] = np.bytes_(b"fixed")
        f.attrs["texts"] = ["a", "b", ""]
        f.attrs["flag"] = True
        f.attrs["none"] = h5py.Empty("f4")
        f["opaque"] = np.void(b"opaque bytes")
        f["complex"] = np.complex64(1 + 2j)
        f["table"] = np.zeros(2, [("name", "S8"), ("at", "<i8"), ("xy", "<f4", (2,))])
        f.create_dataset("texts", data=["one", "two", "N.", "."], dtype=h5py.string_dtype())
        f.create_dataset("choice", data=[0, 1], dtype=h5py.enum_dtype({"no": 0, "yes": 1}))
        f.create_dataset("self", data=np.array([f.ref], dtype=h5py.ref_dtype))
        f["type"] = np.dtype("<f4")
        f["again"] = f["opaque"]
        f["soft"] = h5py.SoftLink("/opaque")
""")
case("h5py", "chunks-and-filters", START + """
    data = (np.arange(400) % 7).astype("i2").reshape(20, 20)
    with h5py.File("chunks.h5", "w", libver="latest") as f:
        f.create_dataset("plain", data=data, chunks=(6, 7))
        f.create_dataset("deflate", data=data, chunks=(10, 10), compression="gzip", shuffle=True, fletcher32=True)
        f.create_dataset("lzf", data=data, chunks=(20, 20), compression="lzf")
        f.create_dataset("growing", data=data, chunks=(2, 20), maxshape=(None, 20), compression="gzip")
        f.create_dataset("both", data=data, chunks=(10, 10), maxshape=(None, None))
        f.create_dataset("never-written", (100, 100), "f4", chunks=(10, 10))
""")
case("h5py", "many-members", START + """
    with h5py.File("many.h5", "w", libver="latest", track_order=True) as f:
        for n in range(30):
            f.create_group(f"g{n}")
            f.attrs[f"a{n}"] = n
""")
case("h5py", "deleted-and-resized", START + """
    rng = np.random.default_rng(0)
    with h5py.File("deleted.h5", "w") as f:
        for n in range(4):
            f.create_dataset(f"d{n}", data=rng.integers(0, 255, 100).astype("u1"))
            f.create_dataset(f"z{n}", data=np.zeros(100), compression="gzip")
            f.attrs[f"a{n}"] = "some text. " * n
    with h5py.File("deleted.h5", "a") as f:
        for n in range(0, 4, 2):
            del f[f"d{n}"], f[f"z{n}"], f.attrs[f"a{n}"]
        f.attrs["a1"] = "longer than before " * 20
""")
case("h5py", "user-block", START + """
    with h5py.File("block.h5", "w", userblock_size=512, libver="latest") as f:
        f["x"] = np.arange(3)
    with open("block.h5", "r+b") as f:
        f.write(b"notes of the lab, first run\\n")
""")
case("h5py", "matlab-header", START + """
    with h5py.File("data.mat", "w", userblock_size=512) as f:
        f["x"] = np.arange(3.0)
        f["x"].attrs["MATLAB_class"] = np.bytes_("double")
        f["text"] = np.array([104, 105], "<u2")
        f["text"].attrs["MATLAB_class"] = np.bytes_("char")
        f["text"].attrs["MATLAB_int_decode"] = np.int32(2)
    header = b"MATLAB 7.3 MAT-file, Platform: GLNXA64, Created on: Sat Nov 21 09:00:00 2026 HDF5 schema 1.00 ."
    with open("data.mat", "r+b") as f:
        f.write(header.ljust(116) + b"\\0" * 8 + b"\\0\\2IM")
""")
case("h5py", "file-in-a-file", START + """
    with h5py.File("inner.h5", "w", libver="latest") as f:
        f.attrs["x"] = 1
    data = open("inner.h5", "rb").read()
    with h5py.File("outer.h5", "w", libver="latest") as f:
        f["file"] = np.frombuffer(data, "u1")
""")
case("h5py", "links-that-lead-round", START + """
    with h5py.File("round.h5", "w") as f:
        g = f.create_group("a/b")
        g["up"] = f["a"]
        g["root"] = f["/"]
        f["nowhere"] = h5py.SoftLink("/not/there")
""")
case("tables", "nodes-and-attributes", """
    import tables, numpy as np
    with tables.open_file("nodes.h5", "w", title="A file.") as f:
        group = f.create_group("/", "group", "A group.")
        f.create_array(group, "array", np.arange(5), "Numbers.")
        f.create_carray(group, "texts", obj=np.array([b"a", b"bc"]), filters=tables.Filters(1, "zlib"))
        group._v_attrs.options = {"rate": 0.1, "layers": [1, 2], "name": "x"}
        group._v_attrs.note = "Ends with a dot."
        group._v_attrs.numbers = np.arange(3)
        group._v_attrs.none = None
""")
case("tables", "objects-and-tables", """
    import tables
    class Row(tables.IsDescription):
        name = tables.StringCol(8)
        x = tables.Float32Col()
    with tables.open_file("rows.h5", "w") as f:
        table = f.create_table("/", "table", Row, expectedrows=8, chunkshape=8)
        for n in range(3):
            table.row["name"] = f"row {n}".encode()
            table.row["x"] = n
            table.row.append()
        objects = f.create_vlarray("/", "objects", tables.ObjectAtom(), chunkshape=8)
        objects.append([1, "two", None])
        objects.append({"three": 3.0})
""")
for kind in "fixed", "table":
    case("pandas-hdf", kind, f"""
    import pandas as pd
    frame = pd.DataFrame({{"a": [1, 2], "b": [0.5, 1.5], "c": ["x", "y"]}}, index=["p", "q"])
    frame.to_hdf("frame.h5", key="frame", format={kind!r})
    """)
case("pandas-hdf", "series", """
    import pandas as pd
    pd.Series([1.0, 2.0], name="y").to_hdf("series.h5", key="s")
""")
case("keras-hdf5", "weights", """
    import os
    os.environ["KERAS_BACKEND"] = "tensorflow"
    import keras
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, name="d"), keras.layers.BatchNormalization(name="b")])
    model.save_weights("model.weights.h5")
""")
case("keras-hdf5", "legacy", """
    import os
    os.environ["KERAS_BACKEND"] = "tensorflow"
    import keras
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, name="d")])
    model.save("model.h5")
""")
