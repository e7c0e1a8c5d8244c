use formats::pickle::{Ended, PickleOddity};
use vocabulary::Place;

use super::rule;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "pickle-malformed", Medium, "the pickle stream is broken",
    threats: [T3, T8],
    cwe: ["CWE-20"],
    atlas: ["AML.T0010"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    let Content::PickleStream(stream) = content else { return };
    match &stream.ended {
        Ended::Stop | Ended::Exhausted(_) => {}
        Ended::Truncated => {
            sink.say(&RULE, &place.at(stream.end), "the stream ends without STOP");
        }
        Ended::UnknownOpcode(byte) => {
            let message = format!("0x{byte:02x} is no opcode; an unpickler raises here");
            sink.say(&RULE, &place.at(stream.end), message);
        }
    }
    let broken = stream
        .oddities
        .iter()
        .filter(|odd| !matches!(odd.kind, PickleOddity::ParserDifferential(_)));
    for odd in broken {
        sink.say(&RULE, &place.at(odd.at), odd.detail.to_string());
    }
}
