use vocabulary::Place;

use super::rule;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "python-bytecode", Medium, "compiled Python, which runs in place of its source",
    threats: [T3],
    cwe: ["CWE-506"],
    atlas: ["AML.T0010", "AML.T0011"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    let Content::Pyc(code) = content else { return };
    let from = match code.filename.as_str() {
        "" => String::new(),
        name => {
            format!(" of `{}`", vocabulary::Untrusted::new(name).shortened(80))
        }
    };
    let message = format!("it is bytecode{from}: {}", code.summary());
    let mut finding = RULE.found(place.clone(), message);
    if !code.imports.is_empty() {
        finding = finding.with("imports", code.imports.iter().cloned().collect::<Vec<_>>());
    }
    sink.found(finding);
}
