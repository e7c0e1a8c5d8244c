use formats::names::NameTrouble;
use formats::sevenz::SevenZOddity;
use formats::tar::TarOddity;
use formats::zip::ZipOddity;
use vocabulary::{Place, Untrusted};

use super::rule;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "archive-unsafe-path", High, "unpacking the archive would write outside its folder",
    threats: [T3, T4],
    cwe: ["CWE-22", "CWE-59"],
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
        Content::ArchiveLink(target) if super::leaves_its_folder(target) => {
            let target = Untrusted::new(*target);
            sink.say(&RULE, place, format!("it is a symbolic link to `{target}`"));
        }
        _ => {}
    }
}

fn zip(kind: ZipOddity) -> bool {
    matches!(kind, ZipOddity::Name(name) if leads_out(name))
}

fn tar(kind: TarOddity) -> bool {
    match kind {
        TarOddity::Name(name) => leads_out(name),
        TarOddity::LinkOutside | TarOddity::ThroughLink | TarOddity::Special => true,
        _ => false,
    }
}

fn seven_z(kind: SevenZOddity) -> bool {
    matches!(kind, SevenZOddity::Name(name) if leads_out(name))
}

/// Whether unpacking a member of such a name writes outside of the folder.
fn leads_out(name: NameTrouble) -> bool {
    matches!(name, NameTrouble::Absolute | NameTrouble::Parent | NameTrouble::Drive)
}
