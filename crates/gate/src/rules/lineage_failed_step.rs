use vocabulary::{MapsTo, Rule, Severity, Threat};

pub(crate) static LINEAGE_FAILED_STEP: Rule = Rule {
    name: "lineage-failed-step",
    summary: "a verified statement tells of a test, a decision or a command that failed",
    severity: Severity::High,
    threats: &[Threat::T4],
    maps_to: MapsTo { cwe: &["CWE-754"], atlas: &["AML.T0010"], aisvs: &["6.1.1"] },
    page: include_str!("lineage-failed-step.md"),
};
