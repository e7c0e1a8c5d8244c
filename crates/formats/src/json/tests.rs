use super::OddityKind as K;
use super::*;
use crate::harness;

fn parse(text: &[u8]) -> Json {
    read(&Blob::from_vec(text.to_vec()))
}

fn kinds(text: &[u8]) -> Vec<K> {
    let mut kinds: Vec<K> = parse(text).oddities.iter().map(|o| o.kind).collect();
    kinds.dedup();
    kinds
}

#[test]
fn reads_a_document() {
    let text = br#" {"a": [1, -2.5e3, "x\n\u00e9\ud83d\ude00", true, null], "b": {"c": "d"}} "#;
    let out = parse(text);
    assert_eq!(out.oddities, []);
    let root = out.root().unwrap();
    let a = root.get("a").unwrap();
    assert_eq!(a.items()[0].as_u64(), Some(1));
    assert_eq!(a.items()[1].value, Value::Number("-2.5e3".into()));
    assert_eq!(a.items()[2].as_str().unwrap().raw(), "x\né😀");
    assert_eq!(a.items()[3].as_bool(), Some(true));
    assert_eq!(a.items()[4].value, Value::Null);
    assert_eq!(root.get("b").unwrap().get("c").unwrap().as_str().unwrap().raw(), "d");
    let at = a.items()[3].span;
    assert_eq!(
        &text[usize::try_from(at.start).unwrap()..usize::try_from(at.end).unwrap()],
        b"true"
    );
    assert_eq!(root.span, vocabulary::Span::new(1, text.len() as u64 - 1));
    let mut count = 0;
    root.walk(&mut |_| count += 1);
    assert_eq!(count, 1 + 2 + 1 + 5 + 1 + 2);
}

