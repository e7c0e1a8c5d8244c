use serde::Serialize;
use sqlx::any::AnyRow;

use super::DOING;
use crate::error::{Doing as _, Error};
use crate::rows::{statement, text};
use crate::write::Ledger;

/// The fewest digits of a digest that are looked for.
const FEWEST: usize = 6;
/// The most that are told of each kind.
const MOST: u32 = 100;

/// Something that has a digest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum Match {
    /// An artifact.
    Artifact {
        /// Which.
        artifact: String,
        /// What a report called it.
        label: String,
    },
    /// A file of an artifact.
    File {
        /// The artifact.
        artifact: String,
        /// The file.
        path: String,
        /// Its digest.
        digest: String,
    },
    /// A weighing, by its report.
    Weighing {
        /// Which.
        weighing: String,
        /// The model.
        model: String,
        /// SHA-256 of the report.
        digest: String,
    },
    /// A run of probes, by its journal.
    Evaluation {
        /// Which.
        evaluation: String,
        /// The model.
        model: String,
        /// SHA-256 of the journal.
        digest: String,
    },
    /// An attestation, by its document.
    Attestation {
        /// The artifact.
        artifact: String,
        /// The form of the predicate.
        predicate_type: String,
        /// SHA-256 of the document.
        digest: String,
    },
}

impl Ledger {
    /// Everything whose digest begins with these hex digits; the name of the algorithm may stand
    /// before them, with a colon. Six digits are needed, and of each kind a hundred are told.
    pub async fn search(&self, digest: &str) -> Result<Vec<Match>, Error> {
        let digits = digest.trim().rsplit(':').next().unwrap_or_default().to_ascii_lowercase();
        let are_digits = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        if digits.len() < FEWEST || !are_digits {
            return Ok(Vec::new());
        }
        let mut found = Vec::new();
        for scheme in ["dirHash:", "sha256:"] {
            let sql = "SELECT artifact, label, '' FROM artifact";
            let row = |[artifact, label, _]: [String; 3]| Match::Artifact { artifact, label };
            found.extend(self.begin(sql, "artifact", &format!("{scheme}{digits}"), row).await?);
        }
        for column in ["sha256", "blake3"] {
            let sql = format!("SELECT artifact, path, {column} FROM artifact_file");
            let row =
                |[artifact, path, digest]: [String; 3]| Match::File { artifact, path, digest };
            found.extend(self.begin(&sql, column, &digits, row).await?);
        }
        let sql = "SELECT weighing, model, report FROM weighing";
        let row =
            |[weighing, model, digest]: [String; 3]| Match::Weighing { weighing, model, digest };
        found.extend(self.begin(sql, "report", &digits, row).await?);
        let sql = "SELECT evaluation, model, journal FROM evaluation";
        let row = |[evaluation, model, digest]: [String; 3]| Match::Evaluation {
            evaluation,
            model,
            digest,
        };
        found.extend(self.begin(sql, "journal", &digits, row).await?);
        let sql = "SELECT artifact, predicate_type, document FROM attestation";
        let row = |[artifact, predicate_type, digest]: [String; 3]| Match::Attestation {
            artifact,
            predicate_type,
            digest,
        };
        found.extend(self.begin(sql, "document", &digits, row).await?);
        found.sort();
        found.dedup();
        Ok(found)
    }

    async fn begin(
        &self,
        select: &str,
        column: &str,
        with: &str,
        read: impl Fn([String; 3]) -> Match,
    ) -> Result<Vec<Match>, Error> {
        // `g` follows every hex digit.
        let sql = format!(
            "{select} WHERE {column} >= $1 AND {column} < $2 ORDER BY {column} LIMIT {MOST}"
        );
        let values = [with.into(), format!("{with}g").as_str().into()];
        let rows = statement(sql, values).fetch_all(self.pool()).await.doing(DOING)?;
        let row = |row: &AnyRow| Ok(read([text(row, 0)?, text(row, 1)?, text(row, 2)?]));
        rows.iter().map(row).collect()
    }
}
