use vocabulary::Place;

use super::rule;
use crate::sink::Sink;
use crate::subject::Content;
use crate::walk::where_it_stands;

rule!(
    "embedded-executable", High, "a program stands inside data, or under the name of data",
    threats: [T3, T4],
    cwe: ["CWE-506", "CWE-434"],
    atlas: ["AML.T0010", "AML.T0011"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    let Content::Program(program) = content else { return };
    let Some(disguise) = program.disguise else { return };
    let message = format!("{}: {}", where_it_stands(disguise), program.what);
    sink.found(RULE.found(place.clone(), message));
}
