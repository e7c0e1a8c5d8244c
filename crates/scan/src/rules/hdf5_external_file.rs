use formats::hdf5::{Hdf5, OddityKind, Target};
use vocabulary::{Place, Untrusted};

use super::rule;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "hdf5-external-file", Medium, "the HDF5 file takes content from other files",
    threats: [T3, T4],
    cwe: ["CWE-73", "CWE-829"],
    atlas: ["AML.T0010"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    let Content::Hdf5(file) = content else { return };
    for (at, name, message) in outside(file) {
        if !super::leaves_its_folder(name.raw()) {
            sink.found(RULE.found(place.at(at), message).with("file", name.clone()));
        }
    }
    for link in &file.links {
        if let Target::User { kind, .. } = link.target {
            let message = format!(
                "the link `{}` is of kind {kind}, and leads wherever a plugin leads it",
                link.path.shortened(80)
            );
            sink.say(&RULE, &place.at(link.at), message);
        }
    }
    for odd in file.oddities.iter().filter(|odd| odd.kind == OddityKind::OtherDriver) {
        let message = format!("it says to be one of several files: {}", odd.detail);
        sink.say(&RULE, &place.at(odd.at), message);
    }
}

/// Every place where another file is named: where, which file, and in a sentence.
pub(super) fn outside(file: &Hdf5) -> Vec<(u64, &Untrusted, String)> {
    let mut out = Vec::new();
    for link in &file.links {
        if let Target::External { file, path } = &link.target {
            let message = format!(
                "the link `{}` leads to `{}` in `{}`",
                link.path.shortened(80),
                path.shortened(80),
                file.shortened(200)
            );
            out.push((link.at, file, message));
        }
    }
    for part in &file.external_storage {
        let message = format!(
            "the elements of `{}` are bytes of `{}` from {}",
            part.object.shortened(80),
            part.file.shortened(200),
            part.offset
        );
        out.push((part.at, &part.file, message));
    }
    for source in file.virtual_sources.iter().filter(|source| source.file.raw() != ".") {
        let message = format!(
            "the elements of `{}` are those of `{}` in `{}`",
            source.object.shortened(80),
            source.dataset.shortened(80),
            source.file.shortened(200)
        );
        out.push((source.at, &source.file, message));
    }
    out
}
