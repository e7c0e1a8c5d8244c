use std::sync::Arc;

use axum::Json;
use axum::extract::{self, FromRequest as _, Query, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use gate::Policy;
use gate::ledger::{Act, Job, Task};
use gate::provenance::{hex, keys};
use serde::{Deserialize, Serialize};

use super::uploads::take_in;
use crate::app::App;
use crate::auth::Caller;
use crate::error::Problem;
use crate::uploads::SCHEME;
use crate::worker::lies_under;

/// What a weighing is asked for.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    /// The model, as the record knows it.
    pub(crate) model: String,
    /// The version; may be empty.
    #[serde(default)]
    pub(crate) version: String,
    /// A path on the server, under a folder that it may read, or `upload:<hash>` of what was
    /// uploaded before.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    source: String,
    /// An upload, in place of a source.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    upload: String,
    /// A shipped policy.
    #[serde(default = "standard")]
    pub(crate) policy: String,
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

fn standard() -> String {
    gate::policy::DEFAULT.to_owned()
}

/// An identifier that nobody can guess.
pub(super) fn new_id() -> Result<String, Problem> {
    let random = keys::random().map_err(gate::ledger::Error::from)?;
    Ok(hex::encode(&random).chars().take(32).collect())
}

/// Asks for a weighing: of a source or an upload that a JSON document names, or of the body itself
/// (`application/octet-stream`), whose model and name stand in the query.
#[utoipa::path(post, path = "/api/v1/weighings", tag = "weighings", responses((status = 202, description = "it waits to be done")))]
pub(super) async fn submit(
    State(app): State<Arc<App>>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    let act = Act::new(caller.principal, (app.world.now)());
    let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let asked = if kind == Some("application/octet-stream") {
        of_body(&app, &act, request).await?
    } else {
        let asked = Json::<Asked>::from_request(request, &app).await;
        asked.map_err(|error| Problem::new(error.status(), error.body_text()))?.0
    };
    Policy::shipped(&asked.policy)
        .map_err(|error| Problem::new(StatusCode::BAD_REQUEST, error.to_string()))?;
    let source = source(&app, &act, &asked).await?;
    let request = serde_json::to_string(&asked).unwrap_or_default();
    let id = new_id()?;
    app.ledger.submit(act, &id, Task { kind: "weighing".to_owned(), request, source }).await?;
    app.workers.wake();
    let place = [("location", format!("/api/v1/weighings/{id}"))];
    let job = app.ledger.job(&id).await?;
    Ok((StatusCode::ACCEPTED, place, Json(job)).into_response())
}

/// Takes the body in as an upload of one file.
async fn of_body(app: &App, act: &Act, request: Request) -> Result<Asked, Problem> {
    let query = Query::<AskedOfBody>::try_from_uri(request.uri());
    let Query(asked) =
        query.map_err(|error| Problem::new(StatusCode::BAD_REQUEST, error.body_text()))?;
    let AskedOfBody { model, name, version, policy } = asked;
    let upload = new_id()?;
    app.ledger.begin_upload(act.clone(), &upload).await?;
    if let Err(problem) = take_in(app, act, &upload, &name, request).await {
        // The sweep finds what stays.
        let _ = app.ledger.drop_upload(act.clone(), &upload).await;
        return Err(problem);
    }
    Ok(Asked { model, version, source: String::new(), upload, policy })
}

/// What the job is to read.
async fn source(app: &App, act: &Act, asked: &Asked) -> Result<String, Problem> {
    match (asked.source.as_str(), asked.upload.as_str()) {
        ("", "") => Err(Problem::new(StatusCode::BAD_REQUEST, "name a `source` or an `upload`")),
        ("", upload) => {
            Ok(format!("{SCHEME}{}", app.ledger.seal_upload(act.clone(), upload).await?))
        }
        (source, "") => match source.strip_prefix(SCHEME) {
            Some(hash) if app.ledger.uploaded(hash).await?.is_some() => Ok(source.to_owned()),
            Some(hash) => Err(Problem::not_found("upload with the content", hash)),
            None if lies_under(&app.options.models, source).is_some() => Ok(source.to_owned()),
            None => Err(Problem::new(
                StatusCode::FORBIDDEN,
                "the source does not lie under a folder that this server may read (`--models`)",
            )),
        },
        _ => {
            let because = "name a `source` or an `upload`, not both";
            Err(Problem::new(StatusCode::BAD_REQUEST, because))
        }
    }
}

/// Where a weighing stands.
#[utoipa::path(get, path = "/api/v1/weighings/{weighing}", tag = "weighings", responses((status = 200, description = "its state")))]
pub(super) async fn one(
    State(app): State<Arc<App>>,
    _caller: Caller,
    extract::Path(weighing): extract::Path<String>,
) -> Result<Json<Job>, Problem> {
    let job = app.ledger.job(&weighing).await?;
    job.map(Json).ok_or_else(|| Problem::not_found("weighing", &weighing))
}

/// The report of a weighing.
#[utoipa::path(get, path = "/api/v1/weighings/{weighing}/report", tag = "weighings", responses((status = 200, description = "the report")))]
pub(super) async fn report(
    State(app): State<Arc<App>>,
    _caller: Caller,
    extract::Path(weighing): extract::Path<String>,
) -> Result<Response, Problem> {
    let report = app.ledger.report(&weighing).await?;
    let report = report.ok_or_else(|| Problem::not_found("report of a weighing", &weighing))?;
    Ok(([("content-type", "application/json")], report).into_response())
}
