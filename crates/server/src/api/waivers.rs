use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use gate::ledger::{Event, Listed, Role, Waiver, WaiverFilter, WaiverState};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::artifacts::Decision;
use super::{Done, Made, new_id, record};
use crate::app::App;
use crate::auth::Caller;
use crate::error::Problem;
use crate::extract::{Json, Named, Paging, Query, name, sentence};

/// Which waivers.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// `asked`, `granted`, `rejected`, `ended`, `expired`.
    state: Option<String>,
    /// Of a rule.
    rule: Option<String>,
    /// Of an artifact or a file.
    artifact: Option<String>,
    /// That somebody asked for.
    requester: Option<String>,
    /// That end on this day or before, `YYYY-MM-DD`, the soonest first.
    expiring: Option<String>,
}

/// Waivers, the newest first.
#[utoipa::path(get, path = "/api/v1/waivers", tag = "waivers", params(Which, Paging),
    responses((status = 200, description = "the waivers", body = Listed<Waiver>)))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Query(which): Query<Which>,
    Query(paging): Query<Paging>,
) -> Result<axum::Json<Listed<Waiver>>, Problem> {
    let state = which.state.as_deref().map(state).transpose()?;
    let Which { rule, artifact, requester, expiring, .. } = which;
    let filter = WaiverFilter { state, rule, artifact, requester, expiring };
    Ok(axum::Json(app.ledger.waivers(&filter, &today(&app), paging.into()).await?))
}

/// One waiver.
#[utoipa::path(get, path = "/api/v1/waivers/{waiver}", tag = "waivers",
    params(("waiver" = String, Path, description = "its identifier")),
    responses((status = 200, description = "the waiver", body = Waiver)))]
pub(super) async fn one(
    State(app): State<Arc<App>>,
    Named(waiver): Named,
) -> Result<axum::Json<Waiver>, Problem> {
    let found = app.ledger.waiver(&waiver, &today(&app)).await?;
    found.map(axum::Json).ok_or_else(|| Problem::not_found("waiver", &waiver))
}

/// What is asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    /// The rule whose findings are to be excepted.
    rule: String,
    /// The file that it speaks of; empty for every file.
    #[serde(default)]
    file: String,
    /// The artifact, or the SHA-256 of the file: `dirHash:…` or `sha256:…`.
    artifact: String,
    /// Why.
    reason: String,
    /// The last day on which it stands, `YYYY-MM-DD`.
    expires: String,
    /// How many others have to approve: 1 or 2.
    #[serde(default = "one_approver")]
    approvers: u8,
}

fn one_approver() -> u8 {
    1
}

/// Asks for a waiver.
#[utoipa::path(post, path = "/api/v1/waivers", tag = "waivers", request_body = Wish,
    responses((status = 201, description = "it is recorded", body = Done)))]
pub(super) async fn ask(
    State(app): State<Arc<App>>,
    caller: Caller,
    Json(wish): Json<Wish>,
) -> Result<Made, Problem> {
    let Wish { rule, file, artifact, reason, expires, approvers } = wish;
    name("the rule", &rule)?;
    name("the artifact", &artifact)?;
    sentence("the file", &file)?;
    sentence("the reason", &reason)?;
    let waiver = new_id()?;
    let id = waiver.clone();
    let event = Event::Waiver { waiver, rule, file, artifact, reason, expires, approvers };
    record(&app, &caller, id, event).await
}

/// Decides on a waiver. Whoever asked for it cannot.
#[utoipa::path(post, path = "/api/v1/waivers/{waiver}/votes", tag = "waivers",
    params(("waiver" = String, Path, description = "its identifier")), request_body = Decision,
    responses((status = 201, description = "it is recorded", body = Done)))]
pub(super) async fn vote(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named(waiver): Named,
    Json(Decision { vote, comment }): Json<Decision>,
) -> Result<Made, Problem> {
    sentence("the comment", &comment)?;
    record(&app, &caller, String::new(), Event::WaiverVote { waiver, vote, comment }).await
}

/// Why something ends.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Because {
    reason: String,
}

/// Takes a waiver back: whoever asked for it, or an approver.
#[utoipa::path(post, path = "/api/v1/waivers/{waiver}/end", tag = "waivers",
    params(("waiver" = String, Path, description = "its identifier")), request_body = Because,
    responses((status = 201, description = "it is recorded", body = Done)))]
pub(super) async fn end(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named(waiver): Named,
    Json(Because { reason }): Json<Because>,
) -> Result<Made, Problem> {
    sentence("the reason", &reason)?;
    let found = app.ledger.waiver(&waiver, &today(&app)).await?;
    let found = found.ok_or_else(|| Problem::not_found("waiver", &waiver))?;
    if caller.role < Role::Approver && found.requester != caller.principal {
        let because = "somebody else asked for the waiver";
        return Err(Problem::new(StatusCode::FORBIDDEN, because));
    }
    record(&app, &caller, String::new(), Event::WaiverEnd { waiver, reason }).await
}

fn state(word: &str) -> Result<WaiverState, Problem> {
    use WaiverState::{Asked, Ended, Expired, Granted, Rejected};
    let found = [Asked, Granted, Rejected, Ended, Expired].into_iter().find(|s| s.word() == word);
    found.ok_or_else(|| Problem::new(StatusCode::BAD_REQUEST, "a waiver has no such state"))
}

fn today(app: &App) -> String {
    (app.world.today)().to_string()
}
