use formats::hdf5::{Hdf5, OddityKind};
use vocabulary::Place;

use super::rule;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "hdf5-malformed", High, "the HDF5 file breaks its format",
    threats: [T4, T8],
    cwe: ["CWE-20", "CWE-190", "CWE-400", "CWE-789"],
    atlas: ["AML.T0010", "AML.T0029"],
    aisvs: ["6.1.1", "6.1.3"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    let Content::Hdf5(file) = content else { return };
    for odd in file.oddities.iter().filter(|odd| breaks(file, odd.kind)) {
        sink.say(&RULE, &place.at(odd.at), format!("{}: {}", why(odd.kind), odd.detail));
    }
}

/// Whether it is more than untidy.
fn breaks(file: &Hdf5, kind: OddityKind) -> bool {
    match kind {
        // A file that is an element of another one may stand where a superblock could.
        OddityKind::SecondSuperblock => {
            let second = file.superblock.as_ref().and_then(|superblock| superblock.second);
            let within = |at: u64| {
                let spans = file.regions.iter().filter(|region| region.what == "data");
                spans.map(|region| region.span).any(|span| span.start <= at && at < span.end)
            };
            !second.is_some_and(within)
        }
        // Moved and unfinished files open as they are; what follows the end is `hidden-bytes`,
        // and other files have a rule of their own. What cannot be read is a gap.
        OddityKind::BaseAddress
        | OddityKind::Unclean
        | OddityKind::TrailingBytes
        | OddityKind::OtherDriver
        | OddityKind::CacheImage
        | OddityKind::CannotDecode
        | OddityKind::TooDeep
        | OddityKind::TooLarge
        | OddityKind::UnknownMessage => false,
        OddityKind::NoSuperblock
        | OddityKind::UnknownVersion
        | OddityKind::Truncated
        | OddityKind::BadAddress
        | OddityKind::BadSignature
        | OddityKind::BadChecksum
        | OddityKind::BadSize
        | OddityKind::BadMessage
        | OddityKind::MixedObject
        | OddityKind::BadDatatype
        | OddityKind::Overflow
        | OddityKind::BadName
        | OddityKind::DuplicateName
        | OddityKind::Cycle
        | OddityKind::Shared
        | OddityKind::IndexesDisagree
        | OddityKind::PastEnd
        | OddityKind::Overlap
        | OddityKind::HugeShape => true,
    }
}

fn why(kind: OddityKind) -> &'static str {
    match kind {
        OddityKind::NoSuperblock => "it does not begin like one",
        OddityKind::SecondSuperblock => "it begins twice",
        OddityKind::BaseAddress => "it says to stand elsewhere",
        OddityKind::Unclean => "it was not closed",
        OddityKind::OtherDriver => "it is one of several",
        OddityKind::CacheImage => "it holds a cache",
        OddityKind::UnknownVersion => "a version that does not exist",
        OddityKind::Truncated => "it ends too early",
        OddityKind::TrailingBytes => "bytes after its end",
        OddityKind::BadAddress => "an address where nothing stands",
        OddityKind::BadSignature => "a structure without its letters",
        OddityKind::BadChecksum => "a checksum that does not hold",
        OddityKind::BadSize => "a size that does not fit",
        OddityKind::BadMessage => "a message that cannot be read",
        OddityKind::UnknownMessage => "an unknown message",
        OddityKind::MixedObject => "an object of two kinds",
        OddityKind::BadDatatype => "a datatype that does not exist",
        OddityKind::Overflow => "more elements than can be counted",
        OddityKind::BadName => "a name that no path can have",
        OddityKind::DuplicateName => "it stands twice",
        OddityKind::Cycle => "it leads back into itself",
        OddityKind::Shared => "two things use it",
        OddityKind::IndexesDisagree => "two readers see different things",
        OddityKind::PastEnd => "elements past the end",
        OddityKind::Overlap => "elements share bytes",
        OddityKind::HugeShape => "a shape far larger than its content",
        OddityKind::CannotDecode => "it cannot be unpacked",
        OddityKind::TooLarge => "it is too large to be read",
        OddityKind::TooDeep => "it nests too deep to be read",
    }
}
