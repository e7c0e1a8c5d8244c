//! Models in production, and below them those that were weighed and do not run.

use axum::extract::Query;
use axum::response::Response;
use gate::ledger::{
    Deployment, DeploymentFilter, Listed, Model, ModelFilter, Page, Waiver, WaiverFilter,
    WaiverState,
};
use jiff::Timestamp;
use maud::{Markup, html};
use serde::Deserialize;

use super::failed::Failed;
use super::frame::Room;
use super::pager::{links, place_of, rows};
use super::parts::{facts, form, text, words};
use super::visit::{Shown, Visit};

/// A waiver that ends within so many days is told of.
const SOON: i64 = 14;

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    name: String,
    #[serde(default)]
    owner: String,
    #[serde(default)]
    verdict: String,
    page: Option<u32>,
    #[serde(default)]
    running: Option<u32>,
}

/// What the page tells.
#[derive(Debug)]
pub(super) struct Home {
    pub(super) running: Listed<Deployment>,
    pub(super) differing: u64,
    pub(super) models: Listed<Model>,
    pub(super) ending: Vec<Waiver>,
    pub(super) waiting: u64,
    pub(super) now: Timestamp,
}

pub(super) async fn show(visit: Visit, Query(asked): Query<Asked>) -> Response {
    let made = home(&visit, &asked).await;
    visit.show(made)
}

async fn home(visit: &Visit, asked: &Asked) -> Result<Shown, Failed> {
    let ledger = visit.ledger();
    let today = visit.today();
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let differing = DeploymentFilter { differing: true, ..DeploymentFilter::default() };
    let waivers = |state, expiring| WaiverFilter { state, expiring, ..WaiverFilter::default() };
    let filter = ModelFilter {
        name: some(&asked.name),
        owner: some(&asked.owner),
        verdict: some(&asked.verdict),
        ..ModelFilter::default()
    };
    let ending = waivers(Some(WaiverState::Granted), Some(visit.in_days(SOON)));
    let none = Page { skip: 0, take: 1 };
    let home = Home {
        running: ledger.deployments(&DeploymentFilter::default(), rows(asked.running)).await?,
        differing: ledger.deployments(&differing, none).await?.total,
        models: ledger.models_with(&filter, rows(asked.page)).await?,
        ending: ledger.waivers(&ending, &today, Page { skip: 0, take: 20 }).await?.rows,
        waiting: ledger
            .waivers(&waivers(Some(WaiverState::Asked), None), &today, none)
            .await?
            .total,
        now: visit.now,
    };
    Ok(Shown::new(Room::Production, "Models in production", markup(&home, asked)))
}

pub(super) fn markup(home: &Home, asked: &Asked) -> Markup {
    html! {
        h1 { "Models in production" }
        p.lead {
            "What is meant to be served, what was last seen there, and what is known of it. Red is "
            "kept for one thing: something else is served than what was meant to be."
        }
        (tiles(home))
        @if home.differing > 0 {
            div.note.alarm role="alert" {
                p { strong { (facts::count(home.differing, "deployment")) }
                    @if home.differing == 1 { " serves something else than what was meant to be. It stands first." }
                    @else { " serve something else than what was meant to be. They stand first." } }
            }
        }
        (running(home, asked))
        (ending(home))
        (models(home, asked))
    }
}

fn tiles(home: &Home) -> Markup {
    html! {
        ul.tiles {
            li { b { (facts::number(home.running.total)) } span.small.soft { "running deployments" } }
            li.alarm[home.differing > 0] {
                b { (facts::number(home.differing)) } span.small { "serve something else" } }
            li { b { (facts::number(home.models.total)) } span.small.soft { "models in the record" } }
            li { a href="/decisions" {
                b { (facts::number(home.waiting)) } span.small.soft { "waivers wait for a decision" } } }
            li { a href="#ending" {
                b { (home.ending.len()) } span.small.soft { "waivers end within " (SOON) " days" } } }
        }
    }
}

fn running(home: &Home, asked: &Asked) -> Markup {
    let page = asked.running.map(|page| page.to_string()).unwrap_or_default();
    html! {
        section aria-labelledby="running" {
            h2.hidden id="running" { "Running deployments" }
            @if home.running.rows.is_empty() {
                div.empty {
                    p { "Nothing is recorded as running. A deployment is told by whoever deploys:" }
                    pre { "curl -H \"Authorization: Bearer $TOKEN\" -H 'content-type: application/json' \\\n     -d '{\"model\": \"org/model\", \"artifact\": \"dirHash:…\", \"environment\": \"production\", \"place\": \"cluster-1\"}' \\\n     http://127.0.0.1:8420/api/v1/deployments" }
                }
            } @else {
                table.cards {
                    thead { tr {
                        th.name scope="col" { "model" } th.text scope="col" { "where" }
                        th scope="col" { "verdict" } th.digits scope="col" { "served" }
                        th scope="col" { "last look" } th.person scope="col" { "owner" }
                    } }
                    tbody { @for one in &home.running.rows { (row(one, home)) } }
                }
                (links("/", &[("running", &page)], asked.running, home.running.total))
            }
        }
    }
}

