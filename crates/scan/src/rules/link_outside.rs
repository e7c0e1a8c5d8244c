use vocabulary::{Place, Untrusted};

use super::rule;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "link-outside", High, "a symbolic link leads out of the folder",
    threats: [T4],
    cwe: ["CWE-59"],
    atlas: ["AML.T0010"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    let Content::LinkOutside(target) = content else { return };
    let target = Untrusted::new(*target);
    sink.say(&RULE, place, format!("it leads to `{target}`, outside of the folder"));
}
