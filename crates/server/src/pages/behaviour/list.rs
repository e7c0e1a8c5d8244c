use axum::extract::Query;
use axum::response::Response;
use gate::ledger::{Evaluation, EvaluationFilter, Listed};
use jiff::Timestamp;
use maud::{Markup, html};
use serde::Deserialize;

use super::super::failed::Failed;
use super::super::frame::Room;
use super::super::pager::{links, rows};
use super::super::parts::{facts, form};
use super::super::visit::{Shown, Visit};
use super::table;

#[derive(Debug, Default, Deserialize)]
pub(in crate::pages) struct Asked {
    #[serde(default)]
    model: String,
    #[serde(default)]
    artifact: String,
    #[serde(default)]
    judgement: String,
    page: Option<u32>,
}

pub(in crate::pages) async fn show(visit: Visit, Query(asked): Query<Asked>) -> Response {
    let made = list(&visit, &asked).await;
    visit.show(made)
}

async fn list(visit: &Visit, asked: &Asked) -> Result<Shown, Failed> {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let filter = EvaluationFilter {
        model: some(&asked.model),
        artifact: some(&asked.artifact),
        judgement: some(&asked.judgement),
    };
    let runs = visit.ledger().evaluations(&filter, rows(asked.page)).await?;
    Ok(Shown::new(Room::Behaviour, "Behaviour", markup(&runs, asked, visit.now)))
}

fn markup(runs: &Listed<Evaluation>, asked: &Asked, now: Timestamp) -> Markup {
    let judgements = [
        ("", "any".to_owned()),
        ("pass", "pass".to_owned()),
        ("fail", "fail".to_owned()),
        ("inconclusive", "inconclusive".to_owned()),
        ("none", "no gate".to_owned()),
    ];
    let query = [
        ("model", asked.model.as_str()),
        ("artifact", &asked.artifact),
        ("judgement", &asked.judgement),
    ];
    html! {
        h1 { "Behaviour" }
        p.lead { "Runs of probes: a model was asked, and its replies were judged here, from the journal. A judgement says something of what was asked, and nothing of what was not." }
        form.filters method="get" action="/behaviour" hx-get="/behaviour" hx-target="#list" hx-select="#list"
            hx-swap="outerHTML" hx-push-url="true" hx-trigger="change, input changed delay:300ms, submit" {
            (form::filter("model", "Model", &asked.model))
            (form::filter("artifact", "Artifact", &asked.artifact))
            (form::select("judgement", "Judgement", &asked.judgement, &judgements))
            div.buttons { button.go.second type="submit" { "Filter" } a href="/behaviour" { "Clear" } }
        }
        div id="list" {
            p.small.soft role="status" { (facts::count(runs.total, "run")) }
            @if runs.rows.is_empty() {
                div.empty {
                    p { "No run fits. A run is handed in by whoever made it:" }
                    pre tabindex="0" { "weighbridge probe MODEL --packs triggers --seed 2 --journal run.jsonl --data DIR --as NAME" }
                    p { "or its journal with " code { "POST /api/v1/evaluations" } "." }
                }
            } @else { (table(&runs.rows, now, true)) }
            (links("/behaviour", &query, asked.page, runs.total))
        }
    }
}
