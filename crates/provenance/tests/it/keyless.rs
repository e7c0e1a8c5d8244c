//! Keyless signatures, against a Sigstore instance of the tests (`sigstore_service.py`) and, where it
//! is installed, the reference implementation.

use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use provenance::bundle::Bundle;
use provenance::dsse::{Envelope, IN_TOTO};
use provenance::keyless::{
    Expected, RekorVersion, Root, Services, sign, timestamp, timestamps, verify,
};
use provenance::keys::{PrivateKey, Scheme};
use provenance::oms;
use provenance::statement::{Statement, Subject};
use serde_json::{Value, json};

use crate::service::{ISSUER, Service, WHO, python, token};
use crate::shape;

#[allow(clippy::disallowed_methods, reason = "a test reads what the service wrote")]
fn root(service: &Service) -> Root {
    let json = std::fs::read_to_string(service.folder.path().join("trusted_root.json")).unwrap();
    Root::parse("trusted_root.json", &json).unwrap()
}

fn services(service: &Service, rekor_version: RekorVersion, tsa: bool) -> Services {
    let tsa = tsa.then(|| format!("{}/tsa", service.address));
    let address = service.address.clone();
    Services { fulcio: address.clone(), rekor: address, rekor_version, tsa }
}

fn statement() -> Vec<u8> {
    let digest = [("sha256".to_owned(), "ab".repeat(32))].into();
    let subject = Subject { name: "model".into(), digest, ..Subject::default() };
    let statement = Statement::new(vec![subject], "https://example.com/v1", json!({}));
    provenance::json::canonical(&statement).unwrap()
}

fn expected() -> Expected {
    Expected { identity: WHO.into(), issuer: ISSUER.into() }
}

/// Every way to change a bundle that must not verify.
fn spoiled(bundle: &Value) -> Vec<(&'static str, Value)> {
    let change = |name, act: &dyn Fn(&mut Value)| {
        let mut copy = bundle.clone();
        act(&mut copy);
        (name, copy)
    };
    let material = "verificationMaterial";
    vec![
        change("another payload", &|b| {
            let other = String::from_utf8(statement()).unwrap().replace("model", "other");
            b["dsseEnvelope"]["payload"] = STANDARD.encode(other).into();
        }),
        change("no log entry", &|b| b[material]["tlogEntries"] = json!([])),
        change("another body", &|b| {
            let body = STANDARD.encode(b"{}");
            b[material]["tlogEntries"][0]["canonicalizedBody"] = body.into();
        }),
        change("another place in the log", &|b| {
            b[material]["tlogEntries"][0]["inclusionProof"]["hashes"] = json!([]);
        }),
        change("no proof", &|b| {
            b[material]["tlogEntries"][0].as_object_mut().unwrap().remove("inclusionProof");
        }),
        change("no certificate", &|b| {
            b[material].as_object_mut().unwrap().remove("certificate");
        }),
        change("two signatures", &|b| {
            let one = b["dsseEnvelope"]["signatures"][0].clone();
            b["dsseEnvelope"]["signatures"].as_array_mut().unwrap().push(one);
        }),
        change("no signature", &|b| b["dsseEnvelope"]["signatures"] = json!([])),
        change("an unknown field", &|b| b["extra"] = json!(1)),
    ]
}

fn signs_and_verifies(service: &Service, services: &Services) {
    let root = root(service);
    let bundle = sign(&statement(), services, &token()).unwrap();
    let accepted = verify(&bundle, &root, &expected()).unwrap();
    assert_eq!((accepted.identity.as_str(), accepted.issuer.as_str()), (WHO, ISSUER));
    assert!(!accepted.times.is_empty());
    let other = Expected { identity: "another@example.com".into(), ..expected() };
    assert!(verify(&bundle, &root, &other).unwrap_err().contains("identity"));
    let other = Expected { issuer: "https://other.example.com".into(), ..expected() };
    assert!(verify(&bundle, &root, &other).unwrap_err().contains("issuer"));
    assert!(verify(&bundle, &Root::public_good().unwrap(), &expected()).is_err());
    let bytes = serde_json::to_vec(&bundle).unwrap();
    let value: Value = serde_json::from_slice(&bytes).unwrap();
    for (what, changed) in spoiled(&value) {
        let changed = serde_json::to_vec(&changed).unwrap();
        let holds = Bundle::parse("changed", &changed)
            .is_ok_and(|changed| verify(&changed, &root, &expected()).is_ok());
        assert!(!holds, "{what}");
    }
    for end in 0..bytes.len() {
        assert!(Bundle::parse("cut", &bytes[..end]).is_err(), "cut at {end}");
    }
}

