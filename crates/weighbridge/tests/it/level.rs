//! `level`, and the policies of the levels.

use crate::program::Place;

const TRUST: &str = "[[signer]]\nname = \"release\"\nkey = \"release.pub\"\n";

fn signed() -> Place {
    let place = Place::new();
    place.write("model/config.json", "{\"a\": 1}");
    assert_eq!(place.run(&["keygen", "-o", "release.pem"]).code, Some(0));
    let sign = ["sign", "model", "--key", "release.pem", "-o", "model.sig"];
    let ended = place.run(&sign);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    place.write("trust.toml", TRUST);
    place.write("ours.toml", &format!("name = \"ours\"\nextends = \"level-2\"\n{TRUST}"));
    place
}

fn json(place: &Place, args: &[&str]) -> serde_json::Value {
    let ended = place.run(&[&["level", "model", "--format", "json"], args].concat());
    serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{ended:?}"))
}

/// The requirements of level 2 that are met.
fn met(standing: &serde_json::Value) -> Vec<&str> {
    let lines = standing["levels"][1]["requirements"].as_array().unwrap();
    let met = lines.iter().filter(|line| line["met"] == true);
    met.filter_map(|line| line["requirement"].as_str()).collect()
}

#[test]
fn signers_come_from_the_user() {
    let place = signed();
    assert_eq!(met(&json(&place, &[])), [""; 0]);
    for args in [["--policy", "ours.toml"], ["--trust", "trust.toml"]] {
        let standing = json(&place, &args);
        assert_eq!(met(&standing), ["signed"], "{args:?}");
        assert_eq!(standing["evidence"]["signers"], serde_json::json!(["release"]));
        let name = if args[0] == "--policy" { "ours" } else { "trust" };
        assert_eq!(standing["evidence"]["policy"]["name"], name);
    }
    // The policy of a level as it is names nobody; one that extends it names whom it likes.
    let ended = place.run(&["weigh", "model", "--policy", "level-2", "--format", "json"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stdout.contains("`signature` could not look: the policy names no signer"));
    assert!(ended.stdout.contains("name the signers with `--policy`"), "{ended:?}");
    let ended = place.run(&["weigh", "model", "--policy", "ours.toml", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((ended.code, &report["verdict"]), (Some(2), &"undecided".into()));
    let extends: Vec<&str> = report["policy"]["extends"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|base| base["name"].as_str())
        .collect();
    assert_eq!(extends, ["level-2", "level-1"]);
    let reasons = report["reasons"].to_string();
    assert!(
        reasons.contains("`behaviour` could not look: no run of probes was given"),
        "{reasons}"
    );
    assert!(!reasons.contains("`signature` could"), "{reasons}");
}

#[test]
fn the_exit_code_tells_whether_the_level_that_was_asked_for_stands() {
    let place = signed();
    for (args, code) in [(&[][..], 2), (&["--policy-level", "4"], 2), (&["--aisvs"], 2)] {
        let ended = place.run(&[&["level", "model"], args].concat());
        assert_eq!(ended.code, Some(code), "{ended:?}");
    }
    place.write("model/config.json", "{\"a\": 2}");
    // Changed after it was signed: nobody asked whose signature counts, then somebody did.
    assert_eq!(place.run(&["level", "model"]).code, Some(2));
    let ended = place.run(&["level", "model", "--policy", "ours.toml"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stdout.contains("  against  `signature`: critical: config.json"), "{ended:?}");
    for (args, says) in [
        (&["level", "model", "--policy-level", "5"][..], "5 is not in 1..=4"),
        (&["level", "model", "--policy", "a.toml", "--trust", "b.toml"], "cannot be used with"),
        (&["level", "model", "--trust", "ours.toml"], "`[[signer]]` tables and nothing else"),
        (&["level", "gone"], "`gone` does not exist"),
    ] {
        let ended = place.run(args);
        assert_eq!(ended.code, Some(3), "{ended:?}");
        assert!(ended.stderr.contains(says), "{ended:?}");
    }
}

#[test]
fn it_writes_pages_and_the_same_bytes_twice() {
    let place = signed();
    for args in [&["--format", "html"][..], &["--format", "json", "--aisvs"], &["-v"]] {
        let args = [&["level", "model", "--trust", "trust.toml", "--reproducible"], args].concat();
        let (once, twice) = (place.run(&args), place.run(&args));
        assert_eq!(once.stdout, twice.stdout);
        assert!(once.stdout.len() > 1000, "{once:?}");
    }
    let args = ["level", "model", "--aisvs", "--format", "html", "-o", "aisvs.html"];
    assert_eq!(place.run(&args).stdout, "");
    let page = std::fs::read_to_string(place.at("aisvs.html")).unwrap();
    for part in [">6.1.1<br>", "no check in this version", "cannot be shown: ", "pack python"] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("<script") && !page.contains("http://"), "nothing is fetched");
}
