use std::sync::Arc;

use axum::extract::State;
use gate::ledger::{Deployment, DeploymentFilter, Event, Listed, Observation};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::{Done, Made, new_id, record};
use crate::app::App;
use crate::auth::Caller;
use crate::error::Problem;
use crate::extract::{Json, Named, Paging, Query, name, sentence};

/// Which deployments.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Of a model.
    model: Option<String>,
    /// Of an artifact.
    artifact: Option<String>,
    /// In an environment: `production`, …
    environment: Option<String>,
    /// Those that ended as well.
    #[serde(default)]
    ended: bool,
    /// Only those that serve something else than what is meant.
    #[serde(default)]
    differing: bool,
}

/// What runs: those that serve something else than is meant first.
#[utoipa::path(get, path = "/api/v1/deployments", tag = "deployments", params(Which, Paging),
    responses((status = 200, description = "the deployments", body = Listed<Deployment>)))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Query(which): Query<Which>,
    Query(paging): Query<Paging>,
) -> Result<axum::Json<Listed<Deployment>>, Problem> {
    let Which { model, artifact, environment, ended, differing } = which;
    let filter = DeploymentFilter { model, artifact, environment, ended, differing };
    Ok(axum::Json(app.ledger.deployments(&filter, paging.into()).await?))
}

/// One deployment.
#[utoipa::path(get, path = "/api/v1/deployments/{deployment}", tag = "deployments",
    params(("deployment" = String, Path, description = "its identifier")),
    responses((status = 200, description = "the deployment", body = Deployment)))]
pub(super) async fn one(
    State(app): State<Arc<App>>,
    Named(deployment): Named,
) -> Result<axum::Json<Deployment>, Problem> {
    let found = app.ledger.deployment(&deployment).await?;
    found.map(axum::Json).ok_or_else(|| Problem::not_found("deployment", &deployment))
}

/// What goes into production.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct New {
    /// The model. Somebody has to answer for it.
    model: String,
    /// The artifact that is meant to be served.
    artifact: String,
    /// `production`, `staging`, …
    environment: String,
    /// Where: a host, a cluster, an address.
    place: String,
}

/// Tells that an artifact went into production.
#[utoipa::path(post, path = "/api/v1/deployments", tag = "deployments", request_body = New,
    responses((status = 201, description = "it is recorded", body = Done)))]
pub(super) async fn deploy(
    State(app): State<Arc<App>>,
    caller: Caller,
    Json(new): Json<New>,
) -> Result<Made, Problem> {
    let New { model, artifact, environment, place } = new;
    name("the model", &model)?;
    name("the artifact", &artifact)?;
    name("the environment", &environment)?;
    name("the place", &place)?;
    let deployment = new_id()?;
    let id = deployment.clone();
    let event = Event::Deployment { deployment, model, artifact, environment, place };
    record(&app, &caller, id, event).await
}

/// Why it ends.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Over {
    #[serde(default)]
    reason: String,
}

/// Tells that a deployment ended.
#[utoipa::path(post, path = "/api/v1/deployments/{deployment}/end", tag = "deployments",
    params(("deployment" = String, Path, description = "its identifier")), request_body = Over,
    responses((status = 201, description = "it is recorded", body = Done)))]
pub(super) async fn end(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named(deployment): Named,
    Json(Over { reason }): Json<Over>,
) -> Result<Made, Problem> {
    sentence("the reason", &reason)?;
    record(&app, &caller, String::new(), Event::DeploymentEnd { deployment, reason }).await
}

/// What was seen at a deployment.
#[utoipa::path(get, path = "/api/v1/deployments/{deployment}/observations", tag = "deployments",
    params(("deployment" = String, Path, description = "its identifier"), Paging),
    responses((status = 200, description = "the newest first", body = Listed<Observation>)))]
pub(super) async fn observations(
    State(app): State<Arc<App>>,
    Named(deployment): Named,
    Query(paging): Query<Paging>,
) -> Result<axum::Json<Listed<Observation>>, Problem> {
    Ok(axum::Json(app.ledger.observations(&deployment, paging.into()).await?))
}

/// What was seen.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Seen {
    /// What is served there; empty where it could not be told.
    #[serde(default)]
    artifact: String,
    /// How it was looked at: `re-hash`, …
    method: String,
    /// What else there is to say.
    #[serde(default)]
    detail: String,
}

/// Tells what a deployment serves.
#[utoipa::path(post, path = "/api/v1/deployments/{deployment}/observations", tag = "deployments",
    params(("deployment" = String, Path, description = "its identifier")), request_body = Seen,
    responses((status = 201, description = "it is recorded", body = Done)))]
pub(super) async fn observe(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named(deployment): Named,
    Json(Seen { artifact, method, detail }): Json<Seen>,
) -> Result<Made, Problem> {
    name("the method", &method)?;
    sentence("the artifact", &artifact)?;
    sentence("the detail", &detail)?;
    let event = Event::Observation { deployment, artifact, method, detail };
    record(&app, &caller, String::new(), event).await
}
