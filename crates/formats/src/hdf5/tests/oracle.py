"""Writes HDF5 files of every form and prints what h5py reads back from them.

One line an object, an attribute, a value and a link; a line `file NAME` before those of each file.
With `samples FILE` it writes small files in hexadecimal digits with their lines: samples.txt.
"""
import os
import re
import sys
import tempfile
import textwrap
import zlib

import h5py
import numpy as np

VERSIONS = ["earliest", "v108", "v110", "v112", "v114", "latest"]


def items(value):
    return value.reshape(-1).tolist() if isinstance(value, np.ndarray) else [value]


def text(item):
    item = item.encode("utf-8", "surrogateescape") if isinstance(item, str) else item
    return bytes(item).hex() if len(item) <= 40 else crc(bytes(item))


def crc(data):
    return f"{len(data)}:{zlib.crc32(data):08x}"


def value(dtype, shape, get):
    if shape is None:
        return "null"
    string = h5py.check_string_dtype(dtype)
    if string is not None:
        return "text " + ",".join(text(item) for item in items(get()))
    sequence = h5py.check_vlen_dtype(dtype)
    if sequence is not None:
        got = get()
        got = [got] if len(shape) == 0 else items(got)
        return "sequence " + ",".join(crc(np.asarray(item, dtype=sequence).tobytes()) for item in got)
    if dtype.hasobject:
        return "objects"
    return "bytes " + crc(np.ascontiguousarray(get()).astype(dtype, copy=False).tobytes())


def shape_of(shape):
    return "null" if shape is None else "[" + ",".join(map(str, shape)) + "]"


def tell(path, thing, lines):
    kind = {h5py.Group: "group", h5py.File: "group", h5py.Dataset: "dataset", h5py.Datatype: "datatype"}[type(thing)]
    lines.append(f"{path} {kind}")
    for name in thing.attrs:
        attribute = thing.attrs.get_id(name)
        got = value(attribute.dtype, None if attribute.get_space().get_simple_extent_type() == h5py.h5s.NULL else attribute.shape,
                    lambda: thing.attrs[name])
        lines.append(f"{path}@{name} {got}")
    if kind == "dataset":
        shape = thing.shape
        lines.append(f"{path} shape {shape_of(shape)}")
        if not thing.external and not thing.is_virtual:
            lines.append(f"{path} = " + value(thing.dtype, shape, lambda: thing[()]))
    if kind == "group":
        for name in thing:
            below = path.rstrip("/") + "/" + name
            link = thing.get(name, getlink=True)
            if isinstance(link, h5py.SoftLink):
                lines.append(f"{below} soft {link.path}")
            elif isinstance(link, h5py.ExternalLink):
                lines.append(f"{below} external {link.filename} {link.path}")
            else:
                tell(below, thing[name], lines)


