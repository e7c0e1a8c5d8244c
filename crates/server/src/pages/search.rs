//! What a digest, or a part of a name, belongs to.

use axum::extract::Query;
use axum::response::Response;
use gate::ledger::{Listed, Match, Model, ModelFilter, Page};
use maud::{Markup, html};
use serde::Deserialize;

use super::behaviour;
use super::failed::Failed;
use super::frame::Room;
use super::pager::{address, place_of};
use super::parts::{facts, text, words};
use super::visit::{Shown, Visit};

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    q: String,
}

pub(super) async fn show(visit: Visit, Query(asked): Query<Asked>) -> Response {
    let made = search(&visit, &asked.q).await;
    visit.show(made)
}

async fn search(visit: &Visit, sought: &str) -> Result<Shown, Failed> {
    let sought = sought.trim();
    let (mut matches, mut models) = (Vec::new(), Listed { total: 0, rows: Vec::new() });
    if !sought.is_empty() {
        matches = visit.ledger().search(sought).await?;
        let filter = ModelFilter { name: Some(sought.to_owned()), ..ModelFilter::default() };
        models = visit.ledger().models_with(&filter, Page { skip: 0, take: 25 }).await?;
    }
    let shown = Shown::new(Room::Nowhere, "Search", markup(sought, &matches, &models));
    Ok(Shown { sought: sought.to_owned(), ..shown })
}

pub(super) fn markup(sought: &str, matches: &[Match], models: &Listed<Model>) -> Markup {
    html! {
        h1 { "Search" }
        @if sought.is_empty() {
            p.lead { "Give at least six digits of a digest (of an artifact, a file, a report, a statement), or a part of a model's name." }
        } @else {
            p.lead role="status" {
                (facts::count(models.total, "model")) " and " (facts::count(matches.len() as u64, "digest"))
                " for " (text::said(sought))
            }
        }
        @if !models.rows.is_empty() {
            h2 { "Models" }
            ul { @for model in &models.rows { li {
                a href=(place_of(&model.model)) data-row { (text::said(&model.model)) }
                " " (words::verdict(&model.verdict))
            } } }
        }
        @if !matches.is_empty() {
            h2 { "Digests" }
            table.cards {
                thead { tr { th scope="col" { "what" } th scope="col" { "name" } th scope="col" { "digest" } th scope="col" { "more" } } }
                tbody { @for one in matches { (row(one)) } }
            }
        }
        @if !sought.is_empty() && matches.is_empty() && models.rows.is_empty() {
            div.empty { p { "The record knows no such digest and no such name. That says nothing of the file: it was not weighed here." } }
        }
    }
}

fn row(found: &Match) -> Markup {
    let (what, name, digest, more) = match found {
        Match::Artifact { artifact, label } => (
            "artifact",
            label,
            artifact,
            vec![(address("/record", &[("artifact", artifact)]), "entries about it")],
        ),
        Match::File { artifact, path, digest } => (
            "file",
            path,
            digest,
            vec![
                (address("/blast", &[("file", digest)]), "where it runs"),
                (address("/findings", &[("digest", digest)]), "findings in it"),
                (address("/record", &[("artifact", artifact)]), "its artifact"),
            ],
        ),
        Match::Weighing { weighing, model, digest } => (
            "report",
            model,
            digest,
            vec![(format!("/weighings/{}", text::query(weighing)), "the decision")],
        ),
        Match::Evaluation { evaluation, model, digest } => {
            ("journal", model, digest, vec![(behaviour::place_of(evaluation), "the run of probes")])
        }
        Match::Attestation { artifact, predicate_type, digest } => (
            "statement",
            predicate_type,
            digest,
            vec![(address("/record", &[("artifact", artifact)]), "its artifact")],
        ),
    };
    html! { tr {
        td.fixed data-label="what" { (what) }
        td data-label="name" { (text::said(name)) }
        td data-label="digest" { (facts::digest(digest)) }
        td data-label="more" { div { @for (n, (path, word)) in more.iter().enumerate() {
            @if n > 0 { " · " } a href=(path) { (word) } } } }
    } }
}
