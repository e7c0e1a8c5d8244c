use vocabulary::Place;

use super::rule;
use crate::judge::Class;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "keras-code-execution", Critical, "loading the Keras model runs code of the file",
    threats: [T3],
    cwe: ["CWE-502", "CWE-94"],
    atlas: ["AML.T0010", "AML.T0011"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    super::keras_acts_of(
        &RULE,
        &[Class::Executes, Class::Native, Class::Tampers, Class::Indirect, Class::Unpickles],
        place,
        content,
        sink,
    );
}
