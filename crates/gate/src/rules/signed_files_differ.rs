use vocabulary::{MapsTo, Rule, Severity, Threat};

pub(crate) static SIGNED_FILES_DIFFER: Rule = Rule {
    name: "signed-files-differ",
    summary: "the files are not those that were signed",
    severity: Severity::Critical,
    threats: &[Threat::T4],
    maps_to: MapsTo { cwe: &["CWE-345", "CWE-353"], atlas: &["AML.T0010"], aisvs: &["6.1.1"] },
    page: include_str!("signed-files-differ.md"),
};
