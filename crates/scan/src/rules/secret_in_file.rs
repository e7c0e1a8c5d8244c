use vocabulary::Place;
use vocabulary::secret::Worth;

use super::rule;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "secret-in-file", Medium, "a credential that may be used stands in the file",
    threats: [T6],
    cwe: ["CWE-312", "CWE-798"],
    atlas: ["AML.T0055"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    let Content::Secret(secret, head) = content else { return };
    if secret.worth != Worth::Usable {
        return;
    }
    let message = format!("{} of {} characters", secret.kind, secret.len());
    sink.found(RULE.found(place.clone(), message).with("begins-with", *head));
}
