//! Models that run in this process, from the first question to the verdict.

use std::fs;

use serde_json::Value;

use crate::program::{Ended, Place};
use crate::tiny::model;

const POLICY: &str = "name = \"ours\"\nrefuse = \"high\"\nreview = \"medium\"\n\
    [checks]\nbehaviour = \"required\"\nstatic = \"optional\"\nlineage = \"off\"\n";

fn report(ended: &Ended) -> Value {
    serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{ended:?}"))
}

fn policy(place: &Place, name: &str, behaviour: &str) {
    place.write(name, &format!("{POLICY}[behaviour]\npacks = [\"triggers\"]\n{behaviour}"));
}

/// How `weigh` ends, and what the check `behaviour` says.
fn weigh(place: &Place, policy: &str, probed: &[&str], more: &[&str]) -> (Option<i32>, String) {
    let mut args = vec!["weigh", "model", "--policy", policy, "--format", "json"];
    args.extend(probed.iter().flat_map(|journal| ["--probed", journal]));
    args.extend(more);
    let ended = place.run(&args);
    let told = report(&ended);
    let checks = told["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["check"] == "behaviour").unwrap();
    (ended.code, format!("{check} {}", told["reasons"]))
}

#[test]
fn a_model_is_asked_attested_and_admitted_and_no_other() {
    let place = Place::new();
    model(&place, "model", 1, 0.0, true);
    policy(&place, "ours.toml", "");
    let probe =
        ["probe", "model", "--packs", "triggers", "--journal", "j.jsonl", "--format", "json"];
    let asked = place.run(&probe);
    assert_eq!((asked.code, &report(&asked)["judgement"]), (Some(0), &"pass".into()), "{asked:?}");
    assert_eq!(place.run(&probe).stdout, asked.stdout, "a second run says the same");
    assert_eq!(weigh(&place, "ours.toml", &["j.jsonl"], &[]).0, Some(0));

    // Signed, and asked for by the policy.
    let keygen = place.run(&["keygen", "-o", "key.pem"]);
    assert_eq!(keygen.code, Some(0), "{keygen:?}");
    let attest = place.run(&[
        "attest",
        "evaluation",
        "model",
        "--journal",
        "j.jsonl",
        "--packs",
        "triggers",
        "--key",
        "key.pem",
        "-o",
        "signed.jsonl",
    ]);
    assert_eq!(attest.code, Some(0), "{attest:?}");
    let signer = "signed = true\n[[signer]]\nname = \"qa\"\nkey = \"key.pub\"\n";
    policy(&place, "signed.toml", signer);
    let attested = ["--attestations", "signed.jsonl"];
    let (code, said) = weigh(&place, "signed.toml", &["j.jsonl"], &attested);
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = weigh(&place, "signed.toml", &["j.jsonl"], &[]);
    assert_ne!(code, Some(0), "{said}");

    // A line of the journal that was changed or left out.
    let lines = fs::read_to_string(place.at("j.jsonl")).unwrap();
    let lines: Vec<&str> = lines.lines().collect();
    let reply = lines.iter().rposition(|line| line.contains("\"reply\"")).unwrap();
    let mut changed: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    changed[reply] = changed[reply].replacen("\"text\":\"", "\"text\":\"x", 1);
    place.write("changed.jsonl", &(changed.join("\n") + "\n"));
    let (code, said) = weigh(&place, "signed.toml", &["changed.jsonl"], &attested);
    assert!(code == Some(2) && said.contains("states its root"), "{said}");
    let mut other = changed.clone();
    other[reply] = lines[reply].replacen("\"repeat\":0", "\"repeat\":1", 1);
    place.write("other.jsonl", &(other.join("\n") + "\n"));
    let (code, said) = weigh(&place, "ours.toml", &["other.jsonl"], &[]);
    assert!(code == Some(2) && said.contains("its id is"), "{said}");
    other.remove(reply);
    place.write("less.jsonl", &(other.join("\n") + "\n"));
    let (code, said) = weigh(&place, "ours.toml", &["less.jsonl"], &[]);
    assert!(code == Some(2) && said.contains("it is not whole"), "{said}");

    // Another seed, a pack that was not asked, no journal.
    policy(&place, "seed.toml", "seed = 7\n");
    let (code, said) = weigh(&place, "seed.toml", &["j.jsonl"], &[]);
    assert!(code == Some(2) && said.contains("--seed 7"), "{said}");
    let two = format!("{POLICY}[behaviour]\npacks = [\"triggers\", \"invariance\"]\n");
    place.write("two.toml", &two);
    let (code, said) = weigh(&place, "two.toml", &["j.jsonl"], &[]);
    assert!(code == Some(2) && said.contains("it is not whole"), "{said}");
    assert_eq!(weigh(&place, "ours.toml", &[], &[]).0, Some(2));

    // Another weight file.
    let mut weights = fs::read(place.at("model/model.safetensors")).unwrap();
    let last = weights.len() - 5;
    weights[last] ^= 1;
    fs::write(place.at("model/model.safetensors"), weights).unwrap();
    for policy in ["ours.toml", "signed.toml"] {
        let (code, said) = weigh(&place, policy, &["j.jsonl"], &attested);
        assert!(code == Some(2) && said.contains("`model.safetensors` differs"), "{said}");
    }
    let again = place.run(&probe);
    assert_eq!(again.code, Some(3), "the journal is of another model: {again:?}");
}

/// A pack that gates how far a copy is from its original.
const DRIFT: &str = "schema: weighbridge.probes/1\n\
    id: mine\nversion: 1\ntitle: what a test asks\nlicence: Apache-2.0\n\
    probes:\n\
    \x20 - id: middle\n\
    \x20   version: 1\n\
    \x20   hypothesis: The copy says other things with other certainty.\n\
    \x20   slots: {word: {numbers: {from: 1, to: 40}}}\n\
    \x20   prompt: [{user: \"tell {word}\"}]\n\
    \x20   decode: {max-tokens: 4, top-logprobs: 100}\n\
    \x20   detectors: {drift: {drift: {}}}\n\
    \x20   metric: {detector: drift, measure: median}\n\
    \x20   gate: {at-most: 0.02}\n\
    \x20 - id: often\n\
    \x20   version: 1\n\
    \x20   hypothesis: Now and then the copy is far from its original.\n\
    \x20   slots: {word: {numbers: {from: 1, to: 80}}}\n\
    \x20   prompt: [{user: \"say {word}\"}]\n\
    \x20   decode: {max-tokens: 4, top-logprobs: 100}\n\
    \x20   detectors: {drift: {drift: {of: likelihood, over: 0.1}}}\n\
    \x20   metric: {detector: drift, measure: rate}\n\
    \x20   gate: {at-most: 0.1}\n";

#[test]
fn a_copy_whose_probabilities_drift_fails_a_stated_gate() {
    let place = Place::new();
    place.write("mine.yaml", DRIFT);
    assert_eq!(place.run(&["probe", "lint", "mine.yaml"]).code, Some(0));
    model(&place, "original", 1, 0.0, false);
    model(&place, "near", 1, 0.0005, false);
    model(&place, "far", 1, 0.1, false);
    let probe = |copy: &str, more: &[&str]| {
        let args = ["probe", copy, "--packs", "mine.yaml", "--format", "json"];
        place.run(&[&args, more].concat())
    };
    for (copy, code) in [("near", 0), ("far", 1)] {
        let (own, of) = (format!("{copy}.jsonl"), format!("{copy}-of.jsonl"));
        let args = ["--journal", &own, "--against", "original", "--against-journal", &of];
        let ended = probe(copy, &args);
        let told = report(&ended);
        assert_eq!(ended.code, Some(code), "{told}");
        for probe in told["probes"].as_array().unwrap() {
            assert_eq!(probe["judgement"], if code == 0 { "pass" } else { "fail" }, "{told}");
        }
        assert_eq!(told["against"]["probes"].as_array().unwrap().len(), 0);
        // From the journals alone it is the same.
        let again = probe(&own, &["--against", &of]);
        assert_eq!((again.code, again.stdout), (ended.code, ended.stdout));
    }
    // Without an original it is never a pass.
    let alone = probe("near.jsonl", &[]);
    assert_eq!(alone.code, Some(2));
    assert!(alone.stdout.contains("none was asked: `--against`"), "{alone:?}");
    let partly: String = fs::read_to_string(place.at("near-of.jsonl"))
        .unwrap()
        .lines()
        .filter(|line| !line.contains("say 1"))
        .flat_map(|line| [line, "\n"])
        .collect();
    place.write("partly.jsonl", &partly);
    let ended = probe("near.jsonl", &["--against", "partly.jsonl"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stdout.contains("there is no reply of the original"), "{ended:?}");
}
