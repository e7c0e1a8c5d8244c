//! The verdict: a pure function of outcomes, policy and date.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{CheckName, CheckResult, Date, Outcome, Policy, Requirement, Severity};

/// What the gate says. The order is from mild to severe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Everything that the policy requires was looked at, and nothing stands against it.
    Admit,
    /// Something required could not be looked at, or a person should look.
    Undecided,
    /// Something was found that the policy refuses.
    Refuse,
}

impl Verdict {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Admit => "admit",
            Self::Undecided => "undecided",
            Self::Refuse => "refuse",
        }
    }
}

/// Why a verdict is not milder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A finding at or above the policy's `refuse`.
    Refused {
        /// The rule.
        rule: &'static str,
        /// How bad.
        severity: Severity,
        /// Where and what.
        message: String,
    },
    /// A finding at or above the policy's `review`.
    Review {
        /// The rule.
        rule: &'static str,
        /// How bad.
        severity: Severity,
        /// Where and what.
        message: String,
    },
    /// A required check did not look, or not at everything.
    NotLooked {
        /// The check.
        check: CheckName,
        /// Why.
        because: String,
    },
    /// A required check is missing from the outcomes.
    Missing {
        /// The check.
        check: CheckName,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { rule, severity, message }
            | Self::Review { rule, severity, message } => {
                write!(f, "{severity}: {message} [{rule}]")
            }
            Self::NotLooked { check, because } => write!(f, "`{check}` could not look: {because}"),
            Self::Missing { check } => write!(f, "`{check}` is required and did not run"),
        }
    }
}

/// A verdict and its reasons, the weightiest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The verdict.
    pub verdict: Verdict,
    /// Why it is not milder; empty for `admit`.
    pub reasons: Vec<Reason>,
}

/// Decides. `today` only serves to tell whether an exception still stands: exceptions are marked
/// on the findings beforehand ([`crate::Finding::except`]), and one that has expired is ignored.
pub fn decide(results: &[CheckResult], policy: &Policy, today: Date) -> Decision {
    let mut refused = Vec::new();
    let mut undecided = Vec::new();
    for result in results {
        for finding in result.outcome.findings() {
            let stands = finding
                .excepted()
                .and_then(|n| policy.exceptions.get(n))
                .is_some_and(|exception| exception.expires >= today);
            if stands || policy.requirement(&result.check) == Requirement::Off {
                continue;
            }
            let (rule, severity) = (finding.rule().name, finding.severity());
            let message = format!("{}: {}", finding.place(), finding.message());
            if severity >= policy.refuse {
                refused.push(Reason::Refused { rule, severity, message });
            } else if severity >= policy.review {
                undecided.push(Reason::Review { rule, severity, message });
            }
        }
        if policy.requirement(&result.check) == Requirement::Required
            && result.outcome.is_incomplete()
        {
            let because = match &result.outcome {
                Outcome::CouldNotLook { because, .. } => because.clone(),
                other => other.coverage().and_then(|c| c.gaps.first()).map_or_else(
                    || "not everything was looked at".to_owned(),
                    |gap| format!("{}: {}", gap.place, gap.because),
                ),
            };
            undecided.push(Reason::NotLooked { check: result.check.clone(), because });
        }
    }
    for (check, requirement) in &policy.checks {
        if *requirement == Requirement::Required && !results.iter().any(|r| r.check == *check) {
            undecided.push(Reason::Missing { check: check.clone() });
        }
    }
    let verdict = if !refused.is_empty() {
        Verdict::Refuse
    } else if !undecided.is_empty() {
        Verdict::Undecided
    } else {
        Verdict::Admit
    };
    refused.extend(undecided);
    Decision { verdict, reasons: refused }
}

#[cfg(test)]
mod tests;
