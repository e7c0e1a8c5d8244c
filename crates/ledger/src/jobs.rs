//! The queue: work that some worker, on any machine that shares the database, does once.
//!
//! A worker takes a job for a while (a lease) and renews it while it works. A lease that ran out is
//! given to another. Only who holds the lease may end the job, in the same transaction in which its
//! result is recorded: a job that is done twice is recorded once. The queue is no part of the record.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;

use crate::error::{Doing as _, Error};
use crate::event::{Act, Event, stamp};
use crate::read::{Page, number, text};
use crate::write::{Ledger, append, keep};

/// How often a job is tried before it is given up.
const ATTEMPTS: i64 = 3;
const DOING: &str = "use the queue";

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
}

impl JobState {
    fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }

    fn of(word: &str) -> Self {
        match word {
            "waiting" => Self::Waiting,
            "running" => Self::Running,
            "done" => Self::Done,
            _ => Self::Failed,
        }
    }
}

/// Work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Job {
    /// Its identifier.
    pub job: String,
    /// What is to be done: `weighing`.
    pub kind: String,
    /// What was asked, as JSON.
    pub request: String,
    /// Who asked.
    pub actor: String,
    /// Where it stands.
    pub state: JobState,
    /// Who has it, or had it last.
    pub worker: String,
    /// Until when they have it.
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

/// How a job ends.
#[derive(Clone, Debug)]
pub enum Ended {
    /// With events to be recorded, and the documents that they name.
    Done {
        /// What happened, in order.
        events: Vec<Event>,
        /// Reports and the like.
        documents: Vec<Vec<u8>>,
    },
    /// Without a result, and why.
    Failed {
        /// Why.
        because: String,
    },
}

impl Ledger {
    /// Puts a job into the queue. An identifier that is taken is refused.
    pub async fn submit(
        &self,
        act: Act,
        job: &str,
        kind: &str,
        request: &str,
    ) -> Result<(), Error> {
        let (job, kind, request) = (job.to_owned(), kind.to_owned(), request.to_owned());
        self.transact(move |connection| {
            Box::pin(async move {
                let done = sqlx::query(
                    "INSERT INTO job (job, kind, request, actor, state, worker, lease, attempts, at,
                     ended, result) VALUES ($1, $2, $3, $4, 'waiting', '', '', 0, $5, '', '')
                     ON CONFLICT (job) DO NOTHING",
                )
                .bind(&job)
                .bind(kind)
                .bind(request)
                .bind(act.actor)
                .bind(stamp(act.at))
                .execute(connection)
                .await
                .doing(DOING)?;
                match done.rows_affected() {
                    1 => Ok(()),
                    _ => Err(Error::refused("a job of this identifier stands in the queue")),
                }
            })
        })
        .await
    }

    /// Takes the oldest job that waits, or whose lease ran out. One that was tried too often is
    /// given up.
    pub async fn take(
        &self,
        worker: &str,
        now: Timestamp,
        lease: SignedDuration,
    ) -> Result<Option<Job>, Error> {
        let (worker, until) = (worker.to_owned(), stamp(now.saturating_add(lease).unwrap_or(now)));
        let now = stamp(now);
        self.transact(move |connection| {
            Box::pin(async move {
                sqlx::query(
                    "UPDATE job SET state = 'failed', ended = $1,
                     result = 'every worker that took it was gone before it ended'
                     WHERE state = 'running' AND lease < $1 AND attempts >= $2",
                )
                .bind(&now)
                .bind(ATTEMPTS)
                .execute(&mut *connection)
                .await
                .doing(DOING)?;
                let row = sqlx::query(
                    "UPDATE job SET state = 'running', worker = $1, lease = $2,
                     attempts = attempts + 1
                     WHERE job = (SELECT job FROM job WHERE state = 'waiting'
                                  OR (state = 'running' AND lease < $3) ORDER BY at, job LIMIT 1)
                     RETURNING job, kind, request, actor, state, worker, lease, attempts, at, ended,
                     result",
                )
                .bind(worker)
                .bind(until)
                .bind(now)
                .fetch_optional(connection)
                .await
                .doing(DOING)?;
                row.as_ref().map(job).transpose()
            })
        })
        .await
    }

    /// Keeps a job for longer; `false` where another has it by now.
    pub async fn renew(&self, job: &str, worker: &str, until: Timestamp) -> Result<bool, Error> {
        let (job, worker, until) = (job.to_owned(), worker.to_owned(), stamp(until));
        self.transact(move |connection| {
            Box::pin(async move {
                let done = sqlx::query(
                    "UPDATE job SET lease = $3 WHERE job = $1 AND worker = $2 AND state = 'running'",
                )
                .bind(job)
                .bind(worker)
                .bind(until)
                .execute(connection)
                .await
                .doing(DOING)?;
                Ok(done.rows_affected() == 1)
            })
        })
        .await
    }

    /// Ends a job and records what came of it, both or neither; `false` where another has the job by
    /// now, and nothing was recorded.
    pub async fn end(
        &self,
        act: Act,
        job: &str,
        worker: &str,
        ended: Ended,
    ) -> Result<bool, Error> {
        let (job, worker) = (job.to_owned(), worker.to_owned());
        self.transact(move |connection| {
            Box::pin(async move {
                let (state, because) = match &ended {
                    Ended::Done { .. } => (JobState::Done, String::new()),
                    Ended::Failed { because } => (JobState::Failed, because.clone()),
                };
                let done = sqlx::query(
                    "UPDATE job SET state = $3, ended = $4, result = $5
                     WHERE job = $1 AND worker = $2 AND state = 'running'",
                )
                .bind(job)
                .bind(worker)
                .bind(state.word())
                .bind(stamp(act.at))
                .bind(because)
                .execute(&mut *connection)
                .await
                .doing(DOING)?;
                if done.rows_affected() != 1 {
                    return Ok(false);
                }
                if let Ended::Done { events, documents } = ended {
                    keep(connection, &documents).await?;
                    for event in events {
                        append(connection, &act, event).await?;
                    }
                }
                Ok(true)
            })
        })
        .await
    }

    /// One job.
    pub async fn job(&self, id: &str) -> Result<Option<Job>, Error> {
        sqlx::query(
            "SELECT job, kind, request, actor, state, worker, lease, attempts, at, ended, result
             FROM job WHERE job = $1",
        )
        .bind(id)
        .fetch_optional(self.pool())
        .await
        .doing(DOING)?
        .as_ref()
        .map(job)
        .transpose()
    }

    /// Jobs, the newest first.
    pub async fn jobs(&self, page: Page) -> Result<Vec<Job>, Error> {
        let rows = sqlx::query(
            "SELECT job, kind, request, actor, state, worker, lease, attempts, at, ended, result
             FROM job ORDER BY at DESC, job LIMIT $1 OFFSET $2",
        )
        .bind(i64::from(page.take))
        .bind(i64::from(page.skip))
        .fetch_all(self.pool())
        .await
        .doing(DOING)?;
        rows.iter().map(job).collect()
    }
}

fn job(row: &AnyRow) -> Result<Job, Error> {
    Ok(Job {
        job: text(row, 0)?,
        kind: text(row, 1)?,
        request: text(row, 2)?,
        actor: text(row, 3)?,
        state: JobState::of(&text(row, 4)?),
        worker: text(row, 5)?,
        lease: text(row, 6)?,
        attempts: number(row, 7)?,
        at: text(row, 8)?,
        ended: text(row, 9)?,
        result: text(row, 10)?,
    })
}
