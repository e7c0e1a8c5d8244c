//! Everything that one of the two verifiers signs, the other verifies, as far as it can.

use std::collections::BTreeMap;

use provenance::attest::identity;
use provenance::keys::{PrivateKey, Scheme, Sign as _};
use provenance::lineage::{Collection, Question, trace};
use provenance::oms::{Form, Hash, Method, Options, Verdict};
use serde_json::{Value, json};

use crate::peer::peer;
use crate::place::{Leaf, Place, now};

const SCHEMES: [Scheme; 3] = [Scheme::EcdsaP256, Scheme::EcdsaP384, Scheme::EcdsaP521];
const FILES: [(&str, &[u8]); 4] = [
    ("config.json", b"{}"),
    ("empty.txt", b""),
    ("model.safetensors", &[5; 100_000]),
    ("sub/tokenizer.json", b"[]"),
];

fn place(scheme: Scheme) -> Place {
    let mut place = Place::with(&FILES);
    place.key = PrivateKey::generate(scheme).unwrap();
    place.write("key.pem", place.key.pem().unwrap().as_bytes());
    place.write("key.pub", place.key.public_key().pem().as_bytes());
    place
}

#[test]
fn they_verify_ours_and_we_verify_theirs() {
    let Some(mut peer) = peer() else { return };
    for scheme in SCHEMES {
        let place = place(scheme);
        let model = place.model();
        let (key, public) = (place.path("key.pem"), place.path("key.pub"));
        for (hash, shard) in [
            (Hash::Sha256, None),
            (Hash::Blake2b, None),
            (Hash::Blake3, None),
            (Hash::Sha256, Some(30_000)),
            (Hash::Blake2b, Some(30_000)),
        ] {
            let case = format!("{} {hash} {shard:?}", scheme.name());
            let method = shard.map_or(Method::Files, Method::Shards);
            // Shards are read in the form of the reference alone.
            let form = shard.map_or(Form::Specification, |_| Form::Reference);
            let mut hashing = json!({"hash": hash.name()});
            if let Some(shard) = shard {
                hashing["shard_size"] = shard.into();
            }
            place.sign(&model, "ours.sig", method, hash, form);
            let answer = peer.verify(&model, &public, &place.path("ours.sig"), &hashing);
            assert!(answer.ok, "{case}: {}", answer.said);
            // It takes the settings from the signature, but for the name of BLAKE2b.
            let answer = peer.verify(&model, &public, &place.path("ours.sig"), &Value::Null);
            assert_eq!(answer.ok, hash != Hash::Blake2b, "{case}: {}", answer.said);

            peer.sign(&model, &key, &place.path("theirs.sig"), &hashing);
            let seen = place.verify(&model, "theirs.sig", &Options::default());
            assert_eq!(seen.verdict(), Verdict::Verified, "{case}: {:?}", seen.refusals);
            let expected = if shard.is_some() { 3 } else { 4 };
            assert_eq!(seen.files, expected, "{case}");

            // A byte is changed, and both say so.
            place.put("config.json", b"[]");
            let answer = peer.verify(&model, &public, &place.path("ours.sig"), &Value::Null);
            assert!(!answer.ok, "{case}");
            let seen = place.verify(&model, "theirs.sig", &Options::default());
            assert_eq!(seen.verdict(), Verdict::Refused, "{case}");
            place.put("config.json", b"{}");
        }
    }
}

#[test]
fn certificates_of_all_curves_are_verified_both_ways() {
    let Some(mut peer) = peer() else { return };
    for curve in [
        &rcgen::PKCS_ECDSA_P256_SHA256,
        &rcgen::PKCS_ECDSA_P384_SHA384,
        &rcgen::PKCS_ECDSA_P521_SHA512,
    ] {
        let place = Place::with(&FILES);
        let certified = Leaf { curve, ..Leaf::default() }.certified();
        certified.write_to(&place);
        certified.sign(&place, "ours.sig");
        let path = |name: &str| place.path(name).to_str().unwrap().to_owned();
        let done = peer.command(&[
            "sign",
            "certificate",
            &path("model"),
            "--signature",
            &path("theirs.sig"),
            "--private_key",
            &path("c.key"),
            "--signing_certificate",
            &path("c.pem"),
            "--certificate_chain",
            &path("c.chain"),
        ]);
        assert!(done.ok, "{curve:?}: {}", done.said);
        for signature in ["ours.sig", "theirs.sig"] {
            let done = peer.command(&[
                "verify",
                "certificate",
                &path("model"),
                "--signature",
                &path(signature),
                "--certificate_chain",
                &path("c.root"),
            ]);
            assert!(done.ok, "{curve:?} {signature}: {}", done.said);
            let options = Options::default();
            let seen = place.verify_by(&certified.trust(), &place.model(), signature, &options);
            assert_eq!(seen.verdict(), Verdict::Verified, "{curve:?}: {:?}", seen.refusals);
        }
    }
}

