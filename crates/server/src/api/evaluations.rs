//! Runs of probes: a journal is handed in, judged here, recorded, and counts when the model is weighed.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{AppendHeaders, IntoResponse, Response};
use gate::ledger::{Evaluation, EvaluationFilter, Listed};
use gate::probe::{PackSource, Transcript};
use gate::record::EvaluationDocument;
use gate::render;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::act;
use crate::app::App;
use crate::auth::Caller;
use crate::error::Problem;
use crate::evaluations::{Desk, HandIn, Index, Line, MAX_JOURNAL, NotTaken, Only, Sought};
use crate::extract::{Named, Paging, Query, name};
use crate::uploads::claimed;

/// By how much a copy may be worse where nobody says it, in shares of prompts.
const MARGIN: f64 = 0.02;
/// The most replies that are told at a time.
const MOST: u32 = 200;

/// What a journal is of.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// The artifact; without it that whose files were run, as the journal says and the record knows.
    artifact: Option<String>,
    /// The model; without it that which the artifact was weighed as last.
    model: Option<String>,
    /// Shipped packs, parted by commas; without them those whose probes the journal holds.
    #[serde(default)]
    packs: String,
    /// The seed that the run was made with.
    #[serde(default)]
    seed: u64,
    /// The evaluation of the original, where this is an altered copy of it.
    original: Option<String>,
    /// By how much a copy may be worse than its original, in shares of prompts: 0.02 where it is not said.
    margin: Option<f64>,
}

/// What was recorded.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Handed {
    /// The number of the entry.
    number: u64,
    /// The identifier of the evaluation.
    id: String,
    /// What the gates of the packs say: `pass`, `fail`, `inconclusive`, or `none` where there is none.
    judgement: &'static str,
}

/// Hands a journal in: the body is its bytes. It is judged here, whatever was said of the run elsewhere, and kept;
/// a weighing of the artifact judges it again by the packs of its policy.
#[utoipa::path(post, path = "/api/v1/evaluations", tag = "evaluations", params(Asked),
    request_body(content = String, content_type = "application/octet-stream"),
    responses((status = 201, description = "it is recorded", body = Handed),
        (status = 422, description = "it is no journal, or not of this artifact")))]
pub(super) async fn submit(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(asked): Query<Asked>,
    request: Request,
) -> Result<Response, Problem> {
    let Asked { artifact, model, packs, seed, original, margin } = asked;
    for (what, text) in
        [("the artifact", &artifact), ("the model", &model), ("the original", &original)]
    {
        text.as_deref().map_or(Ok(()), |text| name(what, text))?;
    }
    let margin = margin.unwrap_or(MARGIN);
    if !(0.0..=1.0).contains(&margin) {
        return Err(NotTaken::Wrong("the margin is a share, 0 to 1".to_owned()).into());
    }
    let packs = packs.split(',').map(str::trim).filter(|pack| !pack.is_empty());
    let packs = packs.map(|pack| PackSource::Shipped(pack.to_owned())).collect();
    let asked = HandIn { artifact, model, packs, seed, original, margin };
    let act = act(&app, &caller);
    let desk = &app.workers.desk;
    let place = take_in(desk, request).await?;
    let handed = desk.take(act, asked, place).await?;
    let at = AppendHeaders([(LOCATION, format!("/api/v1/evaluations/{}", handed.evaluation))]);
    let told = Handed { number: handed.number, id: handed.evaluation, judgement: handed.judgement };
    Ok((StatusCode::CREATED, at, axum::Json(told)).into_response())
}

/// Takes the body of a request in; gives the object that holds it.
async fn take_in(desk: &Desk, request: Request) -> Result<String, Problem> {
    let (parts, body) = request.into_parts();
    let claims = claimed(&parts.headers)?;
    let announced = parts.headers.get(CONTENT_LENGTH);
    let announced = announced.and_then(|length| length.to_str().ok()?.parse().ok());
    let most = MAX_JOURNAL.min(desk.limits.room.bytes);
    let received = desk.store.receive(body, (announced, most), &claims, &desk.limits).await?;
    Ok(received.place)
}

/// Which evaluations.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Of a model.
    model: Option<String>,
    /// Of an artifact.
    artifact: Option<String>,
    /// That ended in `pass`, `fail`, `inconclusive` or `none`.
    judgement: Option<String>,
}

/// Runs of probes, the newest first.
#[utoipa::path(get, path = "/api/v1/evaluations", tag = "evaluations", params(Which, Paging),
    responses((status = 200, description = "those that were handed in", body = Listed<Evaluation>)))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Query(which): Query<Which>,
    Query(paging): Query<Paging>,
) -> Result<axum::Json<Listed<Evaluation>>, Problem> {
    let Which { model, artifact, judgement } = which;
    let filter = EvaluationFilter { model, artifact, judgement };
    Ok(axum::Json(app.ledger.evaluations(&filter, paging.into()).await?))
}

async fn found(app: &App, evaluation: &str) -> Result<Evaluation, Problem> {
    let found = app.ledger.evaluation(evaluation).await?;
    found.ok_or_else(|| Problem::not_found("evaluation", evaluation))
}

/// One run of probes.
#[utoipa::path(get, path = "/api/v1/evaluations/{evaluation}", tag = "evaluations",
    params(("evaluation" = String, Path, description = "its identifier")),
    responses((status = 200, description = "what was recorded", body = Evaluation)))]
