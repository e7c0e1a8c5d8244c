//! The program as its users meet it.

#![allow(
    clippy::disallowed_methods,
    reason = "these tests run the program and build what it weighs"
)]

mod attest;
mod bom;
#[cfg(feature = "server")]
mod browser;
mod convert;
mod digest;
#[allow(
    dead_code,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "it is a server of the tests of `behaviour`, which use all of it"
)]
#[path = "../../../behaviour/tests/it/server.rs"]
mod endpoint;
#[cfg(feature = "server")]
mod evaluations;
mod full_disk;
#[cfg(feature = "server")]
mod ledger;
mod level;
mod lineage_example;
mod log;
#[cfg(feature = "witness")]
mod log_witness;
mod masked;
mod probe;
mod probe_hostile;
mod probe_judge;
#[cfg(feature = "runtime")]
mod probe_local;
mod probe_packs;
mod probe_search;
mod probe_stop;
mod program;
mod readme;
mod samples;
#[path = "../../../provenance/tests/it/service.rs"]
mod service;
mod signed_inside;
mod signers;
mod signing;
#[path = "../../../provenance/tests/it/softhsm.rs"]
mod softhsm;
#[cfg(feature = "runtime")]
mod tiny;

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use program::{Ended, Place};

const TEXT_REFUSED: &str =
    "name = \"t\"\nrefuse = \"high\"\nreview = \"medium\"\nformats = [\"json\"]\n";

fn three() -> Place {
    let place = Place::new();
    place.write("good/config.json", "{\"a\": 1}");
    place.write("bad/README.md", "A model.\n");
    place.folder("none");
    place.write("json.toml", TEXT_REFUSED);
    place
}

#[test]
fn each_verdict_has_its_exit_code() {
    let place = three();
    for (source, code, word) in
        [("good", 0, "admit"), ("bad", 1, "refuse"), ("none", 2, "undecided")]
    {
        let ended = place.run(&["weigh", source, "--policy", "json.toml"]);
        assert_eq!(ended.code, Some(code), "{ended:?}");
        assert!(ended.stdout.starts_with(&format!("{word}: {source} (")), "{ended:?}");
        assert_eq!(ended.stderr, "");
    }
}

#[test]
fn the_worst_of_several_sources_wins() {
    let place = three();
    let weigh = |sources: &[&str]| {
        let mut args = vec!["weigh", "--policy", "json.toml", "--format", "json"];
        args.extend(sources);
        place.run(&args)
    };
    assert_eq!(weigh(&["good", "none"]).code, Some(2));
    assert_eq!(weigh(&["bad", "none", "good"]).code, Some(1));
    let ended = weigh(&["good", "missing", "bad"]);
    assert_eq!(ended.code, Some(3), "what was asked for did not take place");
    assert!(ended.stderr.starts_with("error: `missing` does not exist\nhint: "));
    let verdicts: Vec<String> = ended
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["verdict"].to_string())
        .collect();
    assert_eq!(verdicts, ["\"admit\"", "\"refuse\""], "the others are weighed all the same");
}

#[test]
fn what_cannot_be_weighed_is_an_error() {
    let place = three();
    place.fifo("pipe");
    for (args, says) in [
        (&["weigh", "missing"][..], "error: `missing` does not exist"),
        (&["weigh", "pipe"], "error: `pipe` is a FIFO, not a file or a folder"),
        (&["inspect", "good"], "error: `good` is a folder, not a file"),
        (&["weigh", "good", "--policy", "strikt"], "error: no policy is named `strikt`"),
        (
            &["weigh", "good", "--policy", "no/such.toml"],
            "error: cannot read the policy `no/such.toml`",
        ),
        (&["weigh", "good", "--output", "no/such/report"], "error: cannot write `no/such/report`"),
        (&["explain", "format-not-permited"], "error: no rule is named `format-not-permited`"),
        (&["weigh"], "error: the following required arguments"),
        (&["wiegh", "good"], "error: unrecognized subcommand"),
        (&["weigh", "good", "--limit", "bytes=1"], "error: invalid value"),
    ] {
        let ended = place.run(args);
        assert_eq!(ended.code, Some(3), "{ended:?}");
        assert!(ended.stderr.starts_with(says), "{ended:?}");
        assert_eq!(ended.stdout, "");
    }
}

#[test]
fn hostile_folders_are_never_admitted() {
    let place = Place::new();
    place.write("pipe/a.json", "{}");
    place.fifo("pipe/fifo");
    place.write("loop/a/b.json", "{}");
    symlink("x", place.at("loop/x")).unwrap();
    symlink("..", place.at("loop/a/up")).unwrap();
    place.write("out/a.json", "{}");
    symlink("/etc", place.at("out/etc")).unwrap();
    for (source, code, says) in [
        ("pipe", 2, "fifo: it is a FIFO; it is not opened"),
        ("loop", 2, "x: a link that leads nowhere or in a circle, to `x`"),
        ("out", 1, "etc: a link that leads out of the folder, to `/etc`; it is not followed"),
    ] {
        let ended = place.run(&["weigh", source]);
        assert_eq!(ended.code, Some(code), "{ended:?}");
        assert!(ended.stdout.contains(says), "{ended:?}");
    }
}

