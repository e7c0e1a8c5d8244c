//! Pages that say what went wrong.

use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::middleware::Next;
use axum::response::Response;
use gate::ledger;
use maud::{Markup, html};
use serde::Deserialize;

use super::frame::{Frame, lone};
use super::parts::text;
use super::visit::{self, Shown};
use crate::error::Cause;

/// The longest problem that is read back.
const MOST: usize = 65_536;

/// Why a page cannot be shown, or a form not be followed.
#[derive(Debug)]
pub(super) enum Failed {
    /// There is no such thing.
    Missing(&'static str, String),
    /// The record does not allow it, or does not answer.
    Ledger(ledger::Error),
    /// The form says what cannot be meant.
    Wrong(String),
    /// It is somebody else's to do.
    Forbidden(String),
}

impl From<ledger::Error> for Failed {
    fn from(error: ledger::Error) -> Self {
        Self::Ledger(error)
    }
}

impl Failed {
    /// What the API would say of a field of a form.
    pub(super) fn field(problem: &crate::error::Problem) -> Self {
        Self::Wrong(problem.detail().to_owned())
    }

    /// What the log of the server is told of it: why this side failed.
    pub(super) fn cause(&self) -> Option<Cause> {
        match self {
            Self::Ledger(error) if self.shown().0.is_server_error() => Some(Cause::of(error)),
            _ => None,
        }
    }

    pub(super) fn shown(&self) -> (StatusCode, Shown) {
        let (status, why) = match self {
            Self::Missing(what, name) => {
                (StatusCode::NOT_FOUND, format!("there is no {what} `{}`", text::plain(name)))
            }
            Self::Wrong(why) => (StatusCode::UNPROCESSABLE_ENTITY, why.clone()),
            Self::Forbidden(why) => (StatusCode::FORBIDDEN, why.clone()),
            Self::Ledger(error @ ledger::Error::Refused { .. }) => {
                (StatusCode::CONFLICT, error.to_string())
            }
            Self::Ledger(error @ ledger::Error::Unknown { .. }) => {
                (StatusCode::NOT_FOUND, error.to_string())
            }
            Self::Ledger(error @ ledger::Error::TooLong { .. }) => {
                (StatusCode::PAYLOAD_TOO_LARGE, error.to_string())
            }
            Self::Ledger(error) if error.is_full() => {
                let why = "the disk of the record is full; nothing was recorded";
                (StatusCode::INSUFFICIENT_STORAGE, why.to_owned())
            }
            Self::Ledger(_) => {
                (StatusCode::SERVICE_UNAVAILABLE, "the record does not answer".to_owned())
            }
        };
        let mut shown = Shown { title: heading(status).to_owned(), ..Shown::default() };
        shown.crumbs = vec![(shown.title.clone(), String::new())];
        shown.main = Some(page(status, &why));
        (status, shown)
    }
}

fn heading(status: StatusCode) -> &'static str {
    match status {
        StatusCode::NOT_FOUND => "Not in the record",
        StatusCode::FORBIDDEN => "Not allowed",
        StatusCode::UNAUTHORIZED => "Not signed in",
        StatusCode::CONFLICT => "The record does not allow it",
        StatusCode::UNPROCESSABLE_ENTITY | StatusCode::BAD_REQUEST => "The form cannot be followed",
        StatusCode::PAYLOAD_TOO_LARGE => "Too long",
        StatusCode::TOO_MANY_REQUESTS => "Too many calls",
        StatusCode::METHOD_NOT_ALLOWED => "Not a page",
        _ => "Something failed here",
    }
}

fn hint(status: StatusCode) -> Markup {
    match status {
        StatusCode::NOT_FOUND => html! {
            "Models, weighings and files are found by their digest: use the search, or go to "
            a href="/" { "the models in production" } "."
        },
        StatusCode::FORBIDDEN => html! {
            "Your role does not reach that far. Whoever administers this server can give another; "
            a href="/" { "back to the models" } "."
        },
        StatusCode::UNAUTHORIZED => html! { a href="/sign-in" { "Sign in" } " and try again." },
        StatusCode::CONFLICT
        | StatusCode::UNPROCESSABLE_ENTITY
        | StatusCode::BAD_REQUEST
        | StatusCode::PAYLOAD_TOO_LARGE => html! {
            "Nothing was recorded but the call. Go back, change the form and send it again."
        },
        StatusCode::TOO_MANY_REQUESTS => html! { "Wait a little, then load the page anew." },
        _ => html! {
            "Nothing that was recorded is lost. The log of the server says more; "
            a href="/" { "back to the models" } "."
        },
    }
}

fn page(status: StatusCode, why: &str) -> Markup {
    html! {
        h1 { (heading(status)) }
        p.lead { (status.as_u16()) ": " (text::sentence(why)) }
        p { (hint(status)) }
    }
}

#[derive(Deserialize)]
struct Problem {
    #[serde(default)]
    detail: String,
    #[serde(default)]
    title: String,
}

/// Turns a problem that is meant for programs into a page, where a browser asked.
pub(crate) async fn as_page(request: Request, next: Next) -> Response {
    let accepts = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok());
    let person = accepts.is_some_and(|accepts| accepts.contains("text/html"))
        && !request.uri().path().starts_with("/api/");
    let theme = visit::theme(request.headers());
    let answer = next.run(request).await;
    let status = answer.status();
    if !person || !(status.is_client_error() || status.is_server_error()) {
        return answer;
    }
    let kind = answer.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if kind.is_some_and(|kind| kind.starts_with("text/html")) {
        return answer;
    }
    let body = to_bytes(answer.into_body(), MOST).await.unwrap_or_default();
    let problem: Option<Problem> = serde_json::from_slice(&body).ok();
    let why = match problem {
        Some(problem) if !problem.detail.is_empty() => problem.detail,
        Some(problem) => problem.title,
        None => status.canonical_reason().unwrap_or("error").to_lowercase(),
    };
    let frame = Frame { theme, title: heading(status).to_owned(), ..Frame::default() };
    visit::html(status, &lone(&frame, &page(status, &why)))
}
