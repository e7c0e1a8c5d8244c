//! Asks a model, judges its replies and says how sure the answers make us.
//!
//! ```text
//! pack ──generate──▶ cases ──engine──▶ target        asked once: the journal keeps every attempt
//!                      │                  │
//!                      └── detectors ◀── replies     pure functions of what the journal holds
//!                              │
//!                           scores ──statistics──▶ estimates ──gate──▶ pass, fail or inconclusive
//! ```
//!
//! The unit of all statistics is the prompt (a case's `cluster`): replies to one prompt are not
//! independent of each other.

#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic
    )
)]

pub mod case;
pub mod detect;
pub mod engine;
pub mod import;
pub mod journal;
mod json;
pub mod mutate;
pub mod pack;
pub mod report;
pub mod stats;
pub mod target;
