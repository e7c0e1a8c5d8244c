use vocabulary::Place;

use super::rule;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "hidden-bytes", Medium, "the file holds bytes that its format does not explain",
    threats: [T3, T4],
    cwe: ["CWE-506"],
    atlas: ["AML.T0010"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
BODY
}
