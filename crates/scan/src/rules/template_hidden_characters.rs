use vocabulary::Place;

use super::{notes_of, rule};
use crate::sink::Sink;
use crate::subject::Content;
use crate::templates::Kind;

rule!(
    "template-hidden-characters", Medium, "a template holds characters that nobody sees",
    threats: [T2, T4],
    cwe: ["CWE-451", "CWE-1007"],
    atlas: ["AML.T0051"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    notes_of(&RULE, Kind::HiddenCharacters, place, content, sink);
}
