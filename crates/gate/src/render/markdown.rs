use std::fmt::Write as _;

use vocabulary::{Report, Verdict};

use super::escape::{markdown as esc, markdown_sentence as sentence};
use super::{by_rule, coverage_line, plural, size};

/// How many findings and gaps a comment holds; GitHub cuts one off at 65536 characters.
const TOLD: usize = 50;

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
        esc(&artifact.label.to_string()),
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
        for line in shown {
            let shown = if title == "Why" { esc(line) } else { sentence(line) };
            let _ = writeln!(out, "- {shown}");
        }
        out.push('\n');
    }
    findings(report, &mut out);
    let _ = writeln!(out, "<details><summary>What was looked at</summary>\n");
    let _ = writeln!(out, "| check | outcome | |\n|---|---|---|");
    for result in &report.checks {
        let (check, word) = (esc(&result.check.0), result.outcome.word());
        let _ = writeln!(out, "| {check} | {word} | {} |", esc(&coverage_line(result)));
    }
    let gaps: Vec<_> =
        report.checks.iter().filter_map(|c| c.outcome.coverage()).flat_map(|c| &c.gaps).collect();
    if !gaps.is_empty() {
        let _ = writeln!(out, "\n| could not look at | because |\n|---|---|");
        for gap in gaps.iter().take(TOLD) {
            let (place, because) = (esc(&gap.place.to_string()), esc(&gap.because));
            let _ = writeln!(out, "| {place} | {because} |");
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
            esc(&finding.place().to_string()),
            esc(finding.message()),
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
