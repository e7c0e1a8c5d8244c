//! What pages read of a report. A report of another version may say more, or less: what is missing is
//! empty.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Report {
    pub(super) tool: Tool,
    pub(super) artifact: Artifact,
    pub(super) verdict: String,
    pub(super) reasons: Vec<String>,
    pub(super) advice: Vec<String>,
    pub(super) checks: Vec<Check>,
    pub(super) findings: Vec<Finding>,
    pub(super) threats: Vec<Threat>,
    pub(super) policy: Policy,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Tool {
    pub(super) version: String,
    pub(super) packs: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Artifact {
    pub(super) label: String,
    pub(super) digests: BTreeMap<String, String>,
    pub(super) files: u64,
    pub(super) bytes: u64,
    pub(super) contents: Vec<File>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct File {
    pub(super) path: String,
    pub(super) bytes: u64,
    pub(super) formats: Vec<String>,
    pub(super) digests: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Check {
    #[serde(rename = "check")]
    pub(super) name: String,
    pub(super) outcome: String,
    pub(super) because: String,
    pub(super) coverage: Option<Coverage>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Coverage {
    pub(super) files: u64,
    pub(super) bytes_total: u64,
    pub(super) bytes_parsed: u64,
    pub(super) gaps: Vec<Gap>,
    notes: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Gap {
    pub(super) place: Place,
    pub(super) because: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Finding {
    pub(super) rule: String,
    pub(super) severity: String,
    pub(super) place: Place,
    pub(super) message: String,
    pub(super) evidence: BTreeMap<String, Value>,
    pub(super) maps_to: BTreeMap<String, Vec<String>>,
    pub(super) excepted: Option<usize>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Place {
    pub(super) file: String,
    pub(super) member: Vec<String>,
    pub(super) offset: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Threat {
    #[serde(rename = "threat")]
    pub(super) id: String,
    pub(super) title: String,
    pub(super) state: String,
    pub(super) by: Vec<String>,
    pub(super) note: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Policy {
    pub(super) name: String,
    pub(super) digest: String,
    pub(super) refuse: String,
    pub(super) review: String,
    pub(super) exceptions_used: Vec<Exception>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Exception {
    pub(super) rule: String,
    pub(super) file: Option<String>,
    pub(super) sha256: Option<String>,
    pub(super) reason: String,
    pub(super) owner: String,
    pub(super) expires: String,
}

impl Report {
    /// Reads a report that was recorded; one that cannot be read is empty, and its page says so.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// Findings of whatever is above `info` and not excepted.
    pub(super) fn counting(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|one| one.excepted.is_none() && one.severity != "info")
    }
}

impl Check {
    /// Whether it left something out.
    pub(super) fn is_partial(&self) -> bool {
        self.coverage.as_ref().is_some_and(|seen| !seen.gaps.is_empty())
    }

    /// What it says beside its outcome.
    pub(super) fn told(&self) -> String {
        if !self.because.is_empty() {
            return self.because.clone();
        }
        let Some(seen) = &self.coverage else { return String::new() };
        let parsed = super::parts::facts::size(seen.bytes_parsed);
        let total = super::parts::facts::size(seen.bytes_total);
        let files = super::parts::facts::count(seen.files, "file");
        let mut told = match () {
            // A check that counts no bytes read none.
            () if seen.bytes_total == 0 => files,
            () if seen.bytes_parsed == seen.bytes_total => {
                format!("{files}, {total}: all of it was read")
            }
            () => format!("{files}: {parsed} of {total} was read"),
        };
        for note in &seen.notes {
            told.push_str(&format!("; {note}"));
        }
        told
    }
}

impl Place {
    /// File, members of containers and offset, as every rendering tells them.
    pub(super) fn words(&self) -> String {
        let mut words = self.file.clone();
        for member in &self.member {
            words.push('!');
            words.push_str(member);
        }
        if let Some(offset) = self.offset {
            words.push_str(&format!("@{offset}"));
        }
        words
    }
}

/// Evidence in words.
pub(super) fn evidence(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(evidence).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}