#[test]
fn keeps_every_value_of_a_key() {
    let out = parse(br#"{"a":1,"b":0,"a":2,"\u0061":3}"#);
    let root = out.root().unwrap();
    let all: Vec<_> = root.get_all("a").map(Node::as_u64).collect();
    assert_eq!(all, [Some(1), Some(2), Some(3)]);
    assert_eq!(root.get("a").unwrap().as_u64(), Some(3));
    let shadowed: Vec<_> = root.members().iter().map(|m| m.shadowed).collect();
    assert_eq!(shadowed, [true, false, true, false]);
    assert_eq!(out.oddities.len(), 2);
    assert_eq!((out.oddities[0].kind, out.oddities[0].at), (K::DuplicateKey, 13));
}

#[test]
fn names_every_fault_and_goes_on() {
    let cases: &[(&[u8], &[K])] = &[
        (b"", &[K::Empty]),
        (b"  ", &[K::Empty]),
        (b"[1", &[K::Truncated]),
        (b"\"abc", &[K::Truncated]),
        (b"1 2", &[K::SeveralValues]),
        (b"{\"a\":1}\n{\"a\":2}\n", &[K::SeveralValues]),
        (b"[1,]", &[K::ExtraComma]),
        (b"[,1]", &[K::ExtraComma]),
        (b"{\"a\":1,}", &[K::ExtraComma]),
        (b"[1 2]", &[K::MissingSeparator]),
        (b"{\"a\" 1}", &[K::MissingSeparator]),
        (b"{\"a\":}", &[K::MissingValue]),
        (b"[1}", &[K::MismatchedBracket]),
        (b"[1]]", &[K::MismatchedBracket]),
        (b"[1 /* x */, // y\n 2 # z\n]", &[K::Comment]),
        (b"[NaN, Infinity, -Infinity]", &[K::NonFinite]),
        (b"[01, +1, .5, 1., 0x10, 1e, -]", &[K::BadNumber]),
        (b"{'a': 'b'}", &[K::BadQuotes]),
        (b"{a: 1}", &[K::BadQuotes]),
        (b"[what]", &[K::Junk]),
        (b"{[1]}", &[K::Junk, K::MissingSeparator]),
        (b"[\"\\q\"]", &[K::BadEscape]),
        (b"[\"\\u12\"]", &[K::BadEscape]),
        (b"[\"\\ud800\", \"\\udc00\", \"\\ud800\\u0041\"]", &[K::LoneSurrogate]),
        (b"[\"a\nb\"]", &[K::ControlCharacter]),
        (b"[\"\xff\"]", &[K::InvalidUtf8]),
        (b"\xef\xbb\xbf[]", &[K::ByteOrderMark]),
    ];
    for (text, expected) in cases {
        assert_eq!(kinds(text), *expected, "{}", String::from_utf8_lossy(text));
    }
    let out = parse(b"{'a' 1,, what 'b': [2} \"c\": 3");
    assert_eq!(out.root().unwrap().get("c").and_then(Node::as_u64), Some(3));
}

#[test]
fn bounds_what_it_keeps() {
    let deep = [b"[".repeat(100_000), b"]".repeat(100_000)].concat();
    let out = parse(&deep);
    assert_eq!(out.oddities.iter().map(|o| o.kind).filter(|k| *k == K::Deep).count(), 32);
    assert!(out.omitted >= 1);
    assert!(kinds(&b"[".repeat(3 << 20)).contains(&K::TooDeep));

    let limits = Limits { nodes: 4, string: 3, ..Limits::default() };
    let out = read_within(&Blob::from_vec(b"{\"abcdef\":1,\"b\":[[2]],\"c\":3}".to_vec()), limits);
    let members = out.root().unwrap().members();
    assert_eq!(members[0].key.as_str().unwrap().raw(), "abc");
    assert_eq!(members[0].value.as_u64(), Some(1));
    assert_eq!(members.len(), 1);
    assert!(out.omitted > 0);
    assert!(out.oddities.iter().any(|o| o.kind == K::NotRetained));
}

#[test]
fn takes_linear_time() {
    let text = format!("[{}]", "{\"k\":[1,\"v\"],}'x'".repeat(100_000));
    assert!(parse(text.as_bytes()).oddities.len() < 200);
    assert!(kinds(&b"\"\\ud800".repeat(50_000)).contains(&K::LoneSurrogate));
}

#[test]
fn survives_anything() {
    let sample = "{\"a\":[1,-2.5e3,\"x\\n\\u00e9\\ud83d\\ude00é\",true,null],/*c*/'b':{c:NaN}}";
    harness::survive(sample.as_bytes(), |blob| {
        read(blob);
        read_within(blob, Limits { depth: 1, nodes: 3, string: 2, text: 3 });
    });
}

#[test]
fn agrees_with_python() {
    let folder = tempfile::tempdir().unwrap();
    let sample = br#"{"a": [1, -2.5e3, "x\n\u00e9", true, null, {}], "b": {"c": [[]]}}"#;
    let mut cases = harness::mutations(sample, sample.len());
    cases.extend((0..sample.len()).map(|len| sample[..len].to_vec()));
    let list: Vec<String> =
        cases.iter().map(|c| c.iter().map(|b| format!("{b:02x}")).collect()).collect();
    harness::store(&folder.path().join("cases"), list.join("\n").as_bytes());
    let judge = r#"
import json
out = []
for line in open("cases"):
    try:
        json.loads(bytes.fromhex(line).decode("utf-8")); out.append("1")
    except Exception:
        out.append("0")
print("".join(out), end="")
"#;
    let Some(verdicts) = harness::python("json", judge, folder.path()) else { return };
    for (case, verdict) in cases.iter().zip(verdicts.bytes()) {
        let kinds = kinds(case);
        let text = String::from_utf8_lossy(case);
        if verdict == b'0' {
            assert!(!kinds.is_empty(), "refused by Python: {text}");
        } else {
            // What Python reads and RFC 8259 does not allow.
            let python = [K::DuplicateKey, K::LoneSurrogate, K::NonFinite];
            assert!(kinds.iter().all(|k| python.contains(k)), "{text}: {kinds:?}");
        }
    }
}

#[test]
fn keys_are_told_beyond_what_a_tree_holds() {
    let mut text = String::from("{");
    for n in 0..1_100_000 {
        text.push_str(&format!("\"{n}\":[0],"));
    }
    text.push_str(r#""last":{"inner":1}} {"second":1}"#);
    let blob = Blob::from_vec(text.into_bytes());
    let (mut count, mut last) = (0, String::new());
    assert!(keys(&blob, |key| {
        count += 1;
        key.text.raw().clone_into(&mut last);
    }));
    assert_eq!((count, last.as_str()), (1_100_001, "last"));
    let deep = Blob::from_vec([b"{\"a\":".as_slice(), &vec![b'['; 2 << 20]].concat());
    assert!(!keys(&deep, |_| ()));
}

#[test]
fn a_text_of_many_values_is_told_before_a_tree_is_built() {
    let rows = |row: &str, count: usize| format!("[{}0]", row.repeat(count)).into_bytes();
    assert!(is_too_dense(&rows("0,", 4 << 20)));
    assert!(is_too_dense(&rows("{},", 3 << 20)));
    assert!(is_too_dense(&"[".repeat(8 << 20).into_bytes()));
    assert!(!is_too_dense(&rows("0,", 1 << 20)));
    // Text is no value, whatever it holds, and what is as sparse as a list of files passes.
    assert!(!is_too_dense(&rows("\"[,,,,,,{\\\",,,,,,,\",", 1 << 20)));
    let file =
        "{\"path\":\"model/weights-1-of-9.bin\",\"size\":1234567890,\"oid\":\"0123456789abcdef\"},";
    assert!(!is_too_dense(&rows(file, 1 << 20)));
    assert!(!is_too_dense(b""));
}
