//! The same outcomes by the requirements of OWASP AISVS 1.0, as evidence for whoever audits.

use serde::Serialize;
use vocabulary::{CheckName, Outcome, PolicyBase, Run, Tool};

use super::ladder::{Entry, standard};
use super::{Artifact, Evidence, Standing, alone, because};
use crate::checks::{NO_CHECK, is_planned};

/// The version of the form of [`Aisvs`].
const SCHEMA: &str = "weighbridge.aisvs/1";

/// What is shown of the requirements of OWASP AISVS 1.0.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Aisvs<'a> {
    /// `weighbridge.aisvs/1`.
    pub schema: &'static str,
    /// The standard.
    pub standard: &'static str,
    /// What did the weighing.
    pub tool: &'a Tool,
    /// What was weighed.
    pub artifact: &'a Artifact,
    /// The highest integrity level that stands.
    pub level: u8,
    /// How many requirements are in which state.
    pub counts: Counts,
    /// Each requirement that evidence of this program serves.
    pub requirements: Entries,
    /// What it rests on.
    pub evidence: &'a Evidence,
    /// The policies of the levels.
    pub policies: Vec<&'a PolicyBase>,
    /// When and how long; absent from reproducible output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<&'a Run>,
}

/// The requirements, in the order of the standard.
pub type Entries = Vec<EntryLine>;

/// How many requirements are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Counts {
    /// Shown.
    pub shown: u64,
    /// Shown in part.
    pub partly: u64,
    /// Not shown.
    pub not_shown: u64,
    /// No check in this version.
    pub no_check: u64,
}

/// What is shown of a requirement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// All checks that show it looked, and nothing stands against it.
    Shown,
    /// A part of it.
    Partly,
    /// Checks could look and nothing shows it, for this model.
    NotShown,
    /// No check in this version could show it.
    NoCheck,
}

impl State {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Shown => "shown",
            Self::Partly => "partly",
            Self::NotShown => "not shown",
            Self::NoCheck => NO_CHECK,
        }
    }
}

/// A requirement of the standard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EntryLine {
    /// Its identifier.
    pub id: &'static str,
    /// Its level in the standard.
    pub level: u8,
    /// What it asks for, in our words.
    pub says: &'static str,
    /// What is shown.
    pub state: State,
    /// By which checks.
    pub by: Vec<By>,
    /// What it asks for and no check can show.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub beyond: &'static str,
}

/// What a check says for a requirement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct By {
    /// The check.
    pub check: CheckName,
    /// Whether it shows its part.
    pub shows: bool,
    /// The word of its outcome.
    pub outcome: &'static str,
    /// Why, where there is something to say.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub because: String,
}

impl Standing {
    /// The same by the requirements of OWASP AISVS 1.0.
    pub fn aisvs(&self) -> Aisvs<'_> {
        let requirements: Entries = standard().iter().map(|entry| self.entry(entry)).collect();
        let count = |state| requirements.iter().filter(|line| line.state == state).count() as u64;
        Aisvs {
            schema: SCHEMA,
            standard: "OWASP AISVS 1.0",
            tool: &self.tool,
            artifact: &self.artifact,
            level: self.stands,
            counts: Counts {
                shown: count(State::Shown),
                partly: count(State::Partly),
                not_shown: count(State::NotShown),
                no_check: count(State::NoCheck),
            },
            requirements,
            evidence: &self.evidence,
            policies: self.levels.iter().map(|level| &level.policy).collect(),
            run: self.run.as_ref(),
        }
    }

    fn entry(&self, entry: &'static Entry) -> EntryLine {
        let by: Vec<By> = entry.checks.iter().map(|check| self.by(check)).collect();
        let shown = by.iter().filter(|one| one.shows).count();
        let state = if shown == by.len() && entry.beyond.is_empty() {
            State::Shown
        } else if shown > 0 {
            State::Partly
        } else if by.iter().all(|one| is_planned(&one.check.0)) {
            State::NoCheck
        } else {
            State::NotShown
        };
        EntryLine {
            id: &entry.id,
            level: entry.level,
            says: &entry.says,
            state,
            by,
            beyond: &entry.beyond,
        }
    }

    fn by(&self, check: &'static str) -> By {
        let name = CheckName::from(check);
        let Some(result) = self.checks.iter().find(|result| result.check == name) else {
            let because = if is_planned(check) { NO_CHECK } else { "it did not run" };
            let because = because.to_owned();
            return By { check: name, shows: false, outcome: "could-not-look", because };
        };
        let mut terms = self.terms.clone();
        // What is asked here is whether it shows something, whoever requires it.
        terms.checks.insert(name.clone(), vocabulary::Requirement::Required);
        let reasons = alone(result, &terms, self.today).reasons;
        let applies = !matches!(result.outcome, Outcome::NotApplicable { .. });
        By {
            check: name,
            shows: applies && reasons.is_empty(),
            outcome: result.outcome.word(),
            because: because(&result.outcome, &reasons),
        }
    }
}
