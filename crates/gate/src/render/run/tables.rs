//! What a run says, in tables.

use std::fmt::Write as _;

use behaviour::report::{Finding, ProbeReport, RunReport};
use vocabulary::escape;

use super::super::escape::{html as esc, html_sentence as sentence};
use super::super::plural;
use super::{Links, SENTENCE, badge, bounds, interval, named, number, told};

/// Values of a slot that are shown of one probe.
const VALUES: usize = 200;

/// Why a run came to what it did; nothing where every gate passes.
pub fn reasons(report: &RunReport) -> String {
    let mut out = String::new();
    if !report.reasons.is_empty() {
        out.push_str("<ul class=\"reasons\">\n");
        for reason in &report.reasons {
            let reason = vocabulary::Untrusted::from(reason.as_str()).shortened(SENTENCE);
            // Writing to a string cannot fail, here and below.
            let _ = writeln!(out, "<li>{}</li>", sentence(&reason));
        }
        out.push_str("</ul>\n");
    }
    out
}

/// A row a probe.
pub fn probes(report: &RunReport, links: Links<'_>) -> String {
    let mut out = String::from(
        "<table class=\"cards\">\n<thead><tr><th scope=\"col\" class=\"name\">probe</th><th scope=\"col\">number</th>\
         <th scope=\"col\">interval</th><th scope=\"col\">prompts</th><th scope=\"col\">gate</th>\
         <th scope=\"col\">judgement</th></tr></thead>\n<tbody>\n",
    );
    for (at, probe) in report.probes.iter().enumerate() {
        row(at, probe, links, &mut out);
    }
    out.push_str("</tbody></table>\n");
    out
}

fn row(at: usize, probe: &ProbeReport, links: Links<'_>, out: &mut String) {
    let (value, interval, units) = match &probe.estimate {
        Some(one) => (number(one.value), format!("{} ({})", interval(one), one.method), one.units),
        None => ("none".to_owned(), "none".to_owned(), 0),
    };
    let corrected = probe.corrected.as_ref().map_or_else(String::new, |one| {
        let (value, between) = (number(one.value), super::interval(one));
        format!("<span class=\"sub soft\">behind the detector's errors: {value} ({between})</span>")
    });
    let replies = links.replies.map_or_else(String::new, |to| {
        let count = probe.replies.saturating_add(probe.missing);
        format!(
            "<span class=\"sub\"><a href=\"{}\">{count} repl{}</a></span>",
            esc(&escape(&to(&probe.probe))),
            if count == 1 { "y" } else { "ies" }
        )
    });
    let early = match (probe.stopped_early, probe.decided_after) {
        (true, Some(after)) => format!(", decided after {after}"),
        (true, None) => ", stopped as soon as it was decided".to_owned(),
        (false, _) => String::new(),
    };
    let _ = writeln!(
        out,
        "<tr id=\"probe-{at}\"><th scope=\"row\"><code>{}</code><span class=\"sub soft\">{}</span></th>\
         <td data-label=\"number\">{value}</td><td data-label=\"interval\"><div>{}{corrected}</div></td>\
         <td data-label=\"prompts\"><div>{units} of {}{early}{replies}</div></td><td data-label=\"gate\">{}</td>\
         <td data-label=\"judgement\"><div>{}<span class=\"sub soft\">{}</span></div></td></tr>",
        named(&probe.probe),
        told(&probe.hypothesis),
        told(&interval),
        probe.prompts,
        esc(&bounds(probe.gate.as_ref())),
        badge(probe.judgement),
        told(&probe.because),
    );
}

/// The values of slots for which replies differ; nothing where there are none.
pub fn findings(report: &RunReport) -> String {
    let mut out = String::new();
    for probe in &report.probes {
        let found: Vec<&Finding> = probe.findings.iter().filter(|one| one.found).collect();
        if let Some(first) = found.first() {
            values(probe, first, &found, &mut out);
        }
    }
    out
}

fn values(probe: &ProbeReport, first: &Finding, found: &[&Finding], out: &mut String) {
    let _ = writeln!(
        out,
        "<h3><code>{}</code>: {} value{} of <code>{}</code></h3>\n<table class=\"cards\">\n<thead><tr>\
         <th scope=\"col\">value</th><th scope=\"col\">here</th><th scope=\"col\">elsewhere</th>\
         <th scope=\"col\">prompts</th><th scope=\"col\">p</th><th scope=\"col\">corrected</th></tr></thead>\n<tbody>",
        named(&probe.probe),
        found.len(),
        plural(u64::try_from(found.len()).unwrap_or(u64::MAX)),
        named(&first.slot),
    );
    for one in found.iter().take(VALUES) {
        let _ = writeln!(
            out,
            "<tr><th scope=\"row\" class=\"mono\">{}</th><td data-label=\"here\">{}</td>\
             <td data-label=\"elsewhere\">{}</td><td data-label=\"prompts\">{}</td><td data-label=\"p\">{:.2e}</td>\
             <td data-label=\"corrected\">{:.2e}</td></tr>",
            named(one.value.raw()),
            number(one.estimate),
            number(one.reference),
            one.prompts,
            one.p,
            one.q
        );
    }
    out.push_str("</tbody></table>\n");
    let more = found.len().saturating_sub(VALUES);
    if more > 0 {
        let _ = writeln!(out, "<p class=\"soft\">{more} more stand in the report.</p>");
    }
}

