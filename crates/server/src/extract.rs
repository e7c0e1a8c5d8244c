//! What a call says: its body, its query, its path. What does not fit is told as a [`Problem`].

use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{self, FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use gate::ledger::Page;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::IntoParams;

use crate::error::Problem;

/// The longest name, in bytes.
const MAX_NAME: usize = 512;
/// The longest sentence, in bytes.
const MAX_SENTENCE: usize = 4096;

/// A body of JSON.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let read = extract::Json::<T>::from_request(request, state).await;
        read.map(|extract::Json(value)| Self(value))
            .map_err(|error: JsonRejection| Problem::new(error.status(), error.body_text()))
    }
}

/// The query.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let read = extract::Query::<T>::from_request_parts(parts, state).await;
        read.map(|extract::Query(value)| Self(value))
            .map_err(|error: QueryRejection| Problem::new(error.status(), error.body_text()))
    }
}

/// The one name that a path holds.
pub(crate) struct Named(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let read = extract::Path::<String>::from_request_parts(parts, state).await;
        let extract::Path(text) =
            read.map_err(|error: PathRejection| Problem::new(error.status(), error.body_text()))?;
        name("the name in the path", &text)?;
        Ok(Self(text))
    }
}

/// Which part of a list.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Paging {
    /// How many are left out at the beginning.
    skip: Option<u32>,
    /// How many are told at most: 50 where it is not said, never more than 1,000.
    take: Option<u32>,
}

impl From<Paging> for Page {
    fn from(paging: Paging) -> Self {
        let usual = Self::default();
        Self {
            skip: paging.skip.unwrap_or(usual.skip),
            take: paging.take.unwrap_or(usual.take).min(1000),
        }
    }
}

/// Holds a text to be a name: it is there, it is not long, and nothing in it acts on a terminal.
pub(crate) fn name(what: &str, text: &str) -> Result<(), Problem> {
    let fits = !text.trim().is_empty() && text.len() <= MAX_NAME;
    if fits && !text.chars().any(char::is_control) {
        return Ok(());
    }
    let because = format!("{what} is a text of 1 to {MAX_NAME} bytes without control characters");
    Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, because))
}

/// Holds a text to be of a length that somebody reads.
pub(crate) fn sentence(what: &str, text: &str) -> Result<(), Problem> {
    if text.len() <= MAX_SENTENCE {
        return Ok(());
    }
    let because = format!("{what} has more than {MAX_SENTENCE} bytes");
    Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, because))
}
