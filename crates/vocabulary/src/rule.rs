use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Finding, Place, Threat};

/// How bad a finding is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; asks for nothing.
    #[default]
    Info,
    /// Untidy; a careful publisher would not ship it.
    Low,
    /// Cannot be told to be harmless; a person should look.
    Medium,
    /// Dangerous in a common loader.
    High,
    /// Loading it runs somebody's code or does what nobody asked for.
    Critical,
}

impl Severity {
    /// All severities, mildest first.
    pub const ALL: [Self; 5] = [Self::Info, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The name as it stands in policies and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Identifiers of a rule in other people's lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct MapsTo {
    /// Common Weakness Enumeration, as `CWE-502`.
    pub cwe: &'static [&'static str],
    /// MITRE ATLAS techniques, as `AML.T0010`.
    pub atlas: &'static [&'static str],
    /// OWASP AISVS 1.0 requirements, as `6.1.1`.
    pub aisvs: &'static [&'static str],
}

/// Something that is looked for.
///
/// The page (`<name>.md` beside the rule's `.rs`) is its documentation, its test and its
/// `explain` text at once.
#[derive(Debug)]
pub struct Rule {
    /// Kebab-case name; also the file name of the rule and its page.
    pub name: &'static str,
    /// One line: what a finding of it says.
    pub summary: &'static str,
    /// How bad a finding is.
    pub severity: Severity,
    /// Which threats it speaks to.
    pub threats: &'static [Threat],
    /// Identifiers elsewhere.
    pub maps_to: MapsTo,
    /// The page, Markdown.
    pub page: &'static str,
}

impl Rule {
    /// The only way to make a finding.
    pub fn found(&'static self, place: Place, message: impl Into<String>) -> Finding {
        Finding::of(self, place, &message.into())
    }
}

impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Rule {}
