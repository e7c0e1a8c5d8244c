use vocabulary::Place;

use super::rule;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "hub-cache-mismatch", Critical, "a file of the hub cache is not the one that its name promises",
    threats: [T4, T9],
    cwe: ["CWE-345", "CWE-353"],
    atlas: ["AML.T0010"],
    aisvs: ["6.1.3"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    let Content::CacheMismatch { named, actual } = content else { return };
    let finding = RULE
        .found(place.clone(), format!("the blob is named {named} and its SHA-256 is {actual}"))
        .with("named", *named)
        .with("sha256", *actual);
    sink.found(finding);
}
