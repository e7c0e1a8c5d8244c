use vocabulary::{MapsTo, Rule, Severity, Threat};

pub(crate) static LINEAGE_UNKNOWN_SIGNER: Rule = Rule {
    name: "lineage-unknown-signer",
    summary: "a statement that the chain needs is not signed by somebody who may",
    severity: Severity::Critical,
    threats: &[Threat::T4],
    maps_to: MapsTo { cwe: &["CWE-347"], atlas: &["AML.T0010"], aisvs: &["6.1.1"] },
    page: include_str!("lineage-unknown-signer.md"),
};
