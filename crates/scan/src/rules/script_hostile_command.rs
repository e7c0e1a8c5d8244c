use vocabulary::Place;

use super::rule;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "script-hostile-command", High, "A script does what only an attack does",
    threats: [T3, T4],
    cwe: ["CWE-506", "CWE-494"],
    atlas: ["AML.T0010", "AML.T0011"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    let Content::Shell(lines) = content else { return };
    for line in *lines {
        let message = format!("line {}: `{}`: {}", line.number, line.shown, line.because);
        sink.say(&RULE, &place.at(line.at), message);
    }
}
