use std::fmt::Write as _;

use vocabulary::{Report, Untrusted, Verdict};

use super::escape::{markdown as esc, markdown_sentence as sentence};
use super::{by_rule, coverage_line, gaps, plural, size};

/// How many findings and gaps a comment holds, and how many characters of a text that an artifact
/// may have chosen: GitHub takes no comment of more than 65536 characters.
const TOLD: usize = 25;
const LONG: usize = 200;

fn short(text: &str) -> String {
    esc(&Untrusted::from(text).shortened(LONG))
}

pub(super) fn render(reports: &[Report]) -> String {
    let pages: Vec<String> = reports.iter().map(page).collect();
    pages.join("\n---\n\n")
}

fn page(report: &Report) -> String {
    let mut out = String::new();
    let artifact = &report.artifact;
    let mark = match report.verdict {
        Verdict::Admit => "🟢",
        Verdict::Undecided => "🟡",
        Verdict::Refuse => "🔴",
    };
    // Writing to a string cannot fail.
    let _ = writeln!(
        out,
        "### {mark} Weighbridge: {} {}\n\n{} file{}, {}, policy {}\n",
        report.verdict.word(),
        short(artifact.label.raw()),
        artifact.files,
        plural(artifact.files),
        size(artifact.bytes),
        esc(&report.policy.name),
    );
    for (title, lines) in [("Why", &report.reasons), ("What to do", &report.advice)] {
        let shown: Vec<&String> =
            lines.iter().filter(|line| !line.contains('\n')).take(TOLD).collect();
        if shown.is_empty() {
            continue;
        }
        let _ = writeln!(out, "**{title}**\n");
        for line in &shown {
            let shown = if title == "Why" { short(line) } else { sentence(line) };
            let _ = writeln!(out, "- {shown}");
        }
        more(lines.iter().filter(|line| !line.contains('\n')).count(), &mut out);
        out.push('\n');
    }
    findings(report, &mut out);
    let _ = writeln!(out, "<details><summary>What was looked at</summary>\n");
    let _ = writeln!(out, "| check | outcome | |\n|---|---|---|");
    for result in &report.checks {
        let (check, word) = (esc(&result.check.0), result.outcome.word());
        let _ = writeln!(out, "| {check} | {word} | {} |", esc(&coverage_line(result)));
    }
    let gaps = gaps(report);
    if !gaps.is_empty() {
        let _ = writeln!(out, "\n| could not look at | because |\n|---|---|");
        for (place, because) in gaps.iter().take(TOLD) {
            let _ = writeln!(out, "| {} | {} |", short(place), short(because));
        }
        more(gaps.len(), &mut out);
    }
    let _ = writeln!(out, "\n| | threat | state | |\n|---|---|---|---|");
    for line in &report.threats {
        let (state, note) = (line.state.word(), esc(&line.note));
        let _ = writeln!(out, "| {} | {} | {state} | {note} |", line.threat, line.title);
    }
    out.push('\n');
    for (scheme, digest) in &artifact.digests {
        let _ = writeln!(out, "- {} <code>{}</code>", esc(scheme), esc(digest));
    }
    let _ = writeln!(
        out,
        "- policy sha256 <code>{}</code>\n- {} {}\n\n</details>",
        report.policy.digest, report.tool.name, report.tool.version
    );
    out
}

fn findings(report: &Report, out: &mut String) {
    if report.findings.is_empty() {
        return;
    }
    let _ = writeln!(out, "| severity | rule | place | |\n|---|---|---|---|");
    let all: Vec<_> = by_rule(report).into_iter().flatten().collect();
    for finding in all.iter().take(TOLD) {
        let excepted = if finding.excepted().is_some() { " (excepted)" } else { "" };
        let _ = writeln!(
            out,
            "| {}{excepted} | {} | {} | {} |",
            finding.severity(),
            esc(finding.rule().name),
            short(&finding.place().to_string()),
            short(finding.message()),
        );
    }
    more(all.len(), out);
    out.push('\n');
}

fn more(count: usize, out: &mut String) {
    if count > TOLD {
        let _ = writeln!(out, "\n… and {} more", count.saturating_sub(TOLD));
    }
}
