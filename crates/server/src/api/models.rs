use std::sync::Arc;

use axum::extract::State;
use gate::ledger::{Event, Listed, Model, ModelFilter};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::{Done, Made, record};
use crate::app::App;
use crate::auth::Caller;
use crate::error::Problem;
use crate::extract::{Json, Named, Paging, Query, name};

/// Which models.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Part of the name, in any case.
    name: Option<String>,
    /// Who answers for it.
    owner: Option<String>,
    /// The verdict of its last weighing: `admit`, `refuse`, `undecided`.
    verdict: Option<String>,
    /// Only those that are deployed.
    #[serde(default)]
    running: bool,
}

/// Models, those that are deployed first.
#[utoipa::path(get, path = "/api/v1/models", tag = "models", params(Which, Paging),
    responses((status = 200, description = "the models", body = Listed<Model>)))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Query(which): Query<Which>,
    Query(paging): Query<Paging>,
) -> Result<axum::Json<Listed<Model>>, Problem> {
    let Which { name, owner, verdict, running } = which;
    let filter = ModelFilter { name, owner, verdict, running };
    Ok(axum::Json(app.ledger.models_with(&filter, paging.into()).await?))
}

/// One model.
#[utoipa::path(get, path = "/api/v1/models/{model}", tag = "models",
    params(("model" = String, Path, description = "its name, `/` written as `%2F`")),
    responses((status = 200, description = "the model", body = Model)))]
pub(super) async fn one(
    State(app): State<Arc<App>>,
    Named(model): Named,
) -> Result<axum::Json<Model>, Problem> {
    let found = app.ledger.model(&model).await?;
    found.map(axum::Json).ok_or_else(|| Problem::not_found("model", &model))
}

/// Who answers for a model.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Owner {
    /// The principal, or a name that people know.
    owner: String,
}

/// Names who answers for a model.
#[utoipa::path(put, path = "/api/v1/models/{model}/owner", tag = "models", request_body = Owner,
    params(("model" = String, Path, description = "its name, `/` written as `%2F`")),
    responses((status = 201, description = "it is recorded", body = Done)))]
pub(super) async fn owner(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named(model): Named,
    Json(Owner { owner }): Json<Owner>,
) -> Result<Made, Problem> {
    name("the owner", &owner)?;
    record(&app, &caller, String::new(), Event::Owner { model, owner }).await
}
