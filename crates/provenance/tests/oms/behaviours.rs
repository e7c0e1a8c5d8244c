//! Sixteen behaviours of the reference implementation, each beside what we say of the same model.
//!
//! The numbers are those of the table in `docs/concepts/signatures.md`.

use provenance::oms::{Form, Hash, Method, Options, Verdict, What};
use provenance::refusal::Reason;
use rcgen::ExtendedKeyUsagePurpose;
use serde_json::{Value, json};

use crate::peer::{Answer, Peer, peer};
use crate::place::{Leaf, Place, reasons, uncovered};

const STRICT: Options = Options {
    leave_out: Vec::new(),
    ignore_unsigned: false,
    links: false,
    complete: false,
    known: std::collections::BTreeMap::new(),
    bundle_at: None,
};

fn text(path: &std::path::Path) -> String {
    path.to_str().unwrap().to_owned()
}

/// The reference signs the model with its command line.
fn they_sign(peer: &mut Peer, place: &Place, more: &[&str]) {
    let (model, key, signature) =
        (text(&place.model()), text(&place.path("key.pem")), text(&place.path("model.sig")));
    let mut arguments =
        vec!["sign", "key", &model, "--private_key", &key, "--signature", &signature];
    arguments.extend(more);
    let done = peer.command(&arguments);
    assert!(done.ok, "{}", done.said);
}

/// The reference verifies the model with its command line.
fn they_verify(peer: &mut Peer, place: &Place, signature: &str, more: &[&str]) -> Answer {
    let (model, key, signature) =
        (text(&place.model()), text(&place.path("key.pub")), text(&place.path(signature)));
    let mut arguments =
        vec!["verify", "key", &model, "--public_key", &key, "--signature", &signature];
    arguments.extend(more);
    peer.command(&arguments)
}

#[track_caller]
fn succeeded(answer: &Answer) {
    assert!(answer.ok && answer.said.contains("Verification succeeded"), "{}", answer.said);
}

#[track_caller]
fn failed(answer: &Answer, with: &str) {
    assert!(!answer.ok && answer.said.contains(with), "{}", answer.said);
}

fn root_of(payload: &Value) -> &str {
    payload["subject"][0]["digest"]["sha256"].as_str().unwrap()
}

#[test]
fn b01_the_root_digest_binds_no_names() {
    let one = Place::with(&[("a.bin", b"evil"), ("b.bin", b"good")]);
    let other = Place::with(&[("adapter.bin", b"evil"), ("pytorch_model.bin", b"good")]);
    for place in [&one, &other] {
        place.sign(&place.model(), "ours.sig", Method::Files, Hash::Sha256, Form::Specification);
    }
    let (a, b) = (one.payload("ours.sig"), other.payload("ours.sig"));
    assert_eq!(root_of(&a), root_of(&b));
    // What we put beside it binds them.
    assert_ne!(a["subject"][0]["digest"]["dirHash"], b["subject"][0]["digest"]["dirHash"]);
    let seen = one.verify(&other.model(), "ours.sig", &STRICT);
    assert_eq!(reasons(&seen), [Reason::FileMissing, Reason::FileUnsigned]);

    let Some(mut peer) = peer() else { return };
    for place in [&one, &other] {
        they_sign(&mut peer, place, &[]);
        succeeded(&they_verify(&mut peer, place, "model.sig", &[]));
    }
    assert_eq!(root_of(&one.payload("model.sig")), root_of(&other.payload("model.sig")));
}

#[test]
fn b02_the_order_differs_and_both_verify() {
    let place = Place::with(&[("a/b", b"1"), ("a-b/c", b"2"), ("a.txt", b"3")]);
    place.sign(&place.model(), "ours.sig", Method::Files, Hash::Sha256, Form::Specification);
    let seen = place.verify(&place.model(), "ours.sig", &STRICT);
    assert_eq!(seen.verdict(), Verdict::Verified);

    let Some(mut peer) = peer() else { return };
    they_sign(&mut peer, &place, &[]);
    assert_ne!(root_of(&place.payload("model.sig")), root_of(&place.payload("ours.sig")));
    succeeded(&they_verify(&mut peer, &place, "ours.sig", &[]));
    let seen = place.verify(&place.model(), "model.sig", &STRICT);
    assert_eq!(seen.verdict(), Verdict::Verified, "{:?}", seen.refusals);
}

