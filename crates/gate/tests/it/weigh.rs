use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use gate::render::{Detail, Format, Style, render};
use gate::{Clock, Progress, Quiet, Report, Services, Verdict};
use vocabulary::{Outcome, Untrusted};

use crate::sample::{self, date, policy, request, weigh, write};

fn standard() -> gate::Policy {
    gate::Policy::shipped("standard").unwrap()
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), files);
    folder
}

fn gaps(report: &Report, check: &str) -> Vec<String> {
    let result = report.checks.iter().find(|result| result.check.0 == check).unwrap();
    result
        .outcome
        .coverage()
        .map(|coverage| coverage.gaps.as_slice())
        .unwrap_or_default()
        .iter()
        .map(|gap| format!("{}: {}", gap.place, gap.because))
        .collect()
}

fn rules(report: &Report) -> Vec<&'static str> {
    report.findings.iter().map(|finding| finding.rule().name).collect()
}

#[test]
fn admits_what_was_looked_at_in_full() {
    let folder = folder(&[("config.json", "{\"a\": 1}"), ("README.md", "A model.\n")]);
    let report = weigh(folder.path(), &standard());
    assert_eq!((report.verdict, report.reasons.len()), (Verdict::Admit, 0));
    assert!(report.advice.is_empty() && report.run.is_none());
    assert_eq!((report.artifact.files, report.artifact.bytes), (2, 17));
    let states: Vec<_> = report.threats.iter().map(|line| line.state.word()).collect();
    assert_eq!(states[..4], ["cannot-be-known", "not-looked", "looked-clear", "partly-looked"]);
}

#[test]
fn nothing_to_look_at_is_undecided() {
    for files in [&[][..], &[("a/empty.txt", "")]] {
        let folder = folder(files);
        let report = weigh(folder.path(), &standard());
        assert_eq!(report.verdict, Verdict::Undecided);
        assert!(report.reasons[0].contains("nothing to look at"), "{:?}", report.reasons);
    }
}

