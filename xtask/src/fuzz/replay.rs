//! The kept inputs, through what the fuzz targets do with them.

use std::collections::BTreeSet;
use std::fs;

use crate::repo::Repo;
use crate::shell;

#[path = "../../../fuzz/src/lib.rs"]
#[allow(unreachable_pub, reason = "it is a library of its own where the targets use it")]
mod readers;

#[test]
fn every_target_has_its_function() {
    let repo = Repo::load().expect("the tree");
    let files: BTreeSet<String> = super::targets(&repo).into_iter().collect();
    let functions = readers::READERS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(files, functions);
}

#[test]
fn kept_inputs_end() {
    let kept = shell::root().join("fuzz/corpus-kept");
    let mut count = 0;
    for folder in fs::read_dir(kept).expect("the kept inputs") {
        let folder = folder.expect("a folder a target").path();
        let target = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let reader = readers::READERS.iter().find(|(name, _)| *name == target);
        let (_, reader) = reader.unwrap_or_else(|| panic!("no target is named `{target}`"));
        for file in fs::read_dir(folder).expect("a folder") {
            let path = file.expect("a file").path();
            let text = fs::read_to_string(&path).expect("text");
            assert!(text.starts_with("# "), "{}: what is it?", path.display());
            let bytes = super::bytes_of(&text).expect("hex");
            reader(&bytes);
            // Whatever one reader is about, a scan meets it as well.
            readers::weigh_bytes(&bytes);
            count += 1;
        }
    }
    assert!(count > 0, "no input was kept");
}

#[test]
fn a_cursor_reads_the_same_in_memory_and_elsewhere() {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    for length in (0..2_000).map(|n| n % 97) {
        let bytes: Vec<u8> = (0..length)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state.to_le_bytes()[4]
            })
            .collect();
        readers::cursor(&bytes);
    }
}
