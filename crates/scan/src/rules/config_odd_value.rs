use vocabulary::Place;

use super::rule;
use crate::configuration::Kind;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "config-odd-value", Low, "the configuration holds a value that libraries do not write",
    threats: [T4],
    cwe: ["CWE-1188"],
    atlas: ["AML.T0010"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    super::remarks_of(&RULE, Kind::Odd, place, content, sink);
}
