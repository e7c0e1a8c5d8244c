//! Bundles that somebody made to deceive: they never verify, and nothing panics.

use std::fmt::Write as _;

use proptest::prelude::*;
use provenance::bundle::Bundle;
use provenance::dsse::{Envelope, IN_TOTO};
use provenance::keys::{PrivateKey, Scheme, Sign as _};
use provenance::oms::{self, Form, Hash, Method, Options, Verdict};
use provenance::refusal::Reason;
use provenance::trust::{Identity, Signer, Trust};
use serde_json::{Value, json};

use crate::place::{Leaf, Place, now, reasons};

fn signed(method: Method) -> Place {
    let place = Place::with(&[("a.bin", b"aaaaa"), ("sub/b.bin", b"b"), ("c.json", b"{}")]);
    place.sign(&place.model(), "model.sig", method, Hash::Sha256, Form::Specification);
    place
}

/// Every place in a document.
fn places(value: &Value, at: &str, all: &mut Vec<String>) {
    all.push(at.to_owned());
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| {
            let key = key.replace('~', "~0").replace('/', "~1");
            places(value, &format!("{at}/{key}"), all);
        }),
        Value::Array(list) => list
            .iter()
            .enumerate()
            .for_each(|(key, value)| places(value, &format!("{at}/{key}"), all)),
        _ => {}
    }
}

/// A document with everything that can stand at one of its places in its stead, and without it.
fn changed(value: &Value) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    places(value, "", &mut all);
    let instead = [
        Value::Null,
        json!(true),
        json!(0),
        json!(-1),
        json!(1e300),
        json!(""),
        json!("x"),
        json!("../../etc/passwd"),
        json!("0".repeat(64)),
        json!([]),
        json!({}),
        json!([[[[{}]]]]),
        json!({"a": {"b": null}}),
    ];
    let mut documents = Vec::new();
    for place in &all {
        for other in &instead {
            let mut document = value.clone();
            let slot = document.pointer_mut(place).unwrap();
            if slot != other {
                *slot = other.clone();
                documents.push((place.clone(), document));
            }
        }
        if let Some((above, key)) = place.rsplit_once('/') {
            let mut document = value.clone();
            match document.pointer_mut(above).unwrap() {
                Value::Object(map) => {
                    let old = map.remove(&key.replace("~1", "/")).unwrap();
                    documents.push((place.clone(), document.clone()));
                    let map = document.pointer_mut(above).unwrap().as_object_mut().unwrap();
                    map.insert(format!("{key}x"), old);
                }
                Value::Array(list) => {
                    let old = list.remove(key.parse().unwrap());
                    documents.push((place.clone(), document.clone()));
                    let list = document.pointer_mut(above).unwrap().as_array_mut().unwrap();
                    list.push(old.clone());
                    list.push(old);
                }
                _ => unreachable!(),
            }
            documents.push((place.clone(), document));
        }
    }
    documents
}

#[test]
fn a_bundle_with_anything_changed_verifies_only_the_same_payload() {
    let place = signed(Method::Files);
    let bytes = place.read("model.sig");
    let original: Value = serde_json::from_slice(&bytes).unwrap();
    let payload = Bundle::parse("", &bytes).unwrap().dsse_envelope.payload;
    let tree = artifact::tree::open(&place.model(), 99).unwrap();
    let verify =
        |bytes: &[u8]| oms::verify(&tree, bytes, &place.trust(), now(), &Options::default());
    let mut verified = Vec::new();
    for (at, document) in changed(&original) {
        let bytes = document.to_string().into_bytes();
        if verify(&bytes).verdict() == Verdict::Verified {
            assert_eq!(Bundle::parse("", &bytes).unwrap().dsse_envelope.payload, payload);
            verified.push(at);
        }
    }
    verified.sort();
    verified.dedup();
    // What the signature cannot cover, and what nothing is made to depend on.
    assert_eq!(
        verified,
        [
            "/dsseEnvelope/signatures/0/keyid",
            "/verificationMaterial/publicKey",
            "/verificationMaterial/publicKey/hint",
            "/verificationMaterial/tlogEntries",
        ]
    );
    for end in 0..bytes.len() {
        assert_eq!(reasons(&verify(&bytes[..end])), [Reason::BundleMalformed], "byte {end}");
    }
    for (at, byte) in bytes.iter().enumerate() {
        let mut bytes = bytes.clone();
        bytes[at] = byte ^ 1;
        if verify(&bytes).verdict() == Verdict::Verified {
            assert_eq!(Bundle::parse("", &bytes).unwrap().dsse_envelope.payload, payload);
        }
    }
}

