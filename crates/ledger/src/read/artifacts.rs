use std::collections::BTreeMap;

use serde::Serialize;
use sqlx::any::AnyRow;

use super::{Ask, Listed, Page};
use crate::error::Error;
use crate::rows::{number, text};
use crate::write::Ledger;

/// An artifact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Artifact {
    /// What names it: `dirHash:<hex>`, or `sha256:<hex>` of a single file.
    pub artifact: String,
    /// What the report called it that told of it first.
    pub label: String,
    /// How many files.
    pub files: u64,
    /// How many bytes.
    pub bytes: u64,
    /// When it was weighed first.
    pub first_at: String,
    /// The number of that weighing's entry.
    pub number: u64,
}

/// A file of an artifact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ArtifactFile {
    /// Its path within the artifact.
    pub path: String,
    /// How many bytes.
    pub bytes: u64,
    /// SHA-256, hex; empty where it was not computed.
    pub sha256: String,
    /// BLAKE3, hex; empty where it was not computed.
    pub blake3: String,
}

/// A signed statement about an artifact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Attestation {
    /// The number of its entry.
    pub number: u64,
    /// The artifact.
    pub artifact: String,
    /// SHA-256 of the document; [`Ledger::document`] has it.
    pub document: String,
    /// The form of the predicate, a URI.
    pub predicate_type: String,
    /// When it was taken in.
    pub at: String,
    /// By whom.
    pub actor: String,
}

/// What somebody said to an artifact's going into production.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Approval {
    /// The number of its entry.
    pub number: u64,
    /// The artifact.
    pub artifact: String,
    /// Who.
    pub approver: String,
    /// `approve` or `reject`.
    pub vote: String,
    /// In their words.
    pub comment: String,
    /// When.
    pub at: String,
    #[serde(skip)]
    person: String,
}

/// What the approvals of an artifact amount to: of each person the last word counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Standing {
    /// Those that stand, by different people, none of whom asked for a weighing of it before.
    pub approved: Vec<Approval>,
    /// Those who are against it.
    pub rejected: Vec<Approval>,
}

const COLUMNS: &str = "artifact, label, files, bytes, first_at, number";
const APPROVAL: &str = "number, artifact, approver, vote, comment, at, person";

impl Ledger {
    /// All artifacts, the newest first.
    pub async fn artifacts(&self, page: Page) -> Result<Listed<Artifact>, Error> {
        Ask::new(COLUMNS, "artifact", "number DESC").listed(self, page, artifact).await
    }

    /// One artifact.
    pub async fn artifact(&self, name: &str) -> Result<Option<Artifact>, Error> {
        Ask::new(COLUMNS, "artifact", "number")
            .with("artifact = ?", name)
            .first(self, artifact)
            .await
    }

    /// The files of an artifact, in the order of its report.
    pub async fn files(&self, artifact: &str, page: Page) -> Result<Listed<ArtifactFile>, Error> {
        let file = |row: &AnyRow| {
            Ok(ArtifactFile {
                path: text(row, 0)?,
                bytes: number(row, 1)?,
                sha256: text(row, 2)?,
                blake3: text(row, 3)?,
            })
        };
        Ask::new("path, bytes, sha256, blake3", "artifact_file", "position")
            .with("artifact = ?", artifact)
            .listed(self, page, file)
            .await
    }

    /// The attestations of an artifact, the newest first.
    pub async fn attestations(
        &self,
        artifact: &str,
        page: Page,
    ) -> Result<Listed<Attestation>, Error> {
        let attestation = |row: &AnyRow| {
            Ok(Attestation {
                number: number(row, 0)?,
                artifact: text(row, 1)?,
                document: text(row, 2)?,
                predicate_type: text(row, 3)?,
                at: text(row, 4)?,
                actor: text(row, 5)?,
            })
        };
        let columns = "number, artifact, document, predicate_type, at, actor";
        Ask::new(columns, "attestation", "number DESC")
            .with("artifact = ?", artifact)
            .listed(self, page, attestation)
            .await
    }

    /// Approvals, the newest first; of an artifact where one is named.
    pub async fn approvals(
        &self,
        artifact: Option<&str>,
        page: Page,
    ) -> Result<Listed<Approval>, Error> {
        Ask::new(APPROVAL, "approval", "number DESC")
            .with_some("artifact = ?", artifact)
            .listed(self, page, approval)
            .await
    }

    /// What the approvals of an artifact amount to.
    pub async fn standing(&self, artifact: &str) -> Result<Standing, Error> {
        let mut last = BTreeMap::new();
        let mut page = Page { skip: 0, take: 1000 };
        loop {
            let ask = Ask::new(APPROVAL, "approval", "number").with("artifact = ?", artifact);
            let rows = ask.rows(self, page, approval).await?;
            if rows.is_empty() {
                break;
            }
            page.skip = page.skip.saturating_add(page.take);
            last.extend(rows.into_iter().map(|row| (row.person.clone(), row)));
        }
        let mut words: Vec<Approval> = last.into_values().collect();
        words.sort_by_key(|word| word.number);
        let (approved, rejected) = words.into_iter().partition(|word| word.vote == "approve");
        Ok(Standing { approved, rejected })
    }
}

fn artifact(row: &AnyRow) -> Result<Artifact, Error> {
    Ok(Artifact {
        artifact: text(row, 0)?,
        label: text(row, 1)?,
        files: number(row, 2)?,
        bytes: number(row, 3)?,
        first_at: text(row, 4)?,
        number: number(row, 5)?,
    })
}

fn approval(row: &AnyRow) -> Result<Approval, Error> {
    Ok(Approval {
        number: number(row, 0)?,
        artifact: text(row, 1)?,
        approver: text(row, 2)?,
        vote: text(row, 3)?,
        comment: text(row, 4)?,
        at: text(row, 5)?,
        person: text(row, 6)?,
    })
}
