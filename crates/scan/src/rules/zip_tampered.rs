use vocabulary::Place;

use super::rule;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "zip-tampered", High, "two readers of the archive see different things",
    threats: [T3, T4],
    cwe: ["CWE-436", "CWE-345"],
    atlas: ["AML.T0010"],
    aisvs: ["6.1.1", "6.1.3"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
BODY
}
