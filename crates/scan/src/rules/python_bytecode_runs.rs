use vocabulary::Place;

use super::rule;
use crate::judge::Class;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "python-bytecode-runs", Critical, "importing the compiled module starts processes or runs text",
    threats: [T3],
    cwe: ["CWE-506", "CWE-94"],
    atlas: ["AML.T0010", "AML.T0011"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    let Content::Pyc(code) = content else { return };
    for (n, act) in code.acts.iter().enumerate() {
        let acts = matches!(act.class, Class::Executes | Class::Native | Class::Unpickles);
        if acts && code.at_once.contains(&n) {
            let message = format!("importing it calls `{}`: {}", act.shown, act.because);
            sink.found(RULE.found(place.clone(), message).with("callable", act.path.as_str()));
        }
    }
}
