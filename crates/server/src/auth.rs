//! Who is calling.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use gate::ledger;
use gate::provenance::{hex, keys};
use subtle::ConstantTimeEq as _;

use crate::app::App;
use crate::error::Problem;

/// Somebody who may call.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) principal: String,
}

/// A secret that nobody can guess: 32 random bytes.
pub(crate) fn new_secret() -> Result<String, ledger::Error> {
    Ok(format!("wb_{}", hex::encode(&keys::random()?)))
}

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let shown = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = shown.and_then(|value| value.strip_prefix("Bearer "));
        let token = token.ok_or_else(|| {
            Problem::new(StatusCode::UNAUTHORIZED, "send a token: `Authorization: Bearer …`")
        })?;
        if bool::from(token.as_bytes().ct_eq(app.admin.as_bytes())) {
            return Ok(Self { principal: "admin".to_owned() });
        }
        Err(Problem::new(StatusCode::UNAUTHORIZED, "the token is not known"))
    }
}
