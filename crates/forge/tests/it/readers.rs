//! Every builder, read back by the library whose format it is.

use crate::python;

/// Builds a recipe into a folder and requires a Python program to pass there.
fn check(module: &str, recipe: &str, program: &str) {
    let recipe = forge::parse(recipe).expect("the recipe parses");
    let folder = tempfile::tempdir().expect("a folder");
    forge::write_to(&recipe, folder.path()).expect("the recipe is written");
    if module != "sys" && !python::has(module) {
        return;
    }
    let Some(output) = python::run(program, &[], folder.path()) else { return };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn pickle_opcodes_of_every_protocol() {
    check(
        "sys",
        r#"
x.pkl: pickle
  PROTO 5
  FRAME auto
  MARK
  INT 10
  BININT -2
  BININT1 255
  BININT2 65535
  LONG 12345678901234567890L
  LONG1 0x1950a86a20f9469cfc6c
  LONG1 -129
  LONG1 0
  LONG4 -1
  STRING "a'b\n"
  BINSTRING "c"
  SHORT_BINSTRING "d"
  BINBYTES hex=00ff
  SHORT_BINBYTES "e"
  BINBYTES8
    text "f"
    repeat 2 0x67
  BYTEARRAY8 "h"
  NONE
  NEWTRUE
  NEWFALSE
  UNICODE "i\\j\nü€😀"
  SHORT_BINUNICODE "k"
  BINUNICODE "\u{d800}"
  BINUNICODE8 "l"
  FLOAT 1.5
  BINFLOAT -2.5
  FRAME auto
  EMPTY_LIST
  NONE
  APPEND
  MARK
  INT 01
  APPENDS
  MARK
  LIST
  EMPTY_TUPLE
  MARK
  TUPLE
  NONE
  TUPLE1
  NONE
  NONE
  TUPLE2
  NONE
  NONE
  NONE
  TUPLE3
  EMPTY_DICT
  NONE
  NONE
  SETITEM
  MARK
  BININT1 1
  BININT1 2
  SETITEMS
  MARK
  DICT
  EMPTY_SET
  MARK
  BININT1 3
  ADDITEMS
  MARK
  FROZENSET
  NONE
  POP
  NONE
  DUP
  MARK
  POP_MARK
  PUT 7
  BINPUT 8
  LONG_BINPUT 9
  GET 7
  BINGET 8
  LONG_BINGET 9
  MEMOIZE
  GLOBAL builtins list
  EMPTY_TUPLE
  REDUCE
  MARK
  INST builtins list
  MARK
  GLOBAL builtins list
  OBJ
  GLOBAL builtins list
  EMPTY_TUPLE
  NEWOBJ
  GLOBAL builtins list
  EMPTY_TUPLE
  EMPTY_DICT
  NEWOBJ_EX
  BINUNICODE builtins
  BINUNICODE list
  STACK_GLOBAL
  TUPLE
  STOP
"#,
        r#"
import pickle
for loads in (pickle.loads, pickle._loads):
    x = loads(open("x.pkl", "rb").read())
    want = (10, -2, 255, 65535, 12345678901234567890, 0x1950a86a20f9469cfc6c, -129, 0, -1,
        "a'b\n", "c", "d", b"\0\xff", b"e", b"fgg", bytearray(b"h"), None, True, False,
        "i\\j\nü€😀", "k", "\ud800", "l", 1.5, -2.5, [None, True], [], (), (), (None,),
        (None,) * 2, (None,) * 3, {None: None, 1: 2}, {}, {3}, frozenset(),
        None, None, None, None, None, [], [], [], [], [], list)
    assert x == want, [pair for pair in zip(x, want) if pair[0] != pair[1]]
"#,
    );
}

#[test]
fn pickle_opcode_names_and_operands_are_those_of_pickletools() {
    let recipe = r#"
x.pkl: pickle
  BINPERSID
  PERSID someone
  EXT1 1
  EXT2 2
  EXT4 3
  NEXT_BUFFER
  READONLY_BUFFER
  BUILD
  FRAME 0
  CALL m n "a" 1 None True False
    text "raw"
  RAW 4e 4e
  RAW
    text "N"
  STOP
"#;
    check(
        "sys",
        recipe,
        r#"
import pickletools
got = [(o.name, a) for o, a, _ in pickletools.genops(open("x.pkl", "rb").read())]
assert got == [("BINPERSID", None), ("PERSID", "someone"), ("EXT1", 1), ("EXT2", 2), ("EXT4", 3),
    ("NEXT_BUFFER", None), ("READONLY_BUFFER", None), ("BUILD", None), ("FRAME", 0),
    ("GLOBAL", "m n"), ("MARK", None), ("BINUNICODE", "a"), ("LONG1", 1), ("NONE", None),
    ("NEWTRUE", None), ("NEWFALSE", None), ("BINBYTES", b"raw"), ("TUPLE", None),
    ("REDUCE", None), ("NONE", None), ("NONE", None), ("NONE", None), ("STOP", None)], got
"#,
    );
}

#[test]
fn zip_as_zipfile_reads_it() {
    check(
        "sys",
        r#"
a.zip: concat
  text "before"
  zip comment="note"
    a: text "stored"
    b [deflate]: repeat 9 "deflated"
    c [bz2 descriptor]: text "bzip2"
    d [lzma]: text "lzma"
    e [zip64 comment="member"]: text "zip64"
    "é" [flags=0x800 symlink]: text "target"
    a: text "again"
    f [local-of=a]: empty
    hidden [bare]: text "gap"
    g [local-only]: text "unlisted"
    h [crc=bad]: text "damaged"
    i [local-name="j"]: text "renamed"
z64.zip: zip zip64
  a: text "x"
"#,
        r#"
import zipfile
z = zipfile.ZipFile("a.zip")
assert z.comment == b"note"
assert z.namelist() == ["a", "b", "c", "d", "e", "é", "a", "f", "h", "i"], z.namelist()
assert [z.read(i) for i in z.infolist()[:7]] == [b"stored", b"deflated" * 9, b"bzip2", b"lzma",
    b"zip64", b"target", b"again"]
assert z.infolist()[0].header_offset == 6 and z.infolist()[4].comment == b"member"
assert z.infolist()[5].external_attr >> 16 == 0o120777
assert z.infolist()[7].header_offset == 6
for name in "hi":
    try: z.read(name)
    except zipfile.BadZipFile: pass
    else: raise SystemExit(name + " was read")
raw = open("a.zip", "rb").read()
assert b"gapPK\x03\x04" in raw and b"unlisted" in raw
assert zipfile.ZipFile("z64.zip").read("a") == b"x"
"#,
    );
}

#[test]
fn tar_as_tarfile_reads_it() {
    check(
        "sys",
        r#"
a.tar: tar
  folder/file [mode=0o600]: text "data"
  link [type=symlink link="../out"]: empty
  hard [type=hardlink link=folder/file]: empty
  pipe [type=fifo]: empty
  renamed [pax-path="../above"]: text "pax"
  "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn": text "long"
"#,
        r#"
import tarfile
t = tarfile.open("a.tar")
assert t.getnames()[:4] == ["folder/file", "link", "hard", "pipe"]
assert t.getnames()[4:] == ["../above", "n" * 108], t.getnames()
m = t.getmembers()
assert t.extractfile(m[0]).read() == b"data" and m[0].mode == 0o600
assert m[1].issym() and m[1].linkname == "../out" and m[2].islnk() and m[3].isfifo()
assert t.extractfile(m[4]).read() == b"pax"
"#,
    );
}

#[test]
fn compressed_streams() {
    check(
        "sys",
        r#"
a.gz: gzip name="inner"
  text "data"
a.zlib: zlib
  text "data"
a.deflate: deflate
  text "data"
a.bz2: bz2
  text "data"
a.xz: xz
  text "data"
a.lzma: lzma
  text "data"
a.zf: zf
  text "data"
"#,
        r#"
import gzip, zlib, bz2, lzma
read = lambda name: open("a." + name, "rb").read()
assert gzip.decompress(read("gz")) == b"data"
assert zlib.decompress(read("zlib")) == zlib.decompress(read("deflate"), -15) == b"data"
assert bz2.decompress(read("bz2")) == b"data"
assert lzma.decompress(read("xz"), lzma.FORMAT_XZ) == b"data"
assert lzma.decompress(read("lzma"), lzma.FORMAT_ALONE) == b"data"
zf = read("zf")
assert zf[:2] == b"ZF" and int(zf[2:21], 16) == 4 and zlib.decompress(zf[21:]) == b"data"
"#,
    );
}

#[test]
fn lz4() {
    check(
        "lz4.frame",
        "a.lz4: lz4\n  repeat 99 \"data\"",
        "import lz4.frame; assert lz4.frame.decompress(open('a.lz4','rb').read()) == b'data' * 99",
    );
}

#[test]
fn zstd() {
    check(
        "zstandard",
        "a.zst: zstd\n  repeat 99 \"data\"",
        "import zstandard as z
data = z.ZstdDecompressor().decompressobj().decompress(open('a.zst','rb').read())
assert data == b'data' * 99",
    );
}

#[test]
fn joblib_old_and_compressed() {
    check(
        "joblib",
        r"
a.joblib: zlib
  pickle
    INT 7
    STOP
b.joblib: gzip
  pickle
    INT 7
    STOP
c.joblib: zf
  pickle
    INT 7
    STOP
",
        "
import joblib
assert [joblib.load(x + '.joblib') for x in 'abc'] == [7, 7, 7]",
    );
}

#[test]
fn seven_z() {
    check(
        "py7zr",
        "a.7z: 7z\n  folder/a: text \"one\"\n  empty: empty\n  b: zeros 300\n",
        "
import py7zr
z = py7zr.SevenZipFile('a.7z')
assert z.getnames() == ['folder/a', 'empty', 'b'] and z.testzip() is None
z.reset(); z.extractall('out')
read = lambda name: open('out/' + name, 'rb').read()
assert (read('folder/a'), read('empty'), read('b')) == (b'one', b'', bytes(300))",
    );
}

#[test]
fn safetensors() {
    check(
        "safetensors.numpy",
        r#"
a.safetensors: safetensors
  metadata format "pt"
  tensor w F32 [2,3]
  tensor b F16 [4]
  tensor s I64 []
b.safetensors: safetensors length=24 unpadded
  header
    {"__metadata__": {
      "k": "v"}}
"#,
        "
from safetensors import safe_open
a = safe_open('a.safetensors', 'numpy')
assert a.metadata() == {'format': 'pt'}
assert a.get_tensor('w').shape == (2, 3) and a.get_tensor('s').shape == ()
import safetensors
try: safe_open('b.safetensors', 'numpy')
except safetensors.SafetensorError as e: assert 'eader' in str(e), e
else: raise SystemExit('a wrong length was taken')",
    );
}

#[test]
fn gguf() {
    for endian in ["little", "big"] {
        check(
            "gguf",
            &format!(
                r#"
a.gguf: gguf alignment=64 endian={endian}
  kv general.architecture string "llama"
  kv general.alignment uint32 64
  kv a.negative int16 -5
  kv a.half float32 0.5
  kv a.flag bool true
  kv a.tokens array string "a" "bc"
  tensor one [4,2] F32
  tensor two [32] Q8_0
"#
            ),
            "
from gguf import GGUFReader
r = GGUFReader('a.gguf')
value = lambda key: r.fields[key].contents()
assert value('general.architecture') == 'llama' and value('a.negative') == -5
assert value('a.half') == 0.5 and value('a.flag') is True and value('a.tokens') == ['a', 'bc']
assert [(t.name, t.n_bytes) for t in r.tensors] == [('one', 32), ('two', 34)]
assert [t.data_offset - r.data_offset for t in r.tensors] == [0, 64]
assert r.data_offset % 64 == 0",
        );
    }
}

#[test]
fn npy() {
    check(
        "numpy",
        r#"
a.npy: npy descr="<f4" shape=(3,)
  hex 0000803f 00000040 00004040
b.npy: npy version=2.0 descr="[('a', '<i2')]" shape=(1,2) fortran
  zeros 4
c.npy: npy descr="|O" shape=(1,)
  pickle
    EMPTY_LIST
    NONE
    APPEND
    STOP
"#,
        "
import numpy as np
assert np.load('a.npy').tolist() == [1, 2, 3]
assert np.load('b.npy').dtype.names == ('a',) and np.load('b.npy').shape == (1, 2)
assert np.load('c.npy', allow_pickle=True) == [None]",
    );
}

#[test]
fn torch_legacy_and_zip() {
    check(
        "torch",
        r#"
old.pt: torch-legacy
  object: pickle
    PROTO 2
    INT 5
    STOP
new.pt: zip
  archive/data.pkl: pickle
    PROTO 2
    INT 6
    STOP
  archive/version: text "3\n"
"#,
        "
import torch
assert [torch.load(x + '.pt', weights_only=False) for x in ('old', 'new')] == [5, 6]",
    );
}
