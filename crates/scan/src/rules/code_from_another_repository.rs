use vocabulary::Place;

use super::rule;
use crate::configuration::Kind;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "code-from-another-repository", Medium, "the model takes its code from another repository",
    threats: [T3, T4],
    cwe: ["CWE-829", "CWE-494"],
    atlas: ["AML.T0010"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    super::remarks_of(&RULE, Kind::ForeignCode, place, content, sink);
}