#[test]
fn b03_a_single_file_has_its_name() {
    let place = Place::with(&[("weights.bin", b"w")]);
    let (file, other) = (place.model().join("weights.bin"), place.model().join("renamed.bin"));
    place.sign(&file, "ours.sig", Method::Files, Hash::Sha256, Form::Specification);
    place.sign(&file, "their-form.sig", Method::Files, Hash::Sha256, Form::Reference);
    assert_eq!(place.verify(&file, "ours.sig", &STRICT).verdict(), Verdict::Verified);
    place.rename("weights.bin", "renamed.bin");
    let seen = place.verify(&other, "ours.sig", &STRICT);
    assert_eq!(reasons(&seen), [Reason::FileMissing, Reason::FileUnsigned]);
    let seen = place.verify(&other, "their-form.sig", &STRICT);
    assert_eq!(seen.verdict(), Verdict::Verified);
    assert!(seen.left_open.iter().any(|open| open.contains("the file's name")));

    let Some(mut peer) = peer() else { return };
    let (key, public) = (place.path("key.pem"), place.path("key.pub"));
    place.rename("renamed.bin", "weights.bin");
    peer.sign(&file, &key, &place.path("model.sig"), &json!({"hash": "sha256"}));
    assert_eq!(place.payload("model.sig")["predicate"]["resources"][0]["name"], ".");
    failed(&peer.verify(&file, &public, &place.path("ours.sig"), &Value::Null), "Missing files");
    succeeded(&peer.verify(&file, &public, &place.path("their-form.sig"), &Value::Null));
    place.rename("weights.bin", "renamed.bin");
    succeeded(&peer.verify(&other, &public, &place.path("model.sig"), &Value::Null));
    let seen = place.verify(&other, "model.sig", &STRICT);
    assert_eq!(seen.verdict(), Verdict::Verified);
    assert!(seen.left_open.iter().any(|open| open.contains("the file's name")));
}

#[test]
fn b04_and_b05_shards() {
    let place = Place::with(&[("weights.bin", &[7; 10]), ("config.json", b"{}")]);
    let model = place.model();
    place.sign(&model, "ours.sig", Method::Shards(4), Hash::Sha256, Form::Specification);
    place.sign(&model, "their-form.sig", Method::Shards(4), Hash::Sha256, Form::Reference);
    for signature in ["ours.sig", "their-form.sig"] {
        let seen = place.verify(&model, signature, &STRICT);
        assert_eq!(seen.verdict(), Verdict::Verified, "{:?}", seen.refusals);
    }

    let Some(mut peer) = peer() else { return };
    let (key, public) = (place.path("key.pem"), place.path("key.pub"));
    let shards = json!({"hash": "sha256", "shard_size": 4});
    peer.sign(&model, &key, &place.path("model.sig"), &shards);
    let written = &place.payload("model.sig")["predicate"];
    assert_eq!(written["resources"][0]["algorithm"], "sha256-sharded-4");
    assert_eq!(written["serialization"]["shard_size"].to_string(), "4.0");
    let seen = place.verify(&model, "model.sig", &STRICT);
    assert_eq!(seen.verdict(), Verdict::Verified, "{:?}", seen.refusals);
    // 4: the specification's form fails there.
    failed(&peer.verify(&model, &public, &place.path("ours.sig"), &shards), "mismatch");
    succeeded(&peer.verify(&model, &public, &place.path("their-form.sig"), &shards));
    succeeded(&peer.verify(&model, &public, &place.path("their-form.sig"), &Value::Null));
    // 5: its own fails where the settings are taken from the signature.
    failed(&peer.verify(&model, &public, &place.path("model.sig"), &Value::Null), "TypeError");
    succeeded(&peer.verify(&model, &public, &place.path("model.sig"), &shards));
}

#[test]
fn b06_blake2b() {
    let place = Place::with(&[("weights.bin", b"w")]);
    let model = place.model();
    place.sign(&model, "ours.sig", Method::Files, Hash::Blake2b, Form::Specification);
    assert_eq!(place.verify(&model, "ours.sig", &STRICT).verdict(), Verdict::Verified);

    let Some(mut peer) = peer() else { return };
    let (key, public) = (place.path("key.pem"), place.path("key.pub"));
    let blake2b = json!({"hash": "blake2b"});
    peer.sign(&model, &key, &place.path("model.sig"), &blake2b);
    let said = peer.verify(&model, &public, &place.path("model.sig"), &Value::Null);
    failed(&said, "Unsupported hashing method blake2b");
    assert_eq!(place.verify(&model, "model.sig", &STRICT).verdict(), Verdict::Verified);
    succeeded(&peer.verify(&model, &public, &place.path("ours.sig"), &blake2b));
}

