//! Every entry of the record, and each with the proof that the log holds it.

use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Response};
use gate::ledger::{EntryFilter, Event, Listed, Recorded};
use jiff::Timestamp;
use maud::{Markup, html};
use serde::Deserialize;

use super::behaviour;
use super::failed::Failed;
use super::frame::Room;
use super::pager::{links, place_of, rows};
use super::parts::{facts, form, text, words};
use super::visit::{Shown, Visit};

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    actor: String,
    #[serde(default)]
    model: String,
    #[serde(default)]
    artifact: String,
    page: Option<u32>,
}

/// The kinds of entries but calls, which have a page of their own.
const KINDS: [&str; 13] = [
    "weighing",
    "evaluation",
    "attestation",
    "owner",
    "approval",
    "waiver",
    "waiver-vote",
    "waiver-end",
    "deployment",
    "deployment-end",
    "observation",
    "token",
    "token-end",
];

pub(super) async fn show(visit: Visit, Query(asked): Query<Asked>) -> Response {
    let made = list(&visit, &asked).await;
    visit.show(made)
}

async fn list(visit: &Visit, asked: &Asked) -> Result<Shown, Failed> {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let filter = EntryFilter {
        kind: some(&asked.kind),
        actor: some(&asked.actor),
        model: some(&asked.model),
        artifact: some(&asked.artifact),
        no_access: true,
    };
    let entries = visit.ledger().audit(&filter, rows(asked.page)).await?;
    Ok(Shown::new(Room::Record, "Every entry", markup(&entries, asked, visit.now)))
}

pub(super) fn markup(entries: &Listed<Recorded>, asked: &Asked, now: Timestamp) -> Markup {
    let kinds: Vec<(&str, String)> = std::iter::once(("", "any".to_owned()))
        .chain(KINDS.iter().map(|kind| (*kind, kind.replace('-', " "))))
        .collect();
    let query = [
        ("kind", asked.kind.as_str()),
        ("actor", &asked.actor),
        ("model", &asked.model),
        ("artifact", &asked.artifact),
    ];
    html! {
        h1 { "Every entry" }
        p.lead { "The record only grows. Each entry is a leaf of a transparency log: whoever keeps a checkpoint can tell whether one was changed." }
        form.filters method="get" action="/record" hx-get="/record" hx-target="#list" hx-select="#list"
            hx-swap="outerHTML" hx-push-url="true" hx-trigger="change, input changed delay:300ms, submit" {
            (form::select("kind", "Kind", &asked.kind, &kinds))
            (form::filter("actor", "By", &asked.actor))
            (form::filter("model", "Model", &asked.model))
            (form::filter("artifact", "Artifact", &asked.artifact))
            div.buttons { button.go.second type="submit" { "Filter" } a href="/record" { "Clear" } }
        }
        div id="list" {
            p.small.soft role="status" { (facts::entries(entries.total)) }
            @if entries.rows.is_empty() { div.empty { p { "No entry fits." } } }
            @else { table.cards {
                thead { tr { th.number scope="col" { "number" } th scope="col" { "when" }
                    th.text scope="col" { "who" } th.most scope="col" { "what" } } }
                tbody { @for one in &entries.rows { tr {
                    td.fixed data-label="number" { a href={ "/record/" (one.number) } data-row { (facts::number(one.number)) } }
                    td.fixed data-label="when" { (facts::moment(&one.entry.at, now)) }
                    td data-label="who" { (text::said(&one.entry.by)) }
                    td data-label="what" { div { (told(&one.entry.event)) } }
                } } }
            } }
            (links("/record", &query, asked.page, entries.total))
        }
    }
}

