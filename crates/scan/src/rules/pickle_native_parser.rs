use vocabulary::Place;

use super::rule;
use crate::judge::Class;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "pickle-native-parser", Info, "loading it gives bytes to a native parser of a known library",
    threats: [T3],
    cwe: ["CWE-502", "CWE-119"],
    atlas: ["AML.T0010"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    super::acts_of(&RULE, Class::ParsesNatively, place, content, sink);
}
