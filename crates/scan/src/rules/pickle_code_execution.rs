use vocabulary::Place;

use super::rule;
use crate::judge::Class;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "pickle-code-execution", Critical, "loading it runs code or starts a process",
    threats: [T3],
    cwe: ["CWE-502", "CWE-94"],
    atlas: ["AML.T0010", "AML.T0011"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    super::acts_of(&RULE, Class::Executes, place, content, sink);
}
