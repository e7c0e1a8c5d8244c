use vocabulary::Place;

use super::rule;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "keras-custom-object", Info, "the Keras model needs code that is not in it",
    threats: [T4],
    cwe: ["CWE-1357"],
    atlas: ["AML.T0010"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    let Content::Keras(config) = content else { return };
    for named in &config.custom {
        let name = vocabulary::Untrusted::new(&*named.name).shortened(80);
        let message = format!("needs `{name}`, which whoever loads it must provide");
        sink.found(RULE.found(place.at(named.at), message).with("object", named.name.as_str()));
    }
}
