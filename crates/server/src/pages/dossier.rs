//! The dossier of a model: what is known of one of its versions, and what nobody looked at.

use axum::extract::{Path, Query};
use axum::response::Response;
use gate::ledger::{
    Deployment, DeploymentFilter, EntryFilter, Evaluation, Listed, Model, Page, Recorded, Standing,
    Weighing, WeighingFilter,
};
use jiff::Timestamp;
use maud::{Markup, html};
use serde::Deserialize;

use super::behaviour;
use super::deployments::change_form;
use super::failed::Failed;
use super::frame::{Room, Who};
use super::lineage::{self, Known};
use super::matrix;
use super::pager::{address, place_of};
use super::parts::graph::{Graph, graph};
use super::parts::{facts, text, words};
use super::record::told;
use super::report::{Finding, Report, evidence};
use super::visit::{Shown, Visit};

/// More files than this are told in the report alone.
const FILES: usize = 500;
/// The runs of probes that stand here; all of the model stand on a page of their own.
const RUNS: u32 = 10;
/// The worst findings that stand here; all of them stand on the page of the decision.
const WORST: usize = 12;

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    name: String,
    #[serde(default)]
    weighing: String,
}

/// What the page tells.
#[derive(Debug)]
pub(super) struct Dossier {
    pub(super) model: Model,
    /// The weighing that it speaks of; none where the model was never weighed.
    pub(super) weighing: Option<Weighing>,
    pub(super) report: Option<Report>,
    pub(super) versions: Listed<Weighing>,
    pub(super) deployments: Vec<Deployment>,
    pub(super) standing: Standing,
    /// Runs of probes that may speak of this artifact.
    pub(super) runs: Vec<Evaluation>,
    pub(super) timeline: Vec<Recorded>,
    pub(super) graph: Graph,
    pub(super) now: Timestamp,
}

pub(super) async fn show(visit: Visit, Query(asked): Query<Asked>) -> Response {
    let made = dossier(&visit, &asked).await;
    visit.show(made)
}

pub(super) async fn of(
    visit: Visit,
    Path(name): Path<String>,
    Query(asked): Query<Asked>,
) -> Response {
    let made = dossier(&visit, &Asked { name, ..asked }).await;
    visit.show(made)
}

async fn dossier(visit: &Visit, asked: &Asked) -> Result<Shown, Failed> {
    let ledger = visit.ledger();
    let model = ledger.model(&asked.name).await?;
    let model = model.ok_or_else(|| Failed::Missing("model", asked.name.clone()))?;
    let wanted = if asked.weighing.is_empty() { &model.weighing } else { &asked.weighing };
    let weighing = ledger.weighing(wanted).await?.filter(|one| one.model == model.model);
    if weighing.is_none() && !asked.weighing.is_empty() {
        return Err(Failed::Missing("weighing of this model", asked.weighing.clone()));
    }
    let artifact = weighing.as_ref().map(|one| one.artifact.clone()).unwrap_or_default();
    let report = match &weighing {
        Some(one) => ledger.document(&one.report).await?.as_deref().and_then(Report::read),
        None => None,
    };
    let page = Page { skip: 0, take: 50 };
    let of = |latest| WeighingFilter {
        model: Some(model.model.clone()),
        latest,
        ..WeighingFilter::default()
    };
    let runs = DeploymentFilter { model: Some(model.model.clone()), ..DeploymentFilter::default() };
    let deployments = ledger.deployments(&runs, page).await?.rows;
    let timeline = timeline(visit, &model.model, &artifact).await?;
    let statements = statements(visit, &artifact).await?;
    let serving: Vec<Deployment> =
        deployments.iter().filter(|one| one.artifact == artifact).cloned().collect();
    let graph = lineage::graph(
        &Known {
            artifact: &artifact,
            without_signatures: report.as_ref().and_then(|report| {
                report.artifact.digests.get(gate::WITHOUT_SIGNATURES).map(String::as_str)
            }),
            label: report.as_ref().map_or(&model.model, |report| &report.artifact.label),
            source: weighing.as_ref().map_or("", |one| &one.source),
            policy: weighing.as_ref().map_or("", |one| &one.policy),
            statements: &statements,
            deployments: &serving,
        },
        visit.now,
    );
    let dossier = Dossier {
        versions: ledger.weighings(&of(true), page).await?,
        standing: ledger.standing(&artifact).await?,
        runs: ledger.evaluations_for(&artifact, Page { skip: 0, take: RUNS }).await?,
        model,
        weighing,
        report,
        deployments,
        timeline,
        graph,
        now: visit.now,
    };
    let name = dossier.model.model.clone();
    Ok(Shown::new(Room::Production, &name, markup(&dossier, &visit.who)).below("Models", "/"))
}

