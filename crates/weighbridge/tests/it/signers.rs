//! `attest` and `sign` by keys in hardware modules and by identities, and who counts afterwards.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::program::{Ended, Place};
use crate::service::{ISSUER, Service, WHO, token};
use crate::softhsm;

fn fine(ended: &Ended) {
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
}

fn place() -> Place {
    let place = Place::new();
    place.write("data/a.txt", "one\n");
    place.write("model/config.json", "{}");
    place
}

/// Attests that the data came from elsewhere and that the model was trained on it, by two files.
fn attest(place: &Place, by: &[&str], with: &[(&str, &str)]) {
    let acquire =
        ["attest", "acquire", "data", "--input", "source=https://example.org/1", "--builder=ci"];
    let wrap = ["attest", "wrap", "--step", "train", "--input", "dataset=data", "--output", "made"];
    let made = ["-o", "wrap.intoto.jsonl", "--", "sh", "-c", "cp -r model made"];
    let alone = ["-o", "one.intoto.jsonl"];
    for args in [[&acquire[..], by, &alone[..]].concat(), [&wrap[..], by, &made[..]].concat()] {
        fine(&place.run_with(&args, with));
    }
}

const LINEAGE: [&str; 6] = [
    "lineage",
    "made",
    "--attestations",
    "one.intoto.jsonl",
    "wrap.intoto.jsonl",
    "--require=train",
];

fn policy(issuer: &str, identity: &str, may: &str) -> String {
    format!(
        "name = \"t\"\nrefuse = \"high\"\nreview = \"medium\"\n[lineage]\nrequired = [\"train\"]\n\
         [[signer]]\nname = \"ci\"\nissuer = \"{issuer}\"\nidentities = [\"{identity}\"]\n\
         trust-root = \"trusted_root.json\"\nmay = [{may}]\n"
    )
}

#[test]
#[cfg(feature = "keyless")]
fn attestations_are_signed_without_a_key_and_count_by_the_policy() {
    let Some(service) = Service::sigstore() else { return };
    let place = place();
    place.write("token", &token());
    let root = std::fs::read_to_string(service.folder.path().join("trusted_root.json")).unwrap();
    place.write("trusted_root.json", &root);
    let tsa = format!("{}/tsa", service.address);
    let named = ["--keyless", "--fulcio", &service.address, "--rekor", &service.address];
    let file = ["--identity-token-file", "token"];
    let v2 = ["--rekor-version", "2", "--tsa", &tsa];
    for by in [[&named[..], &file[..]].concat(), [&named[..], &file[..], &v2[..]].concat()] {
        attest(&place, &by, &[]);
        let text = std::fs::read_to_string(place.at("wrap.intoto.jsonl")).unwrap();
        let bundle: Value = serde_json::from_str(&text).unwrap();
        assert!(bundle["verificationMaterial"]["certificate"].is_object(), "{bundle}");

        let said = |policy: &str| {
            place.write("policy.toml", policy);
            let ended = place.run(&[&LINEAGE[..], &["--policy", "policy.toml"]].concat());
            (ended.code, ended.stdout + &ended.stderr)
        };
        let (code, all) = said(&policy(ISSUER, WHO, ""));
        assert!(code == Some(0) && all.contains("lineage: verified"), "{all}");
        assert!(all.contains("train, signed by `ci`"), "{all}");
        // The gate reads the same.
        let gate = ["weigh", "made", "--policy", "policy.toml", "--format", "json"];
        let attestations =
            ["--attestations", "one.intoto.jsonl", "--attestations", "wrap.intoto.jsonl"];
        let report: Value =
            serde_json::from_str(&place.run(&[&gate[..], &attestations[..]].concat()).stdout)
                .unwrap();
        let checks = report["checks"].as_array().unwrap().clone();
        let lineage = checks.iter().find(|check| check["check"] == "lineage").unwrap();
        assert_eq!(lineage["outcome"], "clear", "{lineage}");

        for (wrong, because) in [
            (policy("https://other.example.org", WHO, ""), "nobody who is trusted signed it: "),
            (policy(ISSUER, "somebody@example.com", ""), "nobody who is trusted signed it: "),
            (policy(ISSUER, WHO, "\"scan\""), "not-allowed"),
        ] {
            let (code, all) = said(&wrong);
            assert!(code == Some(1) && all.contains(because), "{all}");
        }
        // The public instance knows nothing of it.
        let public = policy(ISSUER, WHO, "").replace("trust-root = \"trusted_root.json\"\n", "");
        assert_eq!(said(&public).0, Some(1));
        // Changed after it was signed.
        let payload = bundle["dsseEnvelope"]["payload"].as_str().unwrap();
        let statement = String::from_utf8(STANDARD.decode(payload).unwrap()).unwrap();
        let other =
            STANDARD.encode(statement.replace("2026", "2025").replace("example.org", "x.y"));
        place.write("wrap.intoto.jsonl", &text.replace(payload, &other));
        let (code, all) = said(&policy(ISSUER, WHO, ""));
        assert!(code == Some(1) && all.contains("unknown-signer"), "{all}");
        for file in ["one.intoto.jsonl", "wrap.intoto.jsonl"] {
            std::fs::remove_file(place.at(file)).unwrap();
        }
        std::fs::remove_dir_all(place.at("made")).unwrap();
    }
    // The variable that other tools use, too.
    let by_variable = [&["attest", "scan", "model", "--result=passed"], &named[..]].concat();
    fine(&place.run_with(&by_variable, &[("SIGSTORE_ID_TOKEN", &token())]));
    let without = place.run(&by_variable);
    assert!(without.code == Some(3) && without.stderr.contains("no identity token"), "{without:?}");
}

