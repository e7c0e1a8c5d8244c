use vocabulary::Place;

use super::rule;
use crate::judge::Class;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "keras-foreign-object", Medium, "the Keras model names an object of another library",
    threats: [T3],
    cwe: ["CWE-470"],
    atlas: ["AML.T0010", "AML.T0011"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    super::keras_acts_of(&RULE, &[Class::Unknown, Class::ParsesNatively], place, content, sink);
}