/// What was recorded of the model and of this version, the newest first.
async fn timeline(visit: &Visit, model: &str, artifact: &str) -> Result<Vec<Recorded>, Failed> {
    let page = Page { skip: 0, take: 40 };
    let of_model =
        EntryFilter { model: Some(model.to_owned()), no_access: true, ..EntryFilter::default() };
    let mut entries = visit.ledger().audit(&of_model, page).await?.rows;
    if !artifact.is_empty() {
        let of_artifact = EntryFilter {
            artifact: Some(artifact.to_owned()),
            no_access: true,
            ..EntryFilter::default()
        };
        entries.extend(visit.ledger().audit(&of_artifact, page).await?.rows);
    }
    entries.sort_by_key(|one| std::cmp::Reverse(one.number));
    entries.dedup_by_key(|one| one.number);
    entries.truncate(40);
    Ok(entries)
}

async fn statements(visit: &Visit, artifact: &str) -> Result<Vec<(String, Vec<u8>)>, Failed> {
    let mut statements = Vec::new();
    let page = Page { skip: 0, take: 50 };
    for one in visit.ledger().attestations(artifact, page).await?.rows {
        if let Some(bytes) = visit.ledger().document(&one.document).await? {
            statements.push((one.document, bytes));
        }
    }
    Ok(statements)
}

pub(super) fn markup(dossier: &Dossier, who: &Who) -> Markup {
    let model = &dossier.model;
    let differs = dossier.deployments.iter().any(|one| one.differs);
    html! {
        div.title {
            h1 { (text::said(&model.model)) }
            @match &dossier.weighing {
                Some(one) => a href={ "/weighings/" (text::query(&one.weighing)) } { (words::verdict(&one.verdict)) },
                None => (words::verdict("")),
            }
            @if differs { (words::alarm("serves something else")) }
        }
        (lead(dossier))
        nav aria-label="On this page" { ul.tabs {
            @for (anchor, word) in [("threats", "Threats and checks"), ("worst", "Findings"),
                ("loading", "What loading does"), ("behaviour", "Behaviour"), ("lineage", "Lineage"), ("files", "Files"),
                ("timeline", "Timeline"), ("versions", "Versions")] {
                li { a href={ "#" (anchor) } { (word) } }
            }
        } }
        (strip(dossier, who))
        (body(dossier))
    }
}

fn lead(dossier: &Dossier) -> Markup {
    html! {
        p.lead {
            @match &dossier.weighing {
                Some(one) => {
                    @if !one.version.is_empty() { "Version " (text::said(&one.version)) ", " }
                    "weighed " (facts::day(&one.at, dossier.now)) " by the policy " (text::said(&one.policy)) "."
                    @if one.weighing != dossier.model.weighing {
                        " This is not its last weighing: "
                        a href=(place_of(&dossier.model.model)) { "to the last" } "."
                    }
                },
                None => "It was never weighed: nothing is known of it but its name.",
            }
        }
    }
}

fn body(dossier: &Dossier) -> Markup {
    html! {
        @match &dossier.report {
            Some(report) => {
                h2 id="threats" { "Threats and checks" }
                (matrix::matrix(report))
                (worst(dossier, report))
                (loading(report))
            },
            None => {
                @if dossier.weighing.is_some() {
                    div.note.warn { p { "The report of this weighing is not kept here, or is of a form that this version does not read." } }
                }
            },
        }
        (runs(dossier))
        h2 id="lineage" { "Lineage" }
        p.small.soft { "From left to right: what went into it, the artifact, where it is meant to be served. Dashed: told, and not verified." }
        (graph(&dossier.graph, "Lineage of this artifact"))
        @if let Some(report) = &dossier.report { (files(report)) }
        (timeline_of(dossier))
        (versions(dossier))
    }
}

