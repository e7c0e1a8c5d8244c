use vocabulary::{Place, Untrusted};

use super::rule;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "extension-mismatch", Medium, "the content is not what the name promises",
    threats: [T3, T4],
    cwe: ["CWE-434", "CWE-646"],
    atlas: ["AML.T0010"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    let Content::Contradiction { extension, contradiction } = content else { return };
    let extension = Untrusted::new(*extension);
    let message = match contradiction.found.as_slice() {
        [] => format!("the name ends in `.{extension}`, and no reader knows the content"),
        formats => {
            let names: Vec<&str> = formats.iter().map(|format| format.name()).collect();
            format!("the name ends in `.{extension}`, the content is {}", names.join(" and "))
        }
    };
    sink.say(&RULE, place, message);
}
