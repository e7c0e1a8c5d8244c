use vocabulary::Place;

use super::rule;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "pickle-expansion", Medium, "whoever walks through the loaded value never comes to its end",
    threats: [T3],
    cwe: ["CWE-776"],
    atlas: ["AML.T0029"],
    aisvs: ["4.1.2"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    let Content::Expansion(size) = content else { return };
    let message = format!(
        "containers hold the same containers again and again: a copy, a comparison or a printout \
         of the value meets at least {size} of them"
    );
    sink.say(&RULE, place, message);
}
