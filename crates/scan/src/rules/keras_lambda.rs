use vocabulary::Place;

use super::rule;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "keras-lambda", Medium, "the Keras model holds bytecode that runs when it is loaded",
    threats: [T3],
    cwe: ["CWE-502", "CWE-94"],
    atlas: ["AML.T0010", "AML.T0011"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    let Content::Keras(config) = content else { return };
    for lambda in &config.lambdas {
        let of = if lambda.layer.raw().is_empty() {
            "a lambda".to_owned()
        } else {
            format!("the lambda of `{}`", lambda.layer.shortened(80))
        };
        let message = format!("{of} is bytecode of the file: {}", lambda.code.summary());
        let mut finding = RULE.found(place.at(lambda.at), message);
        if !lambda.code.versions.is_empty() {
            let versions: Vec<String> =
                lambda.code.versions.iter().map(|version| (*version).to_owned()).collect();
            finding = finding.with("python", versions);
        }
        if !lambda.code.unknown.is_empty() {
            finding = finding.with("calls", lambda.code.unknown.clone());
        }
        sink.found(finding);
    }
}
