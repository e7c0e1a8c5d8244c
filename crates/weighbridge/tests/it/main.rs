//! The program as its users meet it.

#![allow(
    clippy::disallowed_methods,
    reason = "these tests run the program and build what it weighs"
)]

mod convert;
mod full_disk;
mod program;
mod readme;

use std::fmt::Write as _;
use std::os::unix::fs::symlink;

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

#[test]
fn an_unreadable_file_ends_undecided() {
    let place = three();
    place.write("good/secret.json", "{}");
    place.make_unreadable("good/secret.json");
    // The superuser reads everything: there is nothing to see then.
    if std::fs::read(place.at("good/secret.json")).is_err() {
        let ended = place.run(&["weigh", "good"]);
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.stdout.contains("secret.json: cannot be opened"), "{ended:?}");
    }
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
    let sarif = std::fs::read_to_string(place.at("r.sarif")).unwrap();
    assert!(sarif.contains("format-not-permitted"));
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
