use serde::Serialize;
use sqlx::any::AnyRow;

use super::{Ask, Listed, Page};
use crate::error::Error;
use crate::rows::{flag, number, text};
use crate::write::Ledger;

/// A deployment, with what was seen of it last, and what is known of the artifact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Deployment {
    /// Its identifier.
    pub deployment: String,
    /// The number of its entry.
    pub number: u64,
    /// The model.
    pub model: String,
    /// Who answers for the model.
    pub owner: String,
    /// The artifact that is meant to be served.
    pub artifact: String,
    /// `production`, `staging`, …
    pub environment: String,
    /// Where.
    pub place: String,
    /// Since when.
    pub at: String,
    /// Who deployed it.
    pub actor: String,
    /// When it ended; empty while it runs.
    pub ended: String,
    /// What was found there last; empty where nobody looked, or where it could not be told.
    pub seen: String,
    /// When somebody looked last; empty where nobody did.
    pub seen_at: String,
    /// How it was looked at.
    pub seen_by: String,
    /// Whether something else is served than what is meant to be.
    pub differs: bool,
    /// The version that the artifact was weighed as last.
    pub version: String,
    /// Where the artifact came from.
    pub source: String,
    /// The last weighing of the artifact as this model.
    pub weighing: String,
    /// Its verdict.
    pub verdict: String,
    /// When it was weighed.
    pub weighed_at: String,
    /// The policy.
    pub policy: String,
}

/// What somebody saw of a deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Observation {
    /// The number of its entry.
    pub number: u64,
    /// The deployment.
    pub deployment: String,
    /// What was found; empty where it could not be told.
    pub artifact: String,
    /// How it was looked at.
    pub method: String,
    /// What else there is to say.
    pub detail: String,
    /// When.
    pub at: String,
    /// By whom.
    pub actor: String,
}

/// Which deployments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeploymentFilter {
    /// Of a model.
    pub model: Option<String>,
    /// That are meant to serve an artifact.
    pub artifact: Option<String>,
    /// In an environment.
    pub environment: Option<String>,
    /// Ended ones as well.
    pub ended: bool,
    /// Only those that serve something else.
    pub differing: bool,
}

pub(super) const COLUMNS: &str =
    "d.deployment, d.number, d.model, m.owner, d.artifact, d.environment,
    d.place, d.at, d.actor, d.ended, d.seen, d.seen_at, d.seen_by, d.differs, w.version, w.source,
    w.weighing, w.verdict, w.at, w.policy";
pub(super) const FROM: &str = "deployment d JOIN model m ON m.model = d.model
    LEFT JOIN weighing w ON w.latest = 1 AND w.model = d.model AND w.artifact = d.artifact";

impl Ledger {
    /// Deployments: those that serve something else first, then the newest.
    pub async fn deployments(
        &self,
        filter: &DeploymentFilter,
        page: Page,
    ) -> Result<Listed<Deployment>, Error> {
        let mut ask = Ask::new(COLUMNS, FROM, "d.differs DESC, d.number DESC")
            .with_some("d.model = ?", filter.model.as_deref())
            .with_some("d.artifact = ?", filter.artifact.as_deref())
            .with_some("d.environment = ?", filter.environment.as_deref());
        if !filter.ended {
            ask = ask.holds("d.ended = ''");
        }
        if filter.differing {
            ask = ask.holds("d.differs = 1");
        }
        ask.listed(self, page, deployment).await
    }

    /// One deployment.
    pub async fn deployment(&self, name: &str) -> Result<Option<Deployment>, Error> {
        let ask = Ask::new(COLUMNS, FROM, "d.number").with("d.deployment = ?", name);
        ask.first(self, deployment).await
    }

    /// What was seen of a deployment, the newest first.
    pub async fn observations(
        &self,
        deployment: &str,
        page: Page,
    ) -> Result<Listed<Observation>, Error> {
        let observation = |row: &AnyRow| {
            Ok(Observation {
                number: number(row, 0)?,
                deployment: text(row, 1)?,
                artifact: text(row, 2)?,
                method: text(row, 3)?,
                detail: text(row, 4)?,
                at: text(row, 5)?,
                actor: text(row, 6)?,
            })
        };
        let columns = "number, deployment, artifact, method, detail, at, actor";
        Ask::new(columns, "observation", "number DESC")
            .with("deployment = ?", deployment)
            .listed(self, page, observation)
            .await
    }
}

pub(super) fn deployment(row: &AnyRow) -> Result<Deployment, Error> {
    Ok(Deployment {
        deployment: text(row, 0)?,
        number: number(row, 1)?,
        model: text(row, 2)?,
        owner: text(row, 3)?,
        artifact: text(row, 4)?,
        environment: text(row, 5)?,
        place: text(row, 6)?,
        at: text(row, 7)?,
        actor: text(row, 8)?,
        ended: text(row, 9)?,
        seen: text(row, 10)?,
        seen_at: text(row, 11)?,
        seen_by: text(row, 12)?,
        differs: flag(row, 13)?,
        version: text(row, 14)?,
        source: text(row, 15)?,
        weighing: text(row, 16)?,
        verdict: text(row, 17)?,
        weighed_at: text(row, 18)?,
        policy: text(row, 19)?,
    })
}
