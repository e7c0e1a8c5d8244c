use formats::names::NameTrouble;
use formats::sevenz::SevenZOddity;
use formats::tar::TarOddity;
use formats::zip::ZipOddity;
use vocabulary::Place;

use super::rule;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "archive-irregular", Low, "the archive is not as its writers write it",
    threats: [T4],
    cwe: ["CWE-20"],
    atlas: ["AML.T0010"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    match content {
        Content::Zip(archive) => {
            for odd in archive.oddities.iter().filter(|odd| zip(odd.kind)) {
                sink.say(&RULE, &place.at(odd.at), odd.detail.to_string());
            }
        }
        Content::Tar(tape) => {
            for odd in tape.oddities.iter().filter(|odd| tar(odd.kind)) {
                sink.say(&RULE, &place.at(odd.at), odd.detail.to_string());
            }
        }
        Content::SevenZ(archive) => {
            for odd in archive.oddities.iter().filter(|odd| seven_z(odd.kind)) {
                sink.say(&RULE, &place.at(odd.at), odd.detail.to_string());
            }
        }
        _ => {}
    }
}

fn zip(kind: ZipOddity) -> bool {
    match kind {
        ZipOddity::Prefix
        | ZipOddity::Suffix
        | ZipOddity::Gap
        | ZipOddity::Comment
        | ZipOddity::NoDirectory
        | ZipOddity::EncryptedFlag
        | ZipOddity::Truncated
        | ZipOddity::Descriptor
        | ZipOddity::Zip64
        | ZipOddity::Extra
        | ZipOddity::UnsupportedMethod
        | ZipOddity::Symlink
        | ZipOddity::DirectoryWithContent => true,
        ZipOddity::Name(name) => is_untidy(name),
        _ => false,
    }
}

fn tar(kind: TarOddity) -> bool {
    match kind {
        TarOddity::Name(name) => is_untidy(name),
        TarOddity::LinkOutside | TarOddity::ThroughLink | TarOddity::Special => false,
        _ => true,
    }
}

fn seven_z(kind: SevenZOddity) -> bool {
    match kind {
        SevenZOddity::Name(name) => is_untidy(name),
        _ => true,
    }
}

/// Names that lead nowhere else and that no writer writes.
fn is_untidy(name: NameTrouble) -> bool {
    matches!(
        name,
        NameTrouble::Empty
            | NameTrouble::Backslash
            | NameTrouble::Control
            | NameTrouble::NotUtf8
            | NameTrouble::Long
    )
}
