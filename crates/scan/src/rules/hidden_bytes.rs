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
    let Content::Unexplained { span, zero: false } = content else { return };
    let message = format!("{} bytes that the format does not explain", span.len());
    sink.found(RULE.found(place.at(span.start), message).with("bytes", span.len()));
}
