use vocabulary::Place;

use super::{notes_of, rule};
use crate::sink::Sink;
use crate::subject::Content;
use crate::templates::Kind;

rule!(
    "template-resource", High, "a template takes time or memory without bound",
    threats: [T8],
    cwe: ["CWE-400", "CWE-674", "CWE-834"],
    atlas: ["AML.T0029"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    notes_of(&RULE, Kind::Resource, place, content, sink);
}