#[test]
fn what_is_not_listed_or_opened_is_told() {
    let folder = folder(&[("a.txt", "text")]);
    let at = |name: &str| folder.path().join(name);
    symlink("/etc/hostname", at("outside")).unwrap();
    symlink("circle", at("circle")).unwrap();
    symlink("missing", at("broken")).unwrap();
    symlink(".", at("again")).unwrap();
    symlink("a.txt", at("alias.txt")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        at("pipe"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .unwrap();
    let report = weigh(folder.path(), &standard());
    assert_eq!(report.verdict, Verdict::Refuse, "a link leads out of the folder");
    assert_eq!(
        gaps(&report, "files"),
        [
            "broken: a link that leads nowhere or in a circle, to `missing`",
            "circle: a link that leads nowhere or in a circle, to `circle`",
            "outside: a link that leads out of the folder, to `/etc/hostname`; it is not followed",
            "pipe: it is a FIFO; it is not opened",
        ]
    );
    assert!(report.artifact.digests.is_empty(), "a part has no digest of the whole");
}

/// Runs something at the moment when the scan has listed the files and begins to read them.
struct Meanwhile<F: Fn() + Sync>(F);

impl<F: Fn() + Sync> Progress for Meanwhile<F> {
    fn begin(&self, _: u64, _: u64) {
        (self.0)();
    }
    fn file_done(&self, _: &Untrusted, _: u64) {}
}

fn weigh_while(source: &Path, act: impl Fn() + Sync) -> Report {
    let progress = Meanwhile(act);
    let services = Services {
        today: date("2027-06-30"),
        now: sample::now(),
        clock: None,
        progress: &progress,
    };
    gate::weigh(&request(source), &standard(), &services).unwrap()
}

#[test]
#[allow(clippy::disallowed_methods, reason = "the test changes what is weighed")]
fn a_file_that_shrinks_meanwhile_is_not_admitted() {
    let folder = folder(&[("a.txt", &"text ".repeat(100_000))]);
    let path = folder.path().join("a.txt");
    let report = weigh_while(folder.path(), || {
        std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(100).unwrap();
    });
    assert_eq!(report.verdict, Verdict::Undecided);
    let files = gaps(&report, "files");
    assert_eq!(
        files,
        ["a.txt: its length changed while it was weighed: 500000 bytes at first, now 100"]
    );
}

#[test]
fn a_file_that_goes_meanwhile_is_not_admitted() {
    let folder = folder(&[("a.txt", "text"), ("b.txt", "text")]);
    let path = folder.path().join("a.txt");
    let report = weigh_while(folder.path(), || std::fs::remove_file(&path).unwrap());
    assert_eq!(report.verdict, Verdict::Undecided);
    assert!(gaps(&report, "files")[0].starts_with("a.txt: cannot be opened"));
}

#[test]
fn a_scan_that_crashes_is_could_not_look() {
    let folder = folder(&[("a.txt", "text")]);
    let report = weigh_while(folder.path(), || panic!("on purpose"));
    assert_eq!(report.verdict, Verdict::Undecided);
    let outcome = &report.checks[1].outcome;
    let Outcome::CouldNotLook { because, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!(because, "the check crashed: on purpose");
    assert_eq!(report.artifact.files, 1, "the files are told all the same");
}

const EXCEPTION: &str = "reason = \"r\"\nowner = \"o\"\n";

fn with_exception(more: &str, expires: &str) -> gate::Policy {
    policy(&format!(
        "formats = [\"json\"]\n[[exceptions]]\nrule = \"format-not-permitted\"\n{EXCEPTION}{more}\
         expires = \"{expires}\"\n"
    ))
}

#[test]
fn an_exception_stands_until_its_last_day() {
    let folder = folder(&[("a.txt", "text")]);
    let stands = weigh(folder.path(), &with_exception("", "2027-06-30"));
    assert_eq!(stands.verdict, Verdict::Admit);
    assert_eq!(stands.policy.exceptions_used.len(), 1);
    assert_eq!(stands.findings[0].excepted(), Some(0));
    let expired = weigh(folder.path(), &with_exception("", "2027-06-29"));
    assert_eq!(expired.verdict, Verdict::Refuse);
    assert!(expired.policy.exceptions_used.is_empty());
    assert_eq!(rules(&expired), ["format-not-permitted", "exception-expired"]);
}

#[test]
fn an_exception_covers_only_the_content_it_names() {
    // printf text | sha256sum
    let digest = "982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1";
    let by_digest =
        with_exception(&format!("sha256 = \"{}\"\n", digest.to_uppercase()), "9999-12-31");
    let same = folder(&[("a.txt", "text")]);
    // The digest is computed although nobody asked for it.
    let asked = gate::Request { digests: false, ..request(same.path()) };
    let services =
        Services { today: date("2027-06-30"), now: sample::now(), clock: None, progress: &Quiet };
    let report = gate::weigh(&asked, &by_digest, &services).unwrap();
    assert_eq!(report.verdict, Verdict::Admit, "{:?}", report.reasons);
    let other = folder(&[("a.txt", "texts")]);
    let report = weigh(other.path(), &by_digest);
    assert_eq!(report.verdict, Verdict::Refuse);
    assert_eq!(rules(&report), ["format-not-permitted", "exception-unused"]);
}

#[test]
fn an_exception_for_another_file_or_rule_covers_nothing() {
    let folder = folder(&[("a.txt", "text")]);
    let report = weigh(folder.path(), &with_exception("file = \"b.txt\"\n", "9999-12-31"));
    assert_eq!(report.verdict, Verdict::Refuse);
    assert_eq!(rules(&report), ["format-not-permitted", "exception-unused"]);
    let misspelled = policy(&format!(
        "[[exceptions]]\nrule = \"format-not-permited\"\n{EXCEPTION}expires = \"9999-12-31\"\n"
    ));
    let report = weigh(folder.path(), &misspelled);
    assert!(report.findings[0].message().ends_with("did you mean `format-not-permitted`?"));
}

#[test]
fn each_finding_is_told_with_its_own_exception() {
    let folder = folder(&[("a.txt", "text"), ("b.txt", "text")]);
    let one = |file: &str| {
        format!(
            "[[exceptions]]\nrule = \"format-not-permitted\"\nfile = \"{file}\"\nreason = \"r\"\n\
             owner = \"owner of {file}\"\nexpires = \"9999-12-31\"\n"
        )
    };
    let policy = policy(&format!("formats = [\"json\"]\n{}{}", one("b.txt"), one("a.txt")));
    let report = weigh(folder.path(), &policy);
    assert_eq!(report.verdict, Verdict::Admit);
    let style = Style { colour: false, detail: Detail::Usual };
    let text = render(Format::Text, &[report], style);
    for file in ["a.txt", "b.txt"] {
        let line = text.lines().find(|line| line.starts_with(&format!("    {file}: "))).unwrap();
        assert!(line.ends_with(&format!("by owner of {file})")), "{line}");
    }
}

#[test]
fn a_check_that_is_off_does_not_run() {
    let folder = folder(&[("a.txt", "text")]);
    let off = policy(
        "formats = [\"json\"]\n[checks]\nformats = \"off\"\nstatic = \"off\"\nsignature = \"off\"\n\
         lineage = \"off\"\n",
    );
    let report = weigh(folder.path(), &off);
    let names: Vec<&str> = report.checks.iter().map(|result| result.check.0.as_str()).collect();
    assert_eq!(names, ["files", "integrity", "policy"]);
    assert_eq!(report.verdict, Verdict::Admit);
    assert_eq!(report.threats[2].state.word(), "partly-looked");
}

#[test]
fn the_digest_of_a_folder_can_be_computed_by_anybody() {
    // printf '{}' > c; mkdir b; printf text > b/a; printf text > 'x\y';
    // printf '%s  b/a\n%s  c\n%s  x\\y\n', each the SHA-256 of the content | sha256sum
    let folder = folder(&[("c", "{}"), ("b/a", "text"), ("x\\y", "text")]);
    let report = weigh(folder.path(), &standard());
    assert_eq!(
        report.artifact.digests["dirHash"],
        "5c97f72d86f9169d7f90b9f1549926f63c4ad9f975d602b3ffd2f3d137e2c7cb"
    );
}

#[test]
fn the_same_input_gives_the_same_report() {
    let folder = folder(&[("a.txt", "text"), ("b/c.json", "{}"), ("d.bin", "\u{1}\u{2}")]);
    let policy = with_exception("", "2027-06-29");
    let (one, two) = (weigh(folder.path(), &policy), weigh(folder.path(), &policy));
    assert_eq!(serde_json::to_string(&one).unwrap(), serde_json::to_string(&two).unwrap());
}

struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> String {
        "2027-06-30T00:00:00Z".into()
    }
    fn milliseconds(&self) -> u64 {
        7
    }
}

#[test]
fn the_clock_stands_in_run_alone() {
    let folder = folder(&[("a.txt", "text")]);
    let services = Services {
        today: date("2027-06-30"),
        now: sample::now(),
        clock: Some(&Stopped),
        progress: &Quiet,
    };
    let mut report = gate::weigh(&request(folder.path()), &standard(), &services).unwrap();
    let run = report.run.take().unwrap();
    assert_eq!((run.started.as_str(), run.milliseconds), ("2027-06-30T00:00:00Z", 0));
    assert_eq!(report, weigh(folder.path(), &standard()));
}

#[test]
fn limits_of_the_request_stand_in_the_report() {
    let folder = folder(&[("a.txt", "text"), ("b.txt", "text"), ("c.txt", "text")]);
    let limits = vocabulary::Limits { files: 2, ..vocabulary::Limits::default() };
    let limited = gate::Request { limits: Some(limits), ..request(folder.path()) };
    let services =
        Services { today: date("2027-06-30"), now: sample::now(), clock: None, progress: &Quiet };
    let report = gate::weigh(&limited, &standard(), &services).unwrap();
    assert_eq!((report.verdict, report.policy.limits), (Verdict::Undecided, limits));
    assert!(report.advice.iter().any(|advice| advice.contains("`--limit files=…`")));
}

#[test]
fn commands_in_the_advice() {
    let json = policy("formats = [\"json\"]\n");
    let quoted = folder(&[("it's; \"a\".txt", "text")]);
    let advice = weigh(quoted.path(), &json).advice.join("\n");
    assert!(advice.contains(r#"file = "it's; \"a\".txt""#), "{advice}");
    let review = policy("formats = [\"json\"]\n").terms;
    let review = gate::Policy {
        terms: vocabulary::Policy { refuse: vocabulary::Severity::Critical, ..review },
        digest: String::new(),
        extends: Vec::new(),
    };
    let advice = weigh(quoted.path(), &review).advice.join("\n");
    assert!(advice.contains(r#"weighbridge inspect 'model/it'\''s; "a".txt'"#), "{advice}");
    // A name that cannot be shown as it is cannot be pasted either.
    let hidden = folder(&[("b\u{202e}.txt", "text")]);
    let advice = weigh(hidden.path(), &json).advice.join("\n");
    assert!(advice.contains("do not load `b\\u{202e}.txt`") && !advice.contains("file = "));
}

#[test]
fn a_source_that_cannot_be_weighed_is_an_error() {
    let services =
        Services { today: date("2027-06-30"), now: sample::now(), clock: None, progress: &Quiet };
    let missing = PathBuf::from("/nowhere/at/all");
    let error = gate::weigh(&request(&missing), &standard(), &services).unwrap_err();
    assert_eq!(error.to_string(), "`/nowhere/at/all` does not exist");
    assert!(error.hint().is_some());
    let folder = folder(&[("a.txt", "text")]);
    let error = gate::inspect(folder.path(), &vocabulary::Limits::default());
    assert!(matches!(error, Err(gate::Error::NotAFile { .. })));
}
