//! The transparency log over the record, as the files that C2SP `tlog-tiles` describes.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::error::Problem;
use crate::extract::Named;

/// The key that verifies the checkpoints of the log.
#[utoipa::path(get, path = "/log/key", tag = "log",
    responses((status = 200, description = "a verifier key of a signed note", body = String,
        content_type = "text/plain")))]
pub(super) async fn key(State(app): State<Arc<App>>) -> String {
    format!("{}\n", app.ledger.vkey())
}

/// The last checkpoint.
#[utoipa::path(get, path = "/log/checkpoint", tag = "log",
    responses((status = 200, description = "a signed note", body = String,
        content_type = "text/plain")))]
pub(super) async fn checkpoint(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    let bytes = file(&app, "checkpoint").await?;
    let kind = (CONTENT_TYPE, "text/plain; charset=utf-8");
    Ok(([kind, (CACHE_CONTROL, "no-store")], bytes).into_response())
}

/// A tile of hashes, or a bundle of entries.
#[utoipa::path(get, path = "/log/tile/{*tile}", tag = "log",
    params(("tile" = String, Path, description = "`<L>/<N>` or `entries/<N>`, as C2SP names them")),
    responses((status = 200, description = "its bytes", body = String,
        content_type = "application/octet-stream")))]
pub(super) async fn tile(
    State(app): State<Arc<App>>,
    Named(tile): Named,
) -> Result<Response, Problem> {
    let bytes = file(&app, &format!("tile/{tile}")).await?;
    let kind = (CONTENT_TYPE, "application/octet-stream");
    // A tile never changes; what it tells is for those who may read.
    Ok(([kind, (CACHE_CONTROL, "private, immutable, max-age=31536000")], bytes).into_response())
}

async fn file(app: &App, name: &str) -> Result<Vec<u8>, Problem> {
    let found = app.ledger.log_file(name).await?;
    found.ok_or_else(|| Problem::not_found("file of the log", name))
}
