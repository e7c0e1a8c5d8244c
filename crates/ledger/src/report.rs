//! What the ledger reads of a report. The report itself is kept as it is.

use std::collections::BTreeMap;

use provenance::json;
use serde::Deserialize;

use crate::error::Error;

#[derive(Deserialize)]
pub(crate) struct Report {
    pub(crate) verdict: String,
    pub(crate) artifact: Artifact,
    pub(crate) checks: Vec<Check>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) policy: Policy,
}

#[derive(Deserialize)]
pub(crate) struct Artifact {
    pub(crate) label: String,
    #[serde(default)]
    digests: BTreeMap<String, String>,
    pub(crate) files: u64,
    pub(crate) bytes: u64,
    pub(crate) contents: Vec<File>,
}

#[derive(Deserialize)]
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) bytes: u64,
    #[serde(default)]
    digests: BTreeMap<String, String>,
}

#[derive(Deserialize)]
pub(crate) struct Check {
    pub(crate) check: String,
    pub(crate) outcome: String,
    coverage: Option<Coverage>,
}

#[derive(Deserialize)]
struct Coverage {
    #[serde(default)]
    gaps: Vec<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
pub(crate) struct Finding {
    pub(crate) rule: String,
    pub(crate) severity: String,
    pub(crate) place: Place,
    pub(crate) message: String,
    pub(crate) excepted: Option<u64>,
}

#[derive(Deserialize)]
pub(crate) struct Place {
    pub(crate) file: String,
}

#[derive(Deserialize)]
pub(crate) struct Policy {
    pub(crate) name: String,
    pub(crate) digest: String,
}

impl Report {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Error> {
        Ok(json::parse_as("the report", bytes)?)
    }

    /// How many checks did not look at everything.
    pub(crate) fn incomplete(&self) -> usize {
        let gaps =
            |check: &Check| check.coverage.as_ref().is_some_and(|seen| !seen.gaps.is_empty());
        self.checks.iter().filter(|check| check.outcome == "could-not-look" || gaps(check)).count()
    }
}

impl Artifact {
    /// What names the artifact; `None` where its digests were not computed.
    pub(crate) fn identity(&self) -> Option<String> {
        ["dirHash", "sha256"]
            .into_iter()
            .find_map(|scheme| Some(format!("{scheme}:{}", self.digests.get(scheme)?)))
    }

    /// SHA-256 of a file of it; empty where there is none.
    pub(crate) fn sha256_of(&self, path: &str) -> &str {
        self.contents.iter().find(|file| file.path == path).map_or("", File::sha256)
    }
}

impl File {
    pub(crate) fn sha256(&self) -> &str {
        self.digests.get("sha256").map_or("", String::as_str)
    }
}

impl Finding {
    /// A number that grows with the severity.
    pub(crate) fn rank(&self) -> i64 {
        match self.severity.as_str() {
            "critical" => 5,
            "high" => 4,
            "medium" => 3,
            "low" => 2,
            _ => 1,
        }
    }
}
