use vocabulary::Place;

use super::rule;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "npy-malformed", Medium, "the array's header does not agree with its data",
    threats: [T4, T8],
    cwe: ["CWE-20"],
    atlas: ["AML.T0010"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    let Content::Npy(array) = content else { return };
    for odd in &array.oddities {
        sink.say(&RULE, &place.at(odd.at), odd.detail.to_string());
    }
}
