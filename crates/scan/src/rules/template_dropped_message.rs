use vocabulary::Place;

use super::{notes_of, rule};
use crate::sink::Sink;
use crate::subject::Content;
use crate::templates::Kind;

rule!(
    "template-dropped-message", Medium, "a template leaves out what somebody says",
    threats: [T2, T4, T5],
    cwe: ["CWE-506"],
    atlas: ["AML.T0051"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    notes_of(&RULE, Kind::DroppedMessage, place, content, sink);
}
