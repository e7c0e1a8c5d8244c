use vocabulary::Place;

use super::rule;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "torchscript-code", High, "TorchScript code in the model reaches out of it",
    threats: [T3],
    cwe: ["CWE-94", "CWE-829"],
    atlas: ["AML.T0010", "AML.T0011"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    let Content::TorchScript(statements) = content else { return };
    for statement in statements.iter().filter(|statement| statement.dangerous) {
        let message = format!("`{}`: {}", statement.name, statement.because);
        sink.say(&RULE, &place.at(statement.at), message);
    }
}
