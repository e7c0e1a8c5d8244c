//! The server over real connections.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod api;
mod client;
mod credentials;
mod hostile;
mod oidc;
mod sessions;
mod tls;
