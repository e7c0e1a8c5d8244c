//! Files that lie. Nothing in them is ever loaded.

use std::io::{self, Write};
use std::path::Path;

use artifact::Trouble;
use weights::convert::{self, Broke, Error, Options};

use crate::sample::{build, collect, converted, refused};

const ALL: Options = Options { tensors_only: true, max_output: None };
const STRICT: Options = Options { tensors_only: false, max_output: None };

/// A tensor of floats in storage `0`, as opcodes.
fn tensor(offset: &str, shape: &str, stride: &str) -> String {
    let numbers = |list: &str| {
        let each: Vec<&str> = list.split_whitespace().collect();
        if each.is_empty() {
            return "EMPTY_TUPLE\n".to_owned();
        }
        format!("MARK\nINT {}\nTUPLE\n", each.join("\nINT "))
    };
    format!(
        "GLOBAL torch._utils _rebuild_tensor_v2\nMARK\n{}INT {offset}\n{}{}NEWFALSE\nNONE\nTUPLE\nREDUCE\n",
        storage("0", 4),
        numbers(shape),
        numbers(stride),
    )
}

fn storage(key: &str, count: u64) -> String {
    format!(
        "MARK\nBINUNICODE storage\nGLOBAL torch FloatStorage\nBINUNICODE {key}\nBINUNICODE cpu\n\
         INT {count}\nTUPLE\nBINPERSID\n"
    )
}

fn good() -> String {
    tensor("0", "2 2", "2 1")
}

/// A dict of these entries: a key's opcode and a value's opcodes.
fn dict(entries: &[(&str, &str)]) -> String {
    let each: Vec<String> = entries.iter().map(|pair| [pair.0, pair.1].join("\n")).collect();
    let each = each.concat();
    format!("PROTO 2\nEMPTY_DICT\nMARK\n{each}SETITEMS\nSTOP\n")
}

/// A zip of an object and a storage `0` of four floats.
fn file(object: &str) -> Vec<u8> {
    file_with(object, "  m/data/0: hex 0000803f000000400000404000008040\n")
}

fn file_with(object: &str, storages: &str) -> Vec<u8> {
    let object = indented(object);
    build(&format!("model.pt: zip\n  m/data.pkl: pickle\n{object}{storages}"))
}

/// Lines below an entry that is itself below one.
fn indented(lines: &str) -> String {
    lines.lines().flat_map(|line| ["    ", line, "\n"]).collect()
}

fn one(value: &str) -> Vec<u8> {
    file(&dict(&[("BINUNICODE w", value)]))
}

#[test]
fn an_honest_file_converts() {
    let made = converted(one(&good()), &STRICT).unwrap();
    let json = r#"{"__metadata__":{"format":"pt"},"w":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}}"#;
    assert_eq!(String::from_utf8_lossy(&made[8..8 + json.len()]), json);
    assert_eq!(made[made.len() - 4..], 4f32.to_le_bytes());
}

#[test]
fn numbers_that_lie_are_refused_by_name() {
    let most = i64::MAX.to_string();
    let many = format!("{most} {most}");
    for (offset, shape, stride, said) in [
        ("1", "2 2", "2 1", "`w`: it reaches to byte 20 of its storage `0`, which has 16"),
        ("0", "2 3", "2 1", "it reaches to byte"),
        ("0", "2 2", "3 1", "it reaches to byte"),
        ("4", "", "", "it reaches to byte 20"),
        (most.as_str(), "1", "1", "overflows"),
        ("0", "2", most.as_str(), "overflows"),
        ("0", most.as_str(), "1", "overflows"),
        ("0", many.as_str(), "0 0", "overflows"),
        ("-1", "2", "1", "its offset is no size"),
        ("0", "-2", "1", "its shape is no tuple of sizes"),
        ("0", "2", "-1", "its strides are no tuple of sizes"),
        ("0", "2 2", "1", "2 dimensions and 1 strides"),
        ("0", "99999999999999999999", "1", "its shape is no tuple of sizes"),
    ] {
        for options in [STRICT, ALL] {
            let error = refused(one(&tensor(offset, shape, stride)), &options);
            assert!(error.contains(said), "{offset} [{shape}] [{stride}]: {error}");
        }
    }
    // Nothing is read of a tensor without elements, wherever it is said to start.
    converted(one(&tensor("0", "0 9", "9 1")), &STRICT).unwrap();
}