#[test]
fn b07_shards_leave_out_empty_files() {
    let place = Place::with(&[("weights.bin", b"w")]);
    let model = place.model();
    place.sign(&model, "ours.sig", Method::Shards(4), Hash::Sha256, Form::Reference);
    place.put("__init__.py", b"");
    let seen = place.verify(&model, "ours.sig", &STRICT);
    assert_eq!(seen.verdict(), Verdict::Verified);
    assert_eq!(uncovered(&seen), [("__init__.py", What::EmptyFile)]);
    let complete = Options { complete: true, ..STRICT };
    let seen = place.verify(&model, "ours.sig", &complete);
    assert_eq!(reasons(&seen), [Reason::NotCovered]);

    if let Some(mut peer) = peer() {
        let signature = place.path("ours.sig");
        succeeded(&peer.verify(&model, &place.path("key.pub"), &signature, &Value::Null));
    }

    // A colon in a name is a name.
    let place = Place::with(&[("we:ird.bin", b"w")]);
    let model = place.model();
    place.sign(&model, "ours.sig", Method::Shards(4), Hash::Sha256, Form::Reference);
    assert_eq!(place.verify(&model, "ours.sig", &STRICT).verdict(), Verdict::Verified);
    let Some(mut peer) = peer() else { return };
    let said = peer.verify(&model, &place.path("key.pub"), &place.path("ours.sig"), &Value::Null);
    failed(&said, "expected 3 components");
}

#[test]
fn b08_what_the_signer_left_out_is_replaced() {
    let Some(mut peer) = peer() else { return };
    let place = Place::with(&[("model.bin", b"good"), ("config.json", b"{}")]);
    let weights = text(&place.model().join("model.bin"));
    they_sign(&mut peer, &place, &["--ignore-paths", &weights]);
    place.put("model.bin", b"evil");
    succeeded(&they_verify(&mut peer, &place, "model.sig", &[]));

    let seen = place.verify(&place.model(), "model.sig", &STRICT);
    assert_eq!(reasons(&seen), [Reason::SignerIgnores]);
    assert_eq!(seen.refusals[0].path.as_ref().unwrap().raw(), "model.bin");
    let told = Options { leave_out: vec!["model.bin".into()], ..STRICT };
    let seen = place.verify(&place.model(), "model.sig", &told);
    assert_eq!(seen.verdict(), Verdict::Verified);
    assert_eq!(uncovered(&seen), [("model.bin", What::LeftOut)]);
}

#[test]
fn b09_git_is_never_signed() {
    let Some(mut peer) = peer() else { return };
    let place = Place::with(&[("model.bin", b"good")]);
    they_sign(&mut peer, &place, &[]);
    place.put(".git/payload.pkl", b"evil");
    place.put(".github/x.py", b"evil");
    succeeded(&they_verify(&mut peer, &place, "model.sig", &[]));

    let seen = place.verify(&place.model(), "model.sig", &STRICT);
    assert_eq!(seen.verdict(), Verdict::Verified);
    let git = [(".git", What::NeverSigned), (".github", What::NeverSigned)];
    assert_eq!(uncovered(&seen), git);
    let complete = Options { complete: true, ..STRICT };
    let seen = place.verify(&place.model(), "model.sig", &complete);
    assert_eq!(reasons(&seen), [Reason::NotCovered]);
}

