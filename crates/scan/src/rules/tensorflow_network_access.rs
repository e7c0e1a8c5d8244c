use vocabulary::Place;

use super::{deeds_of, rule};
use crate::sink::Sink;
use crate::subject::Content;
use crate::tensorflow::Class;

rule!(
    "tensorflow-network-access", High, "a TensorFlow graph opens a connection",
    threats: [T3, T6],
    cwe: ["CWE-918", "CWE-829"],
    atlas: ["AML.T0010", "AML.T0025"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    deeds_of(&RULE, Class::Network, place, content, sink);
}
