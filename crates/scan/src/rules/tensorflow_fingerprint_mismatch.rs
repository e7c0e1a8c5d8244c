use vocabulary::Place;

use super::rule;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "tensorflow-fingerprint-mismatch", Low, "the variables of a `SavedModel` are not those that its fingerprint was made of",
    threats: [T4, T9],
    cwe: ["CWE-354"],
    atlas: ["AML.T0010"],
    aisvs: ["6.1.1", "6.1.3"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    let Content::Fingerprint(promised, actual) = content else { return };
    if promised != actual {
        let message = format!(
            "`fingerprint.pb` promises the hash {promised:016x} of it, which is {actual:016x}"
        );
        sink.say(&RULE, place, message);
    }
}
