//! What a run of probes shows, as parts of a page: intervals as forest plots, tables, findings, what could not be
//! looked at. The self-contained page and the pages of the server are made of the same parts.
//!
//! A part is HTML that needs neither script nor inline style: [`STYLE`] goes with it. Whatever packs and models
//! wrote is made fit to print here. A state has a shape and a word; its colour repeats it.

mod forest;
mod tables;
#[cfg(test)]
mod tests;

use behaviour::stats::{Estimate, Gate, Judgement};
use vocabulary::{Untrusted, escape, secret};

use super::escape::html as esc;

pub use forest::{differences, plots};
pub use tables::{against, findings, gaps, identity, probes, reasons};

/// How the parts look.
pub const STYLE: &str = include_str!("../run.css");

/// The longest name in a line, and the longest sentence.
const NAME: usize = 96;
const SENTENCE: usize = 480;

/// Where the parts lead.
#[derive(Clone, Copy, Default)]
pub struct Links<'a> {
    /// The replies to a probe.
    pub replies: Option<&'a dyn Fn(&str) -> String>,
    /// The page of a pack's probes in the reference, or of the evaluation of the original.
    pub original: Option<&'a str>,
}

/// What a gate says: its class, its shape and its word.
pub(super) const fn state(
    judgement: Option<Judgement>,
) -> (&'static str, &'static str, &'static str) {
    match judgement {
        Some(Judgement::Pass) => ("pass", "●", "pass"),
        Some(Judgement::Fail) => ("fail", "■", "fail"),
        Some(Judgement::Inconclusive) => ("unsure", "◆", "inconclusive"),
        None => ("open", "○", "no gate"),
    }
}

/// The shape and the word of what a gate says.
pub fn badge(judgement: Option<Judgement>) -> String {
    let (class, shape, word) = state(judgement);
    format!("<span class=\"state {class}\"><span aria-hidden=\"true\">{shape}</span> {word}</span>")
}

/// A name of a pack or a model, cut where it is very long.
pub(super) fn named(text: &str) -> String {
    format!("<bdi>{}</bdi>", esc(&Untrusted::from(text).shortened(NAME)))
}

/// A sentence of a pack or a model, cut where it is very long.
pub(super) fn told(text: &str) -> String {
    format!("<bdi>{}</bdi>", esc(&Untrusted::from(text).shortened(SENTENCE)))
}

/// A text of several lines, as it is; what would act is shown as a code.
pub fn lines(text: &str) -> String {
    let masked = secret::masked(text);
    esc(&masked.split('\n').map(escape).collect::<Vec<_>>().join("\n"))
}

/// A number of at most three digits behind the point.
pub fn number(value: f64) -> String {
    let text = if value.abs() >= 100.0 { format!("{value:.0}") } else { format!("{value:.3}") };
    let short = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    };
    // What is small and not nothing is not told as nothing.
    if value != 0.0 && short.trim_start_matches('-') == "0" {
        format!("{value:.1e}")
    } else {
        short
    }
}

fn interval(estimate: &Estimate) -> String {
    format!("{} to {}", number(estimate.low), number(estimate.high))
}

fn bounds(gate: Option<&Gate>) -> String {
    let Some(gate) = gate else { return String::new() };
    let most = gate.at_most.map(|most| format!("at most {}", number(most)));
    let least = gate.at_least.map(|least| format!("at least {}", number(least)));
    [most, least].into_iter().flatten().collect::<Vec<_>>().join(", ")
}