def fill(f):
    rng = np.random.default_rng(0)
    f.attrs["text"] = "gr\u00fc\u00dfe"
    f.attrs["bytes"] = np.bytes_(b"fixed")
    f.attrs["numbers"] = np.arange(5, dtype="<i8")
    f.attrs["texts"] = ["a", "", "longer than the others"]
    f.attrs["fixed texts"] = np.array([b"ab", b"abcd"])
    f.attrs["nothing"] = h5py.Empty("f4")
    f.attrs["flag"] = True
    f.attrs["complex"] = np.complex64(1 + 2j)
    f.attrs["long text"] = "x" * 200_000
    g = f.create_group("group/inner")
    for n in range(3):
        g.create_group(f"child{n}")
    f["soft"] = h5py.SoftLink("/group/inner")
    f["elsewhere"] = h5py.ExternalLink("other.h5", "/there")
    many = f.create_group("many")
    for n in range(100):
        many.create_group(f"member {n:03}")
    attributed = f.create_group("attributed")
    for n in range(40):
        attributed.attrs[f"attribute {n}"] = n * 0.5
    for dtype in ["<f4", ">f4", "<f2", "<f8", "<i1", "<u2", ">i4", "<u8", "?", "<c8", "<c16", "S7"]:
        data = rng.integers(0, 100, 24).astype(dtype).reshape(2, 3, 4)
        f.create_dataset("types/" + dtype.replace("<", "little ").replace(">", "big "), data=data)
    compound = np.dtype([("a", "<i4"), ("b", "<f8", (2,)), ("c", "S5"), ("d", [("x", "u1"), ("y", "<i2")])])
    f.create_dataset("compound", data=np.zeros(3, compound))
    f.create_dataset("scalar", data=7.5)
    f.create_dataset("no element", data=h5py.Empty("f4"))
    f.create_dataset("no length", data=np.zeros((0, 3)))
    f.create_dataset("never written", (4, 4), "f4")
    f.create_dataset("texts", data=["one", "two", "gr\u00fc\u00dfe" * 100], dtype=h5py.string_dtype())
    f.create_dataset("fixed", data=np.array([b"x", b"yyyy"]))
    f.create_dataset("opaque", data=np.void(b"\x00\x01opaque"))
    f.create_dataset("enum", data=np.array([1, 0]), dtype=h5py.enum_dtype({"no": 0, "yes": 1}, "i2"))
    sequences = f.create_dataset("sequences", (3,), dtype=h5py.vlen_dtype(np.uint8))
    for n in range(3):
        sequences[n] = np.arange(n * 10, dtype="u1")
    f.create_dataset("references", data=np.array([f.ref, g.ref], dtype=h5py.ref_dtype))
    f["named"] = np.dtype("<f4")
    f.create_dataset("of named", (3,), dtype=f["named"])
    data = rng.integers(0, 9, (50, 30)).astype("<i4")
    f.create_dataset("chunked/plain", data=data, chunks=(7, 11))
    f.create_dataset("chunked/deflate", data=data, chunks=(20, 20), compression="gzip")
    f.create_dataset("chunked/all", data=data, chunks=(20, 20), compression="gzip", shuffle=True, fletcher32=True)
    f.create_dataset("chunked/lzf", data=data, chunks=(13, 30), compression="lzf", shuffle=True)
    f.create_dataset("chunked/one", data=data, chunks=(50, 30))
    f.create_dataset("chunked/one deflate", data=data, chunks=(50, 30), compression="gzip")
    f.create_dataset("chunked/growing", data=data, chunks=(2, 30), maxshape=(None, 30))
    f.create_dataset("chunked/growing deflate", data=data, chunks=(1, 30), maxshape=(None, 30), compression="gzip")
    f.create_dataset("chunked/both", data=data, chunks=(5, 5), maxshape=(None, None))
    f.create_dataset("chunked/both deflate", data=data, chunks=(5, 5), maxshape=(None, None), compression="gzip")
    long = f.create_dataset("chunked/long", (40_000,), "u1", chunks=(4,), maxshape=(None,))
    long[30_000:30_100] = 7
    long[:9] = 1
    fixed = f.create_dataset("chunked/long fixed", (20_000,), "u1", chunks=(4,))
    fixed[9_000:9_100] = 7
    part = f.create_dataset("chunked/part", (40, 40), "f4", chunks=(8, 8))
    part[10:12, 3:30] = 1
    f.create_dataset("chunked/texts", data=["a", "bb"] * 50, dtype=h5py.string_dtype(), chunks=(9,), compression="gzip")
    early = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    early.set_chunk((8, 8))
    early.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    space = h5py.h5s.create_simple((20, 20))
    implicit = h5py.Dataset(h5py.h5d.create(f.id, b"implicit", h5py.h5t.NATIVE_INT32, space, early))
    implicit[...] = np.arange(400, dtype="<i4").reshape(20, 20)
    compact = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    compact.set_layout(h5py.h5d.COMPACT)
    small = h5py.Dataset(h5py.h5d.create(f.id, b"compact", h5py.h5t.NATIVE_INT32, h5py.h5s.create_simple((5,)), compact))
    small[...] = np.arange(5, dtype="<i4")
    f.create_dataset("external", (10,), "u1", external=[("raw.bin", 4, 6), ("/tmp/more.bin", 0, 4)])


def write(name, version, act=fill, **options):
    with h5py.File(name, "w", libver=(version, version) if version != "earliest" else ("earliest", "latest"), **options) as f:
        act(f)


