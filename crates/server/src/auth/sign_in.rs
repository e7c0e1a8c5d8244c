//! Signing in with a token, and out.

use std::sync::Arc;

use axum::Form;
use axum::extract::{Query, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use gate::ledger::{Holder, Ledger};
use gate::provenance::{hex, keys};
use serde::Deserialize;

use super::guard::SignedIn;
use super::{cookies, csrf, holder};
use crate::app::App;
use crate::error::Problem;
use crate::pages;

/// Where a person goes after signing in.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Next {
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
pub(super) struct SignIn {
    token: String,
    #[serde(default)]
    next: String,
}

/// The address of the form for somebody who wanted to go elsewhere.
pub(super) fn address(wanted: &Uri) -> String {
    let path = wanted.path_and_query().map_or("/", axum::http::uri::PathAndQuery::as_str);
    format!("/sign-in?next={}", encoded(path))
}

fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~/".contains(&byte);
    let one = |byte: u8| {
        if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    text.bytes().map(one).collect()
}

/// A place of this server, and of no other.
pub(super) fn local(next: &str) -> &str {
    let local = next.starts_with('/')
        && !next.starts_with("//")
        && next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if local { next } else { "/" }
}

/// The form.
pub(super) async fn form(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Query(next): Query<Next>,
) -> Result<Response, Problem> {
    page(&app, &headers, &next.next, "", StatusCode::OK)
}

/// Begins a session. It is always a new one: what the browser showed before counts no more.
pub(super) async fn sign_in(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Form(asked): Form<SignIn>,
) -> Result<Response, Problem> {
    match holder(&app, asked.token.trim()).await {
        Ok(holder) => begin(&app, &headers, holder, &asked.next).await,
        Err(problem) if problem.status() == StatusCode::UNAUTHORIZED => {
            page(&app, &headers, &asked.next, problem.detail(), StatusCode::UNAUTHORIZED)
        }
        Err(problem) => Err(problem),
    }
}

/// Ends the session.
pub(super) async fn sign_out(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    end(&app.ledger, cookies::session(&app, &headers)).await?;
    let gone = AppendHeaders([(SET_COOKIE, cookies::set_session(&app, ""))]);
    Ok((gone, Redirect::to("/sign-in")).into_response())
}

/// Begins a session for somebody, and sends the browser on.
pub(super) async fn begin(
    app: &App,
    headers: &HeaderMap,
    holder: Holder,
    next: &str,
) -> Result<Response, Problem> {
    end(&app.ledger, cookies::session(app, headers)).await?;
    let now = (app.world.now)();
    let until = now.saturating_add(app.options.sessions.longest).unwrap_or(now);
    let session = app.ledger.begin_session(&holder, now, until).await?;
    let set = AppendHeaders([
        (SET_COOKIE, cookies::set_session(app, &session)),
        (SET_COOKIE, cookies::set_form(app, "")),
    ]);
    let mut answer = (set, Redirect::to(local(next))).into_response();
    answer.extensions_mut().insert(SignedIn(holder));
    Ok(answer)
}

async fn end(ledger: &Ledger, session: Option<String>) -> Result<(), Problem> {
    match session {
        Some(session) => Ok(ledger.end_session(&session).await?),
        None => Ok(()),
    }
}

fn page(
    app: &App,
    headers: &HeaderMap,
    next: &str,
    wrong: &str,
    status: StatusCode,
) -> Result<Response, Problem> {
    let (bound, set) = match cookies::form(app, headers) {
        Some(bound) => (bound, None),
        None => {
            let random = keys::random().map_err(gate::ledger::Error::from)?;
            let bound = hex::encode(&random);
            let set = cookies::set_form(app, &bound);
            (bound, Some(AppendHeaders([(SET_COOKIE, set)])))
        }
    };
    let shown = (csrf::token(&bound), local(next), wrong);
    let provider = app.options.oidc.as_ref();
    let provider = provider.map(|_| format!("/sign-in/oidc?next={}", encoded(local(next))));
    let shown = (shown.0.as_str(), shown.1, shown.2);
    let page = pages::sign_in(headers, status, shown, provider.as_deref());
    Ok((set, page).into_response())
}
