use provenance::json;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::{Ask, DOING, Listed, Page};
use crate::error::{Doing as _, Error};
use crate::event::{Entry, Recorded};
use crate::rows::{number, statement};
use crate::write::Ledger;

/// Which entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntryFilter {
    /// Of a kind: `weighing`, `access`, …
    pub kind: Option<String>,
    /// By somebody.
    pub actor: Option<String>,
    /// About a model.
    pub model: Option<String>,
    /// About an artifact.
    pub artifact: Option<String>,
    /// Every kind but calls of the server, where no kind is named.
    pub no_access: bool,
}

impl Ledger {
    /// Entries, the newest first.
    pub async fn audit(&self, filter: &EntryFilter, page: Page) -> Result<Listed<Recorded>, Error> {
        let mut ask = Ask::new(
            "a.number, e.body",
            "audit a JOIN entry e ON e.number = a.number",
            "a.number DESC",
        )
        .with_some("a.kind = ?", filter.kind.as_deref())
        .with_some("a.actor = ?", filter.actor.as_deref())
        .with_some("a.model = ?", filter.model.as_deref())
        .with_some("a.artifact = ?", filter.artifact.as_deref());
        if filter.no_access {
            ask = ask.holds("a.kind <> 'access'");
        }
        ask.listed(self, page, recorded).await
    }

    /// Entries from a number on.
    pub async fn entries(&self, from: u64, most: u32) -> Result<Vec<Recorded>, Error> {
        let sql = "SELECT number, body FROM entry WHERE number >= $1 ORDER BY number LIMIT $2";
        let rows = statement(sql, [from.into(), most.into()]).fetch_all(self.pool()).await;
        rows.doing(DOING)?.iter().map(recorded).collect()
    }

    /// How many entries there are.
    pub async fn size(&self) -> Result<u64, Error> {
        let sql = "SELECT COALESCE(MAX(number) + 1, 0) FROM entry";
        number(&statement(sql, []).fetch_one(self.pool()).await.doing(DOING)?, 0)
    }

    /// A file of the log over the entries, as C2SP `tlog-tiles` names it: `checkpoint`, `tile/…`.
    pub async fn log_file(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        if name != "checkpoint" && !name.starts_with("tile/") {
            return Ok(None);
        }
        let sql = "SELECT bytes FROM log_file WHERE name = $1";
        let row = statement(sql, [name.into()]).fetch_optional(self.pool()).await.doing(DOING)?;
        row.map(|row| row.try_get(0).doing(DOING)).transpose()
    }

    /// A document by its SHA-256.
    pub async fn document(&self, sha256: &str) -> Result<Option<Vec<u8>>, Error> {
        let sql = "SELECT bytes FROM document WHERE sha256 = $1";
        let row = statement(sql, [sha256.into()]).fetch_optional(self.pool()).await.doing(DOING)?;
        row.map(|row| row.try_get(0).doing(DOING)).transpose()
    }
}

fn recorded(row: &AnyRow) -> Result<Recorded, Error> {
    let body: String = row.try_get(1).doing(DOING)?;
    let entry: Entry = json::parse_as("an entry", body.as_bytes())?;
    Ok(Recorded { number: number(row, 0)?, entry })
}
