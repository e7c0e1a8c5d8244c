use vocabulary::Place;

use super::rule;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "python-odd-source", Medium, "Python source is written so that readers see another text than Python",
    threats: [T3, T4],
    cwe: ["CWE-116", "CWE-506"],
    atlas: ["AML.T0010", "AML.T0011"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    let Content::Python(conclusion) = content else { return };
    for odd in &conclusion.module.odd {
        sink.say(&RULE, place, odd.to_string());
    }
}
