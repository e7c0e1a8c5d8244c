//! Questions to the record, a file a subject.

mod artifacts;
mod blast;
mod deployments;
mod entries;
mod evaluations;
mod findings;
mod models;
mod search;
mod waivers;
mod weighings;

use serde::Serialize;
use sqlx::any::AnyRow;

use crate::error::{Doing as _, Error};
use crate::rows::{self, Value, statement};
pub(crate) use crate::rows::{number, text};
use crate::write::Ledger;

pub use artifacts::{Approval, Artifact, ArtifactFile, Attestation, Standing};
pub use blast::{Blast, Touched};
pub use deployments::{Deployment, DeploymentFilter, Observation};
pub use entries::EntryFilter;
pub use evaluations::{Evaluation, EvaluationFilter};
pub use findings::{Finding, FindingFilter, Tally};
pub use models::{Model, ModelFilter};
pub use search::Match;
pub use waivers::{Waiver, WaiverFilter, WaiverState, WaiverVote};
pub use weighings::{Check, Weighing, WeighingFilter};

const DOING: &str = "read";
/// The most rows of one page.
const MOST: u32 = 1000;

/// Which part of a long list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// How many are left out at the beginning.
    pub skip: u32,
    /// How many are told at most; never more than 1,000.
    pub take: u32,
}

impl Default for Page {
    fn default() -> Self {
        Self { skip: 0, take: 50 }
    }
}

/// Part of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Listed<T> {
    /// How many there are in all.
    pub total: u64,
    /// Those of the page.
    pub rows: Vec<T>,
}

/// A question that is put together: columns, tables, and what has to hold.
pub(crate) struct Ask {
    columns: &'static str,
    from: &'static str,
    order: &'static str,
    conditions: Vec<String>,
    values: Vec<Value>,
}

impl Ask {
    pub(crate) fn new(columns: &'static str, from: &'static str, order: &'static str) -> Self {
        Self { columns, from, order, conditions: Vec::new(), values: Vec::new() }
    }

    /// A condition; each `?` in it stands for the value.
    fn with(mut self, condition: &str, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self.conditions.push(condition.replace('?', &format!("${}", self.values.len())));
        self
    }

    /// The same, where there is a value.
    fn with_some(self, condition: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(condition, value),
            None => self,
        }
    }

    fn holds(mut self, condition: &str) -> Self {
        self.conditions.push(condition.to_owned());
        self
    }

    fn conditions(&self) -> String {
        match self.conditions.as_slice() {
            [] => String::new(),
            conditions => format!(" WHERE {}", conditions.join(" AND ")),
        }
    }

    async fn total(&self, ledger: &Ledger) -> Result<u64, Error> {
        let sql = format!("SELECT COUNT(*) FROM {}{}", self.from, self.conditions());
        let row = statement(sql, self.values.clone()).fetch_one(ledger.pool()).await;
        rows::number(&row.doing(DOING)?, 0)
    }

    async fn rows<T>(
        self,
        ledger: &Ledger,
        page: Page,
        read: impl Fn(&AnyRow) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        let Self { columns, from, order, .. } = self;
        let sql = format!(
            "SELECT {columns} FROM {from}{} ORDER BY {order} LIMIT {} OFFSET {}",
            self.conditions(),
            page.take.min(MOST),
            page.skip
        );
        let rows = statement(sql, self.values).fetch_all(ledger.pool()).await.doing(DOING)?;
        rows.iter().map(read).collect()
    }

    pub(crate) async fn listed<T>(
        self,
        ledger: &Ledger,
        page: Page,
        read: impl Fn(&AnyRow) -> Result<T, Error>,
    ) -> Result<Listed<T>, Error> {
        let total = self.total(ledger).await?;
        Ok(Listed { total, rows: self.rows(ledger, page, read).await? })
    }

    async fn first<T>(
        self,
        ledger: &Ledger,
        read: impl Fn(&AnyRow) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        let rows = self.rows(ledger, Page { skip: 0, take: 1 }, read).await?;
        Ok(rows.into_iter().next())
    }
}

/// A pattern for `LIKE … ESCAPE '\'` that finds a text anywhere, whatever the case of its letters.
fn anywhere(text: &str) -> String {
    let mut pattern = "%".to_owned();
    for letter in text.to_ascii_lowercase().chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}
