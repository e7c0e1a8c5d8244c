use vocabulary::Place;

use super::rule;
use crate::judge::Class;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "keras-file-access", High, "loading the Keras model reads or writes files, or connects to a host",
    threats: [T3],
    cwe: ["CWE-73", "CWE-918"],
    atlas: ["AML.T0010", "AML.T0011"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    super::keras_acts_of(&RULE, &[Class::Files, Class::Network], place, content, sink);
}
