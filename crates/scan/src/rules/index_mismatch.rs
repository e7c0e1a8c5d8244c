use vocabulary::Place;

use super::rule;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "index-mismatch", Medium, "the index of the checkpoint does not agree with its shards",
    threats: [T4, T8],
    cwe: ["CWE-345"],
    atlas: ["AML.T0010"],
    aisvs: ["6.1.3"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
BODY
}
