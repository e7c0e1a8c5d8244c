use std::sync::Arc;

use axum::extract::State;
use gate::ledger::{EntryFilter, Holder, Listed, Recorded};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::App;
use crate::auth::Caller;
use crate::error::Problem;
use crate::extract::{Paging, Query};

/// Which entries.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Of a kind: `weighing`, `access`, …
    kind: Option<String>,
    /// By somebody.
    actor: Option<String>,
    /// About a model.
    model: Option<String>,
    /// About an artifact.
    artifact: Option<String>,
    /// Every kind but calls, where no kind is named.
    #[serde(default)]
    no_access: bool,
}

/// Entries of the record, the newest first.
#[utoipa::path(get, path = "/api/v1/audit", tag = "record", params(Which, Paging),
    responses((status = 200, description = "the entries", body = Listed<Recorded>)))]
pub(super) async fn audit(
    State(app): State<Arc<App>>,
    Query(which): Query<Which>,
    Query(paging): Query<Paging>,
) -> Result<axum::Json<Listed<Recorded>>, Problem> {
    let Which { kind, actor, model, artifact, no_access } = which;
    let filter = EntryFilter { kind, actor, model, artifact, no_access };
    Ok(axum::Json(app.ledger.audit(&filter, paging.into()).await?))
}

/// From where on.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct From {
    /// The number of the first entry; 0 where it is not said.
    #[serde(default)]
    from: u64,
    /// How many at most: 100 where it is not said, never more than 1,000.
    take: Option<u32>,
}

/// Entries of the record in their order.
#[utoipa::path(get, path = "/api/v1/entries", tag = "record", params(From),
    responses((status = 200, description = "the entries", body = Vec<Recorded>)))]
pub(super) async fn entries(
    State(app): State<Arc<App>>,
    Query(From { from, take }): Query<From>,
) -> Result<axum::Json<Vec<Recorded>>, Problem> {
    let most = take.unwrap_or(100).min(1000);
    Ok(axum::Json(app.ledger.entries(from, most).await?))
}

/// Who you are to this server.
#[utoipa::path(get, path = "/api/v1/me", tag = "record",
    responses((status = 200, description = "you", body = Holder)))]
pub(super) async fn me(caller: Caller) -> axum::Json<Holder> {
    let Caller { principal, role, credential, .. } = caller;
    axum::Json(Holder { principal, role, credential })
}
