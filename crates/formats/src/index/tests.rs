use super::OddityKind as K;
use super::*;
use crate::harness;

fn kinds(text: &str) -> Vec<K> {
    read(&Blob::from_vec(text.as_bytes().to_vec())).oddities.iter().map(|o| o.kind).collect()
}

#[test]
fn reads_an_index() {
    let text = r#"{"metadata":{"total_size":12.0},"weight_map":{"b":"model-00002-of-00002.safetensors","a":"model-00001-of-00002.safetensors"}}"#;
    let out = read(&Blob::from_vec(text.as_bytes().to_vec()));
    assert_eq!(out.oddities, []);
    assert_eq!(out.total_size, Some(12));
    assert_eq!(out.weight_map.len(), 2);
    assert_eq!(out.shards()[0].raw(), "model-00001-of-00002.safetensors");
}

#[test]
fn names_every_fault() {
    assert_eq!(kinds("[]"), [K::NotAnObject]);
    assert_eq!(kinds("{}"), [K::NoWeightMap]);
    assert_eq!(kinds(r#"{"weight_map":[]}"#), [K::NoWeightMap]);
    assert_eq!(kinds(r#"{"weight_map":{"a":1}}"#), [K::ShardNotText]);
    for outside in
        ["../x", "/x", "a/../../x", "C:x", "\\\\\\\\h\\\\x", "http://h/x", "~/x", "x\\u0000"]
    {
        let text = format!(r#"{{"weight_map":{{"a":"{outside}"}}}}"#);
        assert_eq!(kinds(&text), [K::ShardOutside], "{outside}");
    }
    assert_eq!(kinds(r#"{"weight_map":{"a":"sub/x..y"}}"#), []);
    assert_eq!(kinds(r#"{"weight_map":{"a":"x","a":"y"}}"#), [K::DuplicateTensor]);
    assert_eq!(
        kinds(r#"{"weight_map":{"a":"x"},"weight_map":{"a":"y"}}"#),
        [K::Json(json::OddityKind::DuplicateKey)]
    );
    assert_eq!(
        kinds(r#"{"metadata":{"total_size":"x"},"weight_map":{"a":"x"}}"#),
        [K::BadTotalSize]
    );
    assert_eq!(kinds(r#"{"weight_map":{"a":"x"},}"#), [K::Json(json::OddityKind::ExtraComma)]);
}

#[test]
fn survives_anything() {
    let text = r#"{"metadata":{"total_size":12.0},"weight_map":{"b":"m","a":"../n"}}"#;
    harness::survive(text.as_bytes(), |blob| {
        read(blob);
    });
}
