use vocabulary::Place;

use super::rule;
use crate::configuration::Kind;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "config-weights-mismatch", Medium, "the weights are not those that the configuration describes",
    threats: [T4, T8],
    cwe: ["CWE-345"],
    atlas: ["AML.T0010"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    super::remarks_of(&RULE, Kind::OtherWeights, place, content, sink);
}
