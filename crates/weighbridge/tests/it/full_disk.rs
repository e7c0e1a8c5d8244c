//! A machine that cannot keep what a file unpacks to: that is no fault of the file.

use std::fs;

use crate::program::Place;

/// Each unpacks to more than stays in memory.
const PACKED: [(&str, &str); 3] = [
    ("model.pkl.gz", "model.pkl.gz: gzip\n  zeros 8M\n"),
    ("model.zip", "model.zip: zip\n  a.pkl [deflate]: zeros 8M\n"),
    ("model.pkl.bz2", "model.pkl.bz2: bz2\n  zeros 8M\n"),
];

#[test]
fn a_temporary_file_that_cannot_be_written_leaves_it_undecided() {
    let place = Place::new();
    for (name, recipe) in PACKED {
        let bytes = forge::parse(recipe).unwrap().bytes().unwrap();
        fs::write(place.at(name), bytes).unwrap();
        let ended = place.run_without_temporary_files(&["weigh", name, "--no-digest"]);
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.stdout.contains("cannot write a temporary file"), "{ended:?}");
        assert!(!ended.stdout.contains("findings"), "{ended:?}");
    }
}
