use super::OddityKind as K;
use super::*;
use crate::harness;

/// A version 1 file of this header, as numpy pads it.
fn file(header: &str, data: &[u8]) -> Vec<u8> {
    let mut text = header.to_owned();
    while !(text.len() + 11).is_multiple_of(64) {
        text.push(' ');
    }
    text.push('\n');
    let mut bytes = b"\x93NUMPY\x01\0".to_vec();
    bytes.extend_from_slice(&u16::try_from(text.len()).unwrap().to_le_bytes());
    bytes.extend_from_slice(text.as_bytes());
    bytes.extend_from_slice(data);
    bytes
}

fn look(header: &str, data: &[u8]) -> Npy {
    read(&Blob::from_vec(file(header, data)))
}

fn kinds(header: &str, data: &[u8]) -> Vec<K> {
    look(header, data).oddities.iter().map(|o| o.kind).collect()
}

/// What `numpy.save` 2.4.6 writes before three `<f4`.
const F4: &str = "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }";

#[test]
fn reads_an_array() {
    let out = look(F4, &[0; 12]);
    assert_eq!(out.oddities, []);
    assert_eq!((out.dtype, out.item_size), (Some(DType::F32), Some(4)));
    assert_eq!((out.fortran_order, out.shape), (Some(false), Some(vec![3])));
    assert_eq!((out.data, out.pickle_at), (Some(Span::new(128, 140)), None));
    let spans: Vec<_> = out.regions.iter().map(|r| r.span).collect();
    assert_eq!(Span::uncovered(&spans, 140), []);
}

#[test]
fn tells_where_a_pickle_begins() {
    for descr in ["'|O'", "'O'", "'object'", "'i4,O'", "'(2,)O'", "[('a', '|O')]", "('|O', (2,))"] {
        let header = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': (2,), }}");
        let out = look(&header, b"\x80\x04N.");
        assert!(out.pickle_at.is_some_and(|at| at == out.data.unwrap().start), "{descr}");
    }
    let out = look("{'descr': '|O', 'fortran_order': False, 'shape': (2,), }", b"\x80\x04N.");
    assert_eq!(out.oddities, []);
    let nested =
        "{'descr': [('a', [('b', '|O'), ('c', '<i4')])], 'fortran_order': False, 'shape': (2,), }";
    assert_eq!(kinds(nested, b"N."), [K::ObjectInStructure]);
    // Nobody knows that these hold no objects.
    for descr in ["'wat'", "7", "[('a', 'wat')]"] {
        let header = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': (2,), }}");
        let out = look(&header, b"N.");
        assert_eq!(out.pickle_at, out.data.map(|d| d.start), "{descr}");
        assert_eq!(out.oddities[0].kind, K::UnknownDescr);
    }
}

#[test]
fn knows_sizes() {
    for (descr, size) in [
        ("'<f4'", 4),
        ("'|b1'", 1),
        ("'<U10'", 40),
        ("'|S5'", 5),
        ("'<M8[ns]'", 8),
        ("'<m8[25us]'", 8),
        ("'|V2'", 2),
        ("'>c16'", 16),
        ("[('a', '<i4'), ('b', '<U3', (2,)), (('t', 'c'), '|u1', 3), ('', '|V1')]", 32),
        ("('<f4', (2, 3))", 24),
    ] {
        let header = format!("{{'descr': {descr}, 'fortran_order': True, 'shape': (), }}");
        let out = look(&header, &vec![0; size]);
        assert_eq!(out.oddities, [], "{descr}");
        assert_eq!(out.item_size, Some(size as u64), "{descr}");
    }
}

