use vocabulary::{MapsTo, Rule, Severity, Threat};

pub(crate) static LINEAGE_MISSING_STEP: Rule = Rule {
    name: "lineage-missing-step",
    summary: "a step that the chain needs has no verified statement",
    severity: Severity::High,
    threats: &[Threat::T4],
    maps_to: MapsTo { cwe: &["CWE-345"], atlas: &["AML.T0010"], aisvs: &["6.1.1"] },
    page: include_str!("lineage-missing-step.md"),
};
