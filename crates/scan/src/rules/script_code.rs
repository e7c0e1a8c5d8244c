use vocabulary::Place;

use super::rule;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "script-code", Info, "The artifact holds a script of a shell",
    threats: [T3, T4],
    cwe: ["CWE-829"],
    atlas: ["AML.T0010"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    if let Content::Shell([]) = content {
        let message = "a script of a shell: no loader of models runs it, and what it would do was \
                       looked through for downloads that are run and shells that are handed out";
        sink.say(&RULE, place, message);
    }
}
