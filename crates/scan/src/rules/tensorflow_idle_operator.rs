use vocabulary::Place;

use super::{deeds_of, rule};
use crate::sink::Sink;
use crate::subject::Content;
use crate::tensorflow::Class;

rule!(
    "tensorflow-idle-operator", Medium, "a TensorFlow graph holds an operator that reaches out of it, which nothing runs by itself",
    threats: [T3],
    cwe: ["CWE-912"],
    atlas: ["AML.T0010"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    deeds_of(&RULE, Class::Idle, place, content, sink);
}
