use vocabulary::Place;

use super::rule;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "archive-unsafe-path", High, "unpacking the archive would write outside its folder",
    threats: [T3, T4],
    cwe: ["CWE-22", "CWE-59"],
    atlas: ["AML.T0010"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
BODY
}