def virtual(f):
    layout = h5py.VirtualLayout((4, 10), "i4")
    for n in range(4):
        layout[n] = h5py.VirtualSource("source%d.h5" % n if n else ".", "data", (10,))
    f.create_virtual_dataset("virtual", layout)


def deleted(f):
    for n in range(40):
        f.create_dataset(f"d{n}", data=np.full(100, n, "<i4"))
        f.attrs[f"a{n}"] = "y" * n * 20
    for n in range(0, 40, 3):
        del f[f"d{n}"]
        del f.attrs[f"a{n}"]


def crowded(f):
    f.create_group("group")
    for n in range(2000):
        f["group"].create_group(f"member {n}")


def library():
    """libhdf5 itself, for what h5py has no word for."""
    import ctypes
    for line in open("/proc/self/maps"):
        path = line.split()[-1]
        if "libhdf5-" in path or path.endswith("libhdf5.so"):
            return ctypes.CDLL(path), ctypes
    return None, None


def rare(name):
    """Heaps behind filters, shared messages, links of a kind of our own."""
    lib, ctypes = library()
    if lib is None:
        return False
    i64, uint = ctypes.c_int64, ctypes.c_uint
    plist = h5py.h5p.create(h5py.h5p.FILE_CREATE)
    lib.H5Pset_shared_mesg_nindexes(i64(plist.id), uint(2))
    lib.H5Pset_shared_mesg_index(i64(plist.id), uint(0), uint(0x0002 | 0x0008), uint(8))
    lib.H5Pset_shared_mesg_index(i64(plist.id), uint(1), uint(0x1000), uint(8))
    access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    access.set_libver_bounds(h5py.h5f.LIBVER_V110, h5py.h5f.LIBVER_V110)
    f = h5py.File(h5py.h5f.create(name.encode(), h5py.h5f.ACC_TRUNC, fcpl=plist, fapl=access))
    for n in range(60):
        d = f.create_dataset(f"d{n}", data=np.zeros((3, 4)))
        for m in range(12 if n == 0 else 2):
            d.attrs[f"attribute {m}"] = np.arange(10) + m
    creation = h5py.h5p.create(h5py.h5p.GROUP_CREATE)
    lib.H5Pset_deflate(i64(creation.id), uint(6))
    group = h5py.h5g.create(f.id, b"deflated", gcpl=creation)
    for n in range(300):
        f["deflated"].create_group(f"member {n}")
        f["deflated"].attrs[f"attribute {n % 20}"] = "z" * n
    f["deflated"].attrs["huge"] = np.bytes_(b"h" * 70_000)
    f.attrs["huge"] = np.bytes_(b"h" * 100_000)
    for n in range(20):
        f.attrs[f"more {n}"] = np.arange(2000 + n)
    f.close()
    return True


def narrow(name, offsets, lengths):
    """Addresses and lengths of fewer bytes."""
    creation = h5py.h5p.create(h5py.h5p.FILE_CREATE)
    creation.set_sizes(offsets, lengths)
    access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    # libhdf5 1.14 does not know its own unlimited dimensions again in layouts of 1.10.
    access.set_libver_bounds(h5py.h5f.LIBVER_V18, h5py.h5f.LIBVER_V18)
    with h5py.File(h5py.h5f.create(name.encode(), h5py.h5f.ACC_TRUNC, fcpl=creation, fapl=access)) as f:
        fill(f)


def compact_file(name, version, **options):
    """A file that keeps no room for more."""
    lib, ctypes = library()
    bounds = {"latest": h5py.h5f.LIBVER_LATEST, "v108": h5py.h5f.LIBVER_V18, "earliest": h5py.h5f.LIBVER_EARLIEST}
    access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    latest = bounds[version] if version == "v108" else h5py.h5f.LIBVER_LATEST
    access.set_libver_bounds(bounds[version], latest)
    for act in lib.H5Pset_meta_block_size, lib.H5Pset_small_data_block_size:
        act(ctypes.c_int64(access.id), ctypes.c_uint64(0))
    creation = h5py.h5p.create(h5py.h5p.FILE_CREATE)
    lib.H5Pset_sym_k(ctypes.c_int64(creation.id), ctypes.c_uint(2), ctypes.c_uint(2))
    if options.get("indexed"):
        lib.H5Pset_istore_k(ctypes.c_int64(creation.id), ctypes.c_uint(2))
    if options.get("block"):
        creation.set_userblock(options["block"])
    return h5py.File(h5py.h5f.create(name.encode(), h5py.h5f.ACC_TRUNC, fcpl=creation, fapl=access))


