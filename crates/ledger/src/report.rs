//! What the ledger reads of a report. The report itself is kept as it is.

use std::collections::{BTreeMap, HashMap};

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
    #[serde(rename = "check")]
    pub(crate) name: String,
    pub(crate) outcome: String,
    pub(crate) because: Option<String>,
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

    /// SHA-256 of its files, by their paths.
    pub(crate) fn sha256_by_path(&self) -> HashMap<&str, &str> {
        self.contents.iter().map(|file| (file.path.as_str(), file.digest("sha256"))).collect()
    }
}

impl File {
    /// A digest of it; empty where it was not computed.
    pub(crate) fn digest(&self, algorithm: &str) -> &str {
        self.digests.get(algorithm).map_or("", String::as_str)
    }
}

impl Finding {
    /// A number that grows with the severity.
    pub(crate) fn rank(&self) -> i64 {
        rank(&self.severity)
    }
}

/// A number that grows with the severity.
pub(crate) fn rank(severity: &str) -> i64 {
    match severity {
        "critical" => 5,
        "high" => 4,
        "medium" => 3,
        "low" => 2,
        _ => 1,
    }
}

/// The severity of a number.
pub(crate) fn severity(rank: u64) -> &'static str {
    match rank {
        5 => "critical",
        4 => "high",
        3 => "medium",
        2 => "low",
        _ => "info",
    }
}

/// What the ledger reads of the document of an evaluation.
#[derive(Deserialize)]
pub(crate) struct Evaluation {
    pub(crate) judgement: String,
    pub(crate) files: Vec<RunFile>,
    pub(crate) report: Run,
}

#[derive(Deserialize)]
pub(crate) struct RunFile {
    pub(crate) path: String,
    pub(crate) blake3: String,
}

#[derive(Deserialize)]
pub(crate) struct Run {
    pub(crate) target: Target,
    pub(crate) packs: Vec<Pack>,
    pub(crate) seed: u64,
    pub(crate) calls: Calls,
    pub(crate) journal: Option<Root>,
    pub(crate) probes: Vec<Probe>,
}

#[derive(Deserialize)]
pub(crate) struct Target {
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) fingerprint: String,
}

#[derive(Deserialize)]
pub(crate) struct Pack {
    pub(crate) id: String,
    pub(crate) digest: String,
}

#[derive(Deserialize)]
pub(crate) struct Calls {
    pub(crate) planned: u64,
    pub(crate) answered: u64,
}

#[derive(Deserialize)]
pub(crate) struct Root {
    pub(crate) root: String,
    pub(crate) attempts: u64,
}

#[derive(Deserialize)]
pub(crate) struct Probe {
    judgement: Option<String>,
}

impl Evaluation {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Error> {
        Ok(json::parse_as("the document of the evaluation", bytes)?)
    }

    /// How many probes ended in a judgement.
    pub(crate) fn ended(&self, judgement: &str) -> u64 {
        let probes = self.report.probes.iter();
        probes.filter(|probe| probe.judgement.as_deref() == Some(judgement)).count() as u64
    }
}
