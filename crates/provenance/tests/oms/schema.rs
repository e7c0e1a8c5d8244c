//! The form of what is signed: against the specification's words, and, where its repository is at
//! hand, against the schemas and test vectors that are published there.

use std::path::{Path, PathBuf};
use std::process::Command;

use provenance::bundle::Bundle;
use provenance::keys::{PrivateKey, Scheme};
use provenance::oms::{Form, Hash, Method, Signed};
use serde_json::{Value, json};

use crate::place::{Leaf, Place};
use crate::shape::{self, By};

/// Every kind of signature over a model, by file, and what verifies it.
fn signatures(place: &mut Place) -> Vec<(String, By)> {
    let mut signed = Vec::new();
    for scheme in [Scheme::EcdsaP256, Scheme::EcdsaP384, Scheme::EcdsaP521] {
        place.key = PrivateKey::generate(scheme).unwrap();
        for hash in [Hash::Sha256, Hash::Blake2b, Hash::Blake3] {
            for (name, method) in [("files", Method::Files), ("shards", Method::Shards(30_000))] {
                let file = format!("{}-{hash}-{name}.sig", scheme.name());
                place.sign(&place.model(), &file, method, hash, Form::Specification);
                signed.push((file, By::Key));
            }
        }
    }
    let one = place.path("model/config.json");
    place.sign(&one, "one.sig", Method::Files, Hash::Sha256, Form::Specification);
    signed.push(("one.sig".to_owned(), By::Key));
    for (file, curve) in
        [("c256.sig", &rcgen::PKCS_ECDSA_P256_SHA256), ("c384.sig", &rcgen::PKCS_ECDSA_P384_SHA384)]
    {
        Leaf { curve, ..Leaf::default() }.certified().sign(place, file);
        signed.push((file.to_owned(), By::Certificate));
    }
    signed
}

fn place() -> Place {
    Place::with(&[
        ("config.json", b"{}"),
        ("empty.txt", b""),
        ("model.safetensors", &[5; 100_000]),
        ("sub/we:ird.bin", b"[]"),
    ])
}

fn parsed(place: &Place, file: &str) -> Value {
    serde_json::from_slice(&place.read(file)).unwrap()
}

#[test]
fn what_is_signed_has_the_form_of_the_specification() {
    let mut place = place();
    for (file, by) in signatures(&mut place) {
        assert_eq!(shape::of_bundle(&parsed(&place, &file), by), Ok(()), "{file}");
    }
}

/// Lest the words above ask for nothing.
#[test]
fn other_forms_are_told() {
    let place = place();
    place.sign(&place.model(), "a.sig", Method::Files, Hash::Sha256, Form::Specification);
    let bundle = parsed(&place, "a.sig");
    let changes: [fn(&mut Value); 6] = [
        |bundle| bundle["more"] = json!(1),
        |bundle| bundle["mediaType"] = json!("application/json"),
        |bundle| bundle["verificationMaterial"]["certificate"] = json!({}),
        |bundle| bundle["dsseEnvelope"]["signatures"] = json!([]),
        |bundle| bundle["dsseEnvelope"]["payloadType"] = json!("application/json"),
        |bundle| bundle["dsseEnvelope"]["payload"] = json!(""),
    ];
    for change in changes {
        let mut changed = bundle.clone();
        change(&mut changed);
        assert!(shape::of_bundle(&changed, By::Key).is_err(), "{changed}");
    }
    let payloads: [fn(&mut Value); 6] = [
        |payload| payload["subject"] = json!([]),
        |payload| payload["predicateType"] = json!("https://model_signing/Digests/v0.1"),
        |payload| payload["predicate"]["serialization"]["shard_size"] = json!(5),
        |payload| payload["predicate"]["resources"][0]["digest"] = json!("ABC"),
        |payload| payload["predicate"]["resources"][0]["algorithm"] = json!("sha256-shard-5"),
        |payload| payload["predicate"]["extra"] = json!(1),
    ];
    for change in payloads {
        let mut payload = place.payload("a.sig");
        change(&mut payload);
        place.sign_payload(&payload.to_string(), "b.sig");
        let said = shape::of_bundle(&parsed(&place, "b.sig"), By::Key);
        assert!(said.is_err(), "{payload}");
    }
    // The form that the reference reads shards in.
    place.sign(&place.model(), "c.sig", Method::Shards(9), Hash::Sha256, Form::Reference);
    assert!(shape::of_bundle(&parsed(&place, "c.sig"), By::Key).is_err());
}

