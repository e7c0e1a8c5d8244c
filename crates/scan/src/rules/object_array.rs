use vocabulary::Place;

use super::rule;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "object-array", Info, "the array holds Python objects, so loading it unpickles",
    threats: [T3],
    cwe: ["CWE-502"],
    atlas: ["AML.T0010"],
    aisvs: ["4.1.2"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    let Content::Npy(array) = content else { return };
    if let Some(at) = array.pickle_at {
        sink.say(&RULE, &place.at(at), "the elements are Python objects, stored as a pickle");
    }
}
