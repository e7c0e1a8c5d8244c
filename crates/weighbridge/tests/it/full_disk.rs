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
        assert!(ended.stdout.contains("make room where temporary files go"), "{ended:?}");
        assert!(!ended.stdout.contains("findings"), "{ended:?}");
    }
}

/// Whatever is written is there whole or not at all, and what was there before stays.
#[test]
fn a_full_disk_leaves_nothing_half_written() {
    let place = Place::new();
    place.folder("out");
    place.write("out/report", "an older one");
    for name in 0..200 {
        place.write(&format!("many/{name}.json"), "{}");
    }
    let array = "a.npy: npy descr=\"<f8\" shape=(4096,)\n  zeros 32768\n";
    let array = forge::parse(array).unwrap().bytes().unwrap();
    fs::write(place.at("a.npy"), array).unwrap();
    for args in [
        &["weigh", "many", "--format", "json", "--output", "out/report"][..],
        &["scan", "many", "--format", "html", "--output", "out/report"],
        &["inspect", "many/1.json", "--output", "out/new"],
        &["convert", "a.npy", "--to", "safetensors", "--output", "out/a.safetensors"],
    ] {
        let ended = place.run_with_little_room(u64::from(args[0] != "inspect"), args);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(3), ""), "{ended:?}");
        assert!(ended.stderr.starts_with("error: cannot write `out/"), "{ended:?}");
        assert!(ended.stderr.contains("\ncause: ") && ended.stderr.contains("\nhint: "));
        let left: Vec<_> = fs::read_dir(place.at("out")).unwrap().collect();
        assert_eq!(left.len(), 1, "{left:?}");
        assert_eq!(fs::read_to_string(place.at("out/report")).unwrap(), "an older one");
    }
}

#[test]
fn a_result_that_cannot_be_printed_is_an_error() {
    let place = Place::new();
    place.write("a.json", "{}");
    for command in ["weigh", "scan", "inspect"] {
        let ended = place.run_into_full_device(&[command, "a.json"]);
        assert_eq!(ended.code, Some(3), "{ended:?}");
        assert!(ended.stderr.starts_with("error: cannot write `stdout`\ncause: "), "{ended:?}");
    }
}
