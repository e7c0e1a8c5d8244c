//! HTTP API and web pages over the gate and the ledger.
//!
//! The server decides nothing: a weighing is [`gate::weigh`] with the request that the caller wrote,
//! its report is recorded as it is, and pages show what the ledger knows. Rooms: `api` speaks JSON,
//! `pages` speaks HTML, `worker` does what is in the queue,
//! `uploads` keeps what callers send, `evaluations` judges and shows runs of probes, `auth` tells who is calling.

mod api;
mod app;
mod auth;
mod error;
mod evaluations;
mod extract;
mod metrics;
mod openapi;
mod pages;
mod routes;
mod serving;
mod uploads;
mod weigh;
mod witness;
mod worker;

pub use app::{Options, Server, Sessions, World, serve};
pub use auth::Oidc;
pub use error::Error;
pub use evaluations::{HandIn, HandedIn, NotTaken, hand_in, kept_journals};
pub use gate::ledger::Room;
pub use openapi::openapi;
pub use routes::{Told, routes};
pub use serving::{Bounds, Tls};
pub use uploads::Limits;
pub use worker::{Work, work};
