//! Every call of this server: who asked for what, and what the answer was.

use axum::extract::Query;
use axum::response::Response;
use gate::ledger::{EntryFilter, Event, Listed, Recorded};
use jiff::Timestamp;
use maud::{Markup, html};
use serde::Deserialize;

use super::failed::Failed;
use super::frame::Room;
use super::pager::{links, rows};
use super::parts::{facts, form, text};
use super::visit::{Shown, Visit};

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    actor: String,
    page: Option<u32>,
}

pub(super) async fn show(visit: Visit, Query(asked): Query<Asked>) -> Response {
    let made = list(&visit, &asked).await;
    visit.show(made)
}

async fn list(visit: &Visit, asked: &Asked) -> Result<Shown, Failed> {
    let filter = EntryFilter {
        kind: Some("access".to_owned()),
        actor: (!asked.actor.is_empty()).then(|| asked.actor.clone()),
        ..EntryFilter::default()
    };
    let calls = visit.ledger().audit(&filter, rows(asked.page)).await?;
    Ok(Shown::new(Room::Calls, "Every call", markup(&calls, asked, visit.now)))
}

pub(super) fn markup(calls: &Listed<Recorded>, asked: &Asked, now: Timestamp) -> Markup {
    html! {
        h1 { "Every call" }
        p.lead { "Each call is an entry of the record before its answer leaves. Paths are told without their queries, and secrets never." }
        form.filters method="get" action="/calls" hx-get="/calls" hx-target="#list" hx-select="#list"
            hx-swap="outerHTML" hx-push-url="true" hx-trigger="input changed delay:300ms, submit" {
            (form::filter("actor", "By", &asked.actor))
            div.buttons { button.go.second type="submit" { "Filter" } a href="/calls" { "Clear" } }
        }
        div id="list" {
            p.small.soft role="status" { (facts::count(calls.total, "call")) }
            @if calls.rows.is_empty() { div.empty { p { "No call fits." } } }
            @else { table.cards {
                thead { tr { th scope="col" { "when" } th.text scope="col" { "who" } th scope="col" { "call" }
                    th scope="col" { "answer" } th scope="col" { "from" } th scope="col" { "entry" } } }
                tbody { @for call in &calls.rows { (row(call, now)) } }
            } }
            (links("/calls", &[("actor", &asked.actor)], asked.page, calls.total))
        }
    }
}

fn row(call: &Recorded, now: Timestamp) -> Markup {
    let Event::Access { method, path, status, credential, address } = &call.entry.event else {
        return html! {};
    };
    html! { tr {
        td.fixed data-label="when" { (facts::moment(&call.entry.at, now)) }
        td data-label="who" { div { (text::said(&call.entry.by))
            @if !credential.is_empty() { span.sub { "by " code { (text::said(credential)) } } } } }
        td data-label="call" { span.mono { (text::said(method)) " " (text::said(path)) } }
        td.fixed data-label="answer" { (status) " " span.soft { (meaning(*status)) } }
        td data-label="from" { (text::mono(address)) }
        td.fixed data-label="entry" { a href={ "/record/" (call.number) } data-row { (facts::number(call.number)) } }
    } }
}

fn meaning(status: u16) -> &'static str {
    match status {
        200..=299 => "done",
        300..=399 => "sent on",
        401 => "not signed in",
        403 => "not allowed",
        404 => "not there",
        429 => "too many",
        400..=499 => "refused",
        _ => "failed",
    }
}
