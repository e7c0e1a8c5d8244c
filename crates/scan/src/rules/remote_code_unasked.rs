use vocabulary::Place;

use super::rule;
use crate::configuration::Kind;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "remote-code-unasked", High, "the configuration has a loader fetch and run code that nobody allowed",
    threats: [T3, T4],
    cwe: ["CWE-829", "CWE-94"],
    atlas: ["AML.T0010"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    super::remarks_of(&RULE, Kind::UnaskedCode, place, content, sink);
}
