use vocabulary::Place;

use super::rule;
use crate::configuration::Kind;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "config-unknown-callable", Medium, "the configuration has a loader call something that nobody here knows",
    threats: [T3],
    cwe: ["CWE-470"],
    atlas: ["AML.T0010"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    super::remarks_of(&RULE, Kind::UnknownCallable, place, content, sink);
}
