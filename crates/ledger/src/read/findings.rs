use serde::Serialize;
use sqlx::any::AnyRow;

use super::{Ask, DOING, Listed, Page, anywhere};
use crate::error::{Doing as _, Error};
use crate::report::{rank, severity};
use crate::rows::{flag, number, statement, text};
use crate::write::Ledger;

/// A finding of a weighing. What else is known of it stands in the report, at its position.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Finding {
    /// The weighing.
    pub weighing: String,
    /// Its place among the findings of the report, from 0.
    pub position: u64,
    /// The number of the weighing's entry.
    pub number: u64,
    /// The model.
    pub model: String,
    /// The artifact.
    pub artifact: String,
    /// The rule.
    pub rule: String,
    /// How severe.
    pub severity: String,
    /// The file, as the artifact names it.
    pub file: String,
    /// Its SHA-256; empty where it was not computed.
    pub file_sha256: String,
    /// What was found.
    pub message: String,
    /// Whether an exception covers it.
    pub excepted: bool,
}

/// Which findings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FindingFilter {
    /// Of a rule.
    pub rule: Option<String>,
    /// Of exactly this severity.
    pub severity: Option<String>,
    /// Of a model.
    pub model: Option<String>,
    /// Of an artifact.
    pub artifact: Option<String>,
    /// Of a weighing, whether or not it is the last.
    pub weighing: Option<String>,
    /// In a file with this SHA-256.
    pub file_sha256: Option<String>,
    /// Part of the last 200 characters of the file's path, whatever the case of its letters.
    pub file: Option<String>,
    /// Whether an exception covers it.
    pub excepted: Option<bool>,
    /// Earlier weighings as well; else only the last of each artifact of each model.
    pub earlier: bool,
}

/// How many findings of one kind there are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Tally {
    /// The rule.
    pub rule: String,
    /// Its severity.
    pub severity: String,
    /// How many, in the last weighing of each artifact of each model.
    pub findings: u64,
    /// In how many artifacts, counted anew for each model.
    pub artifacts: u64,
}

const COLUMNS: &str =
    "weighing, position, number, model, artifact, rule, severity, file, file_sha256,
    message, excepted";

impl Ledger {
    /// Findings, the worst first, then the newest.
    pub async fn findings(
        &self,
        filter: &FindingFilter,
        page: Page,
    ) -> Result<Listed<Finding>, Error> {
        let mut ask = Ask::new(COLUMNS, "finding", "severity_rank DESC, number DESC, position")
            .with_some("weighing = ?", filter.weighing.as_deref())
            .with_some("rule = ?", filter.rule.as_deref())
            .with_some("severity_rank = ?", filter.severity.as_deref().map(rank))
            .with_some("model = ?", filter.model.as_deref())
            .with_some("artifact = ?", filter.artifact.as_deref())
            .with_some("file_sha256 = ?", filter.file_sha256.as_deref())
            .with_some("excepted = ?", filter.excepted)
            .with_some(
                "file_end LIKE ? ESCAPE '\\'",
                filter.file.as_deref().map(anywhere).as_ref(),
            );
        if !filter.earlier && filter.weighing.is_none() {
            ask = ask.holds("latest = 1");
        }
        ask.listed(self, page, finding).await
    }

    /// How many findings of each rule there are, the worst first, then the most.
    pub async fn tally(&self) -> Result<Vec<Tally>, Error> {
        let sql = "SELECT rule, severity_rank, COUNT(*), COUNT(DISTINCT number) FROM finding
                   WHERE latest = 1 GROUP BY rule, severity_rank
                   ORDER BY severity_rank DESC, COUNT(*) DESC, rule";
        let rows = statement(sql, []).fetch_all(self.pool()).await.doing(DOING)?;
        let tally = |row: &AnyRow| {
            Ok(Tally {
                rule: text(row, 0)?,
                severity: severity(number(row, 1)?).to_owned(),
                findings: number(row, 2)?,
                artifacts: number(row, 3)?,
            })
        };
        rows.iter().map(tally).collect()
    }
}

fn finding(row: &AnyRow) -> Result<Finding, Error> {
    Ok(Finding {
        weighing: text(row, 0)?,
        position: number(row, 1)?,
        number: number(row, 2)?,
        model: text(row, 3)?,
        artifact: text(row, 4)?,
        rule: text(row, 5)?,
        severity: text(row, 6)?,
        file: text(row, 7)?,
        file_sha256: text(row, 8)?,
        message: text(row, 9)?,
        excepted: flag(row, 10)?,
    })
}
