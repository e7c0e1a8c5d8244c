//! Findings across models, and what of production a file or a rule has reached.

use axum::extract::Query;
use axum::response::Response;
use gate::ledger::{Blast, Finding, FindingFilter, Listed, Touched};
use gate::rules;
use maud::{Markup, html};
use serde::Deserialize;

use super::failed::Failed;
use super::frame::Room;
use super::pager::{address, links, place_of, rows};
use super::parts::{facts, form, text, words};
use super::visit::{Shown, Visit};

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    rule: String,
    #[serde(default)]
    severity: String,
    #[serde(default)]
    model: String,
    #[serde(default)]
    digest: String,
    #[serde(default)]
    excepted: String,
    page: Option<u32>,
}

pub(super) async fn show(visit: Visit, Query(asked): Query<Asked>) -> Response {
    let made = list(&visit, &asked).await;
    visit.show(made)
}

async fn list(visit: &Visit, asked: &Asked) -> Result<Shown, Failed> {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let digest = asked.digest.rsplit(':').next().unwrap_or_default().to_ascii_lowercase();
    let filter = FindingFilter {
        rule: some(&asked.rule),
        severity: some(&asked.severity),
        model: some(&asked.model),
        file_sha256: some(&digest),
        excepted: match asked.excepted.as_str() {
            "yes" => Some(true),
            "no" => Some(false),
            _ => None,
        },
        ..FindingFilter::default()
    };
    let findings = visit.ledger().findings(&filter, rows(asked.page)).await?;
    Ok(Shown::new(Room::Findings, "Findings", markup(&findings, asked)))
}

pub(super) fn markup(findings: &Listed<Finding>, asked: &Asked) -> Markup {
    let severities: Vec<(&str, String)> = ["", "critical", "high", "medium", "low", "info"]
        .map(|word| (word, if word.is_empty() { "any".to_owned() } else { word.to_owned() }))
        .into();
    let any = ("", "any".to_owned());
    let rules: Vec<(&str, String)> = std::iter::once(any)
        .chain(rules::all().iter().map(|rule| (rule.name, rule.name.to_owned())))
        .collect();
    let excepted = [("", "either".to_owned()), ("no", "no".to_owned()), ("yes", "yes".to_owned())];
    let query = [
        ("rule", asked.rule.as_str()),
        ("severity", &asked.severity),
        ("model", &asked.model),
        ("digest", &asked.digest),
        ("excepted", &asked.excepted),
    ];
    html! {
        h1 { "Findings across models" }
        p.lead { "Of the last weighing of each version of each model. The address of this page holds its filters: it can be sent to somebody." }
        form.filters method="get" action="/findings" hx-get="/findings" hx-target="#list"
            hx-select="#list" hx-swap="outerHTML" hx-push-url="true"
            hx-trigger="change, input changed delay:300ms, submit" {
            (form::select("rule", "Rule", &asked.rule, &rules))
            (form::select("severity", "Severity", &asked.severity, &severities))
            (form::filter("model", "Model", &asked.model))
            (form::filter("digest", "SHA-256 of the file", &asked.digest))
            (form::select("excepted", "Excepted", &asked.excepted, &excepted))
            div.buttons { button.go.second type="submit" { "Filter" } a href="/findings" { "Clear" } }
        }
        div id="list" {
            p.small.soft role="status" { (facts::count(findings.total, "finding")) }
            @if asked.digest.is_empty() { @if !asked.rule.is_empty() {
                p { a href=(address("/blast", &[("rule", &asked.rule)])) { "Which deployments have a finding of this rule" } }
            } } @else {
                p { a href=(address("/blast", &[("file", &digest_of(asked))])) { "Which deployments contain this file" } }
            }
            @if findings.rows.is_empty() { div.empty { p { "No finding fits." } } }
            @else { (table(&findings.rows)) }
            (links("/findings", &query, asked.page, findings.total))
        }
    }
}

fn digest_of(asked: &Asked) -> String {
    asked.digest.rsplit(':').next().unwrap_or_default().to_owned()
}

fn table(findings: &[Finding]) -> Markup {
    html! {
        table.cards {
            thead { tr { th scope="col" { "severity" } th.most scope="col" { "what was found" }
                th.text scope="col" { "model" } th.text scope="col" { "file" } } }
            tbody { @for one in findings { tr {
                td.fixed data-label="severity" { div { (words::severity(&one.severity))
                    @if one.excepted { span.sub { "excepted" } } } }
                td data-label="found" { div {
                    a href={ "/weighings/" (text::query(&one.weighing)) "#finding-" (one.position) } data-row {
                        (text::short_sentence(&one.message)) }
                    span.sub { a href={ "/rules/" (text::query(&one.rule)) } { code { (text::said(&one.rule)) } } }
                } }
                td data-label="model" { a href=(place_of(&one.model)) { (text::said(&one.model)) } }
                td data-label="file" { div { (text::mono(&one.file))
                    @if !one.file_sha256.is_empty() {
                        span.sub { a href=(address("/blast", &[("file", &one.file_sha256)])) title="which deployments contain it" {
                            (facts::digest(&one.file_sha256)) } } } } }
            } } }
        }
    }
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Reach {
    #[serde(default)]
    file: String,
    #[serde(default)]
    rule: String,
    page: Option<u32>,
}

pub(super) async fn blast(visit: Visit, Query(asked): Query<Reach>) -> Response {
    let made = reach(&visit, &asked).await;
    visit.show(made)
}

async fn reach(visit: &Visit, asked: &Reach) -> Result<Shown, Failed> {
    let blast = match (asked.file.as_str(), asked.rule.as_str()) {
        ("", "") => return Err(Failed::Wrong("name a `file` by its SHA-256, or a `rule`".into())),
        ("", rule) => Blast::Rule(rule.to_owned()),
        (file, _) => Blast::File(file.to_owned()),
    };
    let touched = visit.ledger().blast(&blast, rows(asked.page)).await?;
    let main = reached(&touched, asked);
    Ok(Shown::new(Room::Findings, "Which deployments", main).below("Findings", "/findings"))
}

pub(super) fn reached(touched: &Listed<Touched>, asked: &Reach) -> Markup {
    let query = [("file", asked.file.as_str()), ("rule", &asked.rule)];
    html! {
        h1 { "Which deployments" }
        p.lead {
            "Running deployments that "
            @if asked.file.is_empty() { "have a finding of the rule " code { (text::said(&asked.rule)) } }
            @else { "contain the file " (facts::digest_to_copy(&asked.file)) }
            ". What was last seen there counts as well as what is meant to be served."
        }
        p.small.soft role="status" { (facts::count(touched.total, "deployment")) }
        @if touched.rows.is_empty() {
            div.empty { p { "No running deployment that is recorded does. What is not recorded is not known." } }
        } @else {
            table.cards {
                thead { tr { th scope="col" { "model" } th scope="col" { "where" }
                    th scope="col" { "files" } th scope="col" { "owner" } } }
                tbody { @for one in &touched.rows { tr.alarm[one.deployment.differs] {
                    th scope="row" {
                        a href=(place_of(&one.deployment.model)) data-row { (text::said(&one.deployment.model)) }
                        span.sub { (facts::digest(&one.deployment.artifact)) } }
                    td data-label="where" { (text::said(&one.deployment.environment))
                        span.sub { (text::said(&one.deployment.place)) } }
                    td data-label="files" { div { @for file in &one.files { div { (text::mono(file)) } } } }
                    td data-label="owner" { (text::said(&one.deployment.owner)) }
                } } }
            }
            (links("/blast", &query, asked.page, touched.total))
        }
    }
}