/// What happened, in a line.
pub(super) fn told(event: &Event) -> Markup {
    let model = |name: &str| html! { a href=(place_of(name)) { (text::said(name)) } };
    match event {
        Event::Weighing(one) => html! {
            "weighed " (model(&one.model)) @if !one.version.is_empty() { " " (text::said(&one.version)) } ": "
            a href={ "/weighings/" (text::query(&one.weighing)) } { (words::verdict(&one.verdict)) }
        },
        Event::Evaluation(one) => html! {
            "handed in a run of probes of " (model(&one.model)) ": "
            a href=(behaviour::place_of(&one.evaluation)) { (words::judgement(&one.judgement)) }
        },
        Event::Attestation { artifact, predicate_type, .. } => html! {
            "took in a statement about " (facts::digest(artifact)) ": " (text::said(predicate_type))
        },
        Event::Owner { model: name, owner } => {
            html! { (text::said(owner)) " answers for " (model(name)) }
        }
        Event::Approval { artifact, vote, comment } => html! {
            (words::request(vote.word())) " " (facts::digest(artifact))
            @if !comment.is_empty() { ": " (text::said(comment)) }
        },
        Event::Waiver { waiver, rule, reason, .. } => html! {
            "asked for a " a href={ "/decisions?state=all#waiver-" (text::query(waiver)) } { "waiver" }
            " of " code { (text::said(rule)) } ": " (text::said(reason))
        },
        Event::WaiverVote { waiver, vote, comment } => html! {
            (words::request(vote.word())) " a " a href={ "/decisions?state=all#waiver-" (text::query(waiver)) } { "waiver" }
            @if !comment.is_empty() { ": " (text::said(comment)) }
        },
        Event::WaiverEnd { reason, .. } => html! { "took back a waiver: " (text::said(reason)) },
        Event::Deployment { model: name, artifact, environment, place, .. } => html! {
            "deployed " (model(name)) " " (facts::digest(artifact)) " to " (text::said(environment)) ", " (text::said(place))
        },
        Event::DeploymentEnd { reason, .. } => {
            html! { "a deployment ended: " (text::said(reason)) }
        }
        Event::Observation { artifact, method, detail, .. } => html! {
            "looked at a deployment (" (text::said(method)) "): "
            @if artifact.is_empty() { "could not tell" } @else { (facts::digest(artifact)) }
            @if !detail.is_empty() { "; " (text::said(detail)) }
        },
        Event::Access { method, path, status, .. } => html! {
            code { (text::said(method)) " " (text::said(path)) } " → " (status)
        },
        Event::Token { principal, role, .. } => html! {
            "made a token for " (text::said(principal)) " (" (text::said(role)) ")"
        },
        Event::TokenEnd { token } => html! { "took back the token " code { (text::said(token)) } },
    }
}

async fn one(visit: &Visit, number: u64) -> Result<Recorded, Failed> {
    let entries = visit.ledger().entries(number, 1).await?;
    let found = entries.into_iter().find(|one| one.number == number);
    found.ok_or_else(|| Failed::Missing("entry", number.to_string()))
}

pub(super) async fn entry(visit: Visit, Path(number): Path<u64>) -> Response {
    let made = async {
        let found = one(&visit, number).await?;
        let bytes = visit.ledger().entry_bytes(number).await?.unwrap_or_default();
        let vkey = visit.ledger().vkey().to_string();
        let main = page(&found, &String::from_utf8_lossy(&bytes), &vkey, visit.now);
        let title = format!("Entry {number}");
        Ok(Shown::new(Room::Record, &title, main).below("Every entry", "/record"))
    };
    let made = made.await;
    visit.show(made)
}

fn page(found: &Recorded, bytes: &str, vkey: &str, now: Timestamp) -> Markup {
    let n = found.number;
    html! {
        h1 { "Entry " (facts::number(n)) }
        p.lead { (told(&found.entry.event)) }
        dl.facts {
            dt { "when" } dd { (facts::day(&found.entry.at, now)) }
            dt { "who" } dd { (text::said(&found.entry.by)) }
            dt { "kind" } dd { (found.entry.event.kind().replace('-', " ")) }
        }
        h2 { "As it was recorded" }
        pre tabindex="0" { (vocabulary::escape(bytes)) }
        h2 { "Proof" }
        p { "The log of this record holds the entry; whoever has these two files and the key of the log can verify it anywhere, offline." }
        ul {
            li { a href={ "/record/" (n) "/entry" } download { "entry-" (n) ".json" } ", the entry as it is a leaf of the log" }
            li { a href={ "/record/" (n) "/proof" } download { "entry-" (n) ".proof" } ", the hashes from it to a signed checkpoint" }
        }
        pre tabindex="0" {
            "printf 'log " (vkey) "\\nquorum none\\n' > ledger.policy\n"
            "weighbridge log verify-proof entry-" (n) ".proof --entry entry-" (n) ".json --policy ledger.policy"
        }
        p.small.soft { "Take the key of the log from somebody whom you trust, and keep it: a server that lies can show another." }
    }
}

pub(super) async fn body(visit: Visit, Path(number): Path<u64>) -> Response {
    match visit.ledger().entry_bytes(number).await {
        Ok(Some(bytes)) => file(number, "json", "application/json", bytes),
        Ok(None) => visit.show(Err(Failed::Missing("entry", number.to_string()))),
        Err(error) => visit.show(Err(error.into())),
    }
}

pub(super) async fn proof(visit: Visit, Path(number): Path<u64>) -> Response {
    match visit.ledger().entry_bytes(number).await {
        Ok(Some(_)) => {}
        Ok(None) => return visit.show(Err(Failed::Missing("entry", number.to_string()))),
        Err(error) => return visit.show(Err(error.into())),
    }
    match visit.ledger().prove(number).await {
        Ok(proof) => file(number, "proof", "text/plain; charset=utf-8", proof.into_bytes()),
        Err(error) => visit.show(Err(error.into())),
    }
}

/// A file to keep.
fn file(number: u64, end: &str, kind: &'static str, bytes: Vec<u8>) -> Response {
    let name = format!("attachment; filename=\"entry-{number}.{end}\"");
    let headers = [
        ("content-type", kind.to_owned()),
        ("content-disposition", name),
        ("x-content-type-options", "nosniff".to_owned()),
    ];
    (headers, bytes).into_response()
}
