use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRequest as _, Request, State};
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{AppendHeaders, IntoResponse, Response};
use gate::ledger::{Act, Listed, Role, Task, Weighing, WeighingFilter};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::report::Form;
use super::uploads::take_in;
use super::{act, new_id};
use crate::app::App;
use crate::auth::Caller;
use crate::error::Problem;
use crate::extract::{Json, Named, Paging, Query, name};
use crate::uploads::SCHEME;
use crate::weigh::{self, Asked, standard};
use crate::worker::{WEIGHING, WEIGHING_ANYWHERE, lies_under};

/// The longest that a caller may wait for a report.
const LONGEST: u64 = 60;
/// How often is looked whether it is done.
const LOOK: Duration = Duration::from_millis(100);

/// Where a weighing stands.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Stands {
    /// Its identifier.
    weighing: String,
    /// `waiting`, `running`, `done`, `failed` or `cancelled`.
    state: &'static str,
    /// Why it failed; empty otherwise.
    because: String,
    /// What was recorded, when it is done.
    recorded: Option<Weighing>,
}

/// Which weighings.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Of a model.
    model: Option<String>,
    /// Of an artifact.
    artifact: Option<String>,
    /// That ended in `admit`, `refuse` or `undecided`.
    verdict: Option<String>,
    /// That somebody asked for.
    actor: Option<String>,
    /// Only the last of each artifact.
    #[serde(default)]
    latest: bool,
}

/// Weighings, the newest first.
#[utoipa::path(get, path = "/api/v1/weighings", tag = "weighings", params(Which, Paging),
    responses((status = 200, description = "those that are recorded", body = Listed<Weighing>)))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Query(which): Query<Which>,
    Query(paging): Query<Paging>,
) -> Result<axum::Json<Listed<Weighing>>, Problem> {
    let Which { model, artifact, verdict, actor, latest } = which;
    let filter = WeighingFilter { model, artifact, verdict, actor, latest };
    Ok(axum::Json(app.ledger.weighings(&filter, paging.into()).await?))
}

/// Asks for a weighing: of a source or an upload that a JSON document names, or of the body itself
/// (`application/octet-stream`), whose `model` and `name` stand in the query. With `Prefer: wait=N`
/// the answer is the report, where it is there within N seconds.
#[utoipa::path(post, path = "/api/v1/weighings", tag = "weighings", request_body = Asked,
    params(("Prefer" = Option<String>, Header, description = "`wait=N`")),
    responses((status = 202, description = "it waits to be done", body = Stands),
        (status = 200, description = "the report", body = Object),
        (status = 422, description = "what is asked for cannot be weighed, or the weighing failed")))]
pub(super) async fn submit(
    State(app): State<Arc<App>>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    let headers = request.headers().clone();
    let seconds = wait(&headers);
    // Whoever does not wait is told where it stands, and that has one form.
    let form = (seconds > 0).then(|| Form::asked(&headers, "")).transpose()?;
    let act = act(&app, &caller);
    let is_body = headers.get(CONTENT_TYPE).is_some_and(|kind| kind == "application/octet-stream");
    let mut asked = if is_body {
        of_body(&app, &act, request).await?
    } else {
        Json::<Asked>::from_request(request, &app).await?.0
    };
    asked.name_model();
    name("the model", &asked.model)?;
    let checked = {
        let (app, asked, role) = (app.clone(), asked.clone(), caller.role);
        // Paths and policies are read from the disk.
        tokio::task::spawn_blocking(move || check(&app, role, &asked)).await
    };
    let crashed = || Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "");
    let kind = checked.map_err(|_| crashed())??.to_owned();
    let source = source(&app, &act, &asked).await?;
    let request = serde_json::to_string(&asked).map_err(|_| crashed())?;
    let id = new_id()?;
    app.ledger.submit(act, &id, Task { kind, request, source }).await?;
    app.workers.wake();
    let mut stands = stands(&app, &id).await?;
    let mut looks = seconds.saturating_mul(1000) / u64::try_from(LOOK.as_millis()).unwrap_or(100);
    while looks > 0 && stands.recorded.is_none() && !ended(&stands) {
        looks -= 1;
        tokio::time::sleep(LOOK).await;
        stands = self::stands(&app, &id).await?;
    }
    let place = AppendHeaders([(LOCATION, format!("/api/v1/weighings/{id}"))]);
    if ended(&stands) && stands.recorded.is_none() {
        let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, stands.because);
        return Ok((place, problem).into_response());
    }
    if let Some(form) = form
        && stands.recorded.is_some()
    {
        let report = app.ledger.report(&id).await?.unwrap_or_default();
        return Ok((place, form.answer_of(&app, id, report).await?).into_response());
    }
    Ok((StatusCode::ACCEPTED, place, axum::Json(stands)).into_response())
}