/// `WEIGHBRIDGE_OMS_SPEC` names a clone of `github.com/ossf/model-signing-spec`, and
/// `WEIGHBRIDGE_PYTHON` a Python with `jsonschema`. No registry of packages has the schemas.
#[test]
#[allow(clippy::disallowed_methods, reason = "a test runs its peer")]
#[allow(clippy::print_stderr, reason = "a test that saw nothing says so")]
fn the_published_schemas_and_vectors_agree() {
    let Some(specification) = std::env::var_os("WEIGHBRIDGE_OMS_SPEC").map(PathBuf::from) else {
        eprintln!("skipped: no `WEIGHBRIDGE_OMS_SPEC`");
        return;
    };
    let mut place = place();
    let ours = signatures(&mut place);
    place.sign(&place.model(), "r.sig", Method::Shards(9), Hash::Sha256, Form::Reference);
    let valid = |bundles: &[PathBuf]| validated(&specification.join("schemas/v1.0"), bundles);
    let paths: Vec<PathBuf> = ours.iter().map(|(file, _)| place.path(file)).collect();
    assert_eq!(valid(&paths), vec![true; paths.len()], "{ours:?}");
    assert_eq!(valid(&[place.path("r.sig")]), [false], "the form of the reference");

    let vectors = specification.join("test-vectors/v1.0");
    for (folder, is_valid) in [("valid", true), ("invalid", false), ("invalid-payload", false)] {
        let files = std::fs::read_dir(vectors.join(folder)).unwrap();
        let paths: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
        assert!(!paths.is_empty(), "{folder}");
        assert_eq!(valid(&paths), vec![is_valid; paths.len()], "{paths:?}");
        for path in paths {
            let read = Bundle::parse("vector", &std::fs::read(&path).unwrap())
                .is_ok_and(|bundle| Signed::read(&bundle.dsse_envelope.payload).is_ok());
            // That no log knows it is told when a keyless signature is verified.
            let reads = is_valid || path.ends_with("missing-tlog-entries.bundle.json");
            assert_eq!(read, reads, "{}", path.display());
        }
    }
}

/// Which bundles the schemas accept, the payload within included.
#[allow(clippy::disallowed_methods, reason = "a test runs its peer")]
fn validated(schemas: &Path, bundles: &[PathBuf]) -> Vec<bool> {
    const SCRIPT: &str = "\
import base64, json, pathlib, sys
from jsonschema import Draft202012Validator as Validator
from referencing import Registry, Resource
schemas = [json.loads(path.read_text()) for path in pathlib.Path(sys.argv[1]).glob('*.json')]
registry = Registry().with_resources([(s['$id'], Resource.from_contents(s)) for s in schemas])
def validator(kind):
    [schema] = [s for s in schemas if '/' + kind + '/' in s['$id']]
    return Validator(schema, registry=registry)
outer, inner = validator('bundle'), validator('statement')
def is_valid(text):
    try:
        bundle = json.loads(text)
        payload = json.loads(base64.b64decode(bundle['dsseEnvelope']['payload']))
    except (KeyError, TypeError, ValueError):
        return False
    return outer.is_valid(bundle) and inner.is_valid(payload)
print(json.dumps([is_valid(pathlib.Path(path).read_text()) for path in sys.argv[2:]]))
";
    let python = std::env::var_os("WEIGHBRIDGE_PYTHON").unwrap_or_else(|| "python3".into());
    let mut command = Command::new(python);
    let done = command.args(["-c", SCRIPT]).arg(schemas).args(bundles).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&done.stdout).unwrap()
}
