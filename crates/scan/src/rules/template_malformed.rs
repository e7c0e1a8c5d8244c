use vocabulary::Place;

use super::{notes_of, rule};
use crate::sink::Sink;
use crate::subject::Content;
use crate::templates::Kind;

rule!(
    "template-malformed", Medium, "a chat template is not what Jinja2 reads",
    threats: [T4, T8],
    cwe: ["CWE-20", "CWE-436"],
    atlas: ["AML.T0010"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    notes_of(&RULE, Kind::Malformed, place, content, sink);
}
