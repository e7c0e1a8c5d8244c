//! The rules that a weighing looks for, each with its page.

use axum::extract::{Path, Query};
use axum::response::Response;
use gate::{Rule, rules};
use maud::{Markup, html};
use serde::Deserialize;

use super::failed::Failed;
use super::frame::Room;
use super::pager::address;
use super::parts::{facts, form, markdown, words};
use super::visit::{Shown, Visit};

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    contains: String,
}

pub(super) async fn list(visit: Visit, Query(asked): Query<Asked>) -> Response {
    let wanted = asked.contains.to_lowercase();
    let fits =
        |rule: &&Rule| rule.name.contains(&wanted) || rule.summary.to_lowercase().contains(&wanted);
    let rules: Vec<&Rule> = rules::all().into_iter().filter(fits).collect();
    visit.show(Ok(Shown::new(Room::Rules, "Rules", table(&rules, &asked.contains))))
}

fn table(rules: &[&Rule], contains: &str) -> Markup {
    html! {
        h1 { "Rules" }
        p.lead { "What a weighing looks for. Each rule has a page that says what it finds, why it matters and what to do; its examples are run as tests." }
        form.filters method="get" action="/rules" hx-get="/rules" hx-target="#list" hx-select="#list"
            hx-swap="outerHTML" hx-push-url="true" hx-trigger="input changed delay:200ms, submit" {
            (form::filter("contains", "Name or summary contains", contains))
            div.buttons { button.go.second type="submit" { "Filter" } }
        }
        div id="list" {
            p.small.soft role="status" { (facts::count(rules.len() as u64, "rule")) }
            table.cards {
                thead { tr { th scope="col" { "rule" } th scope="col" { "severity" }
                    th scope="col" { "threats" } th scope="col" { "what it finds" } } }
                tbody { @for rule in rules { tr {
                    th scope="row" { a href={ "/rules/" (rule.name) } data-row { code { (rule.name) } } }
                    td.fixed data-label="severity" { (words::severity(rule.severity.name())) }
                    td.fixed data-label="threats" { (threats(rule)) }
                    td data-label="finds" { (rule.summary) }
                } } }
            }
        }
    }
}

fn threats(rule: &Rule) -> String {
    rule.threats.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

pub(super) async fn show(visit: Visit, Path(name): Path<String>) -> Response {
    visit.show(match rules::find(&name) {
        Some(rule) => Ok(Shown::new(Room::Rules, rule.name, page(rule)).below("Rules", "/rules")),
        None => Err(Failed::Missing("rule", name)),
    })
}

fn page(rule: &Rule) -> Markup {
    let maps =
        [("CWE", rule.maps_to.cwe), ("ATLAS", rule.maps_to.atlas), ("AISVS", rule.maps_to.aisvs)];
    html! {
        div.title { h1 { code { (rule.name) } } (words::severity(rule.severity.name())) }
        p.lead { (rule.summary) }
        dl.facts {
            dt { "threats" }
            dd { @for (n, threat) in rule.threats.iter().enumerate() {
                @if n > 0 { "; " } (threat.to_string()) " " (threat.title()) } }
            @for (name, ids) in maps { @if !ids.is_empty() { dt { (name) } dd { (ids.join(", ")) } } }
        }
        p { a href=(address("/findings", &[("rule", rule.name)])) { "Findings of this rule" } " · "
            a href=(address("/blast", &[("rule", rule.name)])) { "deployments that have one" } }
        (markdown::page(rule.page))
    }
}
