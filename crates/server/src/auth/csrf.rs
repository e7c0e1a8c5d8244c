//! Whether a call that changes something was meant by the person in front of the browser.
//!
//! Two things have to be true: the browser says that the page that sent it is ours (`Origin`, or
//! `Sec-Fetch-Site`), and the call carries a value that only our pages could read, because it follows
//! from a cookie that no script and no other site sees.

use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, StatusCode};
use gate::provenance::hex;
use gate::provenance::keys::sha256;
use subtle::ConstantTimeEq as _;

use super::FIELD;
use crate::error::Problem;

/// What a form shows for a cookie.
pub(super) fn token(cookie: &str) -> String {
    hex::encode(sha256(format!("weighbridge form {cookie}").as_bytes()).as_ref())
}

/// Holds a call against the value that its session asks for.
pub(super) fn check(headers: &HeaderMap, expected: &str, form: &[u8]) -> Result<(), Problem> {
    let refused = |because: &str| Err(Problem::new(StatusCode::FORBIDDEN, because));
    if !same_origin(headers) {
        return refused("the call did not come from a page of this server");
    }
    let shown = match headers.get("x-csrf-token") {
        Some(header) => header.to_str().unwrap_or_default().to_owned(),
        None => field(form),
    };
    if bool::from(shown.as_bytes().ct_eq(expected.as_bytes())) {
        return Ok(());
    }
    refused("the form is not of this session; load the page anew")
}

/// The value of our field in the body of a form. It is hex: nothing in it is encoded.
fn field(form: &[u8]) -> String {
    let text = std::str::from_utf8(form).unwrap_or_default();
    let found = text.split('&').filter_map(|pair| pair.split_once('=')).find(|(n, _)| *n == FIELD);
    found.map(|(_, value)| value.to_owned()).unwrap_or_default()
}

fn same_origin(headers: &HeaderMap) -> bool {
    let text = |value: &axum::http::HeaderValue| value.to_str().unwrap_or_default().to_owned();
    match headers.get(ORIGIN).map(text) {
        Some(origin) => {
            let host = headers.get(HOST).map(text).unwrap_or_default();
            let from = origin.strip_prefix("https://").or(origin.strip_prefix("http://"));
            !host.is_empty() && from.is_some_and(|from| from.eq_ignore_ascii_case(&host))
        }
        None => headers.get("sec-fetch-site").map(text).as_deref() == Some("same-origin"),
    }
}
