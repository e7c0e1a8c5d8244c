use provenance::oms::Uncovered;
use vocabulary::{Finding, MapsTo, Place, Rule, Severity, Threat, Untrusted};

pub(crate) static SIGNATURE_DOES_NOT_COVER: Rule = Rule {
    name: "signature-does-not-cover",
    summary: "something in the model is covered by no signature",
    severity: Severity::Low,
    threats: &[Threat::T4],
    maps_to: MapsTo { cwe: &["CWE-353"], atlas: &["AML.T0010"], aisvs: &["6.1.1"] },
    page: include_str!("signature-does-not-cover.md"),
};

/// Something of which no statement about the model can speak.
pub(crate) fn not_stated(path: &Untrusted, said: &str) -> Finding {
    SIGNATURE_DOES_NOT_COVER.found(Place::file(path.clone()), said.to_owned())
}

pub(crate) fn found(uncovered: &Uncovered) -> Finding {
    let place = Place::file(uncovered.path.clone());
    let more = match uncovered.files {
        0 | 1 => String::new(),
        files => format!(", {files} files"),
    };
    let message = format!("{}{more}", uncovered.what.words());
    SIGNATURE_DOES_NOT_COVER.found(place, message).with("bytes", uncovered.bytes)
}
