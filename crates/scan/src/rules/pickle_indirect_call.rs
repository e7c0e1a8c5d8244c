use vocabulary::Place;

use super::rule;
use crate::judge::Class;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "pickle-indirect-call", High, "loading it calls something that is computed while loading",
    threats: [T3],
    cwe: ["CWE-502", "CWE-470"],
    atlas: ["AML.T0010", "AML.T0011"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    super::acts_of(&RULE, Class::Indirect, place, content, sink);
}
