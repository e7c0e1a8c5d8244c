use serde::Serialize;
use sqlx::any::AnyRow;

use super::{Ask, DOING, Listed, Page};
use crate::error::{Doing as _, Error};
use crate::rows::{flag, number, statement, text};
use crate::write::Ledger;

/// A run of probes that was handed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Evaluation {
    /// Its identifier.
    pub evaluation: String,
    /// The number of its entry.
    pub number: u64,
    /// The model.
    pub model: String,
    /// The artifact.
    pub artifact: String,
    /// `pass`, `fail`, `inconclusive`, or `none` where there was no gate.
    pub judgement: String,
    /// What was asked: `local`, `endpoint` or `transcript`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// What tells it from others of that name.
    pub fingerprint: String,
    /// Whether the files that were run are known to be those of the artifact.
    pub bound: bool,
    /// The names of the packs.
    pub packs: String,
    /// The seed that the cases were made with.
    pub seed: String,
    /// How many replies the packs ask for.
    pub planned: u64,
    /// How many of them there are.
    pub answered: u64,
    /// How many probes pass.
    pub passes: u64,
    /// How many fail.
    pub fails: u64,
    /// How many are inconclusive.
    pub unsure: u64,
    /// SHA-256 of the journal; [`Ledger::blob`] tells where it lies.
    pub journal: String,
    /// How many bytes it has.
    pub bytes: u64,
    /// How many attempts it holds.
    pub attempts: u64,
    /// The root of the Merkle tree over its lines.
    pub root: String,
    /// SHA-256 of the document with the report; [`Ledger::document`] has it.
    pub document: String,
    /// The evaluation of the original; empty where it was not held against one.
    pub original: String,
    /// When it was handed in.
    pub at: String,
    /// By whom.
    pub actor: String,
}

/// Which evaluations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EvaluationFilter {
    /// Of a model.
    pub model: Option<String>,
    /// Of an artifact.
    pub artifact: Option<String>,
    /// That ended in `pass`, `fail`, `inconclusive` or `none`.
    pub judgement: Option<String>,
}

const COLUMNS: &str =
    "evaluation, number, model, artifact, judgement, kind, name, fingerprint, bound,
    packs, seed, planned, answered, passes, fails, unsure, journal, bytes, attempts, root, document,
    original, at, actor";

/// Of an artifact, or of the same files in another.
const COUNTS: &str = "(artifact = ? OR (
    largest IN (SELECT a.blake3 FROM artifact_file a WHERE a.artifact = ? AND a.blake3 <> '')
    AND NOT EXISTS (SELECT 1 FROM evaluation_file f WHERE f.evaluation = evaluation.evaluation
        AND NOT EXISTS (SELECT 1 FROM artifact_file a WHERE a.artifact = ?
            AND a.path = f.path AND a.blake3 = f.blake3))))";

impl Ledger {
    /// Evaluations, the newest first.
    pub async fn evaluations(
        &self,
        filter: &EvaluationFilter,
        page: Page,
    ) -> Result<Listed<Evaluation>, Error> {
        Ask::new(COLUMNS, "evaluation", "number DESC")
            .with_some("model = ?", filter.model.as_deref())
            .with_some("artifact = ?", filter.artifact.as_deref())
            .with_some("judgement = ?", filter.judgement.as_deref())
            .listed(self, page, evaluation)
            .await
    }

    /// One evaluation.
    pub async fn evaluation(&self, name: &str) -> Result<Option<Evaluation>, Error> {
        Ask::new(COLUMNS, "evaluation", "number")
            .with("evaluation = ?", name)
            .first(self, evaluation)
            .await
    }

    /// The evaluations that may speak of an artifact, the newest first: those that were handed in for it,
    /// and those of the same files in another. Whether one counts is for whoever weighs to say.
    pub async fn evaluations_for(
        &self,
        artifact: &str,
        page: Page,
    ) -> Result<Vec<Evaluation>, Error> {
        let ask = Ask::new(COLUMNS, "evaluation", "number DESC").with(COUNTS, artifact);
        ask.rows(self, page, evaluation).await
    }

    /// The artifacts that have a file of this path and BLAKE3, the one that was weighed last first.
    pub async fn artifacts_with(&self, path: &str, blake3: &str) -> Result<Vec<String>, Error> {
        let sql = "SELECT f.artifact FROM artifact_file f
            JOIN weighing w ON w.artifact = f.artifact WHERE f.blake3 = $1 AND f.path = $2
            GROUP BY f.artifact ORDER BY MAX(w.number) DESC LIMIT 100";
        let rows = statement(sql, [blake3.into(), path.into()]).fetch_all(self.pool()).await;
        rows.doing(DOING)?.iter().map(|row| text(row, 0)).collect()
    }
}

fn evaluation(row: &AnyRow) -> Result<Evaluation, Error> {
    Ok(Evaluation {
        evaluation: text(row, 0)?,
        number: number(row, 1)?,
        model: text(row, 2)?,
        artifact: text(row, 3)?,
        judgement: text(row, 4)?,
        kind: text(row, 5)?,
        name: text(row, 6)?,
        fingerprint: text(row, 7)?,
        bound: flag(row, 8)?,
        packs: text(row, 9)?,
        seed: text(row, 10)?,
        planned: number(row, 11)?,
        answered: number(row, 12)?,
        passes: number(row, 13)?,
        fails: number(row, 14)?,
        unsure: number(row, 15)?,
        journal: text(row, 16)?,
        bytes: number(row, 17)?,
        attempts: number(row, 18)?,
        root: text(row, 19)?,
        document: text(row, 20)?,
        original: text(row, 21)?,
        at: text(row, 22)?,
        actor: text(row, 23)?,
    })
}
