//! A run of probes as one self-contained page: intervals as a forest plot, findings, what could not be looked at, and
//! every reply. It works without its script, which filters what is shown and does nothing else.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use behaviour::report::{Against, Finding, ProbeReport, RunReport, Transcript};
use behaviour::stats::{Estimate, Gate, Judgement, Measure};
use provenance::keys::sha256;
use vocabulary::escape as plain;

use super::escape::{html as esc, html_sentence as sentence};
use super::{html, plural};

const STYLE: &str = include_str!("probe.css");

/// Hides what does not hold the words that are searched for.
const SCRIPT: &str = include_str!("probe.js");

/// Transcripts that a page shows; the journal holds all.
const SHOWN: usize = 5_000;

// Writing to a string cannot fail, here and below.

pub(super) fn render(
    report: &RunReport,
    judgement: Judgement,
    transcripts: &[Transcript],
) -> String {
    let target = &report.target;
    let word = word(Some(judgement));
    let mut out = open(&format!("{word}: {}", target.name));
    let _ = writeln!(
        out,
        "<article>\n<header class=\"verdict {}\">\n<h1>{word}: {}</h1>\n<p class=\"soft\">{}, \
         <span class=\"mono\">{}</span></p>\n</header>",
        colour(Some(judgement)),
        esc(&target.name.to_string()),
        match target.kind {
            behaviour::target::Kind::Local => "a model that ran here",
            behaviour::target::Kind::Endpoint => "a server",
            behaviour::target::Kind::Transcript => "recorded replies",
        },
        esc(&target.fingerprint.to_string()),
    );
    if !report.reasons.is_empty() {
        out.push_str("<h2>Why</h2>\n<ul>\n");
        for reason in &report.reasons {
            let _ = writeln!(out, "<li>{}</li>", sentence(&plain(reason)));
        }
        out.push_str("</ul>\n");
    }
    plots(report, &mut out);
    table(report, &mut out);
    for probe in &report.probes {
        findings(probe, &mut out);
    }
    if let Some(against) = &report.against {
        compared(against, &mut out);
    }
    gaps(report, &mut out);
    identity(report, &mut out);
    said(transcripts, &mut out);
    out.push_str("</article>\n<script>");
    out.push_str(SCRIPT);
    out.push_str("</script>\n");
    out.push_str(html::CLOSE);
    out
}

/// The beginning of the page. Its own script alone may run.
fn open(title: &str) -> String {
    let hash = STANDARD.encode(sha256(SCRIPT.as_bytes()));
    let policy = "default-src 'none'; style-src 'unsafe-inline'";
    html::open(title)
        .replace(policy, &format!("{policy}; script-src 'sha256-{hash}'"))
        .replace("</style>", &format!("{STYLE}</style>"))
}

const fn word(judgement: Option<Judgement>) -> &'static str {
    match judgement {
        Some(Judgement::Pass) => "pass",
        Some(Judgement::Fail) => "fail",
        Some(Judgement::Inconclusive) => "inconclusive",
        None => "no gate",
    }
}

const fn colour(judgement: Option<Judgement>) -> &'static str {
    match judgement {
        Some(Judgement::Pass) => "admit",
        Some(Judgement::Fail) => "refuse",
        Some(Judgement::Inconclusive) => "undecided",
        None => "soft",
    }
}

fn number(value: f64) -> String {
    let text = if value.abs() >= 100.0 { format!("{value:.0}") } else { format!("{value:.3}") };
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// A line of a forest plot.
struct Row<'a> {
    name: &'a str,
    estimate: &'a Estimate,
    gate: Option<Gate>,
    judgement: Option<Judgement>,
}

fn plots(report: &RunReport, out: &mut String) {
    out.push_str("<h2>What was measured</h2>\n");
    for measure in [Measure::Rate, Measure::Difference, Measure::Change, Measure::Median] {
        let rows: Vec<Row<'_>> = report
            .probes
            .iter()
            .filter(|probe| probe.measure == measure)
            .filter_map(|probe| {
                let (name, gate, judgement) = (probe.probe.as_str(), probe.gate, probe.judgement);
                Some(Row { name, estimate: probe.estimate.as_ref()?, gate, judgement })
            })
            .collect();
        if rows.is_empty() {
            continue;
        }
        let _ = writeln!(out, "<h3>{}</h3>", heading(measure));
        plot(&rows, measure.range(), out);
    }
}

const fn heading(measure: Measure) -> &'static str {
    match measure {
        Measure::Rate => "Shares of replies",
        Measure::Difference => "What the treatment changes",
        Measure::Change => "Shares of pairs that change sides",
        Measure::Median => "Middle values",
    }
}

const WIDTH: f64 = 640.0;
const ROW: f64 = 44.0;

