//! Re-checks that come round: each is planned once, whoever plans.

use std::time::Duration;

use provenance::hex;
use provenance::keys::sha256;
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Row as _};

use super::{DOING, Task, put};
use crate::error::{Doing as _, Error};
use crate::event::Act;
use crate::read::text;
use crate::write::Ledger;

/// What a job of the kind `recheck` is asked for: to read again what a deployment serves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recheck {
    /// The deployment.
    pub deployment: String,
    /// The artifact that it is meant to serve.
    pub artifact: String,
    /// Where the deployment said that it is.
    pub place: String,
    /// Where the artifact was read when it was weighed last; empty where that is not known.
    pub source: String,
}

const RUNNING: &str = "SELECT d.deployment, d.artifact, d.place,
    (SELECT w.source FROM weighing w WHERE w.artifact = d.artifact ORDER BY w.number DESC LIMIT 1)
    FROM deployment d WHERE d.ended = ''";

impl Ledger {
    /// Plans the re-checks of all running deployments for the period that this moment lies in; gives
    /// how many were planned. However many machines plan, and however often, a deployment has one
    /// re-check a period: its name follows from both, by the clock of the database.
    pub async fn plan_rechecks(&self, act: Act, every: Duration) -> Result<u64, Error> {
        let now = self.engine().now();
        self.transact(move |connection| {
            Box::pin(async move {
                let row = sqlx::query(AssertSqlSafe(format!("SELECT {now}")))
                    .fetch_one(&mut *connection)
                    .await
                    .doing(DOING)?;
                let now: i64 = row.try_get(0).doing(DOING)?;
                let every = i64::try_from(every.as_millis()).unwrap_or(i64::MAX).max(1);
                let period = now.checked_div(every).unwrap_or_default();
                let rows = sqlx::query(RUNNING).fetch_all(&mut *connection).await.doing(DOING)?;
                let mut planned = 0_u64;
                for row in rows {
                    let recheck = recheck(&row)?;
                    let name = format!("{period}\n{}", recheck.deployment);
                    if ask(connection, &act, &name_of(&name), &recheck).await? {
                        planned = planned.saturating_add(1);
                    }
                }
                Ok(planned)
            })
        })
        .await
    }

    /// Asks for a re-check of one running deployment, now.
    pub async fn recheck(&self, act: Act, deployment: &str, job: &str) -> Result<(), Error> {
        let (deployment, job) = (deployment.to_owned(), job.to_owned());
        self.transact(move |connection| {
            Box::pin(async move {
                let row = sqlx::query(AssertSqlSafe(format!("{RUNNING} AND d.deployment = $1")))
                    .bind(&deployment)
                    .fetch_optional(&mut *connection)
                    .await
                    .doing(DOING)?;
                let row = row.ok_or_else(|| Error::unknown("running deployment", &deployment))?;
                if ask(connection, &act, &job, &recheck(&row)?).await? {
                    return Ok(());
                }
                Err(Error::refused("a re-check of it waits already"))
            })
        })
        .await
    }
}

fn name_of(text: &str) -> String {
    hex::encode(sha256(text.as_bytes()).as_ref()).chars().take(32).collect()
}

fn recheck(row: &AnyRow) -> Result<Recheck, Error> {
    Ok(Recheck {
        deployment: text(row, 0)?,
        artifact: text(row, 1)?,
        place: text(row, 2)?,
        source: text(row, 3)?,
    })
}

/// Queues a re-check, unless the same one has not ended yet.
async fn ask(
    connection: &mut AnyConnection,
    act: &Act,
    job: &str,
    recheck: &Recheck,
) -> Result<bool, Error> {
    let request = serde_json::to_string(recheck).unwrap_or_default();
    let open = sqlx::query(
        "SELECT 1 FROM job WHERE state IN ('waiting', 'running') AND kind = 'recheck'
         AND request = $1 LIMIT 1",
    )
    .bind(&request)
    .fetch_optional(&mut *connection)
    .await
    .doing(DOING)?;
    if open.is_some() {
        return Ok(false);
    }
    let task = Task { kind: "recheck".to_owned(), request, source: recheck.source.clone() };
    put(connection, act, job, &task).await
}
