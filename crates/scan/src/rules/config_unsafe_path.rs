use vocabulary::Place;

use super::rule;
use crate::configuration::Kind;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "config-unsafe-path", High, "the configuration has a loader open what lies outside of the folder",
    threats: [T3, T4],
    cwe: ["CWE-22"],
    atlas: ["AML.T0010"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    super::remarks_of(&RULE, Kind::UnsafePath, place, content, sink);
}
