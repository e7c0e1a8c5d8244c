use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::error::Problem;

/// Whether the server lives.
#[utoipa::path(get, path = "/healthz", tag = "health",
    responses((status = 200, description = "it does", body = String, content_type = "text/plain")))]
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// Whether it can do its work: the database answers, and the log keeps up with the record.
#[utoipa::path(get, path = "/readyz", tag = "health",
    responses((status = 200, description = "it can", body = String, content_type = "text/plain"),
        (status = 503, description = "it cannot", body = String)))]
pub(super) async fn ready(State(app): State<Arc<App>>) -> Result<&'static str, Problem> {
    let (entries, logged) = sizes(&app).await?;
    let behind = entries.saturating_sub(logged);
    if behind > BEHIND {
        let because = format!("the log is {behind} entries behind");
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, because));
    }
    Ok("ready\n")
}

/// How many entries there are, and how many of them stand under a checkpoint.
async fn sizes(app: &App) -> Result<(u64, u64), Problem> {
    let entries = app.ledger.size().await?;
    let checkpoint = app.ledger.log_file("checkpoint").await?.unwrap_or_default();
    let text = String::from_utf8_lossy(&checkpoint);
    let logged = text.lines().nth(1).and_then(|line| line.parse::<u64>().ok());
    Ok((entries, logged.unwrap_or_default()))
}

/// What Prometheus wants to know.
#[utoipa::path(get, path = "/metrics", tag = "health",
    responses((status = 200, description = "Prometheus' text form", body = String,
        content_type = "text/plain")))]
pub(super) async fn metrics(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    let (entries, logged) = sizes(&app).await?;
    app.metrics.record(entries, logged);
    let text = app.metrics.text();
    let text = text.map_err(|error| Problem::ours("there are no metrics", &error))?;
    Ok(([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response())
}

/// How far the log may be behind: what is written between two checkpoints under load.
const BEHIND: u64 = 10_000;

/// This document.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "health",
    responses((status = 200, description = "`OpenAPI` 3.1", body = Object)))]
pub(super) async fn openapi() -> Response {
    ([(CONTENT_TYPE, "application/json")], crate::openapi()).into_response()
}
