use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use gate::ledger::{Listed, Role, Token};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::act;
use crate::app::App;
use crate::auth::Caller;
use crate::error::Problem;
use crate::extract::{Json, Named, Paging, Query};

/// Tokens, the newest first.
#[utoipa::path(get, path = "/api/v1/tokens", tag = "tokens", params(Paging),
    responses((status = 200, description = "the tokens, without their secrets", body = Listed<Token>)))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Query(paging): Query<Paging>,
) -> Result<axum::Json<Listed<Token>>, Problem> {
    Ok(axum::Json(app.ledger.tokens(paging.into()).await?))
}

/// What token is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct New {
    /// The name under which what its holder does is recorded.
    principal: String,
    role: Role,
    /// When it ends by itself, RFC 3339; never where it is not said.
    expires: Option<String>,
}

/// A token. Its text is told this once.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Made {
    /// Its public identifier.
    token: String,
    /// What its holder sends: `Authorization: Bearer …`.
    secret: String,
}

/// Makes a token.
#[utoipa::path(post, path = "/api/v1/tokens", tag = "tokens", request_body = New,
    responses((status = 201, description = "the token", body = Made)))]
pub(super) async fn make(
    State(app): State<Arc<App>>,
    caller: Caller,
    Json(New { principal, role, expires }): Json<New>,
) -> Result<(StatusCode, axum::Json<Made>), Problem> {
    let expires = expires.map(|text| text.parse::<Timestamp>()).transpose().map_err(|_| {
        let because = "`expires` is no moment such as `2027-01-31T00:00:00Z`";
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, because)
    })?;
    let made = app.ledger.make_token(act(&app, &caller), &principal, role, expires).await?;
    Ok((StatusCode::CREATED, axum::Json(Made { token: made.token, secret: made.text })))
}

/// Takes a token back. Sessions that were begun with it end as well.
#[utoipa::path(delete, path = "/api/v1/tokens/{token}", tag = "tokens",
    params(("token" = String, Path, description = "its public identifier")),
    responses((status = 204, description = "it counts no more")))]
pub(super) async fn end(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named(token): Named,
) -> Result<StatusCode, Problem> {
    app.ledger.end_token(act(&app, &caller), &token).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends every session of a principal: whoever signed in through an identity provider and lost a role
/// there.
#[utoipa::path(delete, path = "/api/v1/sessions/{principal}", tag = "tokens",
    params(("principal" = String, Path, description = "the name under which they act")),
    responses((status = 204, description = "they have to sign in anew")))]
pub(super) async fn end_sessions(
    State(app): State<Arc<App>>,
    Named(principal): Named,
) -> Result<StatusCode, Problem> {
    app.ledger.end_sessions_of_principal(&principal).await?;
    Ok(StatusCode::NO_CONTENT)
}