#[test]
fn more_bytes_than_the_file_can_mean_are_refused() {
    let wide = one(&tensor("0", "1000000000", "0"));
    let error = refused(wide.clone(), &ALL);
    assert!(error.contains("4000000000 bytes would be written"), "{error}");
    let little = Options { max_output: Some(10), ..STRICT };
    assert!(refused(one(&good()), &little).contains("10 are allowed"));
    let Err(error) = converted(wide, &STRICT) else { panic!() };
    assert_eq!(error.hint(), Some("`--max-output BYTES` allows more"));
}

#[test]
fn storages_that_lie_are_refused() {
    let object = dict(&[("BINUNICODE w", &good())]);
    for (storages, options, said) in [
        ("", ALL, "there is no member `m/data/0`"),
        ("  m/data/0: hex 00\n", ALL, "reaches to byte 16 of its storage `0`, which has 1"),
        ("  m/data/0: zeros 20\n", STRICT, "said to have 4 elements of F32 and has 20 bytes"),
        ("  m/data/0 [crc=bad]: zeros 16\n", STRICT, "the CRC of storage `0` does not fit"),
        ("  m/data/0: zeros 16\n  m/data/0: zeros 16\n", ALL, "readers of zip archives differ"),
        ("  m/DATA/0: zeros 16\n  m/data/0: zeros 16\n", ALL, "readers of zip archives differ"),
        (
            "  m/data/0 [local-name=\"m/data/1\"]: zeros 16\n",
            STRICT,
            "no writer of PyTorch writes this",
        ),
        ("  m/data/0 [deflate size=9]: zeros 16\n", ALL, "9 bytes are declared"),
        ("  m/data/0: zeros 16\n  m/byteorder: text middle\n", STRICT, "middle"),
    ] {
        let error = refused(file_with(&object, storages), &options);
        assert!(error.contains(said), "{storages}: {error}");
    }
    let big = file_with(
        &object,
        "  m/data/0: hex 3f800000400000004040000040800000\n  m/byteorder: text big\n",
    );
    assert_eq!(converted(big, &STRICT).unwrap(), converted(one(&good()), &STRICT).unwrap());
}

#[test]
fn what_is_more_than_tensors_is_refused_and_left_behind() {
    let call = "CALL os system \"true\"\n";
    for (more, said) in [
        (call, "`x`: a call of `os.system` (at byte "),
        ("GLOBAL os system\n", "`x`: the import of `os.system`"),
        ("EMPTY_SET\nMARK\nGLOBAL os system\nADDITEMS\n", "a set"),
        ("BINUNICODE id\nBINPERSID\n", "persistent_load"),
        ("GLOBAL torch._utils _rebuild_sparse_tensor\nEMPTY_TUPLE\nREDUCE\n", "it is sparse"),
        ("GLOBAL torch._utils _rebuild_qtensor\nEMPTY_TUPLE\nREDUCE\n", "it is quantized"),
        ("GLOBAL torch._utils _rebuild_meta_tensor_no_storage\nEMPTY_TUPLE\nREDUCE\n", "no data"),
        (&format!("{}EMPTY_DICT\nBUILD\n", good()), "written to after it was made"),
        (&format!("{}INT 0\nINT 1\nSETITEM\n", good()), "written to after it was made"),
    ] {
        let object = dict(&[("BINUNICODE w", &good()), ("BINUNICODE x", more)]);
        let error = refused(file(&object), &STRICT);
        assert!(error.contains(said), "{more}: {error}");
        let Err(error) = converted(file(&object), &STRICT) else { panic!() };
        assert!(error.hint().unwrap().contains("--tensors-only"), "{more}");
        let taken = converted(file(&object), &ALL).unwrap();
        assert_eq!(taken, converted(one(&good()), &STRICT).unwrap(), "{more}");
    }
}

