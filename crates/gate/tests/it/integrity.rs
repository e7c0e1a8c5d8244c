//! The check `integrity`: what was asked for, and what the artifact says of itself.

use std::path::Path;
use std::sync::Arc;

use gate::provenance::manifest::Cache;
use gate::provenance::reconcile::{Source, expectation, read};
use gate::render::{Detail, Format, Style, render};
use gate::{Policy, Quiet, Report, Request, Services, Verdict};

use crate::sample::{policy, request, write};

const MORE: &str = "e8c628edc9968ef0c668f54e0ba2636b35503357eb1aca0ddc828aeace432f67";
const CONFIG: &str = "ca3d163bab055381827226140568f3bef7eaac187cebd76878e0b63e9e442356";

fn weigh(source: &Path, identities: Vec<Source>, policy: &Policy) -> Report {
    weigh_as(&Request { identities, digests: false, ..request(source) }, policy)
}

fn weigh_as(request: &Request, policy: &Policy) -> Report {
    let today = "2027-06-30".parse().unwrap();
    let now = jiff::Timestamp::UNIX_EPOCH;
    let services = Services { today, now, clock: None, progress: &Quiet };
    gate::weigh(request, policy, &services).unwrap()
}

fn outcome(report: &Report) -> &str {
    let result = report.checks.iter().find(|result| result.check.0 == "integrity").unwrap();
    result.outcome.word()
}

fn rules(report: &Report) -> Vec<&str> {
    report.findings.iter().map(|finding| finding.rule().name).collect()
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), files);
    folder
}

#[test]
fn where_nothing_is_expected_there_is_nothing_to_look_at() {
    let folder = folder(&[("config.json", "{}\n")]);
    let report = weigh(folder.path(), Vec::new(), &policy(""));
    assert_eq!((outcome(&report), report.verdict), ("not-applicable", Verdict::Admit));
    let required = policy("[checks]\nintegrity = \"required\"\n");
    let report = weigh(folder.path(), Vec::new(), &required);
    assert_eq!((outcome(&report), report.verdict), ("could-not-look", Verdict::Undecided));
}

#[test]
fn what_was_asked_for_is_required_whatever_the_policy_says() {
    let folder = folder(&[("config.json", "{}\n"), ("more.json", "{}\n")]);
    let off = policy("[checks]\nintegrity = \"off\"\n");
    let list = |digest: &str, name: &str| {
        read("SHA256SUMS", format!("{digest}  {name}\n").as_bytes()).unwrap()
    };
    let zero = "0".repeat(64);
    let required = policy("[checks]\nintegrity = \"required\"\n");
    for (source, policy, word, verdict) in [
        (list(CONFIG, "config.json"), &off, "clear", Verdict::Admit),
        (list(CONFIG, "config.json"), &required, "could-not-look", Verdict::Undecided),
        (list(&zero, "config.json"), &off, "found", Verdict::Refuse),
        (list(CONFIG, "gone.json"), &off, "found", Verdict::Refuse),
        (
            expectation(&format!("sha256:{zero}")).unwrap(),
            &off,
            "could-not-look",
            Verdict::Undecided,
        ),
        (expectation(&format!("dirHash:{zero}")).unwrap(), &off, "found", Verdict::Refuse),
    ] {
        let report = weigh(folder.path(), vec![source.clone()], policy);
        assert_eq!((outcome(&report), report.verdict), (word, verdict), "{source:?}");
    }
    let whole = weigh(folder.path(), Vec::new(), &required).artifact.digests["dirHash"].clone();
    let expected = expectation(&format!("dirHash:{whole}")).unwrap();
    let report = weigh(folder.path(), vec![expected], &required);
    assert_eq!((outcome(&report), report.verdict), ("clear", Verdict::Admit));
}

#[test]
fn what_the_artifact_declares_can_contradict_it_and_proves_nothing() {
    let sums = |digest: &str, name: &str| format!("{digest}  {name}\n");
    let zero = "0".repeat(64);
    for (text, word, found) in [
        (sums(CONFIG, "config.json"), "not-applicable", None),
        (sums(&zero, "config.json"), "found", Some("digest-mismatch")),
        (sums(CONFIG, "config.json") + &sums(&zero, "gone"), "found", Some("listed-file-missing")),
    ] {
        let folder = folder(&[("config.json", "{}\n"), ("SHA256SUMS", &text)]);
        let report = weigh_as(&request(folder.path()), &policy(""));
        assert_eq!(outcome(&report), word, "{text}");
        assert_eq!(rules(&report), found.into_iter().collect::<Vec<_>>());
        let required = policy("[checks]\nintegrity = \"required\"\n");
        assert_ne!(weigh_as(&request(folder.path()), &required).verdict, Verdict::Admit);
    }
}

