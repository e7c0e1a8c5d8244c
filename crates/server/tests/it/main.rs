//! The server over real connections.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, reason = "tests")]
#![allow(clippy::print_stderr, reason = "what a server says is shown where a test fails")]
#![allow(
    clippy::disallowed_methods,
    reason = "these tests build what is weighed, and look at what is kept"
)]

mod api;
mod client;
mod credentials;
mod evaluations;
mod forms;
mod hostile;
mod journals;
mod oidc;
mod reports;
mod sessions;
mod tls;
