use vocabulary::Place;

use super::{deeds_of, rule};
use crate::sink::Sink;
use crate::subject::Content;
use crate::tensorflow::Class;

rule!(
    "tensorflow-unknown-operator", Medium, "a TensorFlow graph has an operator of an unknown library",
    threats: [T3],
    cwe: ["CWE-829"],
    atlas: ["AML.T0010"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    deeds_of(&RULE, Class::Unknown, place, content, sink);
}
