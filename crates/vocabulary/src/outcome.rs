use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Coverage, Finding, Severity};

/// The name of a check, as policies and reports know it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CheckName(pub String);

impl fmt::Display for CheckName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for CheckName {
    fn from(name: &str) -> Self {
        Self(name.to_owned())
    }
}

/// What a check can say. There is no bool, and nothing here silently means "fine".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// Looked at all that it was to look at and saw nothing.
    Clear {
        /// What was looked at; it has no gaps.
        coverage: Coverage,
    },
    /// Saw something. The coverage may have gaps.
    Found {
        /// What was looked at, and what could not be.
        coverage: Coverage,
        /// What was seen; never empty.
        #[serde(skip)]
        findings: Vec<Finding>,
    },
    /// There is nothing here that this check speaks about.
    NotApplicable {
        /// Why.
        because: String,
    },
    /// Should have looked and could not.
    CouldNotLook {
        /// Why.
        because: String,
        /// What was looked at, and what could not be.
        coverage: Coverage,
    },
}

impl Outcome {
    /// The outcome that findings and coverage amount to.
    pub fn of(findings: Vec<Finding>, coverage: Coverage) -> Self {
        if !findings.is_empty() {
            return Self::Found { coverage, findings };
        }
        match coverage.gaps.as_slice() {
            [] => Self::Clear { coverage },
            [one] => {
                Self::CouldNotLook { because: format!("{}: {}", one.place, one.because), coverage }
            }
            [first, rest @ ..] => Self::CouldNotLook {
                because: format!("{}: {} (and {} more)", first.place, first.because, rest.len()),
                coverage,
            },
        }
    }

    /// Its findings.
    pub fn findings(&self) -> &[Finding] {
        match self {
            Self::Found { findings, .. } => findings,
            _ => &[],
        }
    }

    /// Its findings, to mark exceptions.
    pub fn findings_mut(&mut self) -> &mut [Finding] {
        match self {
            Self::Found { findings, .. } => findings,
            _ => &mut [],
        }
    }

    /// What it looked at.
    pub fn coverage(&self) -> Option<&Coverage> {
        match self {
            Self::Clear { coverage }
            | Self::Found { coverage, .. }
            | Self::CouldNotLook { coverage, .. } => Some(coverage),
            Self::NotApplicable { .. } => None,
        }
    }

    /// Whether something could not be looked at.
    pub fn is_incomplete(&self) -> bool {
        match self {
            Self::CouldNotLook { .. } => true,
            Self::Clear { coverage } | Self::Found { coverage, .. } => !coverage.gaps.is_empty(),
            Self::NotApplicable { .. } => false,
        }
    }

    /// The worst severity among findings that no exception covers.
    pub fn worst(&self) -> Option<Severity> {
        self.findings().iter().filter(|f| f.excepted().is_none()).map(Finding::severity).max()
    }

    /// The word for it in a report.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Clear { .. } => "clear",
            Self::Found { .. } => "found",
            Self::NotApplicable { .. } => "not-applicable",
            Self::CouldNotLook { .. } => "could-not-look",
        }
    }
}

/// A check and how it ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckResult {
    /// Which check.
    pub check: CheckName,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
}
