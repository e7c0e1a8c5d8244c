//! A job, as the database tells it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::DOING;
use crate::error::{Doing as _, Error};
use crate::event::stamp;
use crate::read::{number, text};

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobState {
    /// Nobody works on it.
    Waiting,
    /// A worker has it.
    Running,
    /// It ended, and its result is recorded.
    Done,
    /// It ended without a result.
    Failed,
    /// Somebody took it back before a worker had it.
    Cancelled,
}

impl JobState {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    pub(super) fn of(word: &str) -> Self {
        match word {
            "waiting" => Self::Waiting,
            "running" => Self::Running,
            "done" => Self::Done,
            "cancelled" => Self::Cancelled,
            _ => Self::Failed,
        }
    }
}

/// Work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Job {
    /// Its identifier.
    pub job: String,
    /// What is to be done: `weighing`, `recheck`.
    pub kind: String,
    /// What was asked, as JSON.
    pub request: String,
    /// What it reads: a path, or `upload:<hash>`.
    pub source: String,
    /// Who asked.
    pub actor: String,
    /// Where it stands.
    pub state: JobState,
    /// Who has it, or had it last.
    pub worker: String,
    /// Until when they have it, by the clock of the database; empty where nobody has it.
    pub lease: String,
    /// How often it was taken.
    pub attempts: u64,
    /// When it was asked for.
    pub at: String,
    /// When it ended; empty before.
    pub ended: String,
    /// Why it failed; empty otherwise.
    pub result: String,
}

/// How many jobs stand where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Queue {
    /// That nobody works on.
    pub waiting: u64,
    /// That a worker has.
    pub running: u64,
    /// That ended with a result.
    pub done: u64,
    /// That ended without.
    pub failed: u64,
    /// That were taken back.
    pub cancelled: u64,
}

impl Queue {
    pub(super) fn add(&mut self, state: JobState, count: u64) {
        let place = match state {
            JobState::Waiting => &mut self.waiting,
            JobState::Running => &mut self.running,
            JobState::Done => &mut self.done,
            JobState::Failed => &mut self.failed,
            JobState::Cancelled => &mut self.cancelled,
        };
        *place = place.saturating_add(count);
    }
}

/// The columns that [`job`] reads.
pub(super) const COLUMNS: &str =
    "job, kind, request, source, actor, state, worker, lease, attempts, at, ended, result";

pub(super) fn job(row: &AnyRow) -> Result<Job, Error> {
    let lease: i64 = row.try_get(7).doing(DOING)?;
    let until = Timestamp::from_millisecond(lease).ok().filter(|_| lease > 0);
    Ok(Job {
        job: text(row, 0)?,
        kind: text(row, 1)?,
        request: text(row, 2)?,
        source: text(row, 3)?,
        actor: text(row, 4)?,
        state: JobState::of(&text(row, 5)?),
        worker: text(row, 6)?,
        lease: until.map(stamp).unwrap_or_default(),
        attempts: number(row, 8)?,
        at: text(row, 9)?,
        ended: text(row, 10)?,
        result: text(row, 11)?,
    })
}
