use vocabulary::Place;

use super::rule;
use crate::onnx_ops::{self, Meaning};
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "onnx-operator-effect", High, "an operator of the ONNX model runs Python, opens files or connects",
    threats: [T3, T4, T6],
    cwe: ["CWE-829", "CWE-470"],
    atlas: ["AML.T0010"],
    aisvs: ["6.1.1"],
);

/// Attributes of an operator that a finding shows.
const SHOWN: usize = 6;

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    let Content::Onnx(model) = content else { return };
    for used in onnx_ops::uses(model) {
        let why = match used.meaning {
            Meaning::Python => "calls Python by names that stand in the model",
            Meaning::File => "opens files that its input names",
            Meaning::Network => "sends its inputs to an address that stands in the model",
            Meaning::Computes | Meaning::Unknown | Meaning::Native => continue,
        };
        let mut message =
            format!("operator `{}`, {}: {why}", used.shown, super::nodes(used.operator));
        for (name, value) in used.operator.attributes.iter().take(SHOWN) {
            message.push_str(&format!("; `{}` = `{}`", name.shortened(40), value.shortened(80)));
        }
        let finding = RULE.found(place.at(used.operator.at), message);
        sink.found(finding.with("operator", used.shown).with("nodes", used.operator.count));
    }
}
