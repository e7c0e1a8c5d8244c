use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    CheckName, CheckResult, Decision, Exception, Finding, Limits, Severity, Threat, Untrusted,
    Verdict,
};

/// The version of the report's form.
pub const SCHEMA: &str = "weighbridge.report/1";

/// What did the weighing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    /// Always `weighbridge`.
    pub name: String,
    /// The version of the program.
    pub version: String,
    /// Digest of every knowledge pack that the rules judged by.
    pub packs: BTreeMap<String, String>,
}

/// One file of an artifact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSummary {
    /// Path relative to the root.
    pub path: Untrusted,
    /// Its length.
    pub bytes: u64,
    /// What its content is, as format names; empty where no reader knows it.
    pub formats: Vec<String>,
    /// Digests by algorithm, lower-case hex; empty where they were not asked for.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub digests: BTreeMap<String, String>,
}

/// What was weighed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtifactSummary {
    /// The name it was given by; a label, not its identity.
    pub label: Untrusted,
    /// Digests of the whole by scheme.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub digests: BTreeMap<String, String>,
    /// How many files.
    pub files: u64,
    /// How many bytes.
    pub bytes: u64,
    /// Each file.
    pub contents: Vec<FileSummary>,
    /// Files whose digests come from a cache, as the policy allows: they were not read anew.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_read_anew: Vec<Untrusted>,
}

/// What is known of one threat after the weighing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ThreatState {
    /// Something was found.
    Found,
    /// Checks that speak to it looked at everything they could and saw nothing. Not "safe".
    LookedClear,
    /// Checks that speak to it looked at a part.
    PartlyLooked,
    /// No check that ran speaks to it.
    NotLooked,
    /// No method is known that could tell from what was given.
    CannotBeKnown,
}

impl ThreatState {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::LookedClear => "looked-clear",
            Self::PartlyLooked => "partly-looked",
            Self::NotLooked => "not-looked",
            Self::CannotBeKnown => "cannot-be-known",
        }
    }
}

/// A line of the threat table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ThreatLine {
    /// Which.
    pub threat: Threat,
    /// What it is.
    pub title: &'static str,
    /// What is known.
    pub state: ThreatState,
    /// Which checks spoke to it.
    pub by: Vec<CheckName>,
    /// What would have to be done to know more.
    pub note: String,
}

/// A policy that another one extends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyBase {
    /// Its name.
    pub name: String,
    /// SHA-256 of its text.
    pub digest: String,
}

/// The policy that the verdict was made by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyUse {
    /// Its name.
    pub name: String,
    /// SHA-256 of its text.
    pub digest: String,
    /// The policies that it extends, the nearest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extends: Vec<PolicyBase>,
    /// A finding of at least this severity refuses.
    pub refuse: Severity,
    /// A finding of at least this severity leaves the verdict undecided.
    pub review: Severity,
    /// The limits that were in force, whoever set them.
    pub limits: Limits,
    /// The exceptions that covered a finding.
    pub exceptions_used: Vec<Exception>,
}

/// The one part of a report that differs between two runs over the same input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// When it began, RFC 3339, UTC.
    pub started: String,
    /// How long it took, milliseconds.
    pub milliseconds: u64,
}

/// Everything that one weighing learned, as data. Text, JSON, SARIF, HTML and Markdown are
/// renderings of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// What did the weighing.
    pub tool: Tool,
    /// What was weighed.
    pub artifact: ArtifactSummary,
    /// The verdict.
    pub verdict: Verdict,
    /// Why, as sentences, the weightiest first.
    pub reasons: Vec<String>,
    /// What to do next, as sentences.
    pub advice: Vec<String>,
    /// Each check and how it ended.
    pub checks: Vec<CheckResult>,
    /// All findings, worst first.
    pub findings: Vec<Finding>,
    /// What is known of each threat.
    pub threats: Vec<ThreatLine>,
    /// The policy.
    pub policy: PolicyUse,
    /// When and how long; absent from reproducible output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<Run>,
}

impl Report {
    /// The decision's sentences.
    pub fn reasons_of(decision: &Decision) -> Vec<String> {
        decision.reasons.iter().map(ToString::to_string).collect()
    }
}
