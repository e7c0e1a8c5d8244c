use serde::Serialize;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::{Ask, DOING, Listed, Page};
use crate::error::{Doing as _, Error};
use crate::rows::{flag, number, statement, text};
use crate::write::Ledger;

/// A weighing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Weighing {
    /// Its identifier.
    pub weighing: String,
    /// The number of its entry.
    pub number: u64,
    /// The model.
    pub model: String,
    /// The version; empty where none was named.
    pub version: String,
    /// Where the artifact came from.
    pub source: String,
    /// The artifact.
    pub artifact: String,
    /// `admit`, `refuse` or `undecided`.
    pub verdict: String,
    /// The policy.
    pub policy: String,
    /// SHA-256 of its text.
    pub policy_digest: String,
    /// SHA-256 of the report; [`Ledger::document`] has it.
    pub report: String,
    /// When.
    pub at: String,
    /// Who asked for it.
    pub actor: String,
    /// How severe its worst finding was; empty for none.
    pub worst: String,
    /// How many findings.
    pub findings: u64,
    /// How many checks did not look at everything.
    pub gaps: u64,
    /// Whether it is the last of this artifact of this model.
    pub latest: bool,
}

/// How a check of a weighing ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Check {
    /// The check.
    pub name: String,
    /// `clear`, `found`, `not-applicable` or `could-not-look`.
    pub outcome: String,
    /// Why, where it did not look.
    pub because: String,
}

/// Which weighings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WeighingFilter {
    /// Of a model.
    pub model: Option<String>,
    /// Of an artifact.
    pub artifact: Option<String>,
    /// With a verdict.
    pub verdict: Option<String>,
    /// Asked for by somebody.
    pub actor: Option<String>,
    /// Only the last of each artifact of each model: the versions of a model.
    pub latest: bool,
}

const COLUMNS: &str = "weighing, number, model, version, source, artifact, verdict, policy,
    policy_digest, report, at, actor, worst, findings, gaps, latest";

impl Ledger {
    /// Weighings, the newest first.
    pub async fn weighings(
        &self,
        filter: &WeighingFilter,
        page: Page,
    ) -> Result<Listed<Weighing>, Error> {
        let mut ask = Ask::new(COLUMNS, "weighing", "number DESC")
            .with_some("model = ?", filter.model.as_deref())
            .with_some("artifact = ?", filter.artifact.as_deref())
            .with_some("verdict = ?", filter.verdict.as_deref())
            .with_some("actor = ?", filter.actor.as_deref());
        if filter.latest {
            ask = ask.holds("latest = 1");
        }
        ask.listed(self, page, weighing).await
    }

    /// One weighing.
    pub async fn weighing(&self, name: &str) -> Result<Option<Weighing>, Error> {
        Ask::new(COLUMNS, "weighing", "number")
            .with("weighing = ?", name)
            .first(self, weighing)
            .await
    }

    /// The report of a weighing, as it was recorded.
    pub async fn report(&self, weighing: &str) -> Result<Option<Vec<u8>>, Error> {
        let sql = "SELECT d.bytes FROM weighing w JOIN document d ON d.sha256 = w.report
                   WHERE w.weighing = $1";
        let row = statement(sql, [weighing.into()]).fetch_optional(self.pool()).await;
        row.doing(DOING)?.map(|row| row.try_get(0).doing(DOING)).transpose()
    }

    /// How its checks ended, in the order of the report.
    pub async fn checks(&self, weighing: &str) -> Result<Vec<Check>, Error> {
        let sql = "SELECT name, outcome, because FROM check_outcome WHERE weighing = $1
                   ORDER BY position";
        let rows = statement(sql, [weighing.into()]).fetch_all(self.pool()).await.doing(DOING)?;
        let check = |row: &AnyRow| {
            Ok(Check { name: text(row, 0)?, outcome: text(row, 1)?, because: text(row, 2)? })
        };
        rows.iter().map(check).collect()
    }
}

fn weighing(row: &AnyRow) -> Result<Weighing, Error> {
    Ok(Weighing {
        weighing: text(row, 0)?,
        number: number(row, 1)?,
        model: text(row, 2)?,
        version: text(row, 3)?,
        source: text(row, 4)?,
        artifact: text(row, 5)?,
        verdict: text(row, 6)?,
        policy: text(row, 7)?,
        policy_digest: text(row, 8)?,
        report: text(row, 9)?,
        at: text(row, 10)?,
        actor: text(row, 11)?,
        worst: text(row, 12)?,
        findings: number(row, 13)?,
        gaps: number(row, 14)?,
        latest: flag(row, 15)?,
    })
}