fn row(one: &Deployment, home: &Home) -> Markup {
    let model = place_of(&one.model);
    let about = home.ending.iter().filter(|waiver| waiver.artifact == one.artifact).count();
    html! {
        tr.alarm[one.differs] {
            th scope="row" {
                a href=(model) data-row { (text::said(&one.model)) }
                @if !one.version.is_empty() { span.sub { "version " (text::said(&one.version)) } }
            }
            td data-label="where" {
                (text::said(&one.environment)) span.sub { (text::said(&one.place)) }
            }
            td data-label="verdict" { div {
                @if one.weighing.is_empty() { (words::verdict("")) }
                @else { a href={ "/weighings/" (text::query(&one.weighing)) } { (words::verdict(&one.verdict)) } }
                span.sub.nowrap { "weighed " (facts::moment(&one.weighed_at, home.now)) }
                @if about > 0 { span.sub { (facts::count(about as u64, "waiver")) " about to end" } }
            } }
            td data-label="served" { div {
                @if one.differs {
                    (words::alarm("not what was approved"))
                    span.sub { "meant: " (facts::digest(&one.artifact)) }
                    span.sub { "seen: " (facts::digest(&one.seen)) }
                } @else { (facts::digest(&one.artifact)) }
            } }
            td data-label="last look" { div {
                @if one.seen_at.is_empty() { (words::missing("nobody looked")) }
                @else {
                    (facts::moment(&one.seen_at, home.now))
                    span.sub { "by " (text::said(&one.seen_by))
                        @if one.seen.is_empty() { ": could not tell" } }
                }
            } }
            td data-label="owner" {
                @if one.owner.is_empty() { (words::missing("nobody")) } @else { (text::said(&one.owner)) }
            }
        }
    }
}

fn ending(home: &Home) -> Markup {
    html! {
        @if !home.ending.is_empty() {
            section aria-labelledby="ending" {
                h2 id="ending" { "Waivers about to end" }
                table.cards {
                    thead { tr { th scope="col" { "rule" } th scope="col" { "of" }
                        th scope="col" { "asked by" } th scope="col" { "ends" } } }
                    tbody { @for waiver in &home.ending { tr {
                        th scope="row" { a href={ "/decisions#waiver-" (text::query(&waiver.waiver)) } { (text::said(&waiver.rule)) }
                            @if !waiver.file.is_empty() { span.sub { (text::said(&waiver.file)) } } }
                        td data-label="of" { (facts::digest(&waiver.artifact)) }
                        td data-label="asked by" { (text::said(&waiver.requester)) }
                        td data-label="ends" { (ends(&waiver.expires, home.now)) }
                    } } }
                }
            }
        }
    }
}

/// The last day of a waiver, and how far it is.
pub(super) fn ends(day: &str, now: Timestamp) -> Markup {
    let left = match facts::days_until(day, now) {
        None => String::new(),
        Some(0) => "today".to_owned(),
        Some(1) => "tomorrow".to_owned(),
        Some(days) if days < 0 => "over".to_owned(),
        Some(days) => format!("in {days} days"),
    };
    html! { div { (text::said(day)) @if !left.is_empty() { span.sub { (left) } } } }
}

fn models(home: &Home, asked: &Asked) -> Markup {
    let query =
        [("name", asked.name.as_str()), ("owner", &asked.owner), ("verdict", &asked.verdict)];
    let verdicts = [
        ("", "any".to_owned()),
        ("admit", "admit".to_owned()),
        ("undecided", "undecided".to_owned()),
        ("refuse", "refuse".to_owned()),
    ];
    html! {
        section aria-labelledby="models" {
            h2 id="models" { "Every model in the record" }
            form.filters method="get" action="/#models" hx-get="/" hx-target="#models-list"
                hx-select="#models-list" hx-swap="outerHTML" hx-push-url="true"
                hx-trigger="change, input changed delay:300ms, submit" {
                (form::filter("name", "Name contains", &asked.name))
                (form::filter("owner", "Owner", &asked.owner))
                (form::select("verdict", "Last verdict", &asked.verdict, &verdicts))
                div.buttons { button.go.second type="submit" { "Filter" } }
            }
            div id="models-list" {
                p.small.soft role="status" { (facts::count(home.models.total, "model")) }
                @if home.models.rows.is_empty() {
                    div.empty { p { "No model fits. A model joins the record when it is weighed." } }
                } @else {
                    table.cards {
                        thead { tr {
                            th.name scope="col" { "model" } th scope="col" { "last verdict" }
                            th scope="col" { "findings" } th scope="col" { "weighed" }
                            th scope="col" { "runs" } th.person scope="col" { "owner" }
                        } }
                        tbody { @for model in &home.models.rows { (model_row(model, home.now)) } }
                    }
                }
                (links("/", &query, asked.page, home.models.total))
            }
        }
    }
}

fn model_row(model: &Model, now: Timestamp) -> Markup {
    html! {
        tr {
            th scope="row" {
                a href=(place_of(&model.model)) data-row { (text::said(&model.model)) }
                @if !model.version.is_empty() { span.sub { "version " (text::said(&model.version)) } }
            }
            td data-label="verdict" { (words::verdict(&model.verdict)) }
            td data-label="findings" { div {
                @if model.findings > 0 { span.nowrap { (words::severity(&model.worst)) " " (facts::count(model.findings, "finding")) } }
                @else { span.soft { "none" } }
            } }
            td.fixed data-label="weighed" { (facts::moment(&model.weighed_at, now)) }
            td.fixed data-label="runs" { div {
                @if model.deployments > 0 { (facts::count(model.deployments, "deployment")) }
                @else { span.soft { "not deployed" } }
            } }
            td data-label="owner" {
                @if model.owner.is_empty() { span.soft { "nobody" } } @else { (text::said(&model.owner)) }
            }
        }
    }
}
