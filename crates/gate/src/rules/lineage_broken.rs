use provenance::lineage::{Problem, ProblemKind, State};
use vocabulary::{Finding, MapsTo, Place, Rule, Severity, Threat, Untrusted};

use super::lineage_failed_step::LINEAGE_FAILED_STEP;
use super::lineage_missing_step::LINEAGE_MISSING_STEP;
use super::lineage_unknown_signer::LINEAGE_UNKNOWN_SIGNER;

pub(crate) static LINEAGE_BROKEN: Rule = Rule {
    name: "lineage-broken",
    summary: "the chain of statements that leads to the model does not hold together",
    severity: Severity::Critical,
    threats: &[Threat::T4],
    maps_to: MapsTo { cwe: &["CWE-345"], atlas: &["AML.T0010"], aisvs: &["6.1.1"] },
    page: include_str!("lineage-broken.md"),
};

/// The finding of something that is wrong with a chain.
pub(crate) fn found(label: &Untrusted, problem: &Problem) -> Finding {
    rule_of(problem.kind)
        .found(Place::file(label.clone()), problem.said.clone())
        .with("kind", problem.kind.name())
}

/// Which rule a problem belongs to.
fn rule_of(kind: ProblemKind) -> &'static Rule {
    match kind {
        ProblemKind::Signature(_) => &LINEAGE_UNKNOWN_SIGNER,
        ProblemKind::Edge(State::Missing)
        | ProblemKind::StepMissing
        | ProblemKind::Stale
        | ProblemKind::FromTheFuture => &LINEAGE_MISSING_STEP,
        ProblemKind::Edge(State::Failed) | ProblemKind::FailedResult => &LINEAGE_FAILED_STEP,
        ProblemKind::Edge(
            State::Joined
            | State::Origin
            | State::Pinned
            | State::Unverified
            | State::Transplanted
            | State::Differs
            | State::Cyclic
            | State::Contradicting
            | State::Undigested
            | State::Unbound,
        )
        | ProblemKind::InputChanged
        | ProblemKind::NotInChain => &LINEAGE_BROKEN,
    }
}
