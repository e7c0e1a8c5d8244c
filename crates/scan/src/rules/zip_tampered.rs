use formats::names::NameTrouble;
use formats::zip::{CrcCheck, Encryption, ZipOddity};
use vocabulary::Place;

use super::rule;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "zip-tampered", High, "two readers of the archive see different things",
    threats: [T3, T4],
    cwe: ["CWE-436", "CWE-345"],
    atlas: ["AML.T0010"],
    aisvs: ["6.1.1", "6.1.3"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    match content {
        Content::Zip(archive) => {
            for odd in archive.oddities.iter().filter(|odd| contradicts(odd.kind)) {
                sink.say(&RULE, &place.at(odd.at), odd.detail.to_string());
            }
        }
        Content::ZipMember(member, opened) => {
            if opened.checks.crc == CrcCheck::Differs {
                let message = "its checksum does not hold; some loaders read it all the same";
                sink.say(&RULE, place, message);
            }
            if member.encrypted && opened.checks.encryption == Encryption::FlagOnly {
                let message = "it is flagged as encrypted and is plain; some loaders read it";
                sink.say(&RULE, place, message);
            }
            if !opened.checks.unread.is_empty() {
                let message = format!(
                    "{} bytes stand after the end of its compressed data",
                    opened.checks.unread.len()
                );
                sink.say(&RULE, place, message);
            }
        }
        _ => {}
    }
}

/// Whether two loaders would take the archive for two different things.
fn contradicts(kind: ZipOddity) -> bool {
    matches!(
        kind,
        ZipOddity::DuplicateName
            | ZipOddity::CaseDuplicate
            | ZipOddity::NameMismatch
            | ZipOddity::SizeMismatch
            | ZipOddity::CrcMismatch
            | ZipOddity::MethodMismatch
            | ZipOddity::FlagsMismatch
            | ZipOddity::LocalOnly
            | ZipOddity::CentralOnly
            | ZipOddity::Overlap
            | ZipOddity::SeveralEnds
            | ZipOddity::EndInComment
            | ZipOddity::OffsetBias
            | ZipOddity::ReservedFlag
            | ZipOddity::SizeLie
            | ZipOddity::UnicodePath
            | ZipOddity::WrongCount
            | ZipOddity::BrokenRecord
            | ZipOddity::MultiDisk
            | ZipOddity::Name(NameTrouble::Nul)
    )
}
