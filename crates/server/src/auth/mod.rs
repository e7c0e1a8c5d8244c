//! Who is calling, and whether they may.
//!
//! A program shows a token (`Authorization: Bearer …`), a browser the cookie of a session that was
//! begun with a token or through an identity provider. [`guard`] stands in front of every route: it
//! finds the caller, holds the role against the table of routes and a form against its session, and
//! has the call recorded before the answer leaves.

mod audit;
mod cookies;
mod csrf;
mod guard;
mod oidc;
mod sign_in;

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use gate::ledger::{Holder, Role, Shown};
use gate::provenance::keys::sha256;
use subtle::ConstantTimeEq as _;

use crate::app::App;
use crate::error::Problem;
use crate::routes::{Needs, Route};

pub(crate) use audit::{Strangers, tell};
pub(crate) use guard::{Guard, guard};
pub(crate) use oidc::Begun;
pub use oidc::Oidc;

/// The public name of the token that the environment gives.
pub(crate) const ENVIRONMENT: &str = "environment";
/// The public name of what a session was begun with that an identity provider began.
pub(crate) const PROVIDER: &str = "oidc";
/// The field of a form that shows that the form is ours.
pub(crate) const FIELD: &str = "csrf";

/// Somebody who may call.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// The name under which what they do is recorded.
    pub(crate) principal: String,
    /// What they may do.
    pub(crate) role: Role,
    /// The public name of what they showed.
    pub(crate) credential: String,
    /// In a browser: what every form has to carry in the field [`FIELD`], and every other call that
    /// changes something in the header `x-csrf-token`.
    pub(crate) csrf: Option<String>,
}

impl Caller {
    fn new(holder: Holder, csrf: Option<String>) -> Self {
        let Holder { principal, role, credential } = holder;
        Self { principal, role, credential, csrf }
    }
}

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = Problem;

    /// The guard has put it there.
    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(no_credential)
    }
}

fn no_credential() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "send a token: `Authorization: Bearer …`")
}

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::page(Method::GET, "/sign-in", Needs::OPEN, sign_in::form),
        Route::page(Method::POST, "/sign-in", Needs::OPEN, sign_in::sign_in),
        Route::page(Method::GET, "/sign-in/oidc", Needs::OPEN, oidc::begin),
        Route::page(Method::GET, "/sign-in/oidc/back", Needs::OPEN, oidc::end),
        Route::page(Method::POST, "/sign-out", Needs::READER, sign_in::sign_out),
    ]
}

/// Who shows what the headers hold. A token that does not count is refused; a session that does not
/// is as good as none.
async fn identify(app: &App, headers: &HeaderMap) -> Result<Option<Caller>, Problem> {
    if let Some(shown) = headers.get(AUTHORIZATION) {
        let token = shown.to_str().ok().and_then(|text| text.split_once(' '));
        let token = token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let (_, token) = token.ok_or_else(no_credential)?;
        return Ok(Some(Caller::new(holder(app, token.trim()).await?, None)));
    }
    let Some(cookie) = cookies::session(app, headers) else { return Ok(None) };
    let held = app.ledger.session(&cookie, (app.world.now)(), app.options.sessions.idle).await?;
    Ok(held.map(|holder| Caller::new(holder, Some(csrf::token(&cookie)))))
}

/// For whom a token stands.
async fn holder(app: &App, shown: &str) -> Result<Holder, Problem> {
    if let Some(token) = &app.options.admin_token
        // Digests are compared, so that not even the length tells.
        && bool::from(sha256(token.as_bytes()).as_ref().ct_eq(sha256(shown.as_bytes()).as_ref()))
    {
        let (principal, credential) = ("admin".to_owned(), ENVIRONMENT.to_owned());
        return Ok(Holder { principal, role: Role::Admin, credential });
    }
    let because = match app.ledger.look_at_token(shown, (app.world.now)()).await? {
        Shown::Valid(holder) => return Ok(holder),
        Shown::Ended => "the token was taken back",
        Shown::Expired => "the token has expired",
        Shown::Unknown => "the token is not known",
    };
    Err(Problem::new(StatusCode::UNAUTHORIZED, because))
}
