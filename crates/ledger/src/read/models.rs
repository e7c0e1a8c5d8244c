use serde::Serialize;
use sqlx::any::AnyRow;

use super::{Ask, Listed, Page, anywhere};
use crate::error::Error;
use crate::rows::{number, text};
use crate::write::Ledger;

/// A model, as its last weighing left it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Model {
    /// Its name.
    pub model: String,
    /// Who answers for it; empty where nobody does.
    pub owner: String,
    /// When it was named first.
    pub first_at: String,
    /// The version that was weighed last.
    pub version: String,
    /// Its artifact; empty where none was weighed.
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
    /// How severe its worst finding was; empty for none.
    pub worst: String,
    /// How many findings it had.
    pub findings: u64,
    /// How many deployments of it run.
    pub deployments: u64,
    /// How many of them serve something else than what they were meant to.
    pub differing: u64,
}

/// Which models.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelFilter {
    /// Part of the name, whatever the case of its letters.
    pub name: Option<String>,
    /// Who answers for it; empty: nobody.
    pub owner: Option<String>,
    /// The verdict of the last weighing.
    pub verdict: Option<String>,
    /// Only those that run.
    pub running: bool,
}

const COLUMNS: &str = "m.model, m.owner, m.first_at, w.version, w.artifact, w.source, w.verdict,
    w.policy, w.at, w.weighing, w.worst, w.findings, m.running,
    (SELECT COUNT(*) FROM deployment d
     WHERE d.model = m.model AND d.ended = '' AND d.differs = 1)";
const FROM: &str = "model m LEFT JOIN weighing w ON w.number = m.last";

impl Ledger {
    /// All models, those that run first, then by name.
    pub async fn models(&self, page: Page) -> Result<Listed<Model>, Error> {
        self.models_with(&ModelFilter::default(), page).await
    }

    /// Some models, those that run first, then by name.
    pub async fn models_with(
        &self,
        filter: &ModelFilter,
        page: Page,
    ) -> Result<Listed<Model>, Error> {
        let mut ask = Ask::new(COLUMNS, FROM, "m.idle, m.model")
            .with_some("m.owner = ?", filter.owner.as_deref())
            .with_some("w.verdict = ?", filter.verdict.as_deref())
            .with_some(
                "LOWER(m.model) LIKE ? ESCAPE '\\'",
                filter.name.as_deref().map(anywhere).as_ref(),
            );
        if filter.running {
            ask = ask.holds("m.idle = 0");
        }
        ask.listed(self, page, model).await
    }

    /// One model.
    pub async fn model(&self, name: &str) -> Result<Option<Model>, Error> {
        Ask::new(COLUMNS, FROM, "m.model").with("m.model = ?", name).first(self, model).await
    }
}

fn model(row: &AnyRow) -> Result<Model, Error> {
    Ok(Model {
        model: text(row, 0)?,
        owner: text(row, 1)?,
        first_at: text(row, 2)?,
        version: text(row, 3)?,
        artifact: text(row, 4)?,
        source: text(row, 5)?,
        verdict: text(row, 6)?,
        policy: text(row, 7)?,
        weighed_at: text(row, 8)?,
        weighing: text(row, 9)?,
        worst: text(row, 10)?,
        findings: number(row, 11)?,
        deployments: number(row, 12)?,
        differing: number(row, 13)?,
    })
}
