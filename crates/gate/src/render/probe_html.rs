//! A run of probes as one self-contained page: intervals as forest plots, tables, what could not be looked at, and
//! every reply. It works without its script, which filters what is shown and does nothing else.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use behaviour::report::{RunReport, Transcript};
use behaviour::stats::Judgement;
use provenance::keys::sha256;
use vocabulary::{Untrusted, escape as plain};

use super::escape::html as esc;
use super::html;
use super::run::{self, Links};

const STYLE: &str = include_str!("probe.css");

/// Hides what does not hold the words that are searched for.
const SCRIPT: &str = include_str!("probe.js");

/// Transcripts that a page shows; the journal holds all.
pub(super) const SHOWN: usize = 5_000;

// Writing to a string cannot fail, here and below.

/// `said` are replies, each with what the original replied where there is one; `all` is how many there are.
pub(super) fn render<'a>(
    report: &RunReport,
    judgement: Option<Judgement>,
    said: impl Iterator<Item = (&'a Transcript, Option<&'a Transcript>)>,
    all: usize,
) -> String {
    let target = &report.target;
    let name = target.name.shortened(200);
    let (_, _, word) = run::state(judgement);
    let mut out = open(&format!("{word}: {name}"));
    let _ = writeln!(
        out,
        "<article>\n<header>\n<h1>{}: {}</h1>\n<p class=\"soft\">{}, <span class=\"mono\">{}</span></p>\n</header>",
        run::badge(judgement),
        esc(&name),
        match target.kind {
            behaviour::target::Kind::Local => "a model that ran here",
            behaviour::target::Kind::Endpoint => "a server",
            behaviour::target::Kind::Transcript => "recorded replies",
        },
        esc(&target.fingerprint.shortened(200)),
    );
    section(&mut out, "Why", &run::reasons(report));
    section(&mut out, "What was measured", &run::plots(report));
    out.push_str(&run::probes(report, Links::default()));
    section(&mut out, "Values that stand out", &run::findings(report));
    if report.against.is_some() {
        let parts = run::differences(report) + &run::against(report, Links::default());
        section(&mut out, "Against the original", &parts);
    }
    section(&mut out, "Could not look", &run::gaps(report));
    section(&mut out, "Identity", &run::identity(report));
    replies(said, all, &mut out);
    out.push_str("</article>\n<script>");
    out.push_str(SCRIPT);
    out.push_str("</script>\n");
    out.push_str(html::CLOSE);
    out
}

/// A part below its heading; a part that is empty has none.
fn section(out: &mut String, heading: &str, part: &str) {
    if !part.is_empty() {
        let _ = writeln!(out, "<h2>{heading}</h2>");
        out.push_str(part);
    }
}

/// The beginning of the page. Its own script alone may run.
fn open(title: &str) -> String {
    let hash = STANDARD.encode(sha256(SCRIPT.as_bytes()));
    let policy = "default-src 'none'; style-src 'unsafe-inline'";
    html::open(title)
        .replacen(policy, &format!("{policy}; script-src 'sha256-{hash}'"), 1)
        .replacen("</style>", &format!("{}{STYLE}</style>", run::STYLE), 1)
}

fn replies<'a>(
    said: impl Iterator<Item = (&'a Transcript, Option<&'a Transcript>)>,
    all: usize,
    out: &mut String,
) {
    if all == 0 {
        return;
    }
    let _ = writeln!(
        out,
        "<h2>Replies</h2>\n<p class=\"soft\">{} of {all}; a page holds {SHOWN} at most</p>\n<input id=\"search\" \
         type=\"search\" aria-label=\"search in the replies\" placeholder=\"search\" hidden>",
        all.min(SHOWN),
    );
    for (one, original) in said.take(SHOWN) {
        let arm = match one.arm {
            behaviour::case::Arm::Only => "",
            behaviour::case::Arm::Control => ", control",
            behaviour::case::Arm::Treatment => ", treatment",
        };
        let _ = write!(
            out,
            "<details class=\"said\"><summary><code>{}</code>{arm}: {}</summary>\
             <h4>prompt</h4><pre>{}</pre><h4>reply</h4><pre>{}</pre>",
            esc(&plain(&one.probe)),
            scored(one),
            run::lines(one.prompt.raw()),
            run::lines(one.reply.raw()),
        );
        if let Some(original) = original {
            let reply = run::lines(original.reply.raw());
            let _ = write!(out, "<h4>the original: {}</h4><pre>{reply}</pre>", scored(original));
        }
        out.push_str("</details>\n");
    }
}

fn scored(one: &Transcript) -> String {
    let score = one.score.map_or_else(|| "not judged".to_owned(), run::number);
    let because = Untrusted::from(one.because.raw()).shortened(400);
    format!("{} <span class=\"soft\">{}</span>", esc(&score), esc(&because))
}

#[cfg(test)]
mod tests;