#[test]
fn a_keyless_signature_holds_offline_and_for_its_signer_alone() {
    let Some(service) = Service::sigstore() else { return };
    signs_and_verifies(&service, &services(&service, RekorVersion::V1, false));
    signs_and_verifies(&service, &services(&service, RekorVersion::V1, true));
    signs_and_verifies(&service, &services(&service, RekorVersion::V2, true));
}

/// The reference implementation accepts what is signed here, by either interface of Rekor.
#[test]
#[allow(clippy::disallowed_methods, reason = "a test runs the reference")]
fn the_reference_accepts_keyless_signatures() {
    let Some(service) = Service::sigstore() else { return };
    let Some(python) = python("model_signing") else { return };
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model");
    std::fs::create_dir(&model).unwrap();
    std::fs::write(model.join("weights.bin"), b"weights").unwrap();
    std::fs::write(model.join("config.json"), b"{}").unwrap();
    let tree = artifact::tree::open(&model, 99).unwrap();
    let request = oms::Request {
        tree: &tree,
        name: "model",
        method: oms::Method::Files,
        hash: oms::Hash::Sha256,
        leave_out: &[],
        bundle_at: None,
        form: oms::Form::Specification,
    };
    let prepared = oms::prepare(&request).unwrap();
    for (version, tsa) in [(RekorVersion::V1, false), (RekorVersion::V2, true)] {
        let services = services(&service, version, tsa);
        let bundle = sign(&prepared.payload, &services, &token()).unwrap();
        let written = serde_json::to_value(&bundle).unwrap();
        assert_eq!(shape::of_bundle(&written, shape::By::Keyless), Ok(()));
        let path = folder.path().join("model.sig");
        std::fs::write(&path, serde_json::to_vec(&bundle).unwrap()).unwrap();
        let done = Command::new(&python)
            .args(["-m", "model_signing", "verify", "sigstore"])
            .arg(&model)
            .args(["--identity", WHO, "--identity_provider", ISSUER, "--signature"])
            .arg(&path)
            .arg("--trust_config")
            .arg(service.folder.path().join("trust_config.json"))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&done.stdout);
        assert!(done.status.success(), "{said}\n{}", String::from_utf8_lossy(&done.stderr));
        assert!(said.contains("succeeded"), "{said}");
    }
}

#[test]
fn a_log_without_times_needs_a_timestamp_authority() {
    let services = Services {
        fulcio: "http://127.0.0.1:1".into(),
        rekor: "http://127.0.0.1:1".into(),
        rekor_version: RekorVersion::V2,
        tsa: None,
    };
    let said = sign(&statement(), &services, &token()).unwrap_err().to_string();
    assert!(said.contains("imestamp"), "{said}");
    let services = Services { rekor_version: RekorVersion::V1, ..services };
    let said = sign(&statement(), &services, &token()).unwrap_err().to_string();
    assert!(said.starts_with("signing failed"), "{said}");
    assert!(sign(&statement(), &services, "no token").is_err());
}

#[test]
fn a_signature_by_a_key_can_be_timestamped() {
    let Some(service) = Service::sigstore() else { return };
    let key = PrivateKey::generate(Scheme::EcdsaP384).unwrap();
    let envelope = Envelope::sign(IN_TOTO, statement(), &key).unwrap();
    let mut bundle = Bundle::with_key("hint".into(), envelope);
    let root = root(&service);
    assert_eq!(timestamps(&bundle, &root), Ok(Vec::new()));
    timestamp(&mut bundle, &format!("{}/tsa", service.address)).unwrap();
    assert_eq!(timestamps(&bundle, &root).unwrap().len(), 1);
    assert!(timestamps(&bundle, &Root::public_good().unwrap()).is_err());
    let mut other = bundle.clone();
    other.dsse_envelope.signatures[0].sig.reverse();
    assert!(timestamps(&other, &root).is_err());
    other = bundle;
    other.verification_material.timestamp_verification_data = Some(json!({ "rfc3161": [] }));
    assert!(timestamps(&other, &root).is_err());
}

#[test]
fn the_embedded_root_is_readable() {
    Root::public_good().unwrap();
    assert!(Root::parse("root", "{}").is_err());
}