def simple(f):
    f.attrs["text"] = np.bytes_(b"fixed")
    f.create_dataset("group/numbers", data=np.arange(6, dtype="<i2").reshape(2, 3))
    f["soft"] = h5py.SoftLink("/group")
    f["name"] = np.dtype("<f4")


def strings(f):
    f.attrs["model_config"] = "{}"
    f.create_dataset("texts", data=["one", "gr\u00fc\u00dfe"], dtype=h5py.string_dtype())


def outside(f):
    f["link"] = h5py.ExternalLink("other.h5", "/there")
    f.create_dataset("stored", (4,), "u1", external=[("raw.bin", 1, 4)])


def chunks(f):
    data = np.arange(24, dtype="<i2").reshape(4, 6) % 5
    f.create_dataset("deflate", data=data, chunks=(3, 4), compression="gzip", shuffle=True, fletcher32=True)
    f.create_dataset("plain", data=data, chunks=(2, 6), maxshape=(None, 6))


def both_grow(f):
    f.create_dataset("grow", data=np.arange(6).reshape(2, 3), chunks=(1, 2), maxshape=(None, None))


def dense(f):
    group = f.create_group("g", track_order=True)
    for n in range(9):
        group[f"link {n}"] = h5py.SoftLink("/")
        group.attrs[f"attribute {n}"] = n


def samples(path):
    out = open(path, "w")
    done = [("earliest", simple), ("latest", simple), ("v108", simple), ("earliest", strings), ("latest", strings),
            ("latest", outside), ("earliest", chunks), ("latest", chunks), ("latest", both_grow), ("latest", virtual),
            ("latest", dense)]
    for number, (version, act) in enumerate(done):
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            with compact_file("f.h5", version, block=512 if number == 2 else 0, indexed=True) as f:
                act(f)
            data = open("f.h5", "rb").read()
            with h5py.File("f.h5", "r") as f:
                lines = []
                tell("/", f, lines)
        print(f"file {act.__name__}-{version}", file=out)
        for part in re.split(rb"(\0{16,})", data):
            if part.strip(b"\0"):
                print("\n".join("hex " + line for line in textwrap.wrap(part.hex(), 92)), file=out)
            elif part:
                print(f"zeros {len(part)}", file=out)
        print("\n".join("line " + line for line in sorted(lines)), file=out)


def main():
    names = []
    for version in VERSIONS:
        write(f"{version}.h5", version)
        write(f"{version}-ordered.h5", version, track_order=True)
        write(f"{version}-deleted.h5", version, deleted)
        names += [f"{version}.h5", f"{version}-ordered.h5", f"{version}-deleted.h5"]
    write("block.h5", "earliest", userblock_size=1024)
    write("block-latest.h5", "latest", userblock_size=512)
    write("paged.h5", "v112", fs_strategy="page", fs_persist=True)
    write("aggregated.h5", "v112", deleted, fs_strategy="fsm", fs_persist=True)
    write("heap.h5", "latest", crowded)
    write("virtual.h5", "v110", virtual)
    write("virtual-latest.h5", "latest", virtual)
    names += ["block.h5", "block-latest.h5", "paged.h5", "aggregated.h5", "heap.h5", "virtual.h5", "virtual-latest.h5"]
    narrow("narrow.h5", 4, 4)
    narrow("narrow-lengths.h5", 8, 4)
    names += ["narrow.h5", "narrow-lengths.h5"]
    if rare("rare.h5"):
        names.append("rare.h5")
    for name in names:
        with h5py.File(name, "r") as f:
            lines = []
            tell("/", f, lines)
        print(f"file {name}")
        print("\n".join(sorted(lines)))


if sys.argv[1:2] == ["samples"]:
    samples(os.path.abspath(sys.argv[2]))
else:
    main()
