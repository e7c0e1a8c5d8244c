//! Taking a run of probes in: its entry, and where the bytes of its journal lie.

use sqlx::Row as _;

use crate::error::{Doing as _, Error};
use crate::event::{Act, Evaluated, Event};
use crate::write::{Ledger, append, keep};

const DOING: &str = "keep a journal";

/// A journal that lies in the store already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journal {
    /// The object that holds it.
    pub place: String,
    /// The most bytes that whoever hands it in may have here, with all uploads and journals.
    pub room: u64,
}

impl Ledger {
    /// Records an evaluation with its documents, and keeps its journal for as long as the record. Gives the
    /// number of the entry, and the object that holds the journal: another one where its bytes were there
    /// before.
    pub async fn record_evaluation(
        &self,
        act: Act,
        told: Evaluated,
        documents: Vec<Vec<u8>>,
        journal: Journal,
    ) -> Result<(u64, String), Error> {
        self.transact(move |connection| {
            Box::pin(async move {
                let (digest, bytes) = (told.journal.clone(), told.bytes);
                let before = "SELECT CAST(COALESCE(SUM(bytes), 0) AS BIGINT) FROM
                    (SELECT bytes FROM upload_owner WHERE actor = $1 UNION ALL
                     SELECT MAX(bytes) FROM evaluation WHERE actor = $1 GROUP BY journal) held";
                let before = sqlx::query(before).bind(&act.actor).fetch_one(&mut *connection);
                let before: i64 = before.await.doing(DOING)?.try_get(0).doing(DOING)?;
                let all = u64::try_from(before).unwrap_or_default().saturating_add(bytes);
                if all > journal.room {
                    let because = format!(
                        "there would be {all} bytes with all uploads and journals of their owner; {} may be",
                        journal.room
                    );
                    return Err(Error::NoRoom { because });
                }
                keep(connection, &documents).await?;
                let number = append(connection, &act, Event::Evaluation(told)).await?;
                sqlx::query(
                    "INSERT INTO blob (sha256, place, bytes) VALUES ($1, $2, $3)
                     ON CONFLICT (sha256) DO NOTHING",
                )
                .bind(&digest)
                .bind(&journal.place)
                .bind(i64::try_from(bytes).unwrap_or(i64::MAX))
                .execute(&mut *connection)
                .await
                .doing(DOING)?;
                let row = sqlx::query("SELECT place FROM blob WHERE sha256 = $1")
                    .bind(&digest)
                    .fetch_one(connection)
                    .await
                    .doing(DOING)?;
                Ok((number, row.try_get(0).doing(DOING)?))
            })
        })
        .await
    }
}
