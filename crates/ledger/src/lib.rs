//! The record: what was weighed, who answers for it, what is in production, and who asked.
//!
//! It is a list of [`Event`]s that only grows. Each event is an entry (canonical JSON, RFC 8785) with
//! a number, the moment and the actor; entry *n* is leaf *n* of a transparency log (C2SP
//! [`tlog-tiles`](https://c2sp.org/tlog-tiles)), so that nobody who can write into the database can
//! change what was recorded without being found out by whoever kept a checkpoint. Large documents
//! (reports, attestations) lie beside the entries, under their SHA-256, which the entry names.
//!
//! Everything else in the database follows from the entries: the tables of `project` are made by
//! applying them in order, and [`verify`](crate::verify()) makes them again and compares. The queue of jobs,
//! sessions and the like are not the record and stand apart.
//!
//! One code serves SQLite (one file, WAL) and PostgreSQL.
//!
//! ```no_run
//! # async fn example() -> Result<(), ledger::Error> {
//! let ledger = ledger::Ledger::open(&ledger::Place::folder("data")).await?;
//! let act = ledger::Act::new("ana", jiff::Timestamp::UNIX_EPOCH);
//! let owner = ledger::Event::Owner { model: "org/model".into(), owner: "ana".into() };
//! assert_eq!(ledger.record(act, owner).await?, 0);
//! # Ok(())
//! # }
//! ```

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

mod connect;
mod credentials;
mod error;
mod evaluations;
mod event;
mod jobs;
mod place;
mod project;
mod proof;
mod publish;
mod read;
mod report;
mod rows;
mod schema;
mod storage;
mod transfer;
mod uploads;
mod verify;
mod witness;
mod write;

pub use connect::Engine;
pub use credentials::{Holder, NewToken, Role, Shown, Token};
pub use error::Error;
pub use evaluations::Journal;
pub use event::{Act, Entry, Evaluated, Event, Recorded, Vote, Weighed};
pub use jobs::{Ended, Job, JobState, LONGEST_LEASE, Queue, Recheck, Task};
pub use place::Place;
pub use read::{
    Approval, Artifact, ArtifactFile, Attestation, Blast, Check, Deployment, DeploymentFilter,
    EntryFilter, Evaluation, EvaluationFilter, Finding, FindingFilter, Listed, Match, Model,
    ModelFilter, Observation, Page, Standing, Tally, Touched, Waiver, WaiverFilter, WaiverState,
    WaiverVote, Weighing, WeighingFilter,
};
pub use transfer::Transferred;
pub use uploads::{Room, Upload, UploadedFile};
pub use verify::{Fault, Verified, verify};
pub use witness::Covered;
#[cfg(feature = "witness")]
pub use witness::Witnessed;
pub use write::Ledger;