/// A copy against its original, a row a probe; nothing where there is no original.
pub fn against(report: &RunReport, links: Links<'_>) -> String {
    let Some(against) = &report.against else { return String::new() };
    let mut out = String::new();
    let original = named(against.original.name.raw());
    let original = match links.original {
        Some(place) => format!("<a href=\"{}\">{original}</a>", esc(&escape(place))),
        None => original,
    };
    let _ = writeln!(
        out,
        "<p>{}: asked whether it is no more than {} worse than {original}, prompt by prompt, on the same prompts.</p>\n\
         <table class=\"cards\">\n<thead><tr><th scope=\"col\" class=\"name\">probe</th><th scope=\"col\">difference</th>\
         <th scope=\"col\">only the copy</th><th scope=\"col\">only the original</th><th scope=\"col\">McNemar</th>\
         <th scope=\"col\">flipped signs</th><th scope=\"col\">judgement</th></tr></thead>\n<tbody>",
        badge(against.judgement),
        number(against.margin),
    );
    let count = |count: Option<u64>| count.map_or("–".to_owned(), |count| count.to_string());
    for (at, one) in against.probes.iter().enumerate() {
        let difference = one.difference.as_ref();
        let difference = difference.map_or("none".to_owned(), |difference| {
            format!("{} ({})", number(difference.value), interval(difference))
        });
        let _ = writeln!(
            out,
            "<tr id=\"against-{at}\"><th scope=\"row\"><code>{}</code></th><td data-label=\"difference\">{}</td>\
             <td data-label=\"only the copy\">{}</td><td data-label=\"only the original\">{}</td>\
             <td data-label=\"McNemar\">{}</td><td data-label=\"flipped signs\">{}</td>\
             <td data-label=\"judgement\">{}</td></tr>",
            named(&one.probe),
            esc(&difference),
            count(one.only.map(|only| only.0)),
            count(one.only.map(|only| only.1)),
            one.mcnemar.map_or("–".to_owned(), number),
            number(one.permutation),
            badge(one.judgement),
        );
    }
    out.push_str("</tbody></table>\n");
    out
}

/// What could not be looked at; nothing where everything was.
pub fn gaps(report: &RunReport) -> String {
    let mut out = String::new();
    if report.could_not_look.is_empty() {
        return out;
    }
    out.push_str(
        "<table class=\"cards\">\n<thead><tr><th scope=\"col\">probe</th><th scope=\"col\">replies</th>\
         <th scope=\"col\" class=\"most\">why</th></tr></thead>\n<tbody>\n",
    );
    for gap in &report.could_not_look {
        let _ = writeln!(
            out,
            "<tr><th scope=\"row\"><code>{}</code></th><td data-label=\"replies\">{}</td><td data-label=\"why\">{}</td></tr>",
            named(&gap.probe),
            gap.replies,
            told(gap.because.raw()),
        );
    }
    out.push_str("</tbody></table>\n");
    out
}

/// What the report is of: calls, seed, packs, the journal.
pub fn identity(report: &RunReport) -> String {
    let calls = report.calls;
    let mut out = String::from("<dl class=\"facts\">\n");
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(out, "<dt>{name}</dt><dd>{value}</dd>");
    };
    line(
        "calls",
        &format!(
            "{} planned, {} answered, {} without a reply, {} not judged",
            calls.planned, calls.answered, calls.failed, calls.unjudged
        ),
    );
    line("seed", &report.seed.to_string());
    for pack in &report.packs {
        let (id, licence) = (named(&pack.id), named(&pack.licence));
        let digest = named(&pack.digest);
        let title = told(&pack.title);
        line(
            &format!("pack {id}"),
            &format!(
                "{title}; version {}, {licence}; sha256 <span class=\"mono\">{digest}</span>",
                pack.version
            ),
        );
    }
    if let Some(judge) = &report.judge {
        let name = named(judge.target.name.raw());
        line("judge", &format!("{name}, {} of {} answers", judge.answered, judge.planned));
    }
    if let Some(journal) = &report.journal {
        let root = named(&journal.root);
        line(
            "journal",
            &format!("{} attempts, root <span class=\"mono\">{root}</span>", journal.attempts),
        );
    }
    out.push_str("</dl>\n");
    out
}
