//! The queue.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use gate::ledger::{Act, Job, JobState, Page, Role};
use serde::Deserialize;
use utoipa_axum::routes;

use super::new_id;
use crate::app::App;
use crate::auth::Caller;
use crate::error::Problem;
use crate::routes::{Needs, Route};
use crate::worker::{ask_again, may_ask_again, may_cancel};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::api(Needs::READER, routes!(list)),
        Route::api(Needs::READER, routes!(one)),
        Route::api(Needs::SUBMITTER, routes!(cancel)),
        Route::api(Needs::SUBMITTER, routes!(again)),
        Route::api(Needs::SUBMITTER, routes!(recheck)),
    ]
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    state: Option<JobState>,
    #[serde(default)]
    skip: u32,
    take: Option<u32>,
}

/// Jobs, the newest first.
#[utoipa::path(get, path = "/api/v1/jobs", tag = "jobs", responses((status = 200, description = "the jobs")))]
async fn list(
    State(app): State<Arc<App>>,
    _caller: Caller,
    Query(asked): Query<Asked>,
) -> Result<Json<Vec<Job>>, Problem> {
    let take = asked.take.unwrap_or(50).min(200);
    let page = Page { skip: asked.skip, take };
    Ok(Json(app.ledger.jobs(asked.state, page).await?))
}

/// A job.
#[utoipa::path(get, path = "/api/v1/jobs/{job}", tag = "jobs", responses((status = 200, description = "where it stands")))]
async fn one(
    State(app): State<Arc<App>>,
    _caller: Caller,
    Path(job): Path<String>,
) -> Result<Json<Job>, Problem> {
    app.ledger.job(&job).await?.map(Json).ok_or_else(|| Problem::not_found("job", &job))
}

/// A job that a caller may change.
async fn held(
    app: &App,
    caller: &Caller,
    job: &str,
    may: fn(&Job, (&str, bool)) -> bool,
    because: &str,
) -> Result<Job, Problem> {
    let found = app.ledger.job(job).await?.ok_or_else(|| Problem::not_found("job", job))?;
    if may(&found, (&caller.principal, caller.role >= Role::Admin)) {
        return Ok(found);
    }
    Err(Problem::new(StatusCode::FORBIDDEN, because))
}

/// Cancels a job that nobody has taken yet.
#[utoipa::path(post, path = "/api/v1/jobs/{job}/cancel", tag = "jobs", responses((status = 200, description = "it is cancelled")))]
async fn cancel(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(job): Path<String>,
) -> Result<Json<Option<Job>>, Problem> {
    held(
        &app,
        &caller,
        &job,
        may_cancel,
        "whoever asked for the job may do this, or the role `admin`",
    )
    .await?;
    app.ledger.cancel(Act::new(caller.principal, (app.world.now)()), &job).await?;
    Ok(Json(app.ledger.job(&job).await?))
}

/// Asks once more for what failed or was cancelled.
#[utoipa::path(post, path = "/api/v1/jobs/{job}/again", tag = "jobs", responses((status = 202, description = "a new job waits")))]
async fn again(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(job): Path<String>,
) -> Result<Response, Problem> {
    let found =
        held(&app, &caller, &job, may_ask_again, "whoever may ask for such a job may do this")
            .await?;
    let id = new_id()?;
    let act = Act::new(caller.principal, (app.world.now)());
    ask_again(&app.ledger, act, &found, &id).await?;
    accepted(&app, &id).await
}

/// Asks that what a deployment serves is read again.
#[utoipa::path(post, path = "/api/v1/deployments/{deployment}/recheck", tag = "jobs", responses((status = 202, description = "it waits to be done")))]
async fn recheck(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(deployment): Path<String>,
) -> Result<Response, Problem> {
    let id = new_id()?;
    let act = Act::new(caller.principal, (app.world.now)());
    app.ledger.recheck(act, &deployment, &id).await?;
    accepted(&app, &id).await
}

async fn accepted(app: &App, id: &str) -> Result<Response, Problem> {
    app.workers.wake();
    let place = [("location", format!("/api/v1/jobs/{id}"))];
    Ok((StatusCode::ACCEPTED, place, Json(app.ledger.job(id).await?)).into_response())
}
