use vocabulary::Place;

use super::{notes_of, rule};
use crate::sink::Sink;
use crate::subject::Content;
use crate::templates::Kind;

rule!(
    "template-added-text", Medium, "a template writes text into a conversation that no published template writes",
    threats: [T2, T4, T5],
    cwe: ["CWE-506", "CWE-1427"],
    atlas: ["AML.T0051"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    notes_of(&RULE, Kind::AddedText, place, content, sink);
}
