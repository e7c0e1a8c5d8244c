//! Bills of materials against the official schema of CycloneDX and the model of SPDX.

use std::path::{Path, PathBuf};
use std::process::Command;

use provenance::bom::{Attested, Options, complete, cyclonedx, gather, look_at, spdx, text};
use provenance::dsse::{Envelope, IN_TOTO};
use provenance::keys::{PrivateKey, Scheme, Sign as _};
use provenance::lineage::Collection;
use provenance::manifest::Manifest;
use provenance::statement::{Statement, Subject};
use provenance::trust::{Identity, Signer, Trust};
use serde_json::{Value, json};

const MODULES: &str = "cyclonedx.validation.json, jsonschema, spdx_python_model";

/// A Python that has the validators. Where the tests were given a Python, it must have them.
#[allow(clippy::disallowed_methods, reason = "the official validators are the oracle")]
#[allow(clippy::print_stderr, reason = "a test that saw nothing says so")]
fn python() -> Option<PathBuf> {
    let named = std::env::var_os("WEIGHBRIDGE_PYTHON").map(PathBuf::from);
    let python = named.clone().unwrap_or_else(|| "python3".into());
    let probe = format!("import {MODULES}");
    let imports = Command::new(&python).args(["-c", &probe]).output();
    if imports.is_ok_and(|done| done.status.success()) {
        return Some(python);
    }
    assert!(named.is_none(), "WEIGHBRIDGE_PYTHON has no `{MODULES}`");
    eprintln!("skipped: no Python with `{MODULES}`");
    None
}

const CARD: &str = "---
license: apache-2.0
language: [en, de]
library_name: transformers
pipeline_tag: text-generation
base_model: org/base
datasets:
- org/corpus
- \"odd \\u202e name\"
model-index:
- name: tiny
  results:
  - task: {type: text-generation}
    dataset: {name: WikiText, type: wikitext}
    metrics: [{type: perplexity, value: 12.5}]
co2_eq_emissions: {emissions: 7}
---
# Tiny

## Intended Use

Tests.

## Limitations

It knows nothing.

## Bias, Risks, and Limitations

<!-- to be filled -->

[More Information Needed]
";

