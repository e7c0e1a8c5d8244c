//! One self-contained page: no script, nothing fetched, everything from an artifact escaped.

use std::fmt::Write as _;

use vocabulary::{Finding, Report};

use super::escape::{html as esc, html_sentence as sentence};
use super::{by_rule, counts, coverage_line, gaps, plural, size, unexplained};

const STYLE: &str = include_str!("page.css");

pub(super) fn render(reports: &[Report]) -> String {
    let mut out = open(&title(reports));
    for report in reports {
        article(report, &mut out);
    }
    out.push_str(CLOSE);
    out
}

/// The beginning of a page.
pub(super) fn open(title: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n",
        esc(title)
    )
}

/// The end of a page.
pub(super) const CLOSE: &str = "</body>\n</html>\n";

fn title(reports: &[Report]) -> String {
    match reports {
        [one] => format!("{}: {}", one.verdict.word(), one.artifact.label),
        several => format!("weighbridge: {} reports", several.len()),
    }
}

// Writing to a string cannot fail, here and below.
fn article(report: &Report, out: &mut String) {
    let (word, artifact) = (report.verdict.word(), &report.artifact);
    let _ = writeln!(
        out,
        "<article>\n<header class=\"verdict {word}\">\n<h1>{word}: {}</h1>\n\
         <p class=\"soft\">{} file{}, {}; policy <code>{}</code></p>\n</header>",
        esc(&artifact.label.to_string()),
        artifact.files,
        plural(artifact.files),
        size(artifact.bytes),
        esc(&report.policy.name),
    );
    if !report.reasons.is_empty() {
        out.push_str("<h2>Why</h2>\n<ul>\n");
        for reason in &report.reasons {
            let _ = writeln!(out, "<li>{}</li>", sentence(reason));
        }
        out.push_str("</ul>\n");
    }
    if !report.advice.is_empty() {
        out.push_str("<h2>What to do</h2>\n<ul>\n");
        for advice in &report.advice {
            let _ = match advice.split_once('\n') {
                None => writeln!(out, "<li>{}</li>", sentence(advice)),
                Some((first, rest)) => {
                    writeln!(out, "<li>{}<pre>{}</pre></li>", sentence(first), esc(rest))
                }
            };
        }
        out.push_str("</ul>\n");
    }
    findings(report, out);
    looked_at(report, out);
    out.push_str("<h2>Threats</h2>\n<table>\n<tr><th></th><th>threat</th><th>state</th><th>what would tell more</th></tr>\n");
    for line in &report.threats {
        let (state, note) = (line.state.word(), esc(&line.note));
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td>{}</td><td class=\"{state}\">{state}</td><td>{note}</td></tr>",
            line.threat, line.title,
        );
    }
    out.push_str("</table>\n");
    contents(report, out);
    out.push_str("</article>\n");
}

fn findings(report: &Report, out: &mut String) {
    if report.findings.is_empty() {
        return;
    }
    let counting = report.findings.iter().filter(|finding| counts(finding)).count();
    let _ = writeln!(
        out,
        "<h2>Findings</h2>\n<p class=\"soft\">{} in all, {counting} above <code>info</code> and \
         without an exception</p>",
        report.findings.len()
    );
    for group in by_rule(report) {
        let Some(first) = group.first() else { continue };
        let (rule, severity) = (first.rule(), first.severity());
        let maps: Vec<&str> = [rule.maps_to.cwe, rule.maps_to.atlas, rule.maps_to.aisvs].concat();
        let _ = writeln!(
            out,
            "<h3><span class=\"severity {severity}\">{severity}</span> <code>{}</code></h3>\n\
             <p>{} <span class=\"soft\">{}</span></p>",
            esc(rule.name),
            esc(rule.summary),
            esc(&maps.join(", ")),
        );
        for finding in group {
            one(finding, out);
        }
    }
}

fn one(finding: &Finding, out: &mut String) {
    let excepted =
        if finding.excepted().is_some() { " <span class=\"soft\">(excepted)</span>" } else { "" };
    let _ = writeln!(
        out,
        "<p><span class=\"mono\">{}</span>{excepted}<br>{}</p>",
        esc(&finding.place().to_string()),
        sentence(finding.message())
    );
    if finding.evidence().is_empty() {
        return;
    }
    out.push_str("<dl>\n");
    for (name, value) in finding.evidence() {
        let (name, value) = (esc(&vocabulary::escape(name)), esc(&value.to_string()));
        let _ = writeln!(out, "<dt>{name}</dt><dd class=\"mono\">{value}</dd>");
    }
    out.push_str("</dl>\n");
}

fn looked_at(report: &Report, out: &mut String) {
    out.push_str("<h2>Looked at</h2>\n<table>\n<tr><th>check</th><th>outcome</th><th></th></tr>\n");
    for result in &report.checks {
        let (check, line) = (esc(&result.check.0), esc(&coverage_line(result)));
        let word = result.outcome.word();
        let _ = writeln!(out, "<tr><td>{check}</td><td>{word}</td><td>{line}</td></tr>");
    }
    out.push_str("</table>\n");
    rows("Could not look at", &gaps(report), out);
    rows("Bytes that no reader explained", &unexplained(report), out);
}

fn rows(heading: &str, rows: &[(String, String)], out: &mut String) {
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(out, "<h3>{heading}</h3>\n<table>");
    for (place, what) in rows {
        let (place, what) = (esc(place), esc(what));
        let _ = writeln!(out, "<tr><td class=\"mono\">{place}</td><td>{what}</td></tr>");
    }
    out.push_str("</table>\n");
}

fn contents(report: &Report, out: &mut String) {
    out.push_str("<h2>Identity</h2>\n<dl>\n");
    let policy = &report.policy;
    let tool = format!("{} {}", report.tool.name, report.tool.version);
    let thresholds = format!(
        "{}: refuses from {}, asks from {}; sha256 {}",
        policy.name, policy.refuse, policy.review, policy.digest
    );
    let digests = report.artifact.digests.iter().map(|(a, b)| (a.clone(), b.clone()));
    let packs =
        report.tool.packs.iter().map(|(name, digest)| (format!("pack {name}"), digest.clone()));
    let run = report
        .run
        .iter()
        .map(|run| ("run".to_owned(), format!("{}, {} ms", run.started, run.milliseconds)));
    let rest = [("policy".to_owned(), thresholds), ("tool".to_owned(), tool)];
    let extends = policy
        .extends
        .iter()
        .map(|base| (format!("extends {}", base.name), format!("sha256 {}", base.digest)));
    for (name, value) in digests.chain(rest).chain(extends).chain(packs).chain(run) {
        let (name, value) = (esc(&name), esc(&value));
        let _ = writeln!(out, "<dt>{name}</dt><dd class=\"mono\">{value}</dd>");
    }
    out.push_str("</dl>\n<h2>Files</h2>\n<table>\n<tr><th>path</th><th>size</th><th>formats</th><th>sha256</th></tr>\n");
    for file in &report.artifact.contents {
        let formats =
            if file.formats.is_empty() { "unknown".to_owned() } else { file.formats.join(", ") };
        let _ = writeln!(
            out,
            "<tr><td class=\"mono\">{}</td><td>{}</td><td>{}</td><td class=\"mono\">{}</td></tr>",
            esc(&file.path.to_string()),
            size(file.bytes),
            esc(&formats),
            esc(file.digests.get("sha256").map(String::as_str).unwrap_or_default()),
        );
    }
    out.push_str("</table>\n");
}
