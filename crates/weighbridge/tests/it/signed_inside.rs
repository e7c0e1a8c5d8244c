//! Folders that hold their own signatures and attestations: the chain joins, what is not covered is
//! told, and nothing else can hide behind the name of a signature.

use serde_json::Value;

use crate::program::{Ended, Place};

/// What is done, and what is to be told.
type Attack = (&'static str, fn(&Place, &str), &'static str);

fn fine(ended: &Ended) {
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
}

const CHAIN: &str = "model/chain.intoto.jsonl";

/// Data from elsewhere; a model that was trained on it, signed and evaluated, everything in its folder.
fn signed(place: &Place, signed_first: bool) {
    fine(&place.run(&["keygen", "-o", "k.pem"]));
    place.write("data/a.txt", "one\n");
    place.write("model/config.json", "{}");
    place.write("model/sub/notes.md", "weights");
    place.write("model/.gitattributes", "*.bin filter=lfs\n");
    let attest = |step: &str, of: &str, said: &[&str]| {
        let to = ["--key", "k.pem", "-o", CHAIN];
        let more = if place.at(CHAIN).exists() { &["--append"][..] } else { &[] };
        fine(&place.run(&[&["attest", step, of][..], said, &to, more].concat()));
    };
    let sign = || fine(&place.run(&["sign", "model", "--key", "k.pem", "-o", "model/model.sig"]));
    if signed_first {
        sign();
    }
    attest("acquire", "data", &["--input", "source=https://example.org/1", "--builder", "ci"]);
    attest("train", "model", &["--input", "dataset=data", "--builder", "ci"]);
    if !signed_first {
        sign();
    }
    attest("evaluation", "model", &["--result", "passed"]);
}

fn lineage(place: &Place, more: &[&str]) -> (Option<i32>, String) {
    let args = ["lineage", "model", "--key", "k.pub", "--attestations", CHAIN];
    let ended = place.run(&[&args[..], more].concat());
    (ended.code, ended.stdout + &ended.stderr)
}

#[test]
fn a_folder_with_its_signatures_in_it_joins_and_tells_them() {
    for signed_first in [false, true] {
        let place = Place::new();
        signed(&place, signed_first);
        let (code, said) = lineage(&place, &["model/model.sig", "--require", "train,evaluation"]);
        assert!(code == Some(0) && said.contains("lineage: verified"), "{said}");
        for told in [
            "train, signed by `k.pub`",
            "evaluation PASSED, signed by `k.pub`",
            "dataset `data`",
            "`chain.intoto.jsonl` holds signatures, which no digest of the folder can cover",
            "`model.sig` holds signatures, which no digest of the folder can cover",
        ] {
            assert!(said.contains(told), "{told}: {said}");
        }
        // Signed before anything else was there, the signature covers the rest; made later, it covers
        // the attestations of that day, which have grown since.
        let told = "signature of the files without `.gitattributes`, signed by `k.pub`";
        assert_eq!(said.contains(told), signed_first, "{said}");

        let data = lineage(&place, &["--format", "json"]).1;
        let data: Value = serde_json::from_str(&data).unwrap();
        let uncovered = data["uncovered"].as_array().unwrap();
        let paths: Vec<_> = uncovered.iter().map(|one| one["path"].clone()).collect();
        assert_eq!(paths, ["chain.intoto.jsonl", "model.sig"]);
        let html = lineage(&place, &["--format", "html"]).1;
        assert!(html.contains("<h2>Not covered</h2>"), "{html}");

        // What is made of it joins as well, and so does the copy without signatures.
        place.write("made/config.json", "{\"a\": 1}");
        let tuned =
            ["attest", "fine-tune", "made", "--input", "base-model=model", "--builder", "ci"];
        fine(&place.run(&[&tuned[..], &["--key", "k.pem", "-o", "made.jsonl"]].concat()));
        let made = ["lineage", "made", "--key", "k.pub", "--attestations", CHAIN, "made.jsonl"];
        let ended = place.run(&[&made[..], &["--with", "model=model"]].concat());
        fine(&ended);
        assert!(ended.stdout.contains("model: `model.sig` holds signatures"), "{}", ended.stdout);
        std::fs::rename(place.at("model/model.sig"), place.at("model.sig")).unwrap();
        std::fs::rename(place.at(CHAIN), place.at("chain.intoto.jsonl")).unwrap();
        let beside = ["lineage", "model", "--key", "k.pub", "--attestations", "chain.intoto.jsonl"];
        let ended = place.run(&beside);
        fine(&ended);
        assert!(!ended.stdout.contains("not covered"), "{}", ended.stdout);
    }
}

