use vocabulary::Place;

use super::{notes_of, rule};
use crate::sink::Sink;
use crate::subject::Content;
use crate::templates::Kind;

rule!(
    "template-sandbox-escape", Critical, "a template reaches for what runs code",
    threats: [T3],
    cwe: ["CWE-1336", "CWE-94", "CWE-693"],
    atlas: ["AML.T0010", "AML.T0011"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    notes_of(&RULE, Kind::Escape, place, content, sink);
}