/// A part that cannot be read leaves the rest undecided; where nothing can be read, the command
/// failed.
#[test]
fn what_may_not_be_read_is_told() {
    let place = Place::new();
    for file in ["file/a.json", "file/closed.json", "sub/a.json", "sub/closed/b.json", "all/a.json"]
    {
        place.write(file, "{}");
    }
    place.write("policy.toml", TEXT_REFUSED);
    for closed in ["file/closed.json", "sub/closed", "all", "policy.toml"] {
        place.chmod(closed, 0);
    }
    place.chmod("sub", 0o555);
    let advice = "let the user who weighs read everything in the folder";
    for (source, says) in [
        ("file", "closed.json: cannot be opened: Permission denied"),
        ("sub", "closed: cannot be read: Permission denied"),
    ] {
        let ended = place.run_without_rights(&["weigh", source, "--quiet"]);
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.stdout.contains(says) && ended.stdout.contains(advice), "{ended:?}");
        assert!(!ended.stdout.contains("do not load"), "{ended:?}");
    }
    for (args, says) in [
        (&["weigh", "file/closed.json"][..], "cannot open `file/closed.json`"),
        (&["inspect", "file/closed.json"], "cannot open `file/closed.json`"),
        (&["convert", "file/closed.json", "--to", "safetensors"], "cannot open `file/closed.json`"),
        (&["weigh", "all"], "cannot open `all`"),
        (&["weigh", "all/a.json"], "cannot open `all/a.json`"),
        (&["weigh", "file", "--policy", "./policy.toml"], "cannot read the policy `./policy.toml`"),
        (&["weigh", "file", "--output", "sub/report"], "cannot write `sub/report`"),
        (&["packs", "--packs", "all"], "cannot read the packs of `all`"),
    ] {
        let ended = place.run_without_rights(args);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(3), ""), "{ended:?}");
        let says = format!("error: {says}\ncause: Permission denied");
        assert!(ended.stderr.starts_with(&says), "{ended:?}");
        assert!(ended.stderr.contains("\nhint: "), "{ended:?}");
    }
    place.chmod("all", 0o755);
}

#[test]
fn scan_is_the_static_check_alone() {
    let place = three();
    let ended = place.run(&["scan", "good", "--format", "json", "--reproducible"]);
    let report: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((ended.code, &report["policy"]["name"]), (Some(0), &"scan".into()));
    let checks: Vec<_> = report["checks"].as_array().unwrap().iter().map(|c| &c["check"]).collect();
    assert_eq!(checks, ["files", "static", "policy"]);
    assert!(report["artifact"]["digests"].is_null());
    assert_eq!(place.run(&["scan", "none"]).code, Some(2));
    let digests = place.run(&["scan", "good", "--format", "json", "--digest"]);
    assert!(digests.stdout.contains("dirHash"));
}

#[test]
fn output_goes_to_the_file_that_is_named() {
    let place = three();
    let ended =
        place.run(&["weigh", "bad", "--policy", "json.toml", "--format", "sarif", "-o", "r.sarif"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""));
    let sarif = fs::read_to_string(place.at("r.sarif")).unwrap();
    assert!(sarif.contains("format-not-permitted"));
    symlink("r.sarif", place.at("link")).unwrap();
    assert_eq!(place.run(&["weigh", "none", "--output", "link"]).code, Some(2));
    assert!(place.at("link").is_symlink());
    assert!(fs::read_to_string(place.at("r.sarif")).unwrap().starts_with("undecided: none"));
    assert_eq!(place.run(&["inspect", "json.toml", "-o", "/dev/stdout"]).code, Some(0));
}

#[test]
fn reproducible_output_is_the_same_twice() {
    let place = three();
    for format in ["text", "json", "sarif", "html", "markdown", "junit"] {
        let run = || place.run(&["weigh", "bad", "--format", format, "--reproducible"]).stdout;
        assert_eq!(run(), run(), "{format}");
    }
    let timed = place.run(&["weigh", "bad", "--format", "json"]).stdout;
    assert!(timed.contains("\"started\""));
}

/// A reader that goes away does not change the end: `weighbridge weigh … | head` still refuses.
#[test]
fn a_closed_pipe_keeps_the_verdict() {
    let place = three();
    let ended = place.run_into_closed_pipe(&["weigh", "bad", "--policy", "json.toml"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(1), ""));
}

#[test]
fn an_interrupt_has_its_own_code() {
    let place = Place::new();
    place.sparse("large.bin", 64 << 30);
    let ended = place.run_and_interrupt(&["weigh", "large.bin"]);
    assert_eq!(ended.code, Some(130), "{ended:?}");
    assert_eq!(ended.stdout, "");
    assert!(ended.stderr.contains("interrupted: there is no verdict"), "{ended:?}");
}