/// Even somebody who holds the key signs nothing that two readers take differently.
#[test]
fn a_statement_with_anything_changed_says_the_same_or_is_refused() {
    for method in [Method::Files, Method::Shards(2)] {
        let place = signed(method);
        let original = place.payload("model.sig");
        let mut verified = Vec::new();
        for (at, document) in changed(&original) {
            place.sign_payload(&document.to_string(), "changed.sig");
            let seen = place.verify(&place.model(), "changed.sig", &Options::default());
            if seen.verdict() == Verdict::Verified {
                assert_eq!(seen.files, 3, "{at}");
                verified.push(at);
            }
        }
        verified.sort();
        verified.dedup();
        for at in &verified {
            let harmless = at.ends_with("/size")
                || at == "/subject/0/name"
                || at == "/subject/0/digest/dirHash"
                || at.starts_with("/predicate/serialization/ignore_paths")
                || at == "/predicate/serialization/allow_symlinks";
            assert!(harmless, "{at}");
        }
        let text = original.to_string();
        for end in 0..text.len() {
            let Some(cut) = text.get(..end) else { continue };
            place.sign_payload(cut, "changed.sig");
            let seen = place.verify(&place.model(), "changed.sig", &Options::default());
            assert_eq!(reasons(&seen), [Reason::StatementMalformed], "byte {end}");
        }
    }
}

#[test]
fn names_that_stand_twice_are_refused_wherever_they_stand() {
    let place = signed(Method::Files);
    let text = place.payload("model.sig").to_string();
    for (from, to) in [
        ("{\"_type\":", "{\"_type\":\"x\",\"_type\":"),
        ("\"predicateType\":", "\"predicateType\":\"x\",\"predicateType\":"),
        ("\"sha256\":", "\"sha256\":\"x\",\"sha256\":"),
        ("\"sha256\":", "\"sh\\u0061256\":\"x\",\"sha256\":"),
        ("\"resources\":", "\"resources\":[],\"resources\":"),
        ("\"name\":\"a.bin\"", "\"name\":\"b.bin\",\"name\":\"a.bin\""),
        ("\"method\":", "\"method\":\"shards\",\"method\":"),
        ("\"subject\":", "\"subject\":[],\"subject\":"),
    ] {
        let twice = text.replacen(from, to, 1);
        assert_ne!(twice, text, "{from}");
        place.sign_payload(&twice, "changed.sig");
        let seen = place.verify(&place.model(), "changed.sig", &Options::default());
        assert_eq!(reasons(&seen), [Reason::StatementMalformed], "{to}");
    }
    let bundle = String::from_utf8(place.read("model.sig")).unwrap();
    let twice = bundle.replacen("\"payload\":", "\"payload\":\"e30=\",\"payload\":", 1);
    place.write("changed.sig", twice.as_bytes());
    let seen = place.verify(&place.model(), "changed.sig", &Options::default());
    assert_eq!(reasons(&seen), [Reason::BundleMalformed]);
}

#[test]
fn a_million_files_and_deep_documents_end() {
    let place = signed(Method::Files);
    let mut resources = String::new();
    let digest = "0".repeat(64);
    for n in 0..1_000_000 {
        let comma = if n > 0 { "," } else { "" };
        let _ = write!(
            resources,
            r#"{comma}{{"name":"f{n}","digest":"{digest}","algorithm":"sha256"}}"#
        );
    }
    let payload = format!(
        r#"{{"_type":"https://in-toto.io/Statement/v1","subject":[{{"name":"m","digest":{{"sha256":"{digest}"}}}}],"predicateType":"https://model_signing/signature/v1.0","predicate":{{"resources":[{resources}],"serialization":{{"method":"files","hash_type":"sha256","allow_symlinks":false}}}}}}"#
    );
    place.sign_payload(&payload, "changed.sig");
    let seen = place.verify(&place.model(), "changed.sig", &Options::default());
    assert_eq!(reasons(&seen), [Reason::RootDiffers]);
    for deep in ["[".repeat(1 << 20), "{\"a\":".repeat(1 << 20)] {
        place.sign_payload(&deep, "changed.sig");
        let seen = place.verify(&place.model(), "changed.sig", &Options::default());
        assert_eq!(reasons(&seen), [Reason::StatementMalformed]);
        place.write("changed.sig", deep.as_bytes());
        let seen = place.verify(&place.model(), "changed.sig", &Options::default());
        assert_eq!(reasons(&seen), [Reason::BundleMalformed]);
    }
}