/// A model with everything that a bill can hold.
#[allow(clippy::disallowed_methods, reason = "the test makes its own folder")]
fn model(folder: &Path) {
    let header = br#"{"__metadata__":{"modelspec.author":"somebody"},"w":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}}"#;
    let mut weights = (header.len() as u64).to_le_bytes().to_vec();
    weights.extend(header);
    weights.extend([0; 24]);
    let config = br#"{"model_type":"llama","architectures":["LlamaForCausalLM"],"torch_dtype":"float32","max_position_embeddings":64,"transformers_version":"5.23.0"}"#;
    let files: [(&str, &[u8]); 6] = [
        ("README.md", CARD.as_bytes()),
        ("config.json", config),
        ("model.safetensors", &weights),
        ("LICENSE", b"Apache License\nVersion 2.0, January 2004\n"),
        ("sub/a \u{202e}name\u{1b}[31m.txt", b"x"),
        ("trainer_state.json", br#"{"global_step": 5, "train_batch_size": 8, "log_history": [{"step": 5, "eval_loss": NaN}]}"#),
    ];
    for (path, bytes) in files {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}

/// A signed training run and a signed evaluation.
fn attested(folder: &Path, key: &PrivateKey) -> Vec<u8> {
    let tree = artifact::tree::open(folder, 1000).unwrap();
    let digest = Manifest::of(&tree).subject_digests().unwrap();
    let subject = vec![Subject { name: "tiny".to_owned(), digest, ..Subject::default() }];
    let role = |name: &str| json!({"weighbridge_role": name});
    let train = json!({"buildDefinition": {
    "buildType": "urn:weighbridge:step:train:v1",
    "externalParameters": {"parameters": {"lr": 0.001}},
    "resolvedDependencies": [
        {"name": "org/base", "digest": {"dirHash": "ab".repeat(32)}, "annotations": role("base-model")},
        {"name": "corpus.jsonl", "digest": {"sha256": "cd".repeat(32)}, "annotations": role("dataset")},
    ]}});
    let evaluation = json!({"weighbridge_step": "evaluation", "result": "PASSED",
        "weighbridge_metrics": [{"name": "accuracy", "value": 0.75}]});
    let mut lines = Vec::new();
    for (kind, predicate) in [
        ("https://slsa.dev/provenance/v1", train),
        ("https://in-toto.io/attestation/test-result/v0.1", evaluation),
    ] {
        let statement = Statement::new(subject.clone(), kind, predicate);
        let payload = serde_json::to_vec(&statement).unwrap();
        let envelope = Envelope::sign(IN_TOTO, payload, key).unwrap();
        lines.extend(serde_json::to_vec(&envelope).unwrap());
        lines.push(b'\n');
    }
    lines
}

fn options() -> Options {
    Options {
        at: Some("2026-11-21T10:00:00Z".parse().unwrap()),
        tools: vec![("pack calls".to_owned(), "2026-11-01".to_owned(), Some("ef".repeat(32)))],
    }
}

fn attestations(file: &str, bytes: &[u8], trust: &Trust) -> Vec<Attested> {
    let mut collection = Collection::default();
    collection.add(file, bytes);
    look_at(&collection, trust, "2026-11-21T10:00:00Z".parse().unwrap())
}

/// Bills of an empty file, of a full model without and with attestations.
fn bills() -> Vec<(String, String, String)> {
    let folder = tempfile::tempdir().unwrap();
    model(folder.path());
    let key = PrivateKey::generate(Scheme::EcdsaP256).unwrap();
    let trust = Trust::only(Signer::new("ci", Identity::Key(key.public_key().clone())));
    let lines = attested(folder.path(), &key);
    let lone = folder.path().join("config.json");
    let mut out = Vec::new();
    for (path, attested) in [
        (lone.as_path(), Vec::new()),
        (folder.path(), attestations("a.jsonl", &lines, &Trust::default())),
        (folder.path(), attestations("a.jsonl", &lines, &trust)),
    ] {
        let tree = artifact::tree::open(path, 1000).unwrap();
        let bom = gather(&tree, "tiny", attested);
        let form = cyclonedx::write(&bom, &options()).unwrap();
        out.push((form, spdx::write(&bom, &options()).unwrap(), text::write(&bom, &options())));
    }
    out
}

#[test]
#[allow(clippy::disallowed_methods, reason = "the official validators are the oracle")]
fn the_official_schemas_accept_what_is_written() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    for (n, (cyclonedx, spdx, _)) in bills().iter().enumerate() {
        std::fs::write(folder.path().join(format!("{n}.cdx.json")), cyclonedx).unwrap();
        std::fs::write(folder.path().join(format!("{n}.spdx.json")), spdx).unwrap();
    }
    // The validators have to be able to refuse.
    let wrong = bills()[1].0.replace("machine-learning-model", "model");
    std::fs::write(folder.path().join("wrong.cdx.json"), wrong).unwrap();
    let wrong = bills()[1].1.replace("\"createdBy\"", "\"madeBy\"");
    std::fs::write(folder.path().join("wrong.spdx.json"), wrong).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/bom_validators.py");
    let ended = Command::new(python).arg(script).arg(folder.path()).output().unwrap();
    let said = String::from_utf8_lossy(&ended.stdout);
    let errors = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{said}{errors}");
    let refused: Vec<&str> = said.lines().filter(|line| line.contains("refused")).collect();
    assert_eq!(refused.len(), 2, "{said}");
    assert!(refused.iter().all(|line| line.starts_with("wrong.")), "{said}");
    assert_eq!(said.lines().count(), 8, "{said}");
}

#[test]
fn every_statement_has_its_tier() {
    let bills = bills();
    let document: Value = serde_json::from_str(&bills[2].0).unwrap();
    let model = &document["metadata"]["component"];
    let property = |name: &str| -> Vec<&str> {
        let all = model["properties"].as_array().unwrap();
        all.iter().filter(|p| p["name"] == name).map(|p| p["value"].as_str().unwrap()).collect()
    };
    assert_eq!(property("weighbridge:tier:architecture"), ["inferred"]);
    assert_eq!(property("weighbridge:source:architecture"), ["config.json"]);
    assert_eq!(property("weighbridge:tier:task"), ["declared"]);
    assert_eq!(property("weighbridge:parameters"), ["6"]);
    assert_eq!(property("weighbridge:assessment"), ["evaluation: PASSED"]);
    assert_eq!(property("weighbridge:tier:assessment"), ["verified"]);
    assert_eq!(model["modelCard"]["modelParameters"]["task"], "text-generation");
    let metrics = model["modelCard"]["quantitativeAnalysis"]["performanceMetrics"].clone();
    let expected = json!([
        {"type": "perplexity", "value": "12.5", "slice": "WikiText"},
        {"type": "eval_loss", "value": "NaN"},
        {"type": "accuracy", "value": "0.75"},
    ]);
    assert_eq!(metrics, expected);
    assert_eq!(model["licenses"].as_array().unwrap().len(), 1, "the card and the text agree");
    // The parent is declared by name and verified by digest: it stands once, as verified.
    let parents = model["pedigree"]["ancestors"].as_array().unwrap();
    assert_eq!(parents.len(), 1);
    assert_eq!(parents[0]["properties"][0]["value"], "verified");
    // An untouched section of the template says nothing.
    assert!(model["modelCard"]["considerations"].get("ethicalConsiderations").is_none());
    let data: Vec<&Value> = document["components"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|component| component["type"] == "data")
        .collect();
    assert_eq!(data.len(), 4);
    assert_eq!(data[0]["hashes"][0]["content"], "cd".repeat(32));
    assert!(bills[2].2.contains("verified: train, signed by ci"), "{}", bills[2].2);
}

#[test]
fn nothing_unverified_is_verified_and_nothing_acts_on_a_terminal() {
    for (cyclonedx, spdx, text) in &bills()[..2] {
        assert!(!cyclonedx.contains("\"verified\""));
        assert!(!spdx.contains("=verified"));
        assert!(!text.contains("[verified"));
    }
    assert!(bills()[1].2.contains("not used: train"));
    for (cyclonedx, spdx, text) in &bills() {
        for form in [cyclonedx, spdx, text] {
            assert!(!form.contains(['\u{202e}', '\u{1b}']), "{form}");
        }
    }
}

#[test]
fn what_is_missing_is_named() {
    let folder = tempfile::tempdir().unwrap();
    model(folder.path());
    let tree = artifact::tree::open(folder.path(), 1000).unwrap();
    let bom = gather(&tree, "tiny", Vec::new());
    let parts = complete::coverage(&bom, &options());
    let missing: Vec<&str> = complete::missing(&parts).iter().map(|part| part.name).collect();
    assert_eq!(missing, ["version", "signature or signed attestation"]);
    let none = Options::default();
    let parts = complete::coverage(&bom, &none);
    assert!(complete::missing(&parts).iter().any(|part| part.name == "time"));
    assert!(spdx::write(&bom, &none).is_err());
}

#[test]
fn the_same_model_gives_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    model(folder.path());
    let write = || {
        let tree = artifact::tree::open(folder.path(), 1000).unwrap();
        let bom = gather(&tree, "tiny", Vec::new());
        (cyclonedx::write(&bom, &options()).unwrap(), spdx::write(&bom, &options()).unwrap())
    };
    assert_eq!(write(), write());
}
