use vocabulary::Place;

use super::{python_acts_of, rule};
use crate::python::reach::Level;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "python-program", Medium, "A Python program beside the model starts other programs or runs made code",
    threats: [T3, T4],
    cwe: ["CWE-829"],
    atlas: ["AML.T0010", "AML.T0011"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    python_acts_of(&RULE, Level::Aside, place, content, sink);
}
