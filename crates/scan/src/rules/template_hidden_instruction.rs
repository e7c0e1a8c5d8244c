use vocabulary::Place;

use super::{notes_of, rule};
use crate::sink::Sink;
use crate::subject::Content;
use crate::templates::Kind;

rule!(
    "template-hidden-instruction", High, "a template writes text of its own only on a condition that a conversation meets",
    threats: [T2, T4, T5],
    cwe: ["CWE-506", "CWE-1427"],
    atlas: ["AML.T0018", "AML.T0051"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    notes_of(&RULE, Kind::HiddenInstruction, place, content, sink);
}