#[test]
fn b10_links_to_folders_and_links_for_files() {
    let Some(mut peer) = peer() else { return };
    let place = Place::with(&[("model.bin", b"good"), ("real/config.json", b"{}")]);
    place.write("outside.txt", b"x");
    place.link("real", "linked");
    they_sign(&mut peer, &place, &["--allow_symlinks"]);
    // Whatever stands behind the link now is a part of the model and of no signature.
    place.remove("linked");
    place.folder("../elsewhere");
    place.write("elsewhere/payload.py", b"evil");
    place.link("../elsewhere", "linked");
    succeeded(&they_verify(&mut peer, &place, "model.sig", &["--allow_symlinks"]));
    for options in [STRICT, Options { links: true, ..STRICT }] {
        let seen = place.verify(&place.model(), "model.sig", &options);
        assert_eq!(reasons(&seen), [Reason::NoRegularFile]);
        assert_eq!(seen.refusals[0].path.as_ref().unwrap().raw(), "linked");
    }

    // A file becomes a link to the same bytes.
    place.remove("linked");
    place.rename("model.bin", "real/model.bin");
    place.link("real/model.bin", "model.bin");
    let said = they_verify(
        &mut peer,
        &place,
        "model.sig",
        &["--allow_symlinks", "--ignore-paths", &text(&place.model().join("real/model.bin"))],
    );
    succeeded(&said);
    let seen = place.verify(&place.model(), "model.sig", &STRICT);
    assert_eq!(reasons(&seen), [Reason::FileUnsigned, Reason::NoRegularFile]);
    let links = Options { links: true, leave_out: vec!["real/model.bin".into()], ..STRICT };
    let seen = place.verify(&place.model(), "model.sig", &links);
    assert_eq!(seen.verdict(), Verdict::Verified, "{:?}", seen.refusals);
    assert!(uncovered(&seen).contains(&("model.bin", What::Link)));
    // Taken from the signature, its own setting for links is lost.
    let (public, signature) = (place.path("key.pub"), place.path("model.sig"));
    failed(&peer.verify(&place.model(), &public, &signature, &Value::Null), "symlink");
}

/// The reference signs and verifies with a certificate; gives our reasons.
fn certified(leaf: Leaf) -> Vec<Reason> {
    let place = Place::with(&[("model.bin", b"good")]);
    let certified = leaf.certified();
    certified.write_to(&place);
    certified.sign(&place, "model.sig");
    if let Some(mut peer) = peer() {
        let path = |name: &str| text(&place.path(name));
        let (model, signature) = (text(&place.model()), path("their.sig"));
        let done = peer.command(&[
            "sign",
            "certificate",
            &model,
            "--signature",
            &signature,
            "--private_key",
            &path("c.key"),
            "--signing_certificate",
            &path("c.pem"),
            "--certificate_chain",
            &path("c.chain"),
        ]);
        assert!(done.ok, "{}", done.said);
        for signature in ["their.sig", "model.sig"] {
            let done = peer.command(&[
                "verify",
                "certificate",
                &model,
                "--signature",
                &path(signature),
                "--certificate_chain",
                &path("c.root"),
            ]);
            succeeded(&done);
        }
        let theirs = place.verify_by(&certified.trust(), &place.model(), "their.sig", &STRICT);
        let ours = place.verify_by(&certified.trust(), &place.model(), "model.sig", &STRICT);
        assert_eq!(reasons(&theirs), reasons(&ours));
    }
    reasons(&place.verify_by(&certified.trust(), &place.model(), "model.sig", &STRICT))
}

#[test]
fn b11_certificates_count_while_they_are_valid() {
    assert_eq!(certified(Leaf::default()), []);
    let expired = Leaf { from: 2016, until: 2017, ..Leaf::default() };
    assert_eq!(certified(expired), [Reason::CertificateExpired]);
    let early = Leaf { from: 2033, until: 2034, ..Leaf::default() };
    assert_eq!(certified(early), [Reason::CertificateNotYetValid]);
}

#[test]
fn b12_a_certificate_of_a_web_server_signs_no_model() {
    let server = Leaf { purpose: ExtendedKeyUsagePurpose::ServerAuth, ..Leaf::default() };
    assert_eq!(certified(server), [Reason::CertificateUsage]);
    // Anybody else with a certificate of the same authority.
    let other = "other@example.com".try_into().unwrap();
    let other = Leaf { names: vec![rcgen::SanType::Rfc822Name(other)], ..Leaf::default() };
    assert_eq!(certified(other), [Reason::CertificateIdentity]);
    let unnamed = Leaf { names: Vec::new(), ..Leaf::default() };
    assert_eq!(certified(unnamed), [Reason::CertificateIdentity]);
}

fn statement(resources: &Value, root: &str) -> String {
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "model", "digest": {"sha256": root}}],
        "predicateType": "https://model_signing/signature/v1.0",
        "predicate": {
            "resources": resources,
            "serialization":
                {"method": "files", "hash_type": "sha256", "allow_symlinks": false},
        },
    })
    .to_string()
}

