//! The queue: work that some worker, on any machine that shares the database, does once.
//!
//! A worker takes a job for a while (a lease) and renews it while it works. A lease that ran out is
//! given to another. Only who holds the lease may end the job, in the same transaction in which its
//! result is recorded: a job that is done twice is recorded once. The queue is no part of the record.
//!
//! Leases are held against the clock of the database alone, so that a machine whose clock is wrong
//! neither steals jobs nor keeps them. Where that clock itself jumps back, a lease that lies further
//! ahead than any could be counts as run out.

mod row;
mod schedule;

use std::time::Duration;

use sqlx::{AssertSqlSafe, Row as _};

use crate::connect::Engine;
use crate::error::{Doing as _, Error};
use crate::event::{Act, Event, stamp};
use crate::read::Page;
use crate::write::{Ledger, append, keep};

use row::{COLUMNS, job};
pub use row::{Job, JobState, Queue};
pub use schedule::Recheck;

/// The longest lease; a longer one is cut to it.
pub const LONGEST_LEASE: Duration = Duration::from_mins(10);
/// How often a job is tried before it is given up.
const ATTEMPTS: i64 = 5;
const DOING: &str = "use the queue";

/// Work to be queued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// What is to be done: `weighing`, `recheck`.
    pub kind: String,
    /// What is asked, as JSON.
    pub request: String,
    /// What it reads: a path, or `upload:<hash>`. Uploads that a job reads are kept.
    pub source: String,
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

/// The condition that the lease of a job has run out, by the clock of the database.
fn run_out(engine: Engine) -> String {
    let (now, longest) = (engine.now(), LONGEST_LEASE.as_millis());
    format!("state = 'running' AND (lease < {now} OR lease > {now} + {longest})")
}

fn milliseconds(lease: Duration) -> i64 {
    i64::try_from(lease.min(LONGEST_LEASE).as_millis()).unwrap_or_default()
}

impl Ledger {
    /// Puts a job into the queue. An identifier that is taken is refused.
    pub async fn submit(&self, act: Act, job: &str, task: Task) -> Result<(), Error> {
        let job = job.to_owned();
        self.transact(move |connection| {
            Box::pin(async move {
                if put(connection, &act, &job, &task).await? {
                    return Ok(());
                }
                Err(Error::refused("a job of this identifier stands in the queue"))
            })
        })
        .await
    }

    /// Whether a job waits for somebody to take it. It asks, and waits for no writer.
    pub async fn has_work(&self) -> Result<bool, Error> {
        let statement = format!(
            "SELECT 1 WHERE EXISTS (SELECT 1 FROM job WHERE state = 'waiting')
             OR EXISTS (SELECT 1 FROM job WHERE {})",
            run_out(self.engine())
        );
        let row = sqlx::query(AssertSqlSafe(statement)).fetch_optional(self.pool()).await;
        Ok(row.doing(DOING)?.is_some())
    }

    /// Takes the oldest job whose lease ran out, or else that waits. One that was tried too often is
    /// given up.
    pub async fn take(&self, worker: &str, lease: Duration) -> Result<Option<Job>, Error> {
        let (worker, lease, now) = (worker.to_owned(), milliseconds(lease), self.engine().now());
        let run_out = run_out(self.engine());
        self.transact(move |connection| {
            Box::pin(async move {
                let given_up = format!(
                    "UPDATE job SET state = 'failed', lease = 0,
                     result = 'every worker that took it was gone before it ended'
                     WHERE attempts >= $1 AND {run_out}"
                );
                sqlx::query(AssertSqlSafe(given_up))
                    .bind(ATTEMPTS)
                    .execute(&mut *connection)
                    .await
                    .doing(DOING)?;
                let taken = format!(
                    "UPDATE job SET state = 'running', worker = $1, lease = {now} + $2,
                     attempts = attempts + 1
                     WHERE job = COALESCE(
                         (SELECT job FROM job WHERE {run_out} ORDER BY number LIMIT 1),
                         (SELECT job FROM job WHERE state = 'waiting' ORDER BY number LIMIT 1))
                     RETURNING {COLUMNS}"
                );
                let row = sqlx::query(AssertSqlSafe(taken))
                    .bind(worker)
                    .bind(lease)
                    .fetch_optional(connection)
                    .await
                    .doing(DOING)?;
                row.as_ref().map(job).transpose()
            })
        })
        .await
    }

    /// Keeps a job for longer; `false` where another has it by now.
    pub async fn renew(&self, job: &str, worker: &str, lease: Duration) -> Result<bool, Error> {
        let change = format!("lease = {} + {}", self.engine().now(), milliseconds(lease));
        self.held(job, worker, change).await
    }

    /// Gives a job back undone: it waits again, and this try does not count.
    pub async fn give_back(&self, job: &str, worker: &str) -> Result<bool, Error> {
        let change = "state = 'waiting', worker = '', lease = 0, attempts = attempts - 1";
        self.held(job, worker, change.to_owned()).await
    }

