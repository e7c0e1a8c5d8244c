use vocabulary::Place;

use super::rule;
use crate::configuration::Kind;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "custom-code", Info, "loading the model runs Python of its repository, where the loader is told to trust it",
    threats: [T3, T4],
    cwe: ["CWE-829"],
    atlas: ["AML.T0010"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    super::remarks_of(&RULE, Kind::OwnCode, place, content, sink);
}