type Change = fn(&mut Value, &str);

/// What writers of earlier versions wrote, and what others may write.
#[test]
fn other_forms_of_the_same_are_read() {
    let place = Place::with(&FILES);
    place.sign(&place.model(), "ours.sig", Method::Files, Hash::Sha256, Form::Specification);
    let bundle: Value = serde_json::from_slice(&place.read("ours.sig")).unwrap();
    let key = place.key.public_key();
    let forms: [(&str, Change); 5] = [
        ("no keyid", |bundle, _| {
            bundle["dsseEnvelope"]["signatures"][0].as_object_mut().unwrap().remove("keyid");
        }),
        ("keyid null", |bundle, _| bundle["dsseEnvelope"]["signatures"][0]["keyid"] = Value::Null),
        ("no tlogEntries", |bundle, _| {
            bundle["verificationMaterial"].as_object_mut().unwrap().remove("tlogEntries");
        }),
        ("rawBytes", |bundle, pem| {
            bundle["verificationMaterial"]["publicKey"] =
                json!({"rawBytes": pem, "keyDetails": "PKIX_ECDSA_P256_SHA_256"});
        }),
        ("an empty hint", |bundle, _| {
            bundle["verificationMaterial"]["publicKey"]["hint"] = "".into();
        }),
    ];
    for (name, change) in forms {
        let mut changed = bundle.clone();
        change(&mut changed, &key.pem());
        place.write("changed.sig", changed.to_string().as_bytes());
        let seen = place.verify(&place.model(), "changed.sig", &Options::default());
        assert_eq!(seen.verdict(), Verdict::Verified, "{name}: {:?}", seen.refusals);
        let Some(mut peer) = peer() else { continue };
        let signature = place.path("changed.sig");
        let answer = peer.verify(&place.model(), &place.path("key.pub"), &signature, &Value::Null);
        assert!(answer.ok, "{name}: {}", answer.said);
    }
    // Payloads in other words: other orders, further fields, spaces.
    let payloads: [fn(&mut Value); 4] = [
        |payload| payload["predicate"]["resources"].as_array_mut().unwrap().reverse(),
        |payload| payload["predicate"]["resources"][0]["annotations"] = json!({"a": 1}),
        |payload| {
            payload["subject"][0]["digest"] =
                json!({"sha256": payload["subject"][0]["digest"]["sha256"]});
        },
        |payload| {
            payload["predicate"]["serialization"].as_object_mut().unwrap().remove("ignore_paths");
        },
    ];
    for (at, change) in payloads.into_iter().enumerate() {
        let mut payload = place.payload("ours.sig");
        change(&mut payload);
        place.sign_payload(&serde_json::to_string_pretty(&payload).unwrap(), "changed.sig");
        let seen = place.verify(&place.model(), "changed.sig", &Options::default());
        assert_eq!(seen.verdict(), Verdict::Verified, "{at}: {:?}", seen.refusals);
    }
}

/// It names the model by a root that binds no names; its list of files does.
#[test]
fn a_signature_of_the_reference_joins_the_chain_of_its_model() {
    let Some(mut peer) = peer() else { return };
    let place = place(Scheme::EcdsaP256);
    place.put(".gitignore", b"*.bin\n");
    let theirs = place.path("model/theirs.sig");
    let ignoring = json!({"hash": "sha256"});
    peer.sign(&place.model(), &place.path("key.pem"), &theirs, &ignoring);
    let chain = || {
        let mut collection = Collection::default();
        collection.add("theirs.sig", &place.read("model/theirs.sig"));
        let (artifact, trust) = (identity(&place.model()).unwrap(), place.trust());
        trace(
            collection,
            &Question {
                artifact: &artifact,
                trust: &trust,
                at: now(),
                requirements: &[],
                at_hand: &BTreeMap::new(),
            },
        )
    };
    let joined = chain();
    assert_eq!(joined.nodes[0].claims, [0], "{:?}", joined.claims);
    assert_eq!(joined.claims[0].without, [".gitignore".into()]);
    assert_eq!(joined.uncovered[0].path, Some("theirs.sig".into()));
    // Nobody says how it was made.
    assert_eq!(joined.verdict, provenance::lineage::Verdict::Refused);
    place.put("config.json", b"[]");
    assert!(chain().nodes[0].claims.is_empty());
}
