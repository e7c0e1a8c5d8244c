use vocabulary::{Finding, MapsTo, Place, Rule, Severity, Threat, Untrusted};

pub(crate) static BEHAVIOUR_GATE_FAILED: Rule = Rule {
    name: "behaviour-gate-failed",
    summary: "the model was asked, and did not keep to what a probe permits",
    severity: Severity::High,
    threats: &[Threat::T2, Threat::T5, Threat::T8],
    maps_to: MapsTo {
        cwe: &["CWE-1039"],
        atlas: &["AML.T0018", "AML.T0058"],
        aisvs: &["3.2.1", "6.1.4", "11.1.2"],
    },
    page: include_str!("behaviour-gate-failed.md"),
};

/// The finding of a gate that failed, or of a signed statement that says so.
pub(crate) fn found(label: &Untrusted, what: &str, because: &str) -> Finding {
    BEHAVIOUR_GATE_FAILED
        .found(Place::file(label.clone()), format!("`{what}` fails: {because}"))
        .with("probe", what)
}
