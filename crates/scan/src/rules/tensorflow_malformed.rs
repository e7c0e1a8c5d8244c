use formats::tensorflow::OddityKind;
use vocabulary::Place;

use super::rule;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "tensorflow-malformed", High, "the file of TensorFlow graphs breaks its format",
    threats: [T4, T8],
    cwe: ["CWE-20", "CWE-436"],
    atlas: ["AML.T0010"],
    aisvs: ["6.1.1", "6.1.3"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    let Content::TensorFlow(model, _) = content else { return };
    // What is not kept is told as a gap.
    for odd in model.oddities.iter().filter(|odd| odd.kind != OddityKind::NotRetained) {
        let place = if model.is_text { place.clone() } else { place.at(odd.at) };
        sink.say(&RULE, &place, odd.detail.to_string());
    }
}
