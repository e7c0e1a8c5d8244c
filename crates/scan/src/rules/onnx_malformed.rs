use formats::onnx::OddityKind;
use vocabulary::Place;

use super::rule;
use crate::sink::Sink;
use crate::subject::{Content, DataFile};

rule!(
    "onnx-malformed", High, "the ONNX model breaks its format",
    threats: [T4, T8],
    cwe: ["CWE-20", "CWE-190", "CWE-436"],
    atlas: ["AML.T0010"],
    aisvs: ["6.1.1", "6.1.3"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    match content {
        Content::Onnx(model) => {
            for odd in model.oddities.iter().filter(|odd| breaks(odd.kind)) {
                sink.say(&RULE, &place.at(odd.at), odd.detail.to_string());
            }
        }
        Content::OnnxData(file, DataFile::File(len)) if file.reach > *len => {
            let message = format!(
                "`{}` has {len} bytes, and the model reads it up to byte {}",
                file.location.shortened(200),
                file.reach
            );
            sink.say(&RULE, &place.at(file.at), message);
        }
        _ => {}
    }
}

/// Whether it is more than untidy: what real exporters have written stays quiet, and what another
/// rule or a gap tells is not told twice.
fn breaks(kind: OddityKind) -> bool {
    !matches!(
        kind,
        OddityKind::NotRetained
            | OddityKind::NoValues
            | OddityKind::DuplicateMetadata
            | OddityKind::UnknownType
            | OddityKind::ExternalUnknownKey
            | OddityKind::ExternalDuplicateKey
    )
}
