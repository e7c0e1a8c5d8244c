use formats::tensorflow::CheckpointOddityKind;
use vocabulary::Place;

use super::rule;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "tensorflow-checkpoint-malformed", High, "the index of a TensorFlow checkpoint lies about its tensors",
    threats: [T4, T8],
    cwe: ["CWE-20", "CWE-125"],
    atlas: ["AML.T0010"],
    aisvs: ["6.1.1", "6.1.3"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    match content {
        Content::Checkpoint(index) => {
            for odd in &index.oddities {
                // What is not read is told as a gap.
                let gap = matches!(
                    odd.kind,
                    CheckpointOddityKind::NotRetained | CheckpointOddityKind::Packed
                );
                if !gap {
                    sink.say(&RULE, &place.at(odd.at), odd.detail.to_string());
                }
            }
        }
        Content::CheckpointData { len, end } if len != end => {
            let message = format!("it has {len} bytes, and by its index {end}");
            sink.say(&RULE, place, message);
        }
        _ => {}
    }
}
