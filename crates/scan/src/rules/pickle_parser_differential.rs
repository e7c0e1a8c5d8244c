use formats::pickle::PickleOddity;
use vocabulary::Place;

use super::rule;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "pickle-parser-differential", Medium, "two unpicklers read the stream differently",
    threats: [T3],
    cwe: ["CWE-436"],
    atlas: ["AML.T0010"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    let Content::PickleStream(stream) = content else { return };
    for odd in &stream.oddities {
        if matches!(odd.kind, PickleOddity::ParserDifferential(_)) {
            sink.say(&RULE, &place.at(odd.at), odd.detail.to_string());
        }
    }
}
