use vocabulary::Place;

use super::{deeds_of, rule};
use crate::sink::Sink;
use crate::subject::Content;
use crate::tensorflow::Class;

rule!(
    "tensorflow-code-execution", High, "a TensorFlow graph runs code outside of itself",
    threats: [T3],
    cwe: ["CWE-94", "CWE-829"],
    atlas: ["AML.T0010", "AML.T0011"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    deeds_of(&RULE, Class::Code, place, content, sink);
}