#[test]
fn hooks_attributes_and_classes_are_looked_at() {
    let hooked = good().replace("NONE\nTUPLE", "CALL os system \"true\"\nTUPLE");
    let error = refused(one(&hooked), &STRICT);
    assert!(error.contains("hooks of a tensor"), "{error}");
    let conjugated =
        good().replace("NONE\nTUPLE", "NONE\nEMPTY_DICT\nBINUNICODE conj\nNEWTRUE\nSETITEM\nTUPLE");
    assert!(refused(one(&conjugated), &STRICT).contains("conjugated"));
    let wrapped = |class: &str, state: &str| {
        let inner = good();
        let (function, args) = inner.trim_end().split_once('\n').unwrap();
        let args = args.strip_suffix("\nREDUCE").unwrap();
        format!(
            "GLOBAL torch._tensor _rebuild_from_type_v2\nMARK\n{function}\nGLOBAL {class}\n{args}\n{state}\nTUPLE\nREDUCE\n"
        )
    };
    converted(one(&wrapped("torch.nn.parameter Buffer", "EMPTY_DICT")), &STRICT).unwrap();
    let error = refused(one(&wrapped("other Tensor", "NONE")), &STRICT);
    assert!(error.contains("the class of the tensor, `other.Tensor`"), "{error}");
    let error = refused(one(&wrapped("torch Tensor", "CALL os system \"true\"")), &STRICT);
    assert!(error.contains("an attribute that is more"), "{error}");
}

#[test]
fn names_are_checked() {
    let good = good();
    for (key, said) in [
        ("BINUNICODE __metadata__", "keeps this name for itself"),
        ("BINUNICODE hex=eda080", "a key is no Unicode text"),
        ("NEWTRUE", "neither text nor a number"),
        ("EMPTY_TUPLE", "neither text nor a number"),
    ] {
        let error = refused(file(&dict(&[(key, &good)])), &STRICT);
        assert!(error.contains(said), "{key}: {error}");
    }
    let long = format!("BINUNICODE {}", "x".repeat(70_000));
    assert!(refused(file(&dict(&[(&long, &good)])), &STRICT).contains("a key is too long"));
    let nul = converted(file(&dict(&[("BINUNICODE a\\0", &good)])), &STRICT);
    assert!(nul.is_ok());
    // Two ways to one name.
    let inner = format!("EMPTY_DICT\nBINUNICODE b\n{good}SETITEM\n");
    let object = dict(&[("BINUNICODE a.b", &good), ("BINUNICODE a", &inner)]);
    assert!(refused(file(&object), &ALL).contains("two tensors have this name"));
}