/// What ran for hours is kept even where it cannot be signed at the end.
#[test]
#[cfg(feature = "keyless")]
fn a_run_whose_statement_cannot_be_signed_is_told_unsigned() {
    let place = place();
    place.write("token", &token());
    let nobody = "http://127.0.0.1:1";
    let by = ["--keyless", "--fulcio", nobody, "--rekor", nobody, "--identity-token-file", "token"];
    let wrap = ["attest", "wrap", "--step", "train", "--input", "dataset=data", "--output", "made"];
    let made = ["-o", "wrap.intoto.jsonl", "--", "sh", "-c", "cp -r model made; rm token"];
    let ended = place.run(&[&wrap[..], &by[..], &made[..]].concat());
    assert_eq!(ended.code, Some(3));
    assert!(ended.stderr.contains("without a signature"), "{}", ended.stderr);
    fine(&place.run(&["keygen", "-o", "k.pem"]));
    let told = ["lineage", "made", "--attestations", "wrap.intoto.jsonl", "--key", "k.pub"];
    let ended = place.run(&told);
    assert!(ended.code == Some(1) && ended.stdout.contains("unsigned: "), "{}", ended.stdout);
}

#[test]
#[cfg(feature = "pkcs11")]
fn attestations_and_models_are_signed_in_a_hardware_module() {
    let Some(module) = softhsm::module() else {
        eprintln!("skipped: SoftHSM 2 is not installed");
        return;
    };
    let place = place();
    place.folder("hsm");
    let configuration = softhsm::token(&place.at("hsm"), &module);
    let configuration = configuration.to_str().unwrap();
    let library = module.to_str().unwrap();
    place.write("pin", "1234\n");
    let uri = |rest: &str| {
        format!("pkcs11:token=my%20token;object=secp384r1?module-path={library}{rest}")
    };
    let with = [("SOFTHSM2_CONF", configuration), ("PIN", "1234")];
    let plain = uri("");
    let public = ["keygen", "--pkcs11", &plain, "--public", "hsm.pub", "--password-env", "PIN"];
    fine(&place.run_with(&public, &with));
    let source = uri(&format!("&pin-source=file:{}", place.at("pin").display()));
    attest(&place, &["--pkcs11", &source], &with);
    let ended = place.run(&[&LINEAGE[..], &["--key", "hsm.pub"]].concat());
    fine(&ended);
    assert!(ended.stdout.contains("signed by `hsm.pub`"), "{}", ended.stdout);

    let sign = ["sign", "made", "-o", "made.sig", "--pkcs11", &plain, "--password-env", "PIN"];
    fine(&place.run_with(&sign, &with));
    fine(&place.run(&["verify", "made", "--bundle", "made.sig", "--key", "hsm.pub"]));
    let wrong = ["attest", "scan", "made", "--result=passed", "--pkcs11", &plain];
    let ended = place.run_with(&wrong, &with);
    assert!(ended.code == Some(3) && ended.stderr.contains("PIN is not given"), "{ended:?}");
}

#[test]
fn one_thing_signs() {
    let place = place();
    fine(&place.run(&["keygen", "-o", "k.pem"]));
    let scan = ["attest", "scan", "model", "--result=passed"];
    for (by, because) in [
        (&[][..], "required"),
        (&["--key", "k.pem", "--pkcs11", "pkcs11:object=a"], "cannot be used with"),
        (&["--keyless"], "--fulcio"),
        (&["--key", "k.pem", "--fulcio", "http://127.0.0.1:1"], "--keyless"),
    ] {
        let ended = place.run(&[&scan[..], by].concat());
        assert!(ended.code == Some(3) && ended.stderr.contains(because), "{ended:?}");
    }
    fine(&place.run(&[&scan[..], &["--key", "k.pem"]].concat()));
}