/// A statement about these names and contents, in this order.
fn statement_of(files: &[(&str, &[u8])]) -> String {
    use provenance::{hex, keys::sha256};
    let mut all = Vec::new();
    let mut resources = Vec::new();
    for (name, bytes) in files {
        let digest = sha256(bytes);
        all.extend_from_slice(digest.as_ref());
        let digest = hex::encode(digest.as_ref());
        resources.push(json!({"name": name, "algorithm": "sha256", "digest": digest}));
    }
    statement(&resources.into(), &hex::encode(sha256(&all).as_ref()))
}

#[test]
fn b13_a_name_that_stands_twice() {
    let place = Place::with(&[("model.bin", b"evil")]);
    let payload = statement_of(&[("model.bin", b"good"), ("model.bin", b"evil")]);
    place.sign_payload(&payload, "model.sig");
    let seen = place.verify(&place.model(), "model.sig", &STRICT);
    assert_eq!(reasons(&seen), [Reason::NameTwice]);

    let Some(mut peer) = peer() else { return };
    succeeded(&they_verify(&mut peer, &place, "model.sig", &[]));
}

#[test]
fn b14_names_that_lead_out() {
    let place = Place::with(&[("model.bin", b"good")]);
    place.write("secret", b"outside");
    let payload = statement_of(&[("../secret", b"outside"), ("model.bin", b"good")]);
    place.sign_payload(&payload, "model.sig");
    for options in [STRICT, Options { ignore_unsigned: true, ..STRICT }] {
        let seen = place.verify(&place.model(), "model.sig", &options);
        assert_eq!(reasons(&seen), [Reason::NameNotCanonical]);
    }

    let Some(mut peer) = peer() else { return };
    let said = they_verify(&mut peer, &place, "model.sig", &["--ignore_unsigned_files"]);
    succeeded(&said);
}

#[test]
#[allow(clippy::disallowed_methods, reason = "the test changes its own file")]
fn b15_empty_folders_and_mode_bits() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::with(&[("run.sh", b"good")]);
    place.sign(&place.model(), "model.sig", Method::Files, Hash::Sha256, Form::Specification);
    place.folder("plugins");
    let mode = std::fs::Permissions::from_mode(0o4755);
    std::fs::set_permissions(place.model().join("run.sh"), mode).unwrap();
    let seen = place.verify(&place.model(), "model.sig", &STRICT);
    assert_eq!(seen.verdict(), Verdict::Verified);
    let told = [("plugins", What::EmptyFolder), ("run.sh", What::ModeBits)];
    assert_eq!(uncovered(&seen), told);

    let Some(mut peer) = peer() else { return };
    succeeded(&they_verify(&mut peer, &place, "model.sig", &[]));
}

#[test]
fn b16_names_that_look_alike_and_names_with_line_feeds() {
    let place = Place::with(&[("caf\u{e9}.bin", b"1"), ("cafe\u{301}.bin", b"2"), ("a\nb", b"3")]);
    place.sign(&place.model(), "model.sig", Method::Files, Hash::Sha256, Form::Specification);
    let seen = place.verify(&place.model(), "model.sig", &STRICT);
    assert_eq!(seen.verdict(), Verdict::Verified, "{:?}", seen.refusals);
    let told = [
        ("cafe\u{301}.bin", What::NamesAlike),
        ("caf\u{e9}.bin", What::NamesAlike),
        ("a\nb", What::OddName),
    ];
    assert_eq!(uncovered(&seen), told);
    assert_eq!(seen.signed.unwrap().dir_hash, None, "a line feed has no line");

    let Some(mut peer) = peer() else { return };
    succeeded(&they_verify(&mut peer, &place, "model.sig", &[]));
}

#[test]
fn ignoring_unsigned_files_tells_each() {
    let place = Place::with(&[("model.bin", b"good")]);
    place.sign(&place.model(), "model.sig", Method::Files, Hash::Sha256, Form::Specification);
    place.put("extra.py", b"evil");
    place.link("/etc/hostname", "out");
    let seen = place.verify(&place.model(), "model.sig", &STRICT);
    assert_eq!(reasons(&seen), [Reason::FileUnsigned, Reason::NoRegularFile]);
    let tolerant = Options { ignore_unsigned: true, ..STRICT };
    let seen = place.verify(&place.model(), "model.sig", &tolerant);
    assert_eq!(seen.verdict(), Verdict::Verified);
    assert_eq!(uncovered(&seen), [("extra.py", What::Unsigned), ("out", What::Link)]);
    let both = Options { complete: true, ..tolerant };
    let seen = place.verify(&place.model(), "model.sig", &both);
    assert_eq!(reasons(&seen), [Reason::NotCovered]);
}
