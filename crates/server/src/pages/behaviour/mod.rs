//! Runs of probes: the list of them, each with its intervals, and what was asked and said.

mod list;
mod replies;
mod run;

use gate::ledger::Evaluation;
use maud::{Markup, PreEscaped, html};

use super::failed::Failed;
use super::parts::{facts, text, words};
use super::visit::Visit;
use crate::evaluations::NotTaken;

pub(super) use list::show as list;
pub(super) use replies::{one as reply, show as replies};
pub(super) use run::show as run;

/// Where a run is.
pub(super) fn place_of(evaluation: &str) -> String {
    format!("/behaviour/{}", text::query(evaluation))
}

/// HTML that the gate made, which has made every text in it fit to be shown.
fn ready(html: String) -> Markup {
    PreEscaped(html)
}

async fn found(visit: &Visit, evaluation: &str) -> Result<Evaluation, Failed> {
    let found = visit.ledger().evaluation(evaluation).await?;
    found.ok_or_else(|| Failed::Missing("run of probes", evaluation.to_owned()))
}

/// How many probes ended how, in words.
fn ended(one: &Evaluation) -> Markup {
    html! {
        (facts::number(one.passes)) " pass, " (facts::number(one.fails)) " fail, "
        (facts::number(one.unsure)) " inconclusive"
    }
}

/// What was asked, in a word.
fn kind(one: &Evaluation) -> &'static str {
    match one.kind.as_str() {
        "local" => "its files were run",
        "endpoint" => "a server answered",
        _ => "recorded replies",
    }
}

/// A table of runs.
pub(super) fn table(runs: &[Evaluation], now: jiff::Timestamp, with_model: bool) -> Markup {
    html! {
        table.cards {
            thead { tr {
                th scope="col" { "judgement" }
                th.most scope="col" { "run" }
                @if with_model { th.text scope="col" { "model" } }
                th scope="col" { "probes" } th scope="col" { "replies" } th scope="col" { "handed in" }
            } }
            tbody { @for one in runs { tr {
                td.fixed data-label="judgement" { (words::judgement(&one.judgement)) }
                th scope="row" {
                    a href=(place_of(&one.evaluation)) data-row { (text::said(&one.packs)) ", seed " (text::said(&one.seed)) }
                    span.sub { (text::said(&one.name)) ": " (kind(one)) }
                }
                @if with_model { td data-label="model" { a href=(super::pager::place_of(&one.model)) { (text::said(&one.model)) } } }
                td data-label="probes" { (ended(one)) }
                td data-label="replies" { (facts::number(one.answered)) " of " (facts::number(one.planned)) }
                td data-label="handed in" { (facts::moment(&one.at, now)) }
            } } }
        }
    }
}

/// What a page says where what it is made of cannot be had.
fn why(error: NotTaken) -> Result<String, Failed> {
    match error {
        NotTaken::Wrong(because) => Ok(because),
        NotTaken::Ledger(error) => Err(error.into()),
        NotTaken::Ours(_) => Ok("what is kept of the journal cannot be read".to_owned()),
    }
}
