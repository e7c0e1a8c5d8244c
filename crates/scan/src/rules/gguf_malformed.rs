use formats::gguf::OddityKind;
use vocabulary::Place;

use super::rule;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "gguf-malformed", High, "the GGUF file breaks its format",
    threats: [T4, T8],
    cwe: ["CWE-20", "CWE-190", "CWE-436"],
    atlas: ["AML.T0010"],
    aisvs: ["6.1.1", "6.1.3"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    let Content::Gguf(file) = content else { return };
    for odd in file.oddities.iter().filter(|odd| breaks(odd.kind)) {
        sink.say(&RULE, &place.at(odd.at), odd.detail.to_string());
    }
}

/// Whether it is more than untidy: what real converters have written stays quiet.
fn breaks(kind: OddityKind) -> bool {
    !matches!(
        kind,
        OddityKind::NotRetained
            | OddityKind::InvalidUtf8
            | OddityKind::KeyNotAscii
            | OddityKind::Padding
            | OddityKind::VocabularyLengths
    )
}
