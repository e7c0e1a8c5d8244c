use vocabulary::Place;

use super::rule;
use crate::judge::Class;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "pickle-nested", High, "loading it unpickles bytes that cannot be seen",
    threats: [T3],
    cwe: ["CWE-502"],
    atlas: ["AML.T0010", "AML.T0011"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    if matches!(content, Content::HandedOver) {
        sink.say(&RULE, place, "a loader gets these bytes, and they are of no known format");
    }
    super::acts_of(&RULE, Class::Unpickles, place, content, sink);
}