#[test]
fn quiet_and_verbose_only_change_the_text() {
    let place = three();
    let quiet = place.run(&["weigh", "bad", "--policy", "json.toml", "-q"]);
    assert!(quiet.stdout.lines().count() <= 5);
    let verbose = place.run(&["weigh", "bad", "--policy", "json.toml", "-v"]);
    assert!(verbose.stdout.starts_with(&quiet.stdout));
    assert_eq!((quiet.code, verbose.code), (Some(1), Some(1)));
    assert_eq!(place.run(&["weigh", "bad", "-q", "-v"]).code, Some(3));
}

#[test]
fn limits_and_policies_are_taken_from_the_command_line() {
    let place = three();
    let ended = place
        .run(&["weigh", "good", "--limit", "depth=3", "--policy", "strict", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(report["policy"]["limits"]["depth"], 3);
    assert_eq!(report["policy"]["name"], "strict");
    assert_eq!(ended.code, Some(0), "{}", ended.stdout);
}

#[test]
fn tells_its_rules_policies_and_pages() {
    let place = Place::new();
    let ok = |ended: Ended| {
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
        ended.stdout
    };
    let rules = ok(place.run(&["rules"]));
    let line = rules.lines().find(|line| line.starts_with("format-not-permitted "));
    assert!(line.is_some_and(|line| line.contains(" high ")));
    assert!(ok(place.run(&["policy"])).contains("(default)"));
    let standard = ok(place.run(&["policy", "standard"]));
    place.write("mine.toml", &standard);
    place.write("a.json", "{}");
    ok(place.run(&["weigh", "a.json", "--policy", "mine.toml"]));
    assert!(ok(place.run(&["explain", "exception-unused"])).contains("## Why it matters"));
    assert!(ok(place.run(&["inspect", "a.json"])).contains("a.json"));
    let json = ok(place.run(&["inspect", "a.json", "--format", "json"]));
    assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok());
    ok(place.run(&["packs"]));
    assert!(ok(place.run(&["--version"])).starts_with("weighbridge "));
}

/// Another pack of the same name is taken, and the report says so; one whose digests do not fit is
/// an error.
#[test]
fn packs_come_from_a_folder_that_is_what_its_manifest_says() {
    let place = Place::new();
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs/python-effects");
    let manifest = fs::read_to_string(own.join("PACK.toml")).unwrap();
    let copy = |change: bool| {
        for entry in fs::read_dir(&own).unwrap() {
            let path = entry.unwrap().path();
            let mut text = fs::read_to_string(&path).unwrap();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if change && name == "reviewed.txt" {
                text.push('\n');
            }
            place.write(&format!("mine/python-effects/{name}"), &text);
        }
    };
    place.write("a.json", "{}");
    copy(false);
    let list = place.run(&["packs", "--packs", "mine"]);
    assert_eq!((list.code, list.stderr.as_str()), (Some(0), ""));
    assert!(list.stdout.contains("not the built-in one"), "{}", list.stdout);
    let before = place.run(&["scan", "a.json", "--packs", "mine", "--format", "json"]);
    assert_eq!(before.code, Some(0), "{}", before.stderr);
    copy(true);
    for command in [&["packs"][..], &["scan", "a.json"], &["inspect", "a.json"]] {
        let ended = place.run(&[command, &["--packs", "mine"]].concat());
        assert_eq!(ended.code, Some(3), "{command:?}");
        assert!(ended.stderr.contains("`reviewed.txt` has another digest"), "{}", ended.stderr);
    }
    let file_digest = |text: &str| {
        let mut hasher = artifact::Hasher::default();
        hasher.update(text.as_bytes());
        hasher.finish().sha256
    };
    let text = fs::read_to_string(place.at("mine/python-effects/reviewed.txt")).unwrap();
    let old = fs::read_to_string(own.join("reviewed.txt")).unwrap();
    let manifest = manifest.replace(&file_digest(&old), &file_digest(&text));
    let lines: String =
        manifest.lines().filter(|l| l.starts_with('"')).map(|l| format!("{l}\n")).collect();
    let whole = file_digest(&lines);
    let line = manifest.lines().find(|line| line.starts_with("sha256 = ")).unwrap().to_owned();
    let manifest = manifest.replacen(&line, &format!("sha256 = \"{whole}\""), 1);
    place.write("mine/python-effects/PACK.toml", &manifest);
    let after = place.run(&["scan", "a.json", "--packs", "mine", "--format", "json"]);
    assert_eq!(after.code, Some(0), "{}", after.stderr);
    assert!(after.stdout.contains(&whole) && !before.stdout.contains(&whole));
    assert_eq!(place.run(&["packs", "--packs", "nowhere"]).code, Some(3));
    place.folder("empty");
    assert_eq!(place.run(&["packs", "--packs", "empty"]).code, Some(3));
}

/// A changed flag or text of help is seen in review.
#[test]
fn help() {
    let place = Place::new();
    let mut all = String::new();
    for command in ["", "weigh", "scan", "inspect", "explain", "rules", "policy", "packs"] {
        let args: Vec<&str> = [command, "--help"].into_iter().filter(|a| !a.is_empty()).collect();
        let _ = write!(all, "$ weighbridge {}\n{}\n", args.join(" "), place.run(&args).stdout);
    }
    insta::assert_snapshot!(all);
}
