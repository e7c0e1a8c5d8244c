//! Bytes that real libraries wrote: nothing above `info`, and everything was looked at.

use std::fs;
use std::path::Path;

use vocabulary::Severity;

use super::{scan_block, told};

#[test]
fn harmless_files_stay_calm() {
    let mut faults = Vec::new();
    let mut samples = 0;
    visit(&forge::harmless_dir(), &mut |name, text| {
        for block in forge::blocks(text) {
            samples += 1;
            let scanned = scan_block(&block);
            if scanned.outcome.worst() > Some(Severity::Info) || scanned.outcome.is_incomplete() {
                faults.push(format!("{name}\n{}", told(&scanned)));
            }
        }
    });
    assert!(samples > 50, "only {samples} samples");
    assert!(faults.is_empty(), "{} of {samples}:\n{}", faults.len(), faults.join("\n"));
}

pub(super) fn visit(folder: &Path, act: &mut dyn FnMut(&str, &str)) {
    let mut paths: Vec<_> =
        fs::read_dir(folder).expect("a folder").map(|e| e.expect("an entry").path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            visit(&path, act);
        } else if path.extension().is_some_and(|e| e == "md") {
            let text = fs::read_to_string(&path).expect("a page");
            act(&path.display().to_string(), &text);
        }
    }
}
