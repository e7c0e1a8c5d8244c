use vocabulary::Place;

use super::rule;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "executable-file", Medium, "the file is a program, a script or an installer",
    threats: [T3, T4],
    cwe: ["CWE-829"],
    atlas: ["AML.T0010", "AML.T0011"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    let Content::Program(program) = content else { return };
    if program.disguise.is_some() {
        return;
    }
    let message = format!("it is {}, which no reader here judges", program.what);
    let mut finding = RULE.found(place.clone(), message);
    if !program.entries.is_empty() {
        let entries: Vec<String> =
            program.entries.iter().map(|name| name.raw().to_owned()).collect();
        finding = finding.with("entered-by", entries);
    }
    sink.found(finding);
}
