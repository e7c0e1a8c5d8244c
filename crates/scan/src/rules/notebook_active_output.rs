use vocabulary::Place;

use super::rule;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "notebook-active-output", Low, "Outputs of a notebook run script in a browser",
    threats: [T4],
    cwe: ["CWE-79"],
    atlas: ["AML.T0011"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    let Content::ActiveOutput(count) = content else { return };
    let message = format!("{count} outputs hold script: a viewer that trusts the notebook runs it");
    sink.say(&RULE, place, message);
}
