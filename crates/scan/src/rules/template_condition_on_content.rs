use vocabulary::Place;

use super::{notes_of, rule};
use crate::sink::Sink;
use crate::subject::Content;
use crate::templates::Kind;

rule!(
    "template-condition-on-content", Medium, "a template asks for words, names or dates in a conversation",
    threats: [T2, T5],
    cwe: ["CWE-506"],
    atlas: ["AML.T0018", "AML.T0051"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    notes_of(&RULE, Kind::Condition, place, content, sink);
}
