use vocabulary::Place;

use super::{hdf5_external_file, rule};
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "hdf5-unsafe-path", High, "the HDF5 file takes content from outside of its folder",
    threats: [T3, T4],
    cwe: ["CWE-22", "CWE-73"],
    atlas: ["AML.T0010"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    let Content::Hdf5(file) = content else { return };
    for (at, name, message) in hdf5_external_file::outside(file) {
        if super::leaves_its_folder(name.raw()) {
            sink.found(RULE.found(place.at(at), message).with("file", name.clone()));
        }
    }
}
