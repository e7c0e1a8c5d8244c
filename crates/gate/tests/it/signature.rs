//! The check `signature`: a signed model, and everything that may be wrong with it, by policies.

use std::path::Path;

use gate::Policy;
use gate::provenance::keys::{PrivateKey, Scheme, Sign as _};
use gate::provenance::oms::{Form, Hash, Method};
use gate::provenance::signatory::Signatory;
use gate::signing::{self, Signing};
use vocabulary::{Outcome, Report, Verdict};

use crate::sample::{self, request, weigh, write};

/// A policy with this key as its signer.
fn policy(key: &PrivateKey, more: &str) -> Policy {
    let text = format!(
        "name = \"test\"\nrefuse = \"high\"\nreview = \"medium\"\n{more}\n[[signer]]\nname = \
         \"release\"\nkey = \"\"\"{}\"\"\"\n",
        key.public_key().pem()
    );
    Policy::parse(&text, "test").unwrap()
}

fn sign(model: &Path, target: &Path, key: &PrivateKey) {
    let request = Signing {
        source: model,
        target,
        force: true,
        method: Method::Files,
        hash: Hash::Sha256,
        leave_out: &[],
        form: Form::Specification,
    };
    signing::sign(&request, &Signatory::key(key)).unwrap();
}

fn rules(report: &Report) -> Vec<&'static str> {
    let mut rules: Vec<_> = report.findings.iter().map(|finding| finding.rule().name).collect();
    rules.dedup();
    rules
}

fn outcome(report: &Report) -> &Outcome {
    let check = report.checks.iter().find(|one| one.check == "signature".into());
    &check.expect("the check ran").outcome
}

#[test]
#[allow(clippy::disallowed_methods, reason = "the test changes its own folder")]
fn a_signature_that_the_policy_asks_for_decides() {
    let key = PrivateKey::generate(Scheme::EcdsaP256).unwrap();
    let other = PrivateKey::generate(Scheme::EcdsaP256).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model");
    write(&model, &[("config.json", "{\"a\": 1}"), ("README.md", "A model.\n")]);
    let required = policy(&key, "checks.signature = \"required\"");

    // A signature that is required and absent never admits; optional, it is no news.
    let report = weigh(&model, &required);
    assert_eq!(report.verdict, Verdict::Undecided);
    assert!(matches!(outcome(&report), Outcome::CouldNotLook { .. }));
    assert_eq!(weigh(&model, &policy(&key, "")).verdict, Verdict::Admit);
    let report = weigh(&model, &sample::policy(""));
    assert!(matches!(outcome(&report), Outcome::NotApplicable { .. }));

    // In the folder, beside it, and named. A statement names the folder without what is signed in it.
    let whole = weigh(&model, &required).artifact.digests["dirHash"].clone();
    for target in [model.join("model.sig"), model.join("a.sigstore.json")] {
        sign(&model, &target, &key);
        let report = weigh(&model, &required);
        assert_eq!((report.verdict, rules(&report)), (Verdict::Admit, vec![]), "{target:?}");
        assert!(matches!(outcome(&report), Outcome::Clear { coverage } if coverage.files == 2));
        assert_eq!(report.artifact.digests[gate::WITHOUT_SIGNATURES], whole);
        assert_ne!(report.artifact.digests["dirHash"], whole);
        // What has its name and is none belongs to the model.
        write(&model, &[("b.sig", "no signature")]);
        assert_ne!(weigh(&model, &required).artifact.digests[gate::WITHOUT_SIGNATURES], whole);
        std::fs::remove_file(model.join("b.sig")).unwrap();
        std::fs::remove_file(target).unwrap();
    }
    let beside = folder.path().join("model.sig");
    sign(&model, &beside, &key);
    assert_eq!(weigh(&model, &required).verdict, Verdict::Admit);
    let elsewhere = folder.path().join("elsewhere.sig");
    std::fs::rename(&beside, &elsewhere).unwrap();
    let named = gate::Request { bundle: Some(elsewhere.clone()), ..request(&model) };
    let services = gate::Services {
        today: sample::date("2027-06-30"),
        now: sample::now(),
        clock: None,
        progress: &gate::Quiet,
    };
    let report = gate::weigh(&named, &required, &services).unwrap();
    assert_eq!(report.verdict, Verdict::Admit);
    let missing = gate::Request { bundle: Some(beside), ..request(&model) };
    let report = gate::weigh(&missing, &required, &services).unwrap();
    assert_eq!(report.verdict, Verdict::Undecided);

    // Somebody else's signature, a signature of nothing, another signature beside the right one.
    sign(&model, &model.join("model.sig"), &other);
    let report = weigh(&model, &required);
    assert_eq!(rules(&report), ["signature-unknown-signer"]);
    assert_eq!(report.verdict, Verdict::Refuse);
    write(&model, &[("model.sig", "no bundle")]);
    let report = weigh(&model, &required);
    assert_eq!((report.verdict, rules(&report)), (Verdict::Refuse, vec!["signature-invalid"]));
    std::fs::remove_file(model.join("model.sig")).unwrap();
    sign(&model, &model.join("z.sig"), &key);
    sign(&model, &model.join("model.sig"), &other);
    let report = weigh(&model, &policy(&key, "checks.signature = \"required\""));
    // The other signature is no part of the model: it is told, not refused.
    assert_eq!(
        (report.verdict, rules(&report)),
        (Verdict::Admit, vec!["signature-does-not-cover"])
    );
    std::fs::remove_file(model.join("model.sig")).unwrap();

    // The model is changed.
    write(&model, &[("config.json", "{\"a\": 2}")]);
    let report = weigh(&model, &required);
    assert_eq!((report.verdict, rules(&report)), (Verdict::Refuse, vec!["signed-files-differ"]));
    write(&model, &[("config.json", "{\"a\": 1}"), ("notes.md", "mine")]);
    assert_eq!(rules(&weigh(&model, &required)), ["signed-files-differ"]);
    let ignoring =
        policy(&key, "checks.signature = \"required\"\nsignature.ignore = [\"notes.md\"]");
    let report = weigh(&model, &ignoring);
    assert_eq!(
        (report.verdict, rules(&report)),
        (Verdict::Admit, vec!["signature-does-not-cover"])
    );
}

#[test]
fn who_may_sign_and_when() {
    let key = PrivateKey::generate(Scheme::EcdsaP384).unwrap();
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &[("README.md", "A model.\n")]);
    sign(folder.path(), &folder.path().join("model.sig"), &key);
    let with = |more: &str| {
        let text = format!(
            "name = \"test\"\nrefuse = \"high\"\nreview = \"medium\"\n[[signer]]\nname = \
             \"release\"\nkey = \"\"\"{}\"\"\"\n{more}",
            key.public_key().pem()
        );
        rules(&weigh(folder.path(), &Policy::parse(&text, "test").unwrap()))
    };
    let unknown = ["signature-unknown-signer"];
    assert!(with("may = [\"model\", \"scan\"]").is_empty());
    assert_eq!(with("may = [\"scan\"]"), unknown);
    let day = "from = \"2027-06-30T00:00:00Z\"\nuntil = \"2027-06-30T23:59:59Z\"";
    assert!(with(day).is_empty());
    assert_eq!(with("until = \"2027-06-29T00:00:00Z\""), unknown);
    assert_eq!(with("from = \"2027-07-01T00:00:00Z\""), unknown);
}
