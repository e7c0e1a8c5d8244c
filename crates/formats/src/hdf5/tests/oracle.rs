//! The same files read here and by libhdf5.

use std::collections::BTreeMap;

use super::*;
use crate::harness;

#[test]
fn reads_what_the_library_reads() {
    let folder = tempfile::tempdir().unwrap();
    let script = include_str!("oracle.py");
    let Some(out) = harness::python("h5py, numpy", script, folder.path()) else { return };
    let mut files: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut name = "";
    for line in out.lines() {
        if let Some(next) = line.strip_prefix("file ") {
            name = next;
        } else {
            files.entry(name).or_default().push(line);
        }
    }
    assert!(files.len() > 20);
    let mut faults = Vec::new();
    for (name, expected) in files {
        let file = read(&harness::load(&folder.path().join(name)));
        for odd in &file.oddities {
            faults.push(format!("{name}: {odd:?}"));
        }
        assert_eq!(file.limit, None);
        let lines = listing(&file);
        let mut expected: Vec<String> = expected.iter().map(ToString::to_string).collect();
        expected.sort();
        for line in expected.iter().filter(|line| lines.binary_search(line).is_err()) {
            faults.push(format!("{name}: missing {line}"));
        }
        for line in lines.iter().filter(|line| expected.binary_search(line).is_err()) {
            faults.push(format!("{name}: surplus {line}"));
        }
    }
    assert!(faults.is_empty(), "{}:\n{}", faults.len(), faults[..faults.len().min(60)].join("\n"));
}
