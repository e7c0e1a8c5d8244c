//! The pages of `bypasses/`: every one builds, and those that say so are live.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "the pages are files of this repository, not of an artifact, and a sample that \
              this Python cannot load is told"
)]

use std::path::PathBuf;

use forge::Bypass;

use crate::python;

/// Loads one pickle in a process of its own. It is live if the marker reaches the standard output,
/// an audited call (of `os.system`, `open`, …) or the folder. Imports and lookups do not count.
const LOAD: &str = r#"
import pickle, os, sys
path = sys.argv[1]
data = open(path, "rb").read()
before = set(os.listdir())
def hook(event, args):
    if event not in ("pickle.find_class", "import") and "weighbridge" in repr(args):
        os.write(1, b"weighbridge was seen in " + event.encode())
sys.addaudithook(hook)
try:
    pickle.loads(data)
except BaseException as error:
    absent = isinstance(error, ModuleNotFoundError) or "Can't get attribute" in str(error)
    print("missing:" if absent else "then:", repr(error))
for name in set(os.listdir()) - before - {"__pycache__"}:
    print("made:", name)
"#;

fn pages() -> Vec<(String, Bypass)> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(forge::bypasses_dir())
        .expect("the folder")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    let page = |path: PathBuf| {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).expect("a page");
        let page = Bypass::parse(&text).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        (name, page)
    };
    paths.into_iter().map(page).collect()
}

#[test]
fn every_page_builds() {
    let mut wrong = Vec::new();
    for (name, page) in pages() {
        for block in &page.blocks {
            if let Err(fault) = block.recipe().and_then(|recipe| recipe.build()) {
                wrong.push(format!("{name}: {fault}"));
            }
        }
        if !name.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-') {
            wrong.push(format!("{name}: not kebab-case"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn samples_that_say_so_are_live() {
    let (mut live, mut missing, mut dead) = (0, 0, Vec::new());
    for (name, page) in pages().into_iter().filter(|(_, page)| page.executes) {
        for block in &page.blocks {
            let recipe = block.recipe().expect("it parses");
            let folder = tempfile::tempdir().expect("a folder");
            forge::write_to(&recipe, folder.path()).expect("it is written");
            let (path, _) = recipe.build().expect("it builds").swap_remove(0);
            let Some(output) = python::run(LOAD, &[&path], folder.path()) else { return };
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            if said.contains("weighbridge") {
                live += 1;
            } else if said.contains("missing: ") {
                missing += 1;
                eprintln!("skipped: {name}, {path}: {}", said.trim());
            } else {
                let error = String::from_utf8_lossy(&output.stderr).into_owned();
                dead.push(format!("{name}, {path}: {said}{error}"));
            }
        }
    }
    assert!(dead.is_empty(), "{}", dead.join("\n"));
    // A name may be newer or older than this Python; most are not.
    assert!(missing * 20 < live, "{missing} samples name what this Python lacks, {live} are live");
}
