use vocabulary::Place;

use super::{python_acts_of, rule};
use crate::python::reach::Level;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "python-import-effect", High, "Importing Python of the artifact reaches out of the process",
    threats: [T3, T4],
    cwe: ["CWE-829", "CWE-506"],
    atlas: ["AML.T0010", "AML.T0011"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    python_acts_of(&RULE, Level::ImportEffect, place, content, sink);
}
