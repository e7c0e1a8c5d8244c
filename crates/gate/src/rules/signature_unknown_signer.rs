use vocabulary::{MapsTo, Rule, Severity, Threat};

pub(crate) static SIGNATURE_UNKNOWN_SIGNER: Rule = Rule {
    name: "signature-unknown-signer",
    summary: "the model was signed by nobody whose signature counts",
    severity: Severity::High,
    threats: &[Threat::T4],
    maps_to: MapsTo { cwe: &["CWE-347", "CWE-295"], atlas: &["AML.T0010"], aisvs: &["6.1.1"] },
    page: include_str!("signature-unknown-signer.md"),
};