/// The runs of probes of this artifact, and where all of the model are.
fn runs(dossier: &Dossier) -> Markup {
    html! {
        h2 id="behaviour" { "Behaviour" }
        @if dossier.runs.is_empty() {
            p { "Nobody handed in a run of probes of this artifact: how it answers is not known here." }
        } @else {
            (behaviour::table(&dossier.runs, dossier.now, false))
        }
        p.small { a href=(address("/behaviour", &[("model", &dossier.model.model)])) { "Every run of this model" } }
    }
}

fn worst(dossier: &Dossier, report: &Report) -> Markup {
    let decision =
        dossier.weighing.as_ref().map(|one| format!("/weighings/{}", text::query(&one.weighing)));
    let decision = decision.unwrap_or_default();
    html! {
        h2 id="worst" { "Findings" }
        @if report.findings.is_empty() { p { "No rule found anything in what was looked at." } }
        @else {
            table.cards {
                thead { tr { th scope="col" { "severity" } th.most scope="col" { "what was found" } th.text scope="col" { "where" } } }
                tbody { @for (n, one) in report.findings.iter().take(WORST).enumerate() { tr {
                    td.fixed data-label="severity" { (words::severity(&one.severity)) }
                    td data-label="found" { div {
                        a href={ (decision) "#finding-" (n) } data-row { (text::short_sentence(&one.message)) }
                        span.sub { a href={ "/rules/" (text::query(&one.rule)) } { code { (text::said(&one.rule)) } }
                            @if one.excepted.is_some() { " excepted" } } } }
                    td data-label="where" { (text::mono(&one.place.words())) }
                } } }
            }
            p.small { a href=(decision) { "All " (facts::count(report.findings.len() as u64, "finding")) ", with evidence and what to do" } }
        }
    }
}

/// What a loader would run, as the evidence of the findings tells it. The file itself is not kept.
fn loading(report: &Report) -> Markup {
    let calls: Vec<&Finding> =
        report.findings.iter().filter(|one| one.evidence.contains_key("effects")).collect();
    let label = &report.artifact.label;
    html! {
        h2 id="loading" { "What loading it does" }
        @if calls.is_empty() {
            p { "The weighing saw no call with an effect in what it read. What it could not read stands above." }
        } @else {
            p { "Calls that a loader would make, as the weighing read them from the file. Nothing was run." }
            table.cards {
                thead { tr { th scope="col" { "call" } th scope="col" { "effect" } th scope="col" { "where" } } }
                tbody { @for one in calls.iter().take(50) { tr {
                    td data-label="call" { (text::mono(&said(one, "callable"))) }
                    td data-label="effect" { (text::said(&said(one, "effects"))) }
                    td data-label="where" { (text::mono(&one.place.words())) }
                } } }
            }
        }
        p.small.soft { "This server keeps reports, not files. The whole program of a pickle, instruction by instruction, comes from the file:" }
        pre tabindex="0" { "weighbridge inspect " (text::plain(label)) }
    }
}

fn said(finding: &Finding, name: &str) -> String {
    finding.evidence.get(name).map(evidence).unwrap_or_default()
}

fn files(report: &Report) -> Markup {
    let files = &report.artifact.contents;
    html! {
        h2 id="files" { "Files" }
        p.small.soft { (facts::count(report.artifact.files, "file")) ", " (facts::size(report.artifact.bytes)) }
        table.cards {
            thead { tr { th scope="col" { "path" } th.number scope="col" { "size" } th scope="col" { "format" } th scope="col" { "SHA-256" } } }
            tbody { @for file in files.iter().take(FILES) { tr {
                th scope="row" { (text::mono(&file.path)) }
                td.number data-label="size" { (facts::size(file.bytes)) }
                td data-label="format" { @if file.formats.is_empty() { (words::missing("unknown")) } @else { (text::said(&file.formats.join(", "))) } }
                td data-label="SHA-256" { @if let Some(sha256) = file.digests.get("sha256") {
                    a href=(address("/blast", &[("file", sha256)])) title="which deployments contain it" { (facts::digest(sha256)) }
                } @else { span.soft { "not computed" } } }
            } } }
        }
        @if files.len() > FILES { p { (facts::number((files.len() - FILES) as u64)) " more stand in the report." } }
    }
}