    /// Changes a job that a worker holds; `false` where it does not hold it.
    async fn held(&self, job: &str, worker: &str, change: String) -> Result<bool, Error> {
        let (job, worker) = (job.to_owned(), worker.to_owned());
        self.transact(move |connection| {
            Box::pin(async move {
                let statement = format!(
                    "UPDATE job SET {change}
                     WHERE job = $1 AND worker = $2 AND state = 'running'"
                );
                let done = sqlx::query(AssertSqlSafe(statement))
                    .bind(job)
                    .bind(worker)
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
                    Ended::Failed { because } => (JobState::Failed, because.replace('\0', " ")),
                };
                let done = sqlx::query(
                    "UPDATE job SET state = $3, ended = $4, result = $5, lease = 0
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

    /// Cancels a job that nobody has taken.
    pub async fn cancel(&self, act: Act, job: &str) -> Result<(), Error> {
        let job = job.to_owned();
        self.transact(move |connection| {
            Box::pin(async move {
                let done = sqlx::query(
                    "UPDATE job SET state = 'cancelled', ended = $2, result = $3
                     WHERE job = $1 AND state = 'waiting'",
                )
                .bind(&job)
                .bind(stamp(act.at))
                .bind(format!("cancelled by {}", act.actor))
                .execute(&mut *connection)
                .await
                .doing(DOING)?;
                if done.rows_affected() == 1 {
                    return Ok(());
                }
                let known = sqlx::query("SELECT 1 FROM job WHERE job = $1")
                    .bind(&job)
                    .fetch_optional(connection)
                    .await
                    .doing(DOING)?;
                Err(match known {
                    Some(_) => Error::refused("the job does not wait any more"),
                    None => Error::unknown("job", &job),
                })
            })
        })
        .await
    }

    /// Asks once more for what failed or was cancelled: a new job.
    pub async fn again(&self, act: Act, job: &str, new: &str) -> Result<(), Error> {
        let found = self.job(job).await?.ok_or_else(|| Error::unknown("job", job))?;
        match found.state {
            JobState::Failed | JobState::Cancelled => {
                let Job { kind, request, source, .. } = found;
                self.submit(act, new, Task { kind, request, source }).await
            }
            JobState::Waiting | JobState::Running | JobState::Done => {
                Err(Error::refused("the job has not failed"))
            }
        }
    }

    /// One job.
    pub async fn job(&self, id: &str) -> Result<Option<Job>, Error> {
        let statement = format!("SELECT {COLUMNS} FROM job WHERE job = $1");
        sqlx::query(AssertSqlSafe(statement))
            .bind(id)
            .fetch_optional(self.pool())
            .await
            .doing(DOING)?
            .as_ref()
            .map(job)
            .transpose()
    }

    /// Jobs, the newest first; those of one state where it is named.
    pub async fn jobs(&self, state: Option<JobState>, page: Page) -> Result<Vec<Job>, Error> {
        let only = if state.is_some() { "WHERE state = $3" } else { "" };
        let statement =
            format!("SELECT {COLUMNS} FROM job {only} ORDER BY number DESC LIMIT $1 OFFSET $2");
        let mut query = sqlx::query(AssertSqlSafe(statement))
            .bind(i64::from(page.take))
            .bind(i64::from(page.skip));
        if let Some(state) = state {
            query = query.bind(state.word());
        }
        query.fetch_all(self.pool()).await.doing(DOING)?.iter().map(job).collect()
    }

    /// How many jobs stand where.
    pub async fn queue(&self) -> Result<Queue, Error> {
        let rows = sqlx::query("SELECT state, COUNT(*) FROM job GROUP BY state")
            .fetch_all(self.pool())
            .await
            .doing(DOING)?;
        let mut queue = Queue::default();
        for row in rows {
            let state: String = row.try_get(0).doing(DOING)?;
            let count: i64 = row.try_get(1).doing(DOING)?;
            queue.add(JobState::of(&state), u64::try_from(count).unwrap_or_default());
        }
        Ok(queue)
    }
}

/// Puts a job at the end of the queue; `false` where its identifier is taken.
pub(crate) async fn put(
    connection: &mut sqlx::AnyConnection,
    act: &Act,
    job: &str,
    task: &Task,
) -> Result<bool, Error> {
    let done = sqlx::query(
        "INSERT INTO job (number, job, kind, request, source, actor, at, state, worker, lease,
         attempts, ended, result)
         VALUES ((SELECT COALESCE(MAX(number), 0) + 1 FROM job), $1, $2, $3, $4, $5, $6, 'waiting', '',
                 0, 0, '', '') ON CONFLICT (job) DO NOTHING",
    )
    .bind(job)
    .bind(&task.kind)
    .bind(&task.request)
    .bind(&task.source)
    .bind(&act.actor)
    .bind(stamp(act.at))
    .execute(connection)
    .await
    .doing(DOING)?;
    Ok(done.rows_affected() == 1)
}