#[test]
fn who_signed_is_told_apart() {
    let place = signed(Method::Files);
    let model = place.model();
    let key = place.key.public_key().clone();
    let other = PrivateKey::generate(Scheme::EcdsaP256).unwrap();
    let mut signer = Signer::new("release", Identity::Key(key.clone()));
    let with = |signers: &[Signer]| {
        let trust = Trust { signers: signers.to_vec() };
        reasons(&place.verify_by(&trust, &model, "model.sig", &Options::default()))
    };
    assert_eq!(with(&[signer.clone()]), []);
    assert_eq!(with(&[]), [Reason::MaterialUnfit]);
    let stranger = Signer::new("other", Identity::Key(other.public_key().clone()));
    assert_eq!(with(std::slice::from_ref(&stranger)), [Reason::KeyUnknown]);
    assert_eq!(with(&[stranger.clone(), signer.clone()]), []);
    let authority = Leaf::default().certified().authority();
    let authority = Signer::new("authority", Identity::Certificate(authority));
    assert_eq!(with(std::slice::from_ref(&authority)), [Reason::MaterialUnfit]);
    signer.may = vec!["scan".into()];
    assert_eq!(with(&[signer.clone(), stranger]), [Reason::SignerNotPermitted]);
    signer.may.push("model".into());
    assert_eq!(with(&[signer.clone()]), []);
    signer.until = Some("2026-01-01T00:00:00Z".parse().unwrap());
    assert_eq!(with(&[signer.clone()]), [Reason::SignerNotNow]);
    signer.until = None;
    signer.from = Some("2027-01-01T00:00:00Z".parse().unwrap());
    assert_eq!(with(&[signer]), [Reason::SignerNotNow]);

    // Two signatures, none, and two kinds of claims.
    let bundle: Value = serde_json::from_slice(&place.read("model.sig")).unwrap();
    let told = |change: &dyn Fn(&mut Value)| {
        let mut changed = bundle.clone();
        change(&mut changed);
        place.write("changed.sig", changed.to_string().as_bytes());
        reasons(&place.verify(&model, "changed.sig", &Options::default()))
    };
    let signature = bundle["dsseEnvelope"]["signatures"][0].clone();
    let count = [Reason::SignatureCount];
    assert_eq!(told(&|b| b["dsseEnvelope"]["signatures"] = json!([signature, signature])), count);
    assert_eq!(told(&|b| b["dsseEnvelope"]["signatures"] = json!([])), count);
    let both = |b: &mut Value| b["verificationMaterial"]["certificate"] = json!({"rawBytes": ""});
    assert_eq!(told(&both), [Reason::MaterialUnclear]);
    assert_eq!(told(&|b| b["verificationMaterial"] = json!({})), [Reason::MaterialUnclear]);
    let hint = |b: &mut Value| b["verificationMaterial"]["publicKey"]["hint"] = "00".into();
    assert_eq!(told(&hint), [Reason::KeyUnknown]);
    let old = "application/vnd.dev.sigstore.bundle+json;version=0.2";
    assert_eq!(told(&|b| b["mediaType"] = old.into()), [Reason::BundleMalformed]);

    // Another type of payload, and a kind of key that Model Signing does not know.
    let payload = place.payload("model.sig").to_string().into_bytes();
    let envelope = Envelope::sign("text/plain", payload.clone(), &place.key).unwrap();
    let other_type = Bundle::with_key(key.hint(), envelope);
    place.write("changed.sig", &serde_json::to_vec(&other_type).unwrap());
    let seen = place.verify(&model, "changed.sig", &Options::default());
    assert_eq!(reasons(&seen), [Reason::PayloadType]);
    let ed25519 = PrivateKey::generate(Scheme::Ed25519).unwrap();
    let envelope = Envelope::sign(IN_TOTO, payload, &ed25519).unwrap();
    let bundle = Bundle::with_key(ed25519.public_key().hint(), envelope);
    place.write("changed.sig", &serde_json::to_vec(&bundle).unwrap());
    let identity = Identity::Key(ed25519.public_key().clone());
    let trust = Trust::only(Signer::new("ed25519", identity));
    let seen = place.verify_by(&trust, &model, "changed.sig", &Options::default());
    assert_eq!(reasons(&seen), [Reason::SchemeNotAllowed]);
}

/// Every reason that speaks against a model is told at once.
#[test]
fn every_difference_is_told() {
    let place = signed(Method::Files);
    place.put("a.bin", b"AAAAA");
    place.remove("sub/b.bin");
    place.put("new.bin", b"n");
    place.remove("c.json");
    place.link("a.bin", "c.json");
    let seen = place.verify(&place.model(), "model.sig", &Options::default());
    assert_eq!(
        reasons(&seen),
        [Reason::FileDiffers, Reason::FileMissing, Reason::FileUnsigned, Reason::NoRegularFile]
    );
    assert_eq!(seen.files, 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() })]

    #[test]
    fn changed_bytes_never_verify_another_payload(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        insert in proptest::collection::vec(any::<u8>(), 0..20),
    ) {
        let place = signed(Method::Shards(2));
        let original = place.read("model.sig");
        let payload = Bundle::parse("", &original).unwrap().dsse_envelope.payload;
        let mut bytes = original;
        for (at, byte) in &changes {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        let at = changes[0].0.index(bytes.len());
        bytes.splice(at..at, insert);
        place.write("changed.sig", &bytes);
        let seen = place.verify(&place.model(), "changed.sig", &Options::default());
        if seen.verdict() == Verdict::Verified {
            prop_assert_eq!(Bundle::parse("", &bytes).unwrap().dsse_envelope.payload, payload);
        }
    }
}