fn timeline_of(dossier: &Dossier) -> Markup {
    html! {
        h2 id="timeline" { "Timeline" }
        ol.timeline { @for one in &dossier.timeline {
            li {
                (told(&one.entry.event))
                span.when { (facts::day(&one.entry.at, dossier.now)) ", by " (text::said(&one.entry.by)) ", "
                    a href={ "/record/" (one.number) } { "entry " (facts::number(one.number)) } }
            }
        } }
        p.small { a href=(address("/record", &[("model", &dossier.model.model)])) { "Every entry about this model" } }
    }
}

fn versions(dossier: &Dossier) -> Markup {
    html! {
        h2 id="versions" { "Versions" }
        table.cards {
            thead { tr { th scope="col" { "version" } th scope="col" { "artifact" } th scope="col" { "verdict" } th scope="col" { "weighed" } } }
            tbody { @for one in &dossier.versions.rows { tr {
                th scope="row" { a href=(address(&place_of(&one.model), &[("weighing", &one.weighing)])) {
                    @if one.version.is_empty() { "no name" } @else { (text::said(&one.version)) } } }
                td data-label="artifact" { (facts::digest(&one.artifact)) }
                td data-label="verdict" { a href={ "/weighings/" (text::query(&one.weighing)) } { (words::verdict(&one.verdict)) } }
                td data-label="weighed" { (facts::moment(&one.at, dossier.now)) }
            } } }
        }
    }
}

/// What one asks first: what it is, who stands behind it, where it runs.
fn strip(dossier: &Dossier, who: &Who) -> Markup {
    let model = &dossier.model;
    html! {
        div.strip {
            section.card aria-labelledby="identity" {
                h2 id="identity" { "Identity" }
                dl.facts {
                    dt { "owner" } dd { @if model.owner.is_empty() { (words::missing("nobody")) } @else { (text::said(&model.owner)) } }
                    @if let Some(one) = &dossier.weighing {
                        dt { "artifact" } dd { (facts::digest_to_copy(&one.artifact)) }
                        dt { "source" } dd { (text::mono(&one.source)) }
                    }
                    @if let Some(report) = &dossier.report {
                        dt { "read" } dd { (facts::count(report.artifact.files, "file")) ", " (facts::size(report.artifact.bytes)) }
                        dt { "by" } dd { "weighbridge " (text::said(&report.tool.version)) ", " (facts::count(report.tool.packs.len() as u64, "pack")) }
                    }
                }
            }
            section.card aria-labelledby="approvals" {
                h2 id="approvals" { "Decision" }
                (approvals(dossier))
            }
            section.card aria-labelledby="runs" {
                h2 id="runs" { "Where it runs" }
                @if dossier.deployments.is_empty() { p.soft { "No running deployment is recorded." } }
                @for one in &dossier.deployments { (deployment(one, dossier, who)) }
            }
        }
    }
}

fn approvals(dossier: &Dossier) -> Markup {
    let standing = &dossier.standing;
    html! {
        @if let Some(one) = &dossier.weighing {
            p { (words::verdict(&one.verdict)) " by the policy " (text::said(&one.policy)) br;
                a href={ "/weighings/" (text::query(&one.weighing)) } { "checks, policy, approvals" } }
        }
        @if standing.approved.is_empty() && standing.rejected.is_empty() { p.soft { "Nobody has approved or rejected this artifact." } }
        @else { ul.timeline { @for vote in standing.approved.iter().chain(&standing.rejected) {
            li { (words::request(&vote.vote)) " by " (text::said(&vote.approver)) span.when { (facts::moment(&vote.at, dossier.now)) } }
        } } }
    }
}

fn deployment(one: &Deployment, dossier: &Dossier, who: &Who) -> Markup {
    let other = dossier.weighing.as_ref().is_some_and(|now| now.artifact != one.artifact);
    html! {
        div {
            h3 { (text::said(&one.environment)) ", " (text::said(&one.place)) " "
                @if one.differs { (words::alarm("not what was approved")) } }
            dl.facts {
                dt { "meant" } dd { (facts::digest(&one.artifact)) @if other { div.small.soft { "another version than this page tells of" } } }
                dt { "seen" } dd {
                    @if one.seen_at.is_empty() { (words::missing("nobody looked")) }
                    @else if one.seen.is_empty() { "could not tell, " (facts::moment(&one.seen_at, dossier.now)) }
                    @else { (facts::digest(&one.seen)) ", " (facts::moment(&one.seen_at, dossier.now)) }
                }
            }
            @if who.may_submit { (change_form(one, who)) }
        }
    }
}
