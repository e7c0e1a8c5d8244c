//! The queue of the real program: killed, stopped, filled and overrun.

#![cfg(feature = "server")]
#![allow(
    clippy::disallowed_methods,
    reason = "these tests run the program and build what it weighs"
)]
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what the programs said, and measures"
)]

mod client;
mod disk;
mod kill;
mod load;
mod place;
mod recheck;
#[path = "../../../provenance/tests/it/service.rs"]
mod service;
mod speed;
mod stop;
mod uploads;
