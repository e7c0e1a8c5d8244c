use vocabulary::Place;

use super::{deeds_of, rule};
use crate::sink::Sink;
use crate::subject::Content;
use crate::tensorflow::Class;

rule!(
    "tensorflow-file-access", High, "a TensorFlow graph reads or writes a file that it names",
    threats: [T3, T4],
    cwe: ["CWE-73", "CWE-22"],
    atlas: ["AML.T0010"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    deeds_of(&RULE, Class::File, place, content, sink);
}
