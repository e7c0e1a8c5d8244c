use vocabulary::Place;

use super::rule;
use crate::configuration::Kind;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "requirements-foreign-source", Medium, "a list of packages fetches them from a place that is not the index",
    threats: [T4],
    cwe: ["CWE-829", "CWE-494"],
    atlas: ["AML.T0010"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    super::remarks_of(&RULE, Kind::ForeignSource, place, content, sink);
}
