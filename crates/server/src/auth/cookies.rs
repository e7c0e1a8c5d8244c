//! The cookies: that of a session, that of a form before there is a session, and that of a sign-in
//! through an identity provider.

use axum::http::HeaderMap;
use axum::http::header::COOKIE;

use crate::app::App;

const SESSION: &str = "weighbridge";
const FORM: &str = "weighbridge-form";
const OIDC: &str = "weighbridge-oidc";

/// The name of a cookie. Over TLS browsers take a name with this prefix from this host alone, so that
/// a neighbouring host can put none in its place.
fn name(app: &App, plain: &str) -> String {
    if app.options.secure() { format!("__Host-{plain}") } else { plain.to_owned() }
}

/// The session that a browser shows.
pub(super) fn session(app: &App, headers: &HeaderMap) -> Option<String> {
    find(headers, &name(app, SESSION))
}

/// What binds a form to a browser that has no session yet.
pub(super) fn form(app: &App, headers: &HeaderMap) -> Option<String> {
    find(headers, &name(app, FORM))
}

/// A `Set-Cookie` for a session; an empty value ends it.
pub(super) fn set_session(app: &App, value: &str) -> String {
    set(app, SESSION, value)
}

/// A `Set-Cookie` for the form before a session; an empty value ends it.
pub(super) fn set_form(app: &App, value: &str) -> String {
    set(app, FORM, value)
}

/// What binds a sign-in through an identity provider to the browser that began it.
pub(super) fn oidc(app: &App, headers: &HeaderMap) -> Option<String> {
    find(headers, &name(app, OIDC))
}

/// A `Set-Cookie` for a sign-in through an identity provider; an empty value ends it.
pub(super) fn set_oidc(app: &App, value: &str) -> String {
    set(app, OIDC, value)
}

fn set(app: &App, plain: &str, value: &str) -> String {
    let secure = if app.options.secure() { "; Secure" } else { "" };
    let end = if value.is_empty() { "; Max-Age=0" } else { "" };
    format!("{}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{end}", name(app, plain))
}

/// The one cookie of a name. Two of one name are none: somebody else may have set one of them.
fn find(headers: &HeaderMap, name: &str) -> Option<String> {
    let mut found = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(its, _)| *its == name)
        .map(|(_, value)| value);
    let value = found.next()?;
    (found.next().is_none() && !value.is_empty()).then(|| value.to_owned())
}
