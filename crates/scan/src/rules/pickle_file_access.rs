use vocabulary::Place;

use super::rule;
use crate::judge::Class;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "pickle-file-access", High, "loading it reads or changes files or the state of the process",
    threats: [T3],
    cwe: ["CWE-502", "CWE-73"],
    atlas: ["AML.T0010", "AML.T0011"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    super::acts_of(&RULE, Class::Files, place, content, sink);
}