/// Whether it ended.
fn ended(stands: &Stands) -> bool {
    !["waiting", "running"].contains(&stands.state)
}

/// Whether what is asked for can be weighed at all, and as which kind of job. An administrator of a server
/// that nobody but this machine reaches and that was given no folders may name any path.
fn check(app: &App, role: Role, asked: &Asked) -> Result<&'static str, Problem> {
    let refused = |because: String| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, because);
    weigh::policy(app.options.work.policies.as_deref(), &asked.policy).map_err(refused)?;
    asked.identities().map_err(|error| refused(error.to_string()))?;
    let is_path = !asked.source.is_empty() && !asked.source.starts_with(SCHEME);
    if !is_path || lies_under(&app.options.models, &asked.source).is_some() {
        return Ok(WEIGHING);
    }
    let alone = app.options.models.is_empty() && app.options.listen.ip().is_loopback();
    if alone && role == Role::Admin {
        return Ok(WEIGHING_ANYWHERE);
    }
    let because = "the source does not lie under a folder that this server may read (`--models`)";
    Err(Problem::new(StatusCode::FORBIDDEN, because))
}

/// What is asked for where the body is the file itself.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AskedOfBody {
    model: String,
    name: String,
    #[serde(default)]
    version: String,
    #[serde(default = "standard")]
    policy: String,
}

/// Takes the body in as an upload of one file.
async fn of_body(app: &App, act: &Act, request: Request) -> Result<Asked, Problem> {
    let query = axum::extract::Query::<AskedOfBody>::try_from_uri(request.uri());
    let query = query.map_err(|error| Problem::new(StatusCode::BAD_REQUEST, error.body_text()))?;
    let AskedOfBody { model, name, version, policy } = query.0;
    let upload = new_id()?;
    app.ledger.begin_upload(act.clone(), &upload).await?;
    if let Err(problem) = take_in(app, act, &upload, &name, request).await {
        // The sweep finds what stays.
        let _ = app.ledger.drop_upload(act.clone(), &upload).await;
        return Err(problem);
    }
    Ok(Asked { model, version, upload, policy, ..Asked::default() })
}

/// What the job is to read.
async fn source(app: &App, act: &Act, asked: &Asked) -> Result<String, Problem> {
    match (asked.source.as_str(), asked.upload.as_str()) {
        ("", "") => Err(Problem::new(StatusCode::BAD_REQUEST, "name a `source` or an `upload`")),
        ("", upload) => {
            Ok(format!("{SCHEME}{}", app.ledger.seal_upload(act.clone(), upload).await?))
        }
        (source, "") => match source.strip_prefix(SCHEME) {
            Some(hash) if app.ledger.uploaded(hash).await?.is_none() => {
                Err(Problem::not_found("upload with the content", hash))
            }
            _ => Ok(source.to_owned()),
        },
        _ => {
            let because = "name a `source` or an `upload`, not both";
            Err(Problem::new(StatusCode::BAD_REQUEST, because))
        }
    }
}

/// How long a caller would wait: RFC 7240.
fn wait(headers: &HeaderMap) -> u64 {
    let preferences = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    preferences
        .flat_map(|value| value.split([',', ';']))
        .filter_map(|one| one.trim().split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("wait"))
        .and_then(|(_, seconds)| seconds.trim().trim_matches('"').parse::<u64>().ok())
        .map_or(0, |seconds| seconds.min(LONGEST))
}

/// Where a weighing stands.
#[utoipa::path(get, path = "/api/v1/weighings/{weighing}", tag = "weighings",
    params(("weighing" = String, Path, description = "its identifier")),
    responses((status = 200, description = "where it stands", body = Stands)))]
pub(super) async fn one(
    State(app): State<Arc<App>>,
    Named(weighing): Named,
) -> Result<axum::Json<Stands>, Problem> {
    Ok(axum::Json(stands(&app, &weighing).await?))
}

async fn stands(app: &App, weighing: &str) -> Result<Stands, Problem> {
    let recorded = app.ledger.weighing(weighing).await?;
    let (state, because) = match (&recorded, app.ledger.job(weighing).await?) {
        (Some(_), _) => ("done", String::new()),
        (None, Some(job)) => (job.state.word(), job.result),
        (None, None) => return Err(Problem::not_found("weighing", weighing)),
    };
    Ok(Stands { weighing: weighing.to_owned(), state, because, recorded })
}
