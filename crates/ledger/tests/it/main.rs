//! The record on real databases.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, reason = "tests")]
#![allow(clippy::print_stderr, reason = "what is measured is told")]
#![allow(clippy::disallowed_methods, reason = "tests make and break what they look at")]

mod carrying;
mod evaluations;
mod hardship;
mod kills;
mod laws;
mod queries;
mod queue;
mod records;
mod speed;
mod tampering;
mod uploads;
mod world;
