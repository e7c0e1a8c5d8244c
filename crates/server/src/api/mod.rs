//! The API: JSON over HTTP.

mod models;
pub(crate) mod weighings;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use crate::app::App;

pub(crate) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/api/v1/weighings", post(weighings::submit))
        .route("/api/v1/weighings/{weighing}", get(weighings::one))
        .route("/api/v1/weighings/{weighing}/report", get(weighings::report))
        .route("/api/v1/models", get(models::list))
}
