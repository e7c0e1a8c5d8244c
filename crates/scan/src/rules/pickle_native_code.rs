use vocabulary::Place;

use super::rule;
use crate::judge::Class;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "pickle-native-code", Critical, "loading it loads native code or touches raw memory",
    threats: [T3],
    cwe: ["CWE-502", "CWE-114"],
    atlas: ["AML.T0010", "AML.T0011"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    super::acts_of(&RULE, Class::Native, place, content, sink);
}
