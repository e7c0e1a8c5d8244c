use formats::safetensors::OddityKind;
use vocabulary::Place;

use super::rule;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "safetensors-malformed", High, "the safetensors file breaks its format",
    threats: [T4, T8],
    cwe: ["CWE-20", "CWE-436"],
    atlas: ["AML.T0010"],
    aisvs: ["6.1.1", "6.1.3"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    let Content::Safetensors(file) = content else { return };
    for odd in file.oddities.iter().filter(|odd| breaks(odd.kind)) {
        sink.say(&RULE, &place.at(odd.at), odd.detail.to_string());
    }
}

/// Whether readers may take the file for two different things. A header that is not padded, or a
/// file of a newer writer with a field or type that is not known here, is not that.
fn breaks(kind: OddityKind) -> bool {
    !matches!(kind, OddityKind::UnalignedHeader | OddityKind::NotRetained)
}
