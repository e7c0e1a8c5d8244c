//! Reports to render: one that holds every case there is, and the files to weigh real ones.

use std::path::Path;

use gate::{Policy, Quiet, Report, Request, Services};
use vocabulary::{
    ArtifactSummary, CheckResult, Coverage, Date, Exception, FileSummary, Finding, Gap, MapsTo,
    Outcome, Place, PolicyBase, PolicyUse, Rule, Run, SCHEMA, Severity, Span, Threat, ThreatLine,
    ThreatState, Tool, Untrusted, Verdict,
};

/// Text as a hostile file would choose it.
pub(crate) const HOSTILE: &str =
    "<script>alert('x')</script> & \"q\" `c` [l](https://e.test) | @all #1 \u{1b}[2J\u{202e}\n]]>";

static RULE: Rule = Rule {
    name: "runs-code",
    summary: "loading it runs code",
    severity: Severity::Critical,
    threats: &[Threat::T3],
    maps_to: MapsTo { cwe: &["CWE-502"], atlas: &["AML.T0010"], aisvs: &["6.1.1"] },
    page: "# runs-code\n\n## What it finds\n\nCode.\n",
};

static NOTE: Rule = Rule {
    name: "worth-a-line",
    summary: "worth knowing",
    severity: Severity::Medium,
    threats: &[],
    maps_to: MapsTo { cwe: &[], atlas: &[], aisvs: &[] },
    page: "# worth-a-line\n",
};

pub(crate) fn date(text: &str) -> Date {
    text.parse().unwrap()
}

fn findings() -> Vec<Finding> {
    let hostile = Place::file(HOSTILE).member("archive/data.pkl").member(HOSTILE).at(41);
    let plain = Place::file("dir a/m#1?.pt");
    let mut excepted = NOTE.found(plain.at(7), "written by `somebody`");
    excepted.except(0);
    vec![
        RULE.found(hostile, format!("calls {HOSTILE}"))
            .with("call", HOSTILE)
            .with("nested", true)
            .with("count", 3)
            .with("arguments", vec!["a".to_owned(), HOSTILE.to_owned()]),
        RULE.found(plain.clone(), "calls `posix.system`"),
        excepted,
    ]
}

/// A report in which everything that can stand in one does, some of it hostile.
pub(crate) fn full() -> Report {
    let coverage = Coverage {
        files: 2,
        bytes_total: 20_000,
        bytes_parsed: 19_000,
        unexplained: vec![(Place::file("dir a/m#1?.pt"), Span::new(10, 1010))],
        gaps: vec![Gap {
            place: Place::file(HOSTILE).member("x"),
            because: vocabulary::escape(HOSTILE),
        }],
        notes: vec![vocabulary::escape(HOSTILE)],
    };
    let whole = Coverage { files: 2, bytes_total: 9, bytes_parsed: 9, ..Coverage::default() };
    let outcomes = [
        ("files", Outcome::Clear { coverage: whole }),
        ("static", Outcome::Found { coverage: coverage.clone(), findings: findings() }),
        ("formats", Outcome::NotApplicable { because: "the policy permits any format".into() }),
        ("other", Outcome::CouldNotLook { because: "it crashed".into(), coverage }),
        (
            "empty",
            Outcome::CouldNotLook { because: "nothing".into(), coverage: Coverage::default() },
        ),
    ];
    let states = [
        ThreatState::CannotBeKnown,
        ThreatState::NotLooked,
        ThreatState::Found,
        ThreatState::PartlyLooked,
        ThreatState::LookedClear,
    ];
    let digests = |digest: &str| {
        [("sha256", digest), ("blake3", "b3")].map(|(a, d)| (a.to_owned(), d.to_owned())).into()
    };
    Report {
        schema: SCHEMA,
        tool: Tool {
            name: "weighbridge".into(),
            version: "1.2.3".into(),
            packs: [("effects".to_owned(), "ab".repeat(32))].into(),
        },
        artifact: ArtifactSummary {
            label: Untrusted::new(HOSTILE),
            digests: [("dirHash".to_owned(), "cd".repeat(32))].into(),
            files: 2,
            bytes: 20_000,
            contents: vec![
                FileSummary {
                    path: Untrusted::new(HOSTILE),
                    bytes: 12_000,
                    formats: vec!["zip".into(), "pytorch".into()],
                    digests: digests("e0"),
                },
                FileSummary {
                    path: "dir a/m#1?.pt".into(),
                    bytes: 8000,
                    formats: Vec::new(),
                    digests: digests(&"a1".repeat(32)),
                },
            ],
            not_read_anew: vec![Untrusted::new(HOSTILE)],
        },
        verdict: Verdict::Refuse,
        reasons: findings()
            .iter()
            .take(2)
            .map(|f| format!("{}: {}", f.place(), f.message()))
            .collect(),
        advice: vec![
            "do not load `dir a/m#1?.pt`".into(),
            "or add to the policy:\n[[exceptions]]\nrule = \"<b>\"".into(),
        ],
        checks: outcomes
            .into_iter()
            .map(|(check, outcome)| CheckResult { check: check.into(), outcome })
            .collect(),
        findings: findings(),
        threats: Threat::ALL
            .iter()
            .zip(states.iter().cycle())
            .map(|(threat, state)| ThreatLine {
                threat: *threat,
                title: threat.title(),
                state: *state,
                by: vec!["static".into()],
                note: "what would tell more".into(),
            })
            .collect(),
        policy: PolicyUse {
            name: "page".into(),
            digest: "ef".repeat(32),
            extends: vec![PolicyBase { name: "strict".into(), digest: "ab".repeat(32) }],
            refuse: Severity::High,
            review: Severity::Medium,
            limits: vocabulary::Limits::default(),
            exceptions_used: vec![Exception {
                rule: "worth-a-line".into(),
                file: Some("dir a/m#1?.pt".into()),
                sha256: Some("a1".repeat(32)),
                reason: "reviewed".into(),
                owner: "somebody <a@b.test>".into(),
                expires: date("9999-12-31"),
            }],
        },
        run: Some(Run { started: "2027-01-31T10:00:00Z".into(), milliseconds: 12 }),
    }
}

/// A policy for tests: standard, with more text behind it.
pub(crate) fn policy(more: &str) -> Policy {
    let text = format!("name = \"test\"\nrefuse = \"high\"\nreview = \"medium\"\n{more}");
    Policy::parse(&text, "test").unwrap()
}

/// Writes files under a folder.
#[allow(clippy::disallowed_methods, reason = "tests build what is weighed")]
pub(crate) fn write(folder: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

/// Weighs a path on the 30th of June 2027, under the label `model`.
pub(crate) fn weigh(source: &Path, policy: &Policy) -> Report {
    let services =
        Services { today: date("2027-06-30"), now: now(), clock: None, progress: &Quiet };
    gate::weigh(&request(source), policy, &services).unwrap()
}

pub(crate) fn now() -> jiff::Timestamp {
    "2027-06-30T12:00:00Z".parse().expect("a moment")
}

pub(crate) fn request(source: &Path) -> Request {
    Request { label: "model".into(), ..Request::new(source) }
}