pub(super) async fn one(
    State(app): State<Arc<App>>,
    Named(evaluation): Named,
) -> Result<axum::Json<Evaluation>, Problem> {
    found(&app, &evaluation).await.map(axum::Json)
}

/// In which form.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// `json` or `html`; without it `Accept` tells.
    #[serde(default)]
    format: String,
}

/// The report of a run. As JSON it is what `weighbridge probe JOURNAL --format json` writes of the journal; as HTML
/// it is one self-contained page with replies.
#[utoipa::path(get, path = "/api/v1/evaluations/{evaluation}/report", tag = "evaluations",
    params(("evaluation" = String, Path, description = "its identifier"), Wanted),
    responses((status = 200, description = "the report", content(
        (Object = "application/json"), (String = "text/html"))),
        (status = 406, description = "it is not told in this form")))]
pub(super) async fn report(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Query(Wanted { format }): Query<Wanted>,
    Named(evaluation): Named,
) -> Result<Response, Problem> {
    let accept = headers.get("accept").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let html = match format.as_str() {
        "html" => true,
        "json" => false,
        "" => accept.contains("text/html"),
        _ => {
            let because = "a report of a run is told as `json` and `html`";
            return Err(Problem::new(StatusCode::NOT_ACCEPTABLE, because));
        }
    };
    let of = found(&app, &evaluation).await?;
    let document = app.ledger.document(&of.document).await?;
    let document = document.as_deref().and_then(EvaluationDocument::read);
    let document = document.ok_or_else(|| {
        let because = "the report is of another version; its document is kept under its digest";
        Problem::new(StatusCode::NOT_ACCEPTABLE, because)
    })?;
    if !html {
        let kind = [(CONTENT_TYPE, "application/json")];
        return Ok((kind, render::run_json(&document.report)).into_response());
    }
    // Without its journal a report is a page all the same.
    let index = app.workers.desk.index(&of).await.ok();
    let page = move || as_page(&document, index.as_ref());
    let page = tokio::task::spawn_blocking(page).await;
    let page = page.map_err(|_| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, ""))?;
    let plain = evaluation.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
    // A file to be kept and no page of this server, whose policy would take its style from it.
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"run-{plain}.html\"")),
    ];
    Ok((headers, page).into_response())
}

fn as_page(document: &EvaluationDocument, index: Option<&Index>) -> String {
    let found = index.map(|index| index.find(&Sought::default(), 0, render::REPLIES_OF_A_PAGE));
    let found = found.and_then(Result::ok).unwrap_or_default();
    let said: Vec<_> = found.lines.into_iter().map(|(_, line)| transcripts(line)).collect();
    let all = usize::try_from(found.total).unwrap_or(usize::MAX);
    render::run_page(&document.report, gate::probe::judged(&document.report), &said, all)
}

fn transcripts(line: Line) -> (Transcript, Option<Transcript>) {
    let arm = serde_json::from_value(line.arm.clone().into());
    let Line { probe, cluster, repeat, prompt, reply, original, .. } = line;
    let of = |reply: crate::evaluations::Reply| Transcript {
        probe: probe.clone(),
        cluster: cluster.clone(),
        arm: arm.as_ref().copied().unwrap_or(gate::probe::Arm::Only),
        repeat,
        prompt: prompt.as_str().into(),
        reply: reply.reply.into(),
        score: reply.score,
        because: reply.because.into(),
    };
    (of(reply), original.map(of))
}

/// Which replies.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Wants {
    /// Words that all have to be in the prompt or the reply.
    #[serde(default)]
    search: String,
    /// Of a probe, `pack/probe`.
    probe: Option<String>,
    /// `high`, `low`, `unjudged`, `missing` or `differs`.
    #[serde(default)]
    only: String,
}

/// A reply.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Said {
    /// Its number in the order of the cases, from 0.
    number: u64,
    #[serde(flatten)]
    #[schema(value_type = Object)]
    line: Line,
}

/// What was asked and said, in the order of the cases. Texts are as they came: whoever shows them makes them fit to
/// be shown.
#[utoipa::path(get, path = "/api/v1/evaluations/{evaluation}/replies", tag = "evaluations",
    params(("evaluation" = String, Path, description = "its identifier"), Wants, Paging),
    responses((status = 200, description = "the replies", body = Listed<Said>)))]
pub(super) async fn replies(
    State(app): State<Arc<App>>,
    Named(evaluation): Named,
    Query(wants): Query<Wants>,
    Query(paging): Query<Paging>,
) -> Result<axum::Json<Listed<Said>>, Problem> {
    let of = found(&app, &evaluation).await?;
    let page: gate::ledger::Page = paging.into();
    let only = match wants.only.as_str() {
        "" => None,
        word => Some(Only::named(word).ok_or_else(|| {
            NotTaken::Wrong("`only` is high, low, unjudged, missing or differs".to_owned())
        })?),
    };
    let sought = Sought { words: Sought::words(&wants.search), probe: wants.probe, only };
    let index = app.workers.desk.index(&of).await?;
    let (skip, take) = (page.skip.into(), page.take.min(MOST) as usize);
    let found = tokio::task::spawn_blocking(move || index.find(&sought, skip, take)).await;
    let crashed = |_| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "");
    let found = found.map_err(crashed)?.map_err(NotTaken::from)?;
    let said = found.lines.into_iter().map(|(number, line)| Said { number, line });
    Ok(axum::Json(Listed { total: found.total, rows: said.collect() }))
}
