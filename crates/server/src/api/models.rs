use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use gate::ledger::{Model, Page};

use crate::app::App;
use crate::auth::Caller;
use crate::error::Problem;

/// All models.
#[utoipa::path(get, path = "/api/v1/models", tag = "models", responses((status = 200, description = "the models")))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    _caller: Caller,
) -> Result<Json<Vec<Model>>, Problem> {
    Ok(Json(app.ledger.models(Page::default()).await?.rows))
}
