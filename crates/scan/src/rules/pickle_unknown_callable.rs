use vocabulary::Place;

use super::rule;
use crate::judge::Class;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "pickle-unknown-callable", Medium, "loading it calls something that cannot be told to be inert",
    threats: [T3],
    cwe: ["CWE-502"],
    atlas: ["AML.T0010"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    super::acts_of(&RULE, Class::Unknown, place, content, sink);
}
