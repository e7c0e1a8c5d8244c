use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Json;
use axum::extract::{self, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use gate::ledger::{Act, Job};
use gate::provenance::{hex, keys};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::auth::Caller;
use crate::error::Problem;

/// What a weighing is asked for.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    /// The model, as the record knows it.
    pub(crate) model: String,
    /// The version; may be empty.
    #[serde(default)]
    pub(crate) version: String,
    /// A path on the server, under a folder that it may read.
    pub(crate) source: String,
    /// A shipped policy.
    #[serde(default = "standard")]
    pub(crate) policy: String,
}

fn standard() -> String {
    gate::policy::DEFAULT.to_owned()
}

/// Asks for a weighing.
#[utoipa::path(post, path = "/api/v1/weighings", tag = "weighings", responses((status = 202, description = "it waits to be done")))]
pub(super) async fn submit(
    State(app): State<Arc<App>>,
    caller: Caller,
    Json(asked): Json<Asked>,
) -> Result<Response, Problem> {
    source(&app.options.models, &asked.source)?;
    let request = serde_json::to_string(&asked).unwrap_or_default();
    let random = keys::random().map_err(gate::ledger::Error::from)?;
    let id: String = hex::encode(&random).chars().take(32).collect();
    let act = Act::new(caller.principal, (app.world.now)());
    app.ledger.submit(act, &id, "weighing", &request).await?;
    let place = [("location", format!("/api/v1/weighings/{id}"))];
    let job = app.ledger.job(&id).await?;
    Ok((StatusCode::ACCEPTED, place, Json(job)).into_response())
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

/// A path that may be weighed: it lies under one of the folders, links resolved.
#[allow(clippy::disallowed_methods, reason = "a path of a caller is held against the folders")]
pub(crate) fn source(folders: &[PathBuf], named: &str) -> Result<PathBuf, Problem> {
    let refused = || {
        let detail =
            "the source does not lie under a folder that this server may read (`--models`)";
        Problem::new(StatusCode::FORBIDDEN, detail)
    };
    let real = std::fs::canonicalize(Path::new(named)).map_err(|_| refused())?;
    let under = |folder: &PathBuf| std::fs::canonicalize(folder).is_ok_and(|f| real.starts_with(f));
    if folders.iter().any(under) { Ok(real) } else { Err(refused()) }
}