/// Intervals above each other on one axis, with the bound of each gate.
fn plot(rows: &[Row<'_>], range: (f64, f64), out: &mut String) {
    let bounds =
        |row: &Row<'_>| row.gate.map(|gate| [gate.at_most, gate.at_least]).unwrap_or_default();
    let all = rows.iter().flat_map(|row| {
        [row.estimate.low, row.estimate.high].into_iter().chain(bounds(row).into_iter().flatten())
    });
    let (low, high) = all.fold((0.0_f64, 0.05_f64), |(low, high), at| (low.min(at), high.max(at)));
    let (low, high) = ((low * 1.1).max(range.0), (high * 1.1).min(range.1));
    let x = |at: f64| 8.0 + (at - low) / (high - low) * (WIDTH - 16.0);
    let count = f64::from(u32::try_from(rows.len()).unwrap_or(u32::MAX));
    let height = ROW * count + 28.0;
    let _ = writeln!(
        out,
        "<svg class=\"forest\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"intervals; the table \
         below has the same numbers\">"
    );
    let mut y = 0.0;
    for row in rows {
        let (middle, colour) = (y + 30.0, colour(row.judgement));
        let told = format!(
            "{}: {} ({} to {})",
            row.name,
            number(row.estimate.value),
            number(row.estimate.low),
            number(row.estimate.high)
        );
        let _ = writeln!(
            out,
            "<g class=\"{colour}\"><text x=\"8\" y=\"{}\">{}</text>",
            y + 16.0,
            esc(&plain(&told))
        );
        let (from, to, at) = (x(row.estimate.low), x(row.estimate.high), x(row.estimate.value));
        let _ = writeln!(
            out,
            "<line class=\"range\" x1=\"{from:.1}\" x2=\"{to:.1}\" y1=\"{middle}\" y2=\"{middle}\"/>\
             <rect x=\"{:.1}\" y=\"{}\" width=\"8\" height=\"8\"/></g>",
            at - 4.0,
            middle - 4.0
        );
        for bound in bounds(row).into_iter().flatten() {
            let at = x(bound);
            let _ = writeln!(
                out,
                "<line class=\"bound\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{}\" y2=\"{}\"/>",
                middle - 9.0,
                middle + 9.0
            );
        }
        y += ROW;
    }
    for at in [low, 0.0, high] {
        if at < low || at > high {
            continue;
        }
        let anchor = if at <= low {
            "start"
        } else if at >= high {
            "end"
        } else {
            "middle"
        };
        let _ = writeln!(
            out,
            "<line class=\"axis\" x1=\"{0:.1}\" x2=\"{0:.1}\" y1=\"0\" y2=\"{1}\"/><text class=\"soft\" \
             x=\"{0:.1}\" y=\"{2}\" text-anchor=\"{anchor}\">{3}</text>",
            x(at),
            height - 20.0,
            height - 4.0,
            number(at)
        );
    }
    out.push_str("</svg>\n");
}

fn table(report: &RunReport, out: &mut String) {
    out.push_str(
        "<table>\n<tr><th>probe</th><th>number</th><th>interval</th><th>prompts</th><th>gate</th><th></th></tr>\n",
    );
    for probe in &report.probes {
        let gate = probe.gate.map(|gate| {
            let most = gate.at_most.map(|most| format!("at most {}", number(most)));
            let least = gate.at_least.map(|least| format!("at least {}", number(least)));
            [most, least].into_iter().flatten().collect::<Vec<_>>().join(", ")
        });
        let (value, interval, units) = match &probe.estimate {
            Some(one) => (
                number(one.value),
                format!("{} to {} ({})", number(one.low), number(one.high), one.method),
                one.units,
            ),
            None => ("none".to_owned(), String::new(), 0),
        };
        let corrected = probe.corrected.as_ref().map_or(String::new(), |one| {
            format!(
                "<br><span class=\"soft\">behind the detector's errors: {} ({} to {})</span>",
                number(one.value),
                number(one.low),
                number(one.high)
            )
        });
        let _ = writeln!(
            out,
            "<tr><td><code>{}</code><br><span class=\"soft\">{}</span></td><td>{value}</td><td>{}{corrected}</td>\
             <td>{units}</td><td>{}</td><td class=\"{}\">{}<br><span class=\"soft\">{}</span></td></tr>",
            esc(&plain(&probe.probe)),
            esc(&plain(&probe.hypothesis)),
            esc(&interval),
            esc(&gate.unwrap_or_default()),
            colour(probe.judgement),
            word(probe.judgement),
            esc(&plain(&probe.because)),
        );
    }
    out.push_str("</table>\n");
}

fn findings(probe: &ProbeReport, out: &mut String) {
    let told: Vec<&Finding> = probe.findings.iter().filter(|finding| finding.found).collect();
    let Some(first) = told.first() else { return };
    let _ = writeln!(
        out,
        "<h3><code>{}</code>: {} value{} of <code>{}</code></h3>\n<table>\n<tr><th>value</th><th>here</th>\
         <th>elsewhere</th><th>prompts</th><th>p</th><th>corrected</th></tr>",
        esc(&plain(&probe.probe)),
        told.len(),
        plural(u64::try_from(told.len()).unwrap_or(u64::MAX)),
        esc(&plain(&first.slot)),
    );
    for finding in told {
        let _ = writeln!(
            out,
            "<tr><td class=\"mono\">{}</td><td>{}</td><td>{}</td><td>{}</td><td>{:.2e}</td><td>{:.2e}</td></tr>",
            esc(&finding.value.to_string()),
            number(finding.estimate),
            number(finding.reference),
            finding.prompts,
            finding.p,
            finding.q
        );
    }
    out.push_str("</table>\n");
}

fn compared(against: &Against, out: &mut String) {
    let _ = writeln!(
        out,
        "<h2>Against the original</h2>\n<p class=\"{}\">{}: {}, no worse than {}</p>",
        colour(against.judgement),
        word(against.judgement),
        esc(&against.original.name.to_string()),
        number(against.margin)
    );
    let rows: Vec<Row<'_>> = against
        .probes
        .iter()
        .filter_map(|one| {
            let (gate, judgement) = (one.gate, one.judgement);
            Some(Row { name: &one.probe, estimate: one.difference.as_ref()?, gate, judgement })
        })
        .collect();
    if !rows.is_empty() {
        plot(&rows, (f64::NEG_INFINITY, f64::INFINITY), out);
    }
    out.push_str(
        "<table>\n<tr><th>probe</th><th>copy alone</th><th>original alone</th><th>McNemar</th><th>flipped signs</th>\
         <th></th></tr>\n",
    );
    for one in &against.probes {
        let count = |count: Option<u64>| count.map(|count| count.to_string()).unwrap_or_default();
        let _ = writeln!(
            out,
            "<tr><td><code>{}</code></td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td class=\"{}\">{}</td></tr>",
            esc(&plain(&one.probe)),
            count(one.only.map(|only| only.0)),
            count(one.only.map(|only| only.1)),
            one.mcnemar.map(number).unwrap_or_default(),
            number(one.permutation),
            colour(one.judgement),
            word(one.judgement),
        );
    }
    out.push_str("</table>\n");
}

fn gaps(report: &RunReport, out: &mut String) {
    if report.could_not_look.is_empty() {
        return;
    }
    out.push_str(
        "<h2>Could not look</h2>\n<table>\n<tr><th>probe</th><th>replies</th><th>why</th></tr>\n",
    );
    for gap in &report.could_not_look {
        let _ = writeln!(
            out,
            "<tr><td><code>{}</code></td><td>{}</td><td>{}</td></tr>",
            esc(&plain(&gap.probe)),
            gap.replies,
            esc(&gap.because.to_string())
        );
    }
    out.push_str("</table>\n");
}

fn identity(report: &RunReport, out: &mut String) {
    let calls = report.calls;
    out.push_str("<h2>Identity</h2>\n<dl>\n");
    let mut line = |name: &str, value: String| {
        let _ = writeln!(out, "<dt>{}</dt><dd class=\"mono\">{}</dd>", esc(name), esc(&value));
    };
    line(
        "calls",
        format!("{} planned, {} answered, {} failed", calls.planned, calls.answered, calls.failed),
    );
    line("seed", report.seed.to_string());
    for pack in &report.packs {
        let name = format!("pack {}", plain(&pack.id));
        line(&name, format!("{}, {}; sha256 {}", pack.version, plain(&pack.licence), pack.digest));
    }
    if let Some(journal) = &report.journal {
        line("journal", format!("{} attempts, root {}", journal.attempts, journal.root));
    }
    out.push_str("</dl>\n");
}

fn said(transcripts: &[Transcript], out: &mut String) {
    if transcripts.is_empty() {
        return;
    }
    let _ = writeln!(
        out,
        "<h2>Replies</h2>\n<p class=\"soft\">{} of {}; a page holds {SHOWN} at most</p>\n<input id=\"search\" \
         type=\"search\" aria-label=\"search in the replies\" placeholder=\"search\" hidden>",
        transcripts.len().min(SHOWN),
        transcripts.len()
    );
    for one in transcripts.iter().take(SHOWN) {
        let score = one.score.map_or_else(|| "not judged".to_owned(), number);
        let arm = match one.arm {
            behaviour::case::Arm::Only => "",
            behaviour::case::Arm::Control => ", control",
            behaviour::case::Arm::Treatment => ", treatment",
        };
        let _ = writeln!(
            out,
            "<details class=\"said\"><summary><code>{}</code>{arm}: {} <span class=\"soft\">{}</span></summary>\
             <pre>{}</pre><pre>{}</pre></details>",
            esc(&plain(&one.probe)),
            esc(&score),
            esc(&one.because.to_string()),
            esc(&one.prompt.to_string()),
            esc(&one.reply.to_string()),
        );
    }
}

#[cfg(test)]
mod tests;
