//! Steps that have to be there.

use jiff::Timestamp;
use vocabulary::escape;

use super::chain::{Claim, Lineage, Problem, ProblemKind};
use super::facts::{Facts, What};
use crate::attest::{Kind, Step, TestResult};

/// How far a signer's clock may be ahead of ours, in seconds.
const SKEW: i64 = 300;
const DAY: i64 = 86_400;

/// A step that has to be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// Which.
    pub step: Step,
    /// How many days old it may be.
    pub max_age: Option<u32>,
}

impl Requirement {
    /// Reads `train` or `evaluation:30` (days).
    pub fn parse(text: &str) -> Result<Self, String> {
        let (name, days) = match text.split_once(':') {
            Some((name, days)) => (name, Some(days)),
            None => (text, None),
        };
        let step = Step::named(name).ok_or_else(|| {
            let steps: Vec<&str> = Step::ALL.iter().map(|step| step.name()).collect();
            format!("no step is `{}`; there are `{}`", escape(name), steps.join("`, `"))
        })?;
        let max_age = days
            .map(|days| {
                days.parse().map_err(|_| format!("`{}` is no number of days", escape(days)))
            })
            .transpose()?;
        Ok(Self { step, max_age })
    }
}

/// What became of a requirement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The step.
    pub step: Step,
    /// The claim that meets it, by its index.
    pub met_by: Option<usize>,
    /// What is to be said of it.
    pub said: String,
}

/// Looks for a step. What is said of the artifact (tests, decisions, releases, places) counts where
/// it is said of this artifact; an audit of data, and what was made, counts anywhere in the part of
/// the chain that verified edges lead to.
pub(super) fn answer(
    lineage: &Lineage,
    requirement: &Requirement,
    at: Timestamp,
) -> (Answer, Option<Problem>) {
    let step = requirement.step;
    let everywhere = step.kind() == Kind::Build || step == Step::DataAudit;
    let nodes = lineage
        .nodes
        .iter()
        .enumerate()
        .filter(|(number, node)| *number == 0 || (everywhere && node.sound));
    let mut best: Option<(usize, &Claim, &Facts)> = None;
    for number in nodes.flat_map(|(_, node)| node.claims.iter().copied()) {
        let Some(claim) = lineage.claims.get(number).filter(|claim| claim.signed.is_ok()) else {
            continue;
        };
        let Some(facts) = claim.facts.as_ref().filter(|facts| facts.what == What::Step(step))
        else {
            continue;
        };
        let passes = facts.result != Some(TestResult::Failed) && facts.failed.is_none();
        if passes && best.is_none_or(|(_, _, other)| facts.time > other.time) {
            best = Some((number, claim, facts));
        }
    }
    let name = step.name();
    let unmet = |kind, said: String| {
        let answer = Answer { step, met_by: None, said: said.clone() };
        (answer, Some(Problem { kind, said, edge: None }))
    };
    let Some((number, claim, facts)) = best else {
        let where_to = if everywhere { "in the verified chain" } else { "about the artifact" };
        let said = format!("`{name}` is required, and no verified statement of it is {where_to}");
        return unmet(ProblemKind::StepMissing, said);
    };
    let place = &claim.place;
    let met = |said: String| (Answer { step, met_by: Some(number), said }, None);
    let Some(time) = facts.time else {
        return match requirement.max_age {
            Some(_) => {
                let said = format!("`{name}` does not tell when it was ({place})");
                unmet(ProblemKind::Stale, said)
            }
            None => met(format!("{place}")),
        };
    };
    let age = at.as_second().saturating_sub(time.as_second());
    if age < SKEW.saturating_neg() {
        let said = format!("`{name}` says that it was at {time}, which is still to come ({place})");
        return unmet(ProblemKind::FromTheFuture, said);
    }
    let days = age.max(0).checked_div(DAY).unwrap_or_default();
    if let Some(max) = requirement.max_age
        && age > i64::from(max).saturating_mul(DAY)
    {
        let said = format!("`{name}` is {days} days old, and {max} are allowed ({place})");
        return unmet(ProblemKind::Stale, said);
    }
    met(format!("{place}, {days} days ago"))
}
