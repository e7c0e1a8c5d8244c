#![allow(clippy::disallowed_methods, reason = "tests make their own folders")]

use std::fs;

use serde_json::{Value, json};

use super::*;
use crate::dsse::{Envelope, IN_TOTO};
use crate::keys::{PrivateKey, Scheme, Sign as _};
use crate::lineage::Collection;
use crate::manifest::Manifest;
use crate::statement::{Statement, Subject};
use crate::trust::{Identity, Signer, Trust};

const NOW: &str = "2026-11-21T10:00:00Z";

fn tree_of(files: &[(&str, &[u8])]) -> (tempfile::TempDir, artifact::tree::Tree) {
    let folder = tempfile::tempdir().unwrap();
    for (path, bytes) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    let tree = artifact::tree::open(folder.path(), 1000).unwrap();
    (folder, tree)
}

/// Looks at a file of attestations.
fn attestations(file: &str, bytes: &[u8], trust: &Trust, now: Timestamp) -> Vec<Attested> {
    let mut collection = Collection::default();
    collection.add(file, bytes);
    look_at(&collection, trust, now)
}

fn of(files: &[(&str, &[u8])]) -> Bom {
    let (_folder, tree) = tree_of(files);
    gather(&tree, "model", Vec::new())
}

fn options() -> Options {
    Options { at: Some(NOW.parse().unwrap()), tools: Vec::new() }
}

/// Each form, as one text.
fn written(bom: &Bom) -> String {
    let spdx = spdx::write(bom, &options()).unwrap();
    let cyclonedx = cyclonedx::write(bom, &options()).unwrap();
    format!("{cyclonedx}{spdx}{}", text::write(bom, &options()))
}

fn values(bom: &Bom, field: Field) -> Vec<String> {
    bom.all(field).into_iter().map(Claim::text).collect()
}

#[test]
fn a_folder_that_says_nothing_gives_a_bill_that_says_nothing() {
    let bom = of(&[("data.bin", b"x")]);
    assert!(bom.claims.is_empty() && bom.licences.is_empty() && bom.parents.is_empty());
    assert_eq!(bom.name(), "model");
    let document: Value =
        serde_json::from_str(&cyclonedx::write(&bom, &Options::default()).unwrap()).unwrap();
    assert_eq!(document["metadata"]["component"]["modelCard"], json!({}));
    assert!(document["metadata"].get("timestamp").is_none());
    assert!(written(&of(&[])).contains("0 files"));
}

#[test]
fn a_card_that_is_cut_or_hostile_is_read_as_far_as_it_goes() {
    let card = "---\nlicense: [mit, other]\nlicense_name: x\nbase_model: &a org/base\n\
                datasets: [a, *a, {b: c}, 7, !!python/object:os.system d]\n\
                model-index:\n- results:\n  - metrics: [{type: f1, value: .nan}]\n\
                    dataset: 5\n---\n## Limitations\nnone\n";
    for len in 0..=card.len() {
        let bom = of(&[("README.md", &card.as_bytes()[..len])]);
        assert!(bom.datasets.len() <= 6, "{bom:?}");
    }
    let bom = of(&[("README.md", card.as_bytes())]);
    let names: Vec<&str> = bom.licences.iter().map(|l| l.claim.value.raw()).collect();
    assert_eq!(names, ["mit", "x"]);
    assert_eq!(bom.licences[0].id, Some("MIT"));
    assert_eq!(bom.metrics[0].claim.value.raw(), ".nan");
    let deep = format!("---\na: {}\n---\n", "[".repeat(100_000));
    assert!(!of(&[("README.md", deep.as_bytes())]).unread.is_empty());
    written(&bom);
}

#[test]
fn a_configuration_that_is_cut_or_of_other_types_is_survived() {
    let config = br#"{"model_type": ["a", {}, 1], "architectures": "B", "vocab_size": "many",
        "quantization_config": {"quant_method": "gptq", "bits": 4}, "dtype": null}"#;
    for len in 0..=config.len() {
        written(&of(&[("config.json", &config[..len])]));
    }
    let bom = of(&[("config.json", config)]);
    assert_eq!(values(&bom, Field::Family), ["a", "1"]);
    assert_eq!(values(&bom, Field::Quantization), ["gptq, 4 bits"]);
    assert_eq!(of(&[("config.json", b"[]")]).unread.len(), 1);
}

#[test]
fn packed_weights_are_not_counted_as_parameters() {
    let header = br#"{"w":{"dtype":"I32","shape":[4],"data_offsets":[0,16]}}"#;
    let mut weights = (header.len() as u64).to_le_bytes().to_vec();
    weights.extend(header);
    weights.extend([0; 16]);
    let bom = of(&[("model.safetensors", &weights)]);
    assert_eq!(values(&bom, Field::Parameters), ["4"]);
    let config = br#"{"quantization_config": {"quant_method": "gptq"}}"#;
    let bom = of(&[("model.safetensors", &weights), ("config.json", config)]);
    assert!(values(&bom, Field::Parameters).is_empty());
    assert_eq!(values(&bom, Field::Precision), ["I32: 4"]);
}

#[test]
fn credentials_are_masked_and_texts_are_bounded_in_every_form() {
    let token = format!("hf_{}", "a1B2c3D4e5".repeat(4).get(..34).unwrap());
    let long = "x".repeat(100_000);
    let card = format!(
        "---\nmodel_name: \"{token}\"\nlicense: \"{long}\"\nlicense_link: https://x/{token}\n\
         datasets: [\"{token}\"]\nbase_model: \"{token}\"\n---\n## Limitations\n{token}\n"
    );
    let bom = of(&[("README.md", card.as_bytes())]);
    let text = written(&bom);
    assert!(!text.contains(&token));
    assert!(text.len() < 60_000, "{}", text.len());
}

