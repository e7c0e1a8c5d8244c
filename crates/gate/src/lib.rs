//! The one path from a request to a report.
//!
//! [`weigh`] opens the source, runs every check that the policy does not turn off, marks the
//! exceptions, decides and gives a [`Report`]. Whoever wants a verdict (the command line, a server,
//! a scheduled re-check) builds a [`Request`] and calls it; nobody decides anything elsewhere.
//!
//! A check is one entry in [`checks::CHECKS`]. Each runs under `catch_unwind`: a crash ends in
//! `could-not-look`, never in silence. [`render`] turns reports into text, JSON, SARIF, HTML,
//! Markdown and `JUnit`; a rendering adds nothing to what the report says.
//!
//! The crate opens no file, clock or environment itself: bytes come through `artifact`, the date
//! and the clock through [`Services`].

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

mod advice;
mod bom;
mod cached;
pub mod checks;
mod convert;
mod digest;
mod error;
mod exceptions;
mod inspect;
pub mod level;
mod names;
pub mod policy;
pub mod probe;
#[cfg(feature = "ledger")]
pub mod record;
mod records;
pub mod render;
pub mod rules;
mod signers;
pub mod signing;
mod summary;
mod threats;
mod weigh;

pub use bom::{BomRequest, bill};
pub use convert::{Conversion, Converted, convert};
pub use digest::{DigestRequest, Digested, artifact_of, digest, identity};
pub use error::Error;
pub use inspect::inspect;
#[cfg(feature = "ledger")]
pub use ledger;
pub use names::nearest;
pub use policy::Policy;
pub use provenance;
pub use records::{Recorded, records};
pub use scan::{Inspection, Progress, packs};
pub use summary::WITHOUT_SIGNATURES;
pub use vocabulary::{Date, Limits, Report, Rule, Verdict};
pub use weigh::{Clock, JournalAt, Quiet, Request, RunJournal, Services, weigh};
pub use weights::convert::Error as ConvertError;