#[test]
fn the_gate_tells_what_no_statement_covers() {
    let place = Place::new();
    signed(&place, true);
    place.write(
        "policy.toml",
        "name = \"t\"\nrefuse = \"high\"\nreview = \"medium\"\nchecks.lineage = \"required\"\n\
         [lineage]\nrequired = [\"train\"]\n[signature]\nignore = [\"chain.intoto.jsonl\"]\n[[signer]]\nname = \"ci\"\nkey = \"k.pub\"\n",
    );
    let report = || {
        let ended = place.run(&["weigh", "model", "--policy", "policy.toml", "--format", "json"]);
        place.write("report.json", &ended.stdout);
        serde_json::from_str::<Value>(&ended.stdout).unwrap()
    };
    let first = report();
    assert_eq!(first["verdict"], "admit", "{first:#}");
    let findings = first["findings"].as_array().unwrap();
    let told: Vec<_> = findings
        .iter()
        .filter(|one| one["message"].as_str().unwrap().contains("holds signatures"))
        .map(|one| (one["rule"].clone(), one["severity"].clone()))
        .collect();
    assert_eq!(told, vec![("signature-does-not-cover".into(), "low".into()); 2], "{first:#}");
    // The report is about the folder as it lies there; a statement of it is about the same.
    let gate = ["attest", "gate", "model", "--from-report", "report.json", "--builder", "gate"];
    fine(&place.run(&[&gate[..], &["--key", "k.pem", "-o", CHAIN, "--append"]].concat()));
    let (code, said) = lineage(&place, &["--require", "train,gate"]);
    assert!(code == Some(0) && said.contains("gate PASSED"), "{said}");
    place.write("model/config.json", "[]");
    let changed = report();
    assert_eq!(changed["verdict"], "refuse", "{changed:#}");
}

#[test]
fn nothing_hides_behind_the_name_of_a_signature() {
    let line = |place: &Place| std::fs::read_to_string(place.at(CHAIN)).unwrap();
    let attacks: [Attack; 9] = [
        ("a program", |place, _| place.write("model/run.sig", "import os"), "expected value"),
        (
            "rows of data",
            |place, line| {
                let first = line.lines().next().unwrap();
                let row = first.replacen('{', "{\"text\":\"a row\",", 1);
                place.write("model/rows.intoto.jsonl", &row);
            },
            "no signature has a field `text`",
        ),
        (
            "a statement of nobody",
            |place, _| {
                let bare = r#"{"_type":"https://in-toto.io/Statement/v1","subject":[],"predicateType":"x"}"#;
                place.write("model/bare.intoto.jsonl", bare);
            },
            "no signature has a field `_type`",
        ),
        ("nothing", |place, _| place.write("model/empty.sig", ""), "it is empty"),
        (
            "more after the statements",
            |place, line| place.write(CHAIN, &format!("{line}\n#!/bin/sh\n")),
            "counts as a file like any other",
        ),
        ("other content", |place, _| place.write("model/model.sig", "weights"), "expected value"),
        (
            "a file under that name",
            |place, _| {
                std::fs::rename(place.at("model/config.json"), place.at("model/config.json.sig"))
                    .unwrap();
            },
            "it has neither `payload` nor `dsseEnvelope`",
        ),
        (
            "a file that is gone",
            |place, _| {
                std::fs::remove_file(place.at("model/sub/notes.md")).unwrap();
            },
            "",
        ),
        ("another file beside them", |place, _| place.write("model/new.py", ""), ""),
    ];
    for (what, attack, because) in attacks {
        let place = Place::new();
        signed(&place, false);
        let line = line(&place);
        place.write("chain.jsonl", &line);
        attack(&place, &line);
        let told = ["lineage", "model", "--key", "k.pub", "--attestations", "chain.jsonl"];
        let ended = place.run(&told);
        assert_eq!(ended.code, Some(1), "{what}: {}", ended.stdout);
        assert!(ended.stdout.contains("no statement speaks of it"), "{what}: {}", ended.stdout);
        assert!(ended.stdout.contains(because), "{what}: {}", ended.stdout);
    }

    // What a stranger signed is no part of the model either, and is told like the rest.
    let place = Place::new();
    signed(&place, false);
    fine(&place.run(&["keygen", "-o", "stranger.pem"]));
    let args = ["attest", "scan", "data", "--result", "passed", "--key", "stranger.pem"];
    fine(&place.run(&[&args[..], &["-o", "model/x.sig"]].concat()));
    let (code, said) = lineage(&place, &[]);
    assert!(code == Some(0) && said.contains("`x.sig` holds signatures"), "{said}");
    // A link out of the folder has no digest, whatever its name.
    std::os::unix::fs::symlink("/etc/hostname", place.at("model/y.sig")).unwrap();
    assert_eq!(lineage(&place, &[]).0, Some(3));
}