/// A statement about a folder, signed.
fn signed(tree: &artifact::tree::Tree, key: &PrivateKey, step: &str) -> Vec<u8> {
    let digest = Manifest::of(tree).subject_digests().unwrap();
    let subject = vec![Subject { name: "m".to_owned(), digest, ..Subject::default() }];
    let build = format!("urn:weighbridge:step:{step}:v1");
    let predicate = json!({"buildDefinition": {"buildType": build, "resolvedDependencies": [
        {"name": "d", "digest": {"sha256": "ab".repeat(32)}, "annotations": {"weighbridge_role": "dataset"}},
        {"name": "e", "annotations": {"weighbridge_role": "dataset"}},
    ]}});
    let statement = Statement::new(subject, "https://slsa.dev/provenance/v1", predicate);
    let payload = serde_json::to_vec(&statement).unwrap();
    serde_json::to_vec(&Envelope::sign(IN_TOTO, payload, key).unwrap()).unwrap()
}

#[test]
fn only_what_is_signed_about_this_model_is_verified() {
    let key = PrivateKey::generate(Scheme::EcdsaP256).unwrap();
    let other = PrivateKey::generate(Scheme::EcdsaP256).unwrap();
    let signer = |key: &PrivateKey, may: &[&str]| {
        let mut signer = Signer::new("ci", Identity::Key(key.public_key().clone()));
        signer.may = may.iter().map(|step| (*step).to_owned()).collect();
        Trust::only(signer)
    };
    let (_folder, tree) = tree_of(&[("m.bin", b"x")]);
    let (_renamed, renamed) = tree_of(&[("n.bin", b"x")]);
    let line = signed(&tree, &key, "train");
    let now = NOW.parse().unwrap();
    for (trust, tree, counts, said) in [
        (signer(&key, &[]), &tree, true, ""),
        (signer(&key, &["train"]), &tree, true, ""),
        (signer(&key, &["scan"]), &tree, false, "may sign"),
        (signer(&other, &[]), &tree, false, ""),
        (Trust::default(), &tree, false, "nobody who is trusted"),
        (signer(&key, &[]), &renamed, false, "another artifact"),
    ] {
        let bom = gather(tree, "m", attestations("a", &line, &trust, now));
        let [one] = bom.attestations.as_slice() else { panic!("{bom:?}") };
        assert_eq!(one.counts(), counts, "{one:?}");
        assert!(one.because.contains(said), "{one:?}");
        assert_eq!(bom.datasets.len(), if counts { 2 } else { 0 });
        assert_eq!(values(&bom, Field::Relation).is_empty(), !counts);
        written(&bom);
    }
}

#[test]
fn broken_attestations_are_told_and_never_count() {
    let key = PrivateKey::generate(Scheme::EcdsaP256).unwrap();
    let trust = Trust::only(Signer::new("ci", Identity::Key(key.public_key().clone())));
    let (_folder, tree) = tree_of(&[("m.bin", b"x")]);
    let line = signed(&tree, &key, "train");
    let now = NOW.parse().unwrap();
    for at in 0..line.len() {
        let cut = attestations("a", &line[..at], &trust, now);
        let mut changed = line.clone();
        changed[at] ^= 1;
        let changed = attestations("a", &changed, &trust, now);
        for one in cut {
            assert!(one.signer.is_none() && !one.because.is_empty(), "{at}");
        }
        // The hint at the key is not authenticated; all else is.
        for one in changed.iter().filter(|one| one.signer.is_some()) {
            let same = attestations("a", &line, &trust, now);
            assert_eq!(one.statement, same[0].statement, "{at}");
        }
    }
    let bare = br#"{"_type":"https://in-toto.io/Statement/v1","subject":[],"predicateType":"x"}"#;
    let two = [bare.as_slice(), b"\n\nnot json\n"].concat();
    let told = attestations("a", &two, &trust, now);
    let places: Vec<&str> = told.iter().map(|one| one.place.as_str()).collect();
    assert_eq!(places, ["a:1", "a:3"]);
    assert!(told.iter().all(|one| !one.because.is_empty() && !one.counts()));
}

#[test]
fn a_link_that_is_no_reference_is_left_out() {
    for (link, kept) in [
        ("https://example.com/LICENSE", true),
        ("LICENSE.txt", true),
        ("javascript:alert(1)", false),
        ("http://example.com/a b", false),
        ("https://example.com/<x>", false),
        ("https://user:pass@example.com", false),
    ] {
        let card = format!("---\nlicense: mit\nlicense_link: \"{link}\"\n---\n");
        let bom = of(&[("README.md", card.as_bytes())]);
        let text = cyclonedx::write(&bom, &Options::default()).unwrap();
        assert_eq!(text.contains(link), kept, "{link}");
    }
}

#[test]
fn the_serial_number_is_a_uuid_of_the_content() {
    let serial = cyclonedx::serial(b"x");
    assert_eq!(serial, cyclonedx::serial(b"x"));
    assert_ne!(serial, cyclonedx::serial(b"y"));
    let parts: Vec<usize> = serial.split('-').map(str::len).collect();
    assert_eq!(parts, [8, 4, 4, 4, 12]);
    assert_eq!(serial.as_bytes()[14], b'8');
    assert!(matches!(serial.as_bytes()[19], b'8' | b'9' | b'a' | b'b'));
}
