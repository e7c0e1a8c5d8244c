use provenance::reconcile::{Row, State};
use vocabulary::{Finding, MapsTo, Place, Rule, Severity, Threat};

pub(crate) static DIGEST_MISMATCH: Rule = Rule {
    name: "digest-mismatch",
    summary: "a file is not what its digest says, or is not there",
    severity: Severity::Critical,
    threats: &[Threat::T4],
    maps_to: MapsTo { cwe: &["CWE-354"], atlas: &["AML.T0010.003"], aisvs: &["6.1.3"] },
    page: include_str!("digest-mismatch.md"),
};

/// `source` is what says so, described.
pub(crate) fn found(row: &Row, source: &str) -> Finding {
    let place = Place::file(row.path.clone().unwrap_or_else(|| ".".into()));
    let what = &row.what;
    let finding = match &row.state {
        State::Differs { said, is } => DIGEST_MISMATCH
            .found(place, format!("its {what} is not what {source} says"))
            .with("said", said.as_str())
            .with("is", is.as_str()),
        State::Missing => {
            DIGEST_MISMATCH.found(place, format!("{source} names it, and it is not there"))
        }
        State::Agrees | State::Unchecked { .. } => {
            DIGEST_MISMATCH.found(place, format!("{source} speaks of it"))
        }
    };
    finding.with("what", what.as_str()).with("weak", row.weak).with("source", source)
}
