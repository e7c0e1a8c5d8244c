use vocabulary::Place;

use super::rule;
use crate::configuration::Kind;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "part-from-elsewhere", Medium, "a part of the model is loaded from a place that was not weighed",
    threats: [T4],
    cwe: ["CWE-829"],
    atlas: ["AML.T0010"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    super::remarks_of(&RULE, Kind::OtherParts, place, content, sink);
}