#[test]
fn names_every_fault() {
    let cases: &[(&str, &[u8], &[K])] = &[
        (F4, &[0; 13], &[K::TrailingBytes]),
        (F4, &[0; 11], &[K::DataTooShort]),
        ("[1]", b"", &[K::NotADict]),
        ("", b"", &[K::BadLiteral]),
        ("{'descr': f()}", b"", &[K::BadLiteral, K::MissingKey, K::MissingKey, K::MissingKey]),
        ("{'descr': '<f4', 'shape': (0,)}", b"", &[K::MissingKey]),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (0,), 'x': 1}", b"", &[K::ExtraKey]),
        (
            "{'descr': '|O', 'descr': '<f4', 'fortran_order': False, 'shape': (0,)}",
            b"",
            &[K::DuplicateKey],
        ),
        ("{'descr': '<f4', 'fortran_order': 0, 'shape': (0,)}", b"", &[K::BadOrder]),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': 3}", b"", &[K::BadShape]),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (-3,)}", b"", &[K::BadShape]),
        (
            "{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, 9)}",
            b"",
            &[K::Overflow],
        ),
        (
            "{'descr': '<f4', 'fortran_order': False, 'shape': (0,)} import os",
            b"",
            &[K::HeaderTail],
        ),
    ];
    for (header, data, expected) in cases {
        assert_eq!(kinds(header, data), *expected, "{header}");
    }
    let twice = [file(F4, &[0; 12]), file(F4, &[0; 12])].concat();
    let out = read(&Blob::from_vec(twice));
    assert_eq!(out.oddities[0].kind, K::AnotherArray);
    assert_eq!(out.data.unwrap().end, 140);
    let python2 = "{'descr': '<f4', 'fortran_order': False, 'shape': (3L,), }";
    assert_eq!(kinds(python2, &[0; 12]), []);
    let mut lies = file(F4, &[0; 12]);
    lies[8..10].copy_from_slice(&[0xff, 0xff]);
    let kinds: Vec<_> = read(&Blob::from_vec(lies)).oddities.iter().map(|o| o.kind).collect();
    assert!(kinds.contains(&K::Truncated) && kinds.contains(&K::HeaderTooLarge));
    let kinds: Vec<_> = read(&Blob::from_vec(b"\x93NUMPX\x09\x01\0\0\0\0".to_vec()))
        .oddities
        .iter()
        .map(|o| o.kind)
        .collect();
    assert!(kinds.contains(&K::BadMagic) && kinds.contains(&K::UnknownVersion));
}

#[test]
fn survives_anything() {
    let header = "{'descr': [('a', u'<i4'), (\"b\", r'''|S\\x31''', (0x2,))], 'fortran_order': None, 'shape': (1_0,), }";
    harness::survive(&file(header, &[1; 9]), |blob| {
        read(blob);
    });
    let deep = format!("{{'descr': {}", "[(".repeat(30_000));
    assert!(kinds(&deep, b"").contains(&K::BadLiteral));
    let many = format!("{{'descr': [{}]", "1,".repeat(30_000));
    assert!(kinds(&many, b"").contains(&K::BadLiteral));
}

#[test]
fn agrees_with_numpy() {
    let folder = tempfile::tempdir().unwrap();
    let write = r#"
import numpy as np
arrays = [np.zeros(3, t) for t in "? b B h H i I l L q Q e f d g F D G S3 U2 V5 M8[D] m8[ns] >i4".split()]
arrays += [np.zeros((2, 0, 3), "f4"), np.array(1.5), np.asfortranarray(np.ones((2, 3)))]
arrays += [np.zeros(2, [("a", "i4"), ("b", "U3", (2,)), ("c", [("d", "f8")])])]
arrays += [np.zeros(2, np.dtype([("a", "i1"), ("b", "f8")], align=True))]
arrays += [np.zeros(1, [(f"field{n}" * 20, "f4") for n in range(600)])]
arrays += [np.zeros(2, [("\u00e9\u6a21", "i4")])]
arrays += [np.array([1, "x", None], dtype=object), np.zeros(2, [("a", object)])]
for n, a in enumerate(arrays):
    np.save(f"{n:02}.npy", a, allow_pickle=True)
    print(int(a.dtype.hasobject), a.dtype.itemsize, a.nbytes, ",".join(map(str, a.shape)))
"#;
    let Some(said) = harness::python("numpy", write, folder.path()) else { return };
    let files = harness::files(folder.path(), "npy");
    assert_eq!(files.len(), said.lines().count());
    for (path, line) in files.iter().zip(said.lines()) {
        let out = read(&harness::load(path));
        let mut kinds: Vec<_> = out.oddities.iter().map(|o| o.kind).collect();
        kinds.retain(|k| *k != K::HeaderTooLarge && *k != K::ObjectInStructure);
        assert_eq!(kinds, [], "{}: {:?}", path.display(), out.descr);
        let words: Vec<_> = line.split(' ').collect();
        assert_eq!(out.pickle_at.is_some(), words[0] == "1");
        if words[0] == "0" {
            assert_eq!(out.item_size.unwrap().to_string(), words[1]);
            assert_eq!(out.data.unwrap().len().to_string(), words[2]);
        }
        let shape: Vec<_> = out.shape.unwrap().iter().map(u64::to_string).collect();
        assert_eq!(shape.join(","), words[3]);
    }
}