/// Whoever names the digest of one file is not told that all are what they should be, and whoever names one
/// that can be met on purpose is told so.
#[test]
fn how_much_is_covered_and_by_what_is_told() {
    let folder = folder(&[("config.json", "{}\n"), ("more.json", "{\"a\": 1}\n")]);
    let text = |report: &Report| {
        let style = Style { colour: false, detail: Detail::Usual };
        render(Format::Text, std::slice::from_ref(report), style)
    };
    let sha256 = format!("config.json=sha256:{CONFIG}");
    let md5 = "config.json=md5:8a80554c91d9fca8acb82f023de02f11";
    let all = "files` and `static` looked at all of it, ";
    for (given, why, line) in [
        (&[&*sha256][..], "`integrity` at all but 9 bytes, ", "should be\n"),
        (&[md5], "`integrity` at all but 9 bytes, ", "`config.json` by MD5 or SHA-1 alone: "),
        (&[&*sha256, md5], "`integrity` at all but 9 bytes, ", "should be\n"),
    ] {
        let given = given.iter().map(|text| expectation(text).unwrap()).collect();
        let report = weigh(folder.path(), given, &policy(""));
        assert_eq!((outcome(&report), report.verdict), ("clear", Verdict::Admit));
        let text = text(&report);
        assert!(
            text.contains(&format!("{all}{why}nothing stands against it; nothing is known")),
            "{text}"
        );
        assert!(text.contains("what was given tells what 1 of 2 files should be"), "{text}");
        assert!(text.contains(line), "{text}");
        for format in [Format::Html, Format::Markdown, Format::Junit, Format::Json] {
            let style = Style { colour: false, detail: Detail::Usual };
            let rendered = render(format, std::slice::from_ref(&report), style);
            assert!(rendered.contains("1 of 2 files should be"), "{format:?}: {rendered}");
        }
    }
    let whole = weigh(folder.path(), Vec::new(), &policy("")).artifact.digests;
    assert!(whole.is_empty(), "{whole:?}");
    let both = read("SHA256SUMS", format!("{CONFIG}  config.json\n{MORE}  more.json\n").as_bytes());
    let report = weigh(folder.path(), vec![both.unwrap()], &policy(""));
    let text = text(&report);
    assert!(
        text.contains("`static` and `integrity` looked at all of it, nothing stands"),
        "{text}"
    );
    assert!(!text.contains("alone"), "{text}");
}

/// A report of a model whose replies were judged does not say that nothing is known of them.
#[test]
fn what_is_known_of_the_behaviour_is_not_denied() {
    let folder = folder(&[("config.json", "{}\n")]);
    let mut report = weigh(folder.path(), Vec::new(), &policy(""));
    let style = Style { colour: false, detail: Detail::Brief };
    let why = |report: &Report| render(Format::Text, std::slice::from_ref(report), style);
    let nothing = "nothing is known of how the model behaves";
    assert!(why(&report).contains(nothing));
    let coverage = vocabulary::Coverage { files: 1, ..vocabulary::Coverage::default() };
    let because = "no reply".to_owned();
    for (outcome, known) in [
        (vocabulary::Outcome::CouldNotLook { because, coverage: coverage.clone() }, false),
        (vocabulary::Outcome::Clear { coverage }, true),
    ] {
        report.checks.push(vocabulary::CheckResult { check: "behaviour".into(), outcome });
        let said = why(&report);
        assert_eq!(said.contains(nothing), !known, "{said}");
        assert_eq!(said.contains("`behaviour` tells how it answers probes"), known, "{said}");
        assert!(
            !said.contains("`behaviour` looked") && !said.contains("and `behaviour`"),
            "{said}"
        );
    }
}

/// MD5 and SHA-1 take a second look at a file; it has to be the same file.
#[test]
fn other_digests_than_those_of_the_scan_are_computed_for_it() {
    let folder = folder(&[("config.json", "{}\n")]);
    for line in ["8a80554c91d9fca8acb82f023de02f11", "bd8c4e1ae1ba6ef4f4a5a4cd1ee0fbff"] {
        let list = read("MD5SUMS", format!("{line}  config.json\n").as_bytes()).unwrap();
        let want = if line.starts_with("8a") { "clear" } else { "found" };
        assert_eq!(outcome(&weigh(folder.path(), vec![list], &policy(""))), want);
    }
}

#[test]
fn a_cache_of_digests_counts_only_where_the_policy_says_so() {
    let folder = folder(&[("config.json", "{}\n")]);
    let kept = tempfile::tempdir().unwrap();
    let trust = policy("digest-cache = \"trust\"\n");
    let run = |policy: &Policy| {
        let cache = Arc::new(Cache::open(kept.path(), 1 << 40));
        let cached = Request { cache: Some(cache.clone()), ..request(folder.path()) };
        let report = weigh_as(&cached, policy);
        cache.save().unwrap();
        report
    };
    assert_eq!(run(&trust).artifact.not_read_anew, []);
    assert_eq!(run(&policy("")).artifact.not_read_anew, []);
    let trusted = run(&trust);
    assert_eq!(trusted.artifact.not_read_anew, ["config.json".into()]);
    assert_eq!(trusted.artifact.digests, run(&policy("")).artifact.digests);
}
