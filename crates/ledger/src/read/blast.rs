use serde::Serialize;
use sqlx::any::AnyRow;

use super::deployments::{COLUMNS, FROM, deployment};
use super::{Ask, DOING, Deployment, Listed, Page};
use crate::error::{Doing as _, Error};
use crate::rows::{statement, text};
use crate::write::Ledger;

/// The most files of one deployment that are told.
const MOST_FILES: u32 = 20;

/// What may have reached production.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Blast {
    /// A file, by its SHA-256 in hex.
    File(String),
    /// A rule, of which the last weighing of an artifact has a finding.
    Rule(String),
}

/// A running deployment that contains it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Touched {
    /// The deployment.
    #[serde(flatten)]
    pub deployment: Deployment,
    /// The files in which it is, at most 20.
    pub files: Vec<String>,
}

impl Ledger {
    /// The running deployments that contain a file, or a finding of a rule. What a deployment was
    /// last seen to serve counts as well as what it is meant to.
    pub async fn blast(&self, blast: &Blast, page: Page) -> Result<Listed<Touched>, Error> {
        // A rule may have a finding in every artifact: the engines are kept from going through all of
        // them (`|| ''`), and look only among those of an artifact.
        let (holds, value, files) = match blast {
            Blast::File(sha256) => (
                "(d.artifact IN (SELECT artifact FROM artifact_file WHERE sha256 = ?)
                  OR d.seen IN (SELECT artifact FROM artifact_file WHERE sha256 = ?))",
                sha256.to_ascii_lowercase(),
                "SELECT DISTINCT path FROM artifact_file WHERE sha256 = $1
                 AND artifact IN ($2, $3) ORDER BY path",
            ),
            Blast::Rule(rule) => (
                "EXISTS (SELECT 1 FROM finding f WHERE f.latest = 1 AND f.rule || '' = ?
                         AND f.artifact IN (d.artifact, d.seen))",
                rule.clone(),
                "SELECT DISTINCT file FROM finding WHERE latest = 1 AND rule || '' = $1
                 AND artifact IN ($2, $3) ORDER BY file",
            ),
        };
        let listed = Ask::new(COLUMNS, FROM, "d.differs DESC, d.number DESC")
            .holds("d.ended = ''")
            .with(holds, &value)
            .listed(self, page, deployment)
            .await?;
        let mut touched = Vec::with_capacity(listed.rows.len());
        for deployment in listed.rows {
            let sql = format!("{files} LIMIT {MOST_FILES}");
            let values =
                [(&value).into(), (&deployment.artifact).into(), (&deployment.seen).into()];
            let rows = statement(sql, values).fetch_all(self.pool()).await.doing(DOING)?;
            let file = |row: &AnyRow| text(row, 0);
            let files = rows.iter().map(file).collect::<Result<_, Error>>()?;
            touched.push(Touched { deployment, files });
        }
        Ok(Listed { total: listed.total, rows: touched })
    }
}
