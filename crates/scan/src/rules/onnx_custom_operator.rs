use vocabulary::Place;

use super::rule;
use crate::onnx_ops::{self, Meaning};
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "onnx-custom-operator", Medium, "the ONNX model needs native code that comes from elsewhere",
    threats: [T3, T4],
    cwe: ["CWE-829"],
    atlas: ["AML.T0010"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    let Content::Onnx(model) = content else { return };
    for used in onnx_ops::uses(model) {
        let why = match used.meaning {
            Meaning::Unknown => {
                "no release of ONNX or ONNX Runtime has it: a library must be registered for it"
            }
            Meaning::Native => "it runs a compiled program, in the model or in a file beside it",
            Meaning::Computes | Meaning::Python | Meaning::File | Meaning::Network => continue,
        };
        let message = format!("operator `{}`, {}: {why}", used.shown, super::nodes(used.operator));
        let finding = RULE.found(place.at(used.operator.at), message);
        sink.found(finding.with("operator", used.shown).with("nodes", used.operator.count));
    }
}
