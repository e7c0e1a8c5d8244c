use axum::extract::Path;
use axum::response::Response;
use gate::ledger::Evaluation;
use gate::record::EvaluationDocument;
use gate::render::run::{self, Links};
use jiff::Timestamp;
use maud::{Markup, html};

use super::super::failed::Failed;
use super::super::frame::Room;
use super::super::pager::{address, place_of as model_place};
use super::super::parts::{facts, text, words};
use super::super::visit::{Shown, Visit};
use super::{ended, found, kind, place_of, ready};

pub(in crate::pages) async fn show(visit: Visit, Path(evaluation): Path<String>) -> Response {
    let made = page(&visit, &evaluation).await;
    visit.show(made)
}

async fn page(visit: &Visit, evaluation: &str) -> Result<Shown, Failed> {
    let of = found(visit, evaluation).await?;
    let document = visit.ledger().document(&of.document).await?;
    let document = document.as_deref().and_then(EvaluationDocument::read);
    let main = markup(&of, document.as_ref(), visit.who.may_approve, visit.now);
    let title = format!("Run of {}", of.packs);
    Ok(Shown::new(Room::Behaviour, &title, main).below("Behaviour", "/behaviour"))
}

/// A part of the page: its anchor, its heading, and what stands in it.
struct Part {
    anchor: &'static str,
    heading: &'static str,
    html: String,
}

fn parts(of: &Evaluation, document: &EvaluationDocument) -> Vec<Part> {
    let report = &document.report;
    let replies = format!("{}/replies", place_of(&of.evaluation));
    let to_replies = |probe: &str| address(&replies, &[("probe", probe)]);
    let original = place_of(&of.original);
    let links = Links {
        replies: Some(&to_replies),
        original: (!of.original.is_empty()).then_some(&*original),
    };
    let against = run::differences(report) + &run::against(report, links);
    [
        ("why", "Why", run::reasons(report)),
        ("measured", "What was measured", run::plots(report) + &run::probes(report, links)),
        ("values", "Values that stand out", run::findings(report)),
        ("against", "Against the original", against),
        ("gaps", "Could not look", run::gaps(report)),
        ("identity", "What was asked", run::identity(report)),
    ]
    .into_iter()
    .filter(|(.., html)| !html.is_empty())
    .map(|(anchor, heading, html)| Part { anchor, heading, html })
    .collect()
}

fn markup(
    of: &Evaluation,
    document: Option<&EvaluationDocument>,
    may_approve: bool,
    now: Timestamp,
) -> Markup {
    let parts = document.map(|document| parts(of, document)).unwrap_or_default();
    let replies = format!("{}/replies", place_of(&of.evaluation));
    html! {
        div.title {
            h1 { (text::said(&of.packs)) " on " a href=(model_place(&of.model)) { (text::said(&of.model)) } }
            (words::judgement(&of.judgement))
        }
        p.lead {
            (ended(of)) ". Judged here from a journal that " (text::said(&of.actor)) " handed in "
            (facts::day(&of.at, now)) ": " (facts::number(of.answered)) " of " (facts::number(of.planned)) " replies."
        }
        @if !of.bound {
            div.note.warn { p {
                "Nobody can tell whose files answered: " (kind(of)) ". Such a run is shown, and does not count when the artifact is weighed."
            } }
        }
        nav aria-label="On this page" { ul.tabs {
            @for part in &parts { li { a href={ "#" (part.anchor) } { (part.heading) } } }
            li { a href=(replies) { "Replies" } }
        } }
        @if document.is_none() {
            div.note.warn { p { "The report of this run is of a form that this version does not read." } }
        }
        @for part in &parts {
            h2 id=(part.anchor) { (part.heading) }
            (ready(part.html.clone()))
        }
        h2 id="files" { "Files" }
        (facts_of(of, document))
        ul {
            li { a href=(replies) { "What was asked and said" } ", with a search" }
            li { a href={ "/api/v1/evaluations/" (text::query(&of.evaluation)) "/report?format=html" } download { "The run as one page" } ", self-contained" }
            li { a href={ "/api/v1/evaluations/" (text::query(&of.evaluation)) "/report?format=json" } download { "The report" } " as JSON" }
            @if may_approve {
                li { a href={ "/api/v1/blobs/" (text::query(&of.journal)) } download { "The journal" } ", byte for byte" }
            }
        }
    }
}

fn facts_of(of: &Evaluation, document: Option<&EvaluationDocument>) -> Markup {
    let files = document.map(|document| document.files.as_slice()).unwrap_or_default();
    html! {
        dl.facts {
            dt { "target" } dd { (text::said(&of.name)) ": " (kind(of)) ", " (text::mono(&of.fingerprint)) }
            dt { "artifact" } dd { (facts::digest_to_copy(&of.artifact)) }
            dt { "journal" } dd { (facts::digest_to_copy(&of.journal)) ", " (facts::size(of.bytes)) ", " (facts::count(of.attempts, "attempt")) }
            dt { "root" } dd { (facts::digest_to_copy(&of.root)) }
            dt { "entry" } dd { a href={ "/record/" (of.number) } { (facts::number(of.number)) } ", with the proof that the log holds it" }
        }
        @if !files.is_empty() {
            details {
                summary { (facts::count(files.len() as u64, "file")) " were run" }
                ul { @for file in files.iter().take(500) {
                    li { (text::mono(&file.path)) ", BLAKE3 " (facts::digest(&file.blake3)) }
                } }
            }
        }
    }
}
