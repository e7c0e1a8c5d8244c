//! `weighbridge keygen`, `sign` and `verify`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::program::Place;

fn place() -> Place {
    let place = Place::new();
    place.write("model/config.json", "{}");
    place.write("model/sub/weights.bin", "weights");
    place.write("password", "correct horse\n");
    let made = place.run(&["keygen", "-o", "key.pem", "--password-file", "password"]);
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    place
}

const SIGN: [&str; 8] =
    ["sign", "model", "--key", "key.pem", "--password-file", "password", "-o", "model/model.sig"];
const VERIFY: [&str; 6] = ["verify", "model", "--bundle", "model/model.sig", "--key", "key.pub"];

#[test]
fn what_is_signed_verifies_until_it_is_changed() {
    let place = place();
    let mode = fs::metadata(place.at("key.pem")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(fs::read_to_string(place.at("key.pem")).unwrap().contains("ENCRYPTED PRIVATE KEY"));
    let signed = place.run(&SIGN);
    assert_eq!(signed.code, Some(0), "{}", signed.stderr);
    assert!(signed.stdout.contains("covers   2 files, 9 bytes"), "{}", signed.stdout);
    let verified = place.run(&VERIFY);
    assert_eq!(verified.code, Some(0), "{}", verified.stdout);
    assert!(verified.stdout.starts_with("verified: model\n"), "{}", verified.stdout);
    // What is there is kept, and no part of a file is left over.
    let again = place.run(&SIGN);
    assert_eq!(again.code, Some(3));
    assert!(again.stderr.contains("`--force` replaces it"), "{}", again.stderr);
    assert_eq!(fs::read_dir(place.at("model")).unwrap().count(), 3);
    assert_eq!(place.run(&[&SIGN[..], &["--force"]].concat()).code, Some(0));

    place.write("model/config.json", "{\"a\": 1}");
    place.write("model/new.py", "");
    let refused = place.run(&[&VERIFY[..], &["--format", "json"]].concat());
    assert_eq!(refused.code, Some(1));
    let report: Value = serde_json::from_str(&refused.stdout).unwrap();
    assert_eq!(report["schema"], "weighbridge.verification/1");
    assert_eq!(report["verdict"], "refused");
    let told: Vec<_> =
        report["refusals"].as_array().unwrap().iter().map(|one| one["reason"].clone()).collect();
    assert_eq!(told, ["file-differs", "file-unsigned"]);
}

#[test]
fn wrong_keys_and_passwords_are_told() {
    let place = place();
    assert_eq!(place.run(&SIGN).code, Some(0));
    let told = |args: &[&str]| {
        let ended = place.run(args);
        (ended.code, ended.stdout + &ended.stderr)
    };
    let (code, said) = told(&["sign", "model", "--key", "key.pem", "-o", "x.sig"]);
    assert!(code == Some(3) && said.contains("give its password"), "{said}");
    place.write("password", "wrong\n");
    let (code, said) = told(&[&SIGN[..], &["--force"]].concat());
    assert!(code == Some(3) && said.contains("its password is another"), "{said}");
    place.run(&["keygen", "-o", "other.pem"]);
    let other = ["verify", "model", "--bundle", "model/model.sig", "--key", "other.pub"];
    let (code, said) = told(&other);
    assert!(code == Some(1) && said.contains("key-unknown"), "{said}");
    assert_eq!(told(&["verify", "model", "--bundle", "model/model.sig"]).0, Some(3));
    assert_eq!(
        told(&["verify", "model", "--bundle", "nothing.sig", "--key", "key.pub"]).0,
        Some(3)
    );
    place.run(&["keygen", "-o", "ed.pem", "--kind", "ed25519"]);
    let (code, said) = told(&["sign", "model", "--key", "ed.pem", "-o", "x.sig"]);
    assert!(code == Some(3) && said.contains("knows ECDSA"), "{said}");
    // A model that cannot be signed whole is not signed.
    std::os::unix::fs::symlink("/etc/hostname", place.at("model/link")).unwrap();
    place.run(&["keygen", "-o", "plain.pem"]);
    let (code, said) = told(&["sign", "model", "--key", "plain.pem", "-o", "x.sig"]);
    assert!(code == Some(1) && said.contains("no-regular-file: link"), "{said}");
    assert!(!place.at("x.sig").exists());
}

#[test]
fn a_policy_says_whose_signatures_count() {
    let place = place();
    assert_eq!(place.run(&SIGN).code, Some(0));
    place.write(
        "policy.toml",
        "name = \"team\"\nrefuse = \"high\"\nreview = \"medium\"\nchecks.signature = \
         \"required\"\n[[signer]]\nname = \"release\"\nkey = \"key.pub\"\n",
    );
    let by_policy =
        place.run(&["verify", "model", "--bundle", "model/model.sig", "--policy", "policy.toml"]);
    assert_eq!(by_policy.code, Some(0), "{}", by_policy.stderr);
    assert!(by_policy.stdout.contains("signed by release"), "{}", by_policy.stdout);
    let report = |args: &[&str]| {
        let ended = place.run(args);
        let report: Value = serde_json::from_str(&ended.stdout).unwrap();
        let checks = report["checks"].as_array().unwrap().clone();
        let signature = checks.iter().find(|check| check["check"] == "signature").unwrap();
        signature["outcome"].as_str().unwrap_or_default().to_owned()
    };
    let weigh = ["weigh", "model", "--policy", "policy.toml", "--format", "json"];
    assert_eq!(report(&weigh), "clear");
    place.write("model/config.json", "[]");
    assert_eq!(report(&weigh), "found");
}
