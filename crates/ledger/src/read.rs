//! Questions to the record.

use provenance::json;
use serde::Serialize;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::error::{Doing as _, Error};
use crate::event::{Entry, Recorded};
use crate::write::Ledger;

const DOING: &str = "read";

/// Which part of a long list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// How many are left out at the beginning.
    pub skip: u32,
    /// How many are told at most.
    pub take: u32,
}

impl Default for Page {
    fn default() -> Self {
        Self { skip: 0, take: 50 }
    }
}

/// A model, as its last weighing left it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Model {
    /// Its name.
    pub model: String,
    /// Who answers for it; empty where nobody does.
    pub owner: String,
    /// The version that was weighed last.
    pub version: String,
    /// Its artifact.
    pub artifact: String,
    /// Where it came from.
    pub source: String,
    /// The verdict of the last weighing.
    pub verdict: String,
    /// The policy that it was made by.
    pub policy: String,
    /// When.
    pub weighed_at: String,
    /// The identifier of that weighing.
    pub weighing: String,
    /// How many deployments of it run.
    pub deployments: u64,
}

impl Ledger {
    /// All models, those that run first, then by name.
    pub async fn models(&self, page: Page) -> Result<Vec<Model>, Error> {
        let rows = sqlx::query(
            "SELECT m.model, m.owner, w.version, w.artifact, w.source, w.verdict, w.policy, w.at,
                    w.weighing, (SELECT COUNT(*) FROM deployment d
                                 WHERE d.model = m.model AND d.ended = '') AS running
             FROM model m LEFT JOIN weighing w
                  ON w.number = (SELECT MAX(number) FROM weighing WHERE model = m.model)
             ORDER BY running DESC, m.model LIMIT $1 OFFSET $2",
        )
        .bind(i64::from(page.take))
        .bind(i64::from(page.skip))
        .fetch_all(self.pool())
        .await
        .doing(DOING)?;
        rows.iter().map(model).collect()
    }

    /// Entries from a number on.
    pub async fn entries(&self, from: u64, most: u32) -> Result<Vec<Recorded>, Error> {
        let rows = sqlx::query(
            "SELECT number, body FROM entry WHERE number >= $1 ORDER BY number LIMIT $2",
        )
        .bind(i64::try_from(from).unwrap_or(i64::MAX))
        .bind(i64::from(most))
        .fetch_all(self.pool())
        .await
        .doing(DOING)?;
        let entry = |row: &AnyRow| {
            let body: String = row.try_get(1).doing(DOING)?;
            let entry: Entry = json::parse_as("an entry", body.as_bytes())?;
            Ok(Recorded { number: number(row, 0)?, entry })
        };
        rows.iter().map(entry).collect()
    }

    /// The report of a weighing, as it was recorded.
    pub async fn report(&self, weighing: &str) -> Result<Option<Vec<u8>>, Error> {
        sqlx::query(
            "SELECT d.bytes FROM weighing w JOIN document d ON d.sha256 = w.report
             WHERE w.weighing = $1",
        )
        .bind(weighing)
        .fetch_optional(self.pool())
        .await
        .doing(DOING)?
        .map(|row| row.try_get(0).doing(DOING))
        .transpose()
    }

    /// A document by its SHA-256.
    pub async fn document(&self, sha256: &str) -> Result<Option<Vec<u8>>, Error> {
        sqlx::query("SELECT bytes FROM document WHERE sha256 = $1")
            .bind(sha256)
            .fetch_optional(self.pool())
            .await
            .doing(DOING)?
            .map(|row| row.try_get(0).doing(DOING))
            .transpose()
    }
}

fn model(row: &AnyRow) -> Result<Model, Error> {
    Ok(Model {
        model: text(row, 0)?,
        owner: text(row, 1)?,
        version: text(row, 2)?,
        artifact: text(row, 3)?,
        source: text(row, 4)?,
        verdict: text(row, 5)?,
        policy: text(row, 6)?,
        weighed_at: text(row, 7)?,
        weighing: text(row, 8)?,
        deployments: number(row, 9)?,
    })
}

/// A text; empty where there is none.
pub(crate) fn text(row: &AnyRow, column: usize) -> Result<String, Error> {
    Ok(row.try_get::<Option<String>, _>(column).doing(DOING)?.unwrap_or_default())
}

pub(crate) fn number(row: &AnyRow, column: usize) -> Result<u64, Error> {
    let number: i64 = row.try_get(column).doing(DOING)?;
    Ok(u64::try_from(number).unwrap_or_default())
}
