use vocabulary::Place;

use super::rule;
use crate::configuration::Kind;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "config-names-callable", Critical, "the configuration has a loader call something that acts",
    threats: [T3],
    cwe: ["CWE-470", "CWE-502"],
    atlas: ["AML.T0010"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    super::remarks_of(&RULE, Kind::ActingCallable, place, content, sink);
}
