use vocabulary::Place;

use super::rule;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "safetensors-malformed", High, "the safetensors file breaks its format",
    threats: [T4, T8],
    cwe: ["CWE-20", "CWE-436"],
    atlas: ["AML.T0010"],
    aisvs: ["6.1.1", "6.1.3"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
BODY
}
