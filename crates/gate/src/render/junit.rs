//! `JUnit` XML as CI systems read it: one test case for the verdict, one a check, one a file.

use std::fmt::Write as _;

use vocabulary::{CheckResult, FileSummary, Outcome, Report, Verdict};

use super::coverage_line;
use super::escape::xml as esc;

struct Case {
    class: &'static str,
    name: String,
    /// The element inside, if any: `failure`, `error` or `skipped`, its message and its text.
    ended: Option<(&'static str, String, String)>,
    /// What is to be known of it where it passes.
    told: String,
}

pub(super) fn render(reports: &[Report]) -> String {
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"weighbridge\">\n",
    );
    for report in reports {
        suite(report, &mut out);
    }
    out.push_str("</testsuites>\n");
    out
}

fn suite(report: &Report, out: &mut String) {
    let reasons = report.reasons.join("\n");
    let verdict = match report.verdict {
        Verdict::Admit => None,
        Verdict::Refuse => Some(("failure", "refuse".to_owned(), reasons)),
        Verdict::Undecided => Some(("error", "undecided".to_owned(), reasons)),
    };
    let told = String::new();
    let mut cases =
        vec![Case { class: "weighbridge", name: "verdict".into(), ended: verdict, told }];
    cases.extend(report.checks.iter().map(|result| check(result, report)));
    cases.extend(report.artifact.contents.iter().map(|summary| file(summary, report)));
    let count = |what: &str| {
        cases.iter().filter(|case| case.ended.as_ref().is_some_and(|(e, ..)| *e == what)).count()
    };
    // Writing to a string cannot fail.
    let _ = writeln!(
        out,
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\">",
        esc(&report.artifact.label.to_string()),
        cases.len(),
        count("failure"),
        count("error"),
        count("skipped"),
    );
    for case in &cases {
        let head =
            format!("    <testcase classname=\"{}\" name=\"{}\"", case.class, esc(&case.name));
        let _ = match &case.ended {
            None if case.told.is_empty() => writeln!(out, "{head}/>"),
            None => {
                writeln!(out, "{head}><system-out>{}</system-out></testcase>", esc(&case.told))
            }
            Some((element, message, text)) => writeln!(
                out,
                "{head}><{element} message=\"{}\">{}</{element}></testcase>",
                esc(message),
                esc(text)
            ),
        };
    }
    out.push_str("  </testsuite>\n");
}

fn check(result: &CheckResult, report: &Report) -> Case {
    let ended = match &result.outcome {
        Outcome::NotApplicable { because } => Some(("skipped", because.clone(), String::new())),
        Outcome::CouldNotLook { because, .. } => Some(("error", because.clone(), String::new())),
        outcome if outcome.is_incomplete() => {
            Some(("error", "not everything was looked at".to_owned(), gaps(outcome, |_| true)))
        }
        outcome => {
            let worst = outcome.worst().filter(|worst| *worst >= report.policy.review);
            worst.map(|worst| {
                let count = outcome.findings().len();
                let findings = if count == 1 { "finding" } else { "findings" };
                ("failure", format!("{count} {findings}, the worst {worst}"), String::new())
            })
        }
    };
    let whole = result.outcome.coverage().is_none_or(|coverage| {
        coverage.bytes_parsed >= coverage.bytes_total && coverage.notes.is_empty()
    });
    let told = if whole { String::new() } else { coverage_line(result) };
    Case { class: "weighbridge.check", name: result.check.0.clone(), ended, told }
}

fn file(summary: &FileSummary, report: &Report) -> Case {
    let counting: Vec<String> = report
        .findings
        .iter()
        .filter(|finding| {
            finding.place().file == summary.path
                && finding.excepted().is_none()
                && finding.severity() >= report.policy.review
        })
        .map(|finding| {
            let (severity, rule) = (finding.severity(), finding.rule().name);
            format!("{severity} {rule}: {}: {}", finding.place(), finding.message())
        })
        .collect();
    let missed: Vec<String> = report
        .checks
        .iter()
        .map(|result| gaps(&result.outcome, |file| file == summary.path.raw()))
        .filter(|gaps| !gaps.is_empty())
        .collect();
    let ended = match (counting.first(), missed.first()) {
        (Some(first), _) => Some(("failure", first.clone(), counting.join("\n"))),
        (None, Some(first)) => {
            Some(("error", format!("could not look: {first}"), missed.join("\n")))
        }
        (None, None) => None,
    };
    Case { class: "weighbridge.file", name: summary.path.to_string(), ended, told: String::new() }
}

fn gaps(outcome: &Outcome, of: impl Fn(&str) -> bool) -> String {
    let gaps = outcome.coverage().map(|coverage| coverage.gaps.as_slice()).unwrap_or_default();
    let lines: Vec<String> = gaps
        .iter()
        .filter(|gap| of(gap.place.file.raw()))
        .map(|gap| format!("{}: {}", gap.place, gap.because))
        .collect();
    lines.join("\n")
}
