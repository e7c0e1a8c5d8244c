use super::OddityKind as K;
use super::*;
use crate::DType;
use crate::harness;
use crate::json::OddityKind as J;

/// Written by `safetensors` 0.8.0: `save({"a": arange(3, f4), "b": zeros((2, 0), i8), "c": ones((2,
/// 2), i1)}, metadata={"format": "np"})`.
const WRITTEN: &[u8] = b"\xc8\0\0\0\0\0\0\0{\"__metadata__\":{\"format\":\"np\"},\
\"b\":{\"dtype\":\"I64\",\"shape\":[2,0],\"data_offsets\":[0,0]},\
\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,12]},\
\"c\":{\"dtype\":\"I8\",\"shape\":[2,2],\"data_offsets\":[12,16]}}   \
\0\0\0\0\0\0\x80?\0\0\0@\x01\x01\x01\x01";

/// A file of this header, padded with spaces as the reference does.
fn file(header: &str, data: usize) -> Vec<u8> {
    let padded = format!("{header}{}", " ".repeat(header.len().next_multiple_of(8) - header.len()));
    let mut bytes = (padded.len() as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(padded.as_bytes());
    bytes.resize(bytes.len() + data, 7);
    bytes
}

fn kinds(bytes: &[u8]) -> Vec<K> {
    let mut kinds: Vec<K> =
        read(&Blob::from_vec(bytes.to_vec())).oddities.iter().map(|o| o.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

const A: &str = r#""a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}"#;

#[test]
fn reads_what_the_reference_wrote() {
    let out = read(&Blob::from_vec(WRITTEN.to_vec()));
    assert_eq!(out.oddities, []);
    assert_eq!(out.metadata, [("format".into(), "np".into())]);
    let names: Vec<_> = out.tensors.iter().map(|e| e.tensor.name.raw()).collect();
    assert_eq!(names, ["b", "a", "c"]);
    let a = &out.tensors[1].tensor;
    assert_eq!((a.dtype, a.shape.as_slice()), (Some(DType::F32), &[3][..]));
    assert_eq!(a.data, Span::new(208, 220));
    assert_eq!(out.tensors[1].offsets, Some((0, 12)));
    let spans: Vec<_> = out.regions.iter().map(|r| r.span).collect();
    assert_eq!(Span::uncovered(&spans, WRITTEN.len() as u64), []);
    assert!(out.tensors[1].at.start > 8 && out.tensors[1].at.end < 208);
}

#[test]
fn names_every_fault() {
    let cases: &[(&str, usize, &[K])] = &[
        ("{}", 0, &[]),
        (&format!("{{{A}}}"), 4, &[]),
        // Two readings of the same bytes.
        (
            &format!(r#"{{{A},"a":{{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}}}"#),
            4,
            &[K::DuplicateTensor],
        ),
        (
            r#"{"a":{"dtype":"F32","dtype":"U8","shape":[4],"data_offsets":[0,4]}}"#,
            4,
            &[K::DuplicateField],
        ),
        (r#"{"__metadata__":{"k":"1","k":"2"}}"#, 0, &[K::DuplicateMetadata]),
        (r#"{"__metadata__":{},"__metadata__":{}}"#, 0, &[K::DuplicateField]),
        (r#"{"__metadata__":{"k":1}}"#, 0, &[K::BadMetadata]),
        (r#"{"__metadata__":null}"#, 0, &[K::BadMetadata]),
        (&format!("{{{A}}}"), 5, &[K::TrailingBytes]),
        (&format!("{{{A}}}"), 3, &[K::PastEnd]),
        (r#"{"a":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}"#, 4, &[K::NotAtStart]),
        (
            &format!(r#"{{{A},"b":{{"dtype":"U8","shape":[2],"data_offsets":[6,8]}}}}"#),
            8,
            &[K::Hole],
        ),
        (
            &format!(r#"{{{A},"b":{{"dtype":"U8","shape":[4],"data_offsets":[2,6]}}}}"#),
            6,
            &[K::Overlap],
        ),
        (
            &format!(r#"{{{A},"b":{{"dtype":"U8","shape":[0],"data_offsets":[2,2]}}}}"#),
            4,
            &[K::EmptyInside],
        ),
        (&format!(r#"{{{A},"b":{{"dtype":"U8","shape":[0],"data_offsets":[4,4]}}}}"#), 4, &[]),
        (r#"{"a":{"dtype":"U8","shape":[4],"data_offsets":[4,0]}}"#, 0, &[K::BeginPastEnd]),
        (r#"{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,4]}}"#, 4, &[K::WrongSize]),
        (
            r#"{"a":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]}}"#,
            0,
            &[K::Overflow],
        ),
        (
            r#"{"a":{"dtype":"F64","shape":[2305843009213693952],"data_offsets":[0,0]}}"#,
            0,
            &[K::Overflow],
        ),
        (r#"{"a":{"dtype":"F4","shape":[3],"data_offsets":[0,1]}}"#, 1, &[K::PartialByte]),
        (r#"{"a":{"dtype":"F4","shape":[4],"data_offsets":[0,2]}}"#, 2, &[]),
        (r#"{"a":{"dtype":"Q9","shape":[4],"data_offsets":[0,4]}}"#, 4, &[K::UnknownDtype]),
        (
            r#"{"a":{"dtype":"U8","shape":[-4],"data_offsets":[0,4]}}"#,
            4,
            &[K::BadNumber, K::WrongSize],
        ),
        (
            r#"{"a":{"dtype":"U8","shape":[4.0],"data_offsets":[0,4]}}"#,
            4,
            &[K::BadNumber, K::WrongSize],
        ),
        (r#"{"a":{"dtype":"U8","shape":[4]}}"#, 0, &[K::MissingField]),
        (
            r#"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4],"x":[{"y":1}]}}"#,
            4,
            &[K::UnknownField],
        ),
        (r#"{"a":["U8",[4],[0,4]]}"#, 4, &[K::WrongType]),
        (r#"{"a":7}"#, 0, &[K::MissingField, K::WrongType]),
        (r#"{"a":{"dtype":7,"shape":7,"data_offsets":[0]}}"#, 0, &[K::WrongType]),
        ("[1]", 0, &[K::LeadingBytes, K::NotAnObject]),
        (" {}", 0, &[K::LeadingBytes]),
        ("{}\n", 0, &[K::HeaderPadding]),
        (&format!("{{{A},}}"), 4, &[K::Json(J::ExtraComma)]),
        (&format!("{{{A}"), 4, &[K::Json(J::Truncated)]),
        ("{\"\\ud800\":0}", 0, &[K::Json(J::LoneSurrogate), K::MissingField, K::WrongType]),
        ("{}{}", 0, &[K::HeaderPadding, K::Json(J::SeveralValues)]),
    ];
    for (header, data, expected) in cases {
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(kinds(&file(header, *data)), expected, "{header}");
    }
}

#[test]
fn names_faults_of_the_frame() {
    assert_eq!(kinds(b"1234567"), [K::TooShort]);
    assert_eq!(kinds(&[0; 8]), [K::LeadingBytes, K::NotAnObject, K::Json(J::Empty)]);
    let mut large = file(&format!("{{{A}}}"), 0);
    large[..8].copy_from_slice(&100_000_008u64.to_le_bytes());
    let out = read(&Blob::from_vec(large));
    assert_eq!(out.tensors.len(), 1, "what stands is read all the same");
    let found: Vec<_> = out.oddities.iter().map(|o| o.kind).collect();
    assert!(found.contains(&K::HeaderTooLarge) && found.contains(&K::HeaderPastEnd));
    let mut odd = 3u64.to_le_bytes().to_vec();
    odd.extend_from_slice(b"{} ");
    assert_eq!(kinds(&odd), [K::UnalignedHeader]);
    odd[..8].copy_from_slice(&[0xff; 8]);
    assert!(kinds(&odd).contains(&K::HeaderPastEnd));
}

#[test]
fn keeps_both_readings_of_a_name() {
    let header = format!(r#"{{{A},"a":{{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}}}"#);
    let out = read(&Blob::from_vec(file(&header, 4)));
    let all: Vec<_> = out.tensors.iter().map(|e| (e.tensor.dtype, e.shadowed)).collect();
    assert_eq!(all, [(Some(DType::U8), true), (Some(DType::F32), false)]);
    assert_eq!(out.effective().count(), 1);
    // The same name written with an escape.
    let header = header.replacen("\"a\"", "\"\\u0061\"", 1);
    assert_eq!(kinds(&file(&header, 4)), [K::DuplicateTensor]);
}

#[test]
fn survives_anything() {
    harness::survive(WRITTEN, |blob| {
        read(blob);
    });
    harness::survive(
        &file(&format!("{{{A},\"b\":[{{}},[1.5],[\"\\ud83d\\ude00\"]]}}"), 4),
        |blob| {
            read(blob);
        },
    );
}

#[test]
fn reads_many_tensors_in_one_pass() {
    let entries: Vec<String> = (0..100_000)
        .map(|n| format!(r#""t{n}":{{"dtype":"U8","shape":[1],"data_offsets":[{n},{}]}}"#, n + 1))
        .collect();
    let out = read(&Blob::from_vec(file(&format!("{{{}}}", entries.join(",")), 100_000)));
    assert_eq!(out.oddities, []);
    assert_eq!((out.tensors.len(), out.tensor_count), (100_000, 100_000));
    assert_eq!(out.regions.len(), 3);
}

#[test]
fn agrees_with_the_reference() {
    let folder = tempfile::tempdir().unwrap();
    let write = r#"
import numpy as np, safetensors
from safetensors.numpy import save_file
save_file({}, "w0.safetensors")
save_file({"x": np.zeros(5, "f2"), "y": np.zeros((3, 3), "u8"), "z": np.array(True)}, "w1.safetensors")
save_file({f"layer.{n}": np.zeros((n % 7, 3), "f4") for n in range(3000)}, "w2.safetensors", metadata={"a": "\u6a21 \ud83d\ude00 \\ \" \n" .encode("utf-16", "surrogatepass").decode("utf-16")})
"#;
    if harness::python("numpy, safetensors", write, folder.path()).is_none() {
        return;
    }
    for path in harness::files(folder.path(), "safetensors") {
        let out = read(&harness::load(&path));
        assert_eq!(out.oddities, [], "{}", path.display());
    }
    // Everything that the reference refuses must be odd.
    let sample = file(
        r#"{"__metadata__":{"k":"v"},"a":{"dtype":"U8","shape":[2,2],"data_offsets":[0,4]},"b":{"dtype":"F16","shape":[1],"data_offsets":[4,6]}}"#,
        6,
    );
    let mut cases = harness::mutations(&sample, sample.len());
    for len in 0..sample.len() {
        cases.push(sample[..len].to_vec());
    }
    let mut list = Vec::new();
    for case in &cases {
        list.extend_from_slice(&u32::try_from(case.len()).unwrap().to_le_bytes());
        list.extend_from_slice(case);
    }
    harness::store(&folder.path().join("cases"), &list);
    let judge = r#"
import safetensors, struct
data = open("cases", "rb").read()
at, out = 0, []
while at < len(data):
    n, = struct.unpack_from("<I", data, at); at += 4
    try:
        safetensors.deserialize(data[at:at + n]); out.append("1")
    except Exception:
        out.append("0")
    at += n
print("".join(out), end="")
"#;
    let verdicts = harness::python("safetensors", judge, folder.path()).unwrap();
    assert_eq!(verdicts.len(), cases.len());
    let refused = verdicts.bytes().filter(|b| *b == b'0').count();
    assert!(refused > 200 && refused < cases.len());
    for (case, verdict) in cases.iter().zip(verdicts.bytes()) {
        let odd = !kinds(case).is_empty();
        assert!(odd || verdict == b'1', "not odd, yet refused: {}", String::from_utf8_lossy(case));
    }
}