#[test]
fn of_equal_keys_the_last_value_counts_and_that_is_told() {
    let other = tensor("2", "1", "1");
    for (first, second) in
        [("BINUNICODE w", "BINUNICODE w"), ("INT 1", "NEWTRUE"), ("INT 1", "BINFLOAT 1.0")]
    {
        let object = dict(&[(first, &good()), (second, &other)]);
        assert!(refused(file(&object), &STRICT).contains("no writer of PyTorch"), "{second}");
        let taken = converted(file(&object), &ALL).unwrap();
        assert_eq!(taken[taken.len() - 4..], 3f32.to_le_bytes());
        assert!(String::from_utf8_lossy(&taken).contains(r#""shape":[1]"#));
    }
}

#[test]
fn a_container_that_holds_itself_is_refused() {
    let object = format!(
        "PROTO 2\nEMPTY_DICT\nBINPUT 0\nBINUNICODE self\nBINGET 0\nSETITEM\nBINUNICODE w\n{}SETITEM\nSTOP\n",
        good()
    );
    let error = refused(file(&object), &STRICT);
    assert!(error.contains("`self`: a container that holds itself"), "{error}");
    assert_eq!(converted(file(&object), &ALL).unwrap(), converted(one(&good()), &STRICT).unwrap());
    // Plain values in a ring are only left out.
    let ring = "EMPTY_LIST\nBINPUT 5\nBINGET 5\nAPPEND\n";
    let object = dict(&[("BINUNICODE w", &good()), ("BINUNICODE ring", ring)]);
    converted(file(&object), &STRICT).unwrap();
}

#[test]
fn depth_and_repetition_end_in_a_refusal() {
    let deep = format!("{}{}{}", "EMPTY_LIST\n".repeat(5000), good(), "APPEND\n".repeat(5000));
    assert!(refused(one(&deep), &ALL).contains("nested deeper"));
    let plain = format!("{}INT 1\n{}", "EMPTY_LIST\n".repeat(5000), "APPEND\n".repeat(5000));
    let object = dict(&[("BINUNICODE w", &good()), ("BINUNICODE deep", &plain)]);
    converted(file(&object), &STRICT).unwrap();
    // Every list holds the one before twice: 2^60 ways to what the first holds.
    let twice = "BINPUT 0\nPOP\nMARK\nBINGET 0\nBINGET 0\nLIST\n".repeat(60);
    let error = refused(one(&format!("GLOBAL os system\n{twice}")), &ALL);
    assert!(error.contains("shared ones counted"), "{error}");
    let error = refused(
        one(&format!("EMPTY_DICT\nBINUNICODE {}\n{}SETITEM\n{twice}", "x".repeat(9000), good())),
        &ALL,
    );
    assert!(error.contains("the names of the tensors take more than"), "{error}");
}

#[test]
fn many_entries_are_taken() {
    let mut entries = String::new();
    for number in 0..50_000 {
        entries.extend(["BINUNICODE k", &number.to_string(), "\nBINGET 0\n"]);
    }
    let plain = "INT 7\n".repeat(1_000_000);
    let object = format!(
        "PROTO 2\n{}BINPUT 0\nPOP\nEMPTY_DICT\nMARK\n{entries}SETITEMS\nBINUNICODE plain\nMARK\n{plain}LIST\nSETITEM\nSTOP\n",
        tensor("3", "", "")
    );
    let collected = collect(file(&object)).unwrap();
    let plan = convert::plan(&collected, &STRICT).unwrap();
    assert_eq!(plan.tensors(), 50_000);
    assert_eq!(plan.tied().iter().map(Vec::len).collect::<Vec<_>>(), [50_000]);
    assert_eq!(collected.left_out.len(), 1);
}

#[test]
fn pickles_that_no_unpickler_reads_to_the_end_are_refused() {
    let whole = dict(&[("BINUNICODE w", &good())]);
    let cut = whole.replace("STOP\n", "");
    assert!(refused(file(&cut), &ALL).contains("the pickle is cut off"));
    assert!(refused(file(&format!("{cut}RAW ff\n")), &ALL).contains("is no opcode"));
    let more = format!("{whole}INT 1\nSTOP\n");
    assert!(refused(file(&more), &STRICT).contains("follow the pickle"));
    let odd = whole.replace("PROTO 2\n", "PROTO 2\nBINGET 9\n");
    assert!(refused(file(&odd), &STRICT).contains("nothing was put at 9"));
}

#[test]
fn legacy_files_that_lie_are_refused() {
    let view = good().replace("INT 4\n", "INT 4\nNONE\n");
    let object = indented(&dict(&[("BINUNICODE w", &view)]));
    let legacy = |keys: &str, storages: &str| {
        build(&format!(
            "model.pt: torch-legacy\n  object: pickle\n{object}  keys: pickle\n    PROTO 2\n    MARK\n{keys}    LIST\n    STOP\n  storages: hex {storages}\n"
        ))
    };
    let key = "    BINUNICODE 0\n";
    let floats = "0000803f000000400000404000008040";
    let honest = legacy(key, &format!("0400000000000000{floats}"));
    assert_eq!(converted(honest, &STRICT).unwrap(), converted(one(&good()), &STRICT).unwrap());
    for (keys, storages, said) in [
        (key, format!("0500000000000000{floats}"), "the file ends before its last storage"),
        (key, format!("ffffffffffffffff{floats}"), "the file ends before its last storage"),
        (key, format!("ffffffffffffff1f{floats}"), "the file ends before its last storage"),
        (key, format!("0200000000000000{floats}"), "reaches to byte 16"),
        ("", format!("0400000000000000{floats}"), "the file does not hold it"),
        ("    BINUNICODE 7\n", format!("0400000000000000{floats}"), "referred to nowhere"),
    ] {
        let error = refused(legacy(keys, &storages), &ALL);
        assert!(error.contains(said), "{storages}: {error}");
    }
    let more = legacy(key, &format!("0400000000000000{floats}00"));
    assert!(refused(more, &STRICT).contains("1 bytes follow the last storage"));
}

#[test]
fn arrays_of_objects_are_not_taken() {
    let object = build("a.npy: npy descr=\"|O\" shape=(1,)\n  pickle\n    NONE\n    STOP\n");
    assert!(refused(object, &STRICT).contains("Python objects"));
    let short = build("a.npy: npy descr=\"<f4\" shape=(3,)\n  zeros 4\n");
    assert!(refused(short, &ALL).contains("it takes 12 bytes, and 4 are there"));
    let archive = build(
        "a.npz: zip\n  ok.npy: npy descr=\"<f4\" shape=(1,)\n    zeros 4\n  bad.npy: npy descr=\"|O\" shape=(1,)\n    pickle\n      NONE\n      STOP\n",
    );
    assert!(refused(archive.clone(), &STRICT).contains("`bad`: its elements are Python objects"));
    converted(archive, &ALL).unwrap();
}

#[test]
fn other_files_are_not_recognised() {
    for bytes in [&b""[..], b"PK", b"PK\x03\x04", b"{}", b"\x80\x02N.", &[0; 600]] {
        assert!(collect(bytes.to_vec()).is_none(), "{bytes:?}");
    }
    let tar = build("old.tar: tar\n  pickle: empty\n  storages: empty\n  tensors: empty\n");
    assert!(refused(tar, &ALL).contains("before 0.1.10"));
}

/// Takes some bytes, then is full.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = bytes.len().min(self.0);
        self.0 -= count;
        if count == 0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(count) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn the_new_file_is_whole_or_is_not() {
    #[allow(clippy::disallowed_methods, reason = "a test looks at what was written")]
    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
    #[allow(clippy::disallowed_methods, reason = "a test looks at what was written")]
    fn content(path: &Path) -> Vec<u8> {
        std::fs::read(path).unwrap()
    }
    let collected = collect(one(&good())).unwrap();
    let plan = convert::plan(&collected, &STRICT).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("model.safetensors");
    let changed = || Err(Trouble("the file was changed while it was read".into()));
    let error = convert::save(&plan, &target, false, changed).unwrap_err();
    assert!(matches!(error, Error::Read(_)), "{error}");
    assert_eq!(names(folder.path()), Vec::<String>::new());

    convert::save(&plan, &target, false, || Ok(())).unwrap();
    assert_eq!(names(folder.path()), ["model.safetensors"]);
    assert_eq!(content(&target), converted(one(&good()), &STRICT).unwrap());

    let error = convert::save(&plan, &target, false, || Ok(())).unwrap_err();
    assert!(matches!(error, Error::Exists { .. }) && error.hint().unwrap().contains("--force"));
    convert::save(&plan, &target, true, || Ok(())).unwrap();
    assert_eq!(names(folder.path()), ["model.safetensors"]);

    let nowhere = folder.path().join("no/model.safetensors");
    let error = convert::save(&plan, &nowhere, false, || Ok(())).unwrap_err();
    assert!(matches!(error, Error::Write { .. }), "{error}");

    for room in [0, 5, 100, 110] {
        let broke = plan.write(&mut Full(room)).unwrap_err();
        assert!(matches!(broke, Broke::Writing(_)), "{broke:?}");
    }
    let full = Error::Write { path: target, source: io::ErrorKind::StorageFull.into() };
    assert!(full.hint().unwrap().contains("make room"));
}
