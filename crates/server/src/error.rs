use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use axum::Json;
use axum::http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use gate::ledger;
use serde::Serialize;

/// Why the server cannot run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    /// The address.
    #[error("cannot listen on {address}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// Without TLS it listens on this machine alone.
    #[error("listening on {address} without TLS would show every token to the network")]
    Insecure {
        /// Where it was told to listen.
        address: SocketAddr,
    },
    /// The certificate or its key.
    #[error("the certificate cannot be used: {because}")]
    Certificate {
        /// Why.
        because: String,
    },
    /// The store of uploads.
    #[error("the store of uploads failed")]
    Store {
        /// What it said.
        source: object_store::Error,
    },
    /// A folder that cannot be used.
    #[error("cannot use `{}`", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The counters.
    #[error("the metrics cannot be set up")]
    Metrics {
        /// Why.
        source: prometheus::Error,
    },
    /// The identity provider.
    #[error("nobody can sign in through the identity provider: {because}")]
    Oidc {
        /// Why.
        because: String,
    },
    /// The connection to the world ended.
    #[error("the server stopped")]
    Stopped {
        /// What the system said.
        source: io::Error,
    },
}

impl Error {
    /// What a person can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Ledger(error) => error.hint(),
            Self::Listen { .. } => Some("name another address with `--listen`"),
            Self::Insecure { .. } => Some(
                "give `--tls-cert` and `--tls-key`, or `--insecure-http` where something in front of \
                 it speaks TLS",
            ),
            _ => None,
        }
    }
}

/// What a caller is told when a call fails: RFC 9457, `application/problem+json`. What goes wrong on
/// this side stays in the log of the server.
#[derive(Debug, Serialize)]
pub(crate) struct Problem {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    #[serde(skip_serializing_if = "String::is_empty")]
    detail: String,
    /// For whoever runs the server.
    #[serde(skip)]
    cause: Option<Cause>,
}

/// What went wrong on this side. It goes with the answer as far as the log of the server.
#[derive(Clone, Debug)]
pub(crate) struct Cause(pub(crate) String);

impl Cause {
    /// An error, and what led to it.
    pub(crate) fn of(error: &dyn std::error::Error) -> Self {
        let mut cause = error.to_string();
        let mut next = error.source();
        while let Some(source) = next {
            cause += &format!(": {source}");
            next = source.source();
        }
        Self(cause)
    }
}

impl Problem {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        let title = status.canonical_reason().unwrap_or("error");
        Self {
            kind: "about:blank",
            title,
            status: status.as_u16(),
            detail: detail.into(),
            cause: None,
        }
    }

    /// Something on this side failed: the caller is told that, the log why.
    pub(crate) fn ours(told: &str, error: &dyn std::error::Error) -> Self {
        Self::caused(StatusCode::SERVICE_UNAVAILABLE, told, error)
    }

    /// The caller is told one thing, the log why.
    pub(crate) fn caused(status: StatusCode, told: &str, error: &dyn std::error::Error) -> Self {
        Self { cause: Some(Cause::of(error)), ..Self::new(status, told) }
    }

    pub(crate) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    pub(crate) fn not_found(what: &str, name: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("no {what} `{}`", vocabulary::escape(name)))
    }
}

impl From<ledger::Error> for Problem {
    fn from(error: ledger::Error) -> Self {
        match &error {
            ledger::Error::Refused { .. } => Self::new(StatusCode::CONFLICT, error.to_string()),
            ledger::Error::Unknown { .. } => Self::new(StatusCode::NOT_FOUND, error.to_string()),
            ledger::Error::TooLong { .. } | ledger::Error::NoRoom { .. } => {
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, error.to_string())
            }
            error if error.is_full() => {
                let detail = "the disk of the ledger is full; nothing was recorded";
                Self::new(StatusCode::INSUFFICIENT_STORAGE, detail)
            }
            _ => Self::ours("the ledger does not answer", &error),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, cause) = (self.status(), self.cause.clone());
        let mut answer = (status, Json(self)).into_response();
        let headers = answer.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(cause) = cause {
            answer.extensions_mut().insert(cause);
        }
        answer
    }
}
