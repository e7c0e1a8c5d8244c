//! The pages of `recipes/harmless/`: small, many, and none of them broken.

#![allow(
    clippy::disallowed_methods,
    reason = "the pages are files of this repository, not of an artifact"
)]

use std::path::PathBuf;

#[test]
fn every_page_builds_and_is_small() {
    let mut pages: Vec<PathBuf> = Vec::new();
    for library in std::fs::read_dir(forge::harmless_dir()).expect("the folder") {
        let library = library.expect("an entry").path();
        for page in std::fs::read_dir(library).expect("a folder a library") {
            pages.push(page.expect("an entry").path());
        }
    }
    let mut total = 0;
    for path in &pages {
        let text = std::fs::read_to_string(path).expect("a page");
        assert!(text.len() <= 20_000, "{} is too large to keep", path.display());
        total += text.len();
        let blocks = forge::blocks(&text);
        assert!(!blocks.is_empty(), "{} has no recipe", path.display());
        for block in blocks {
            let made = block.recipe().and_then(|recipe| recipe.build());
            let made = made.unwrap_or_else(|fault| panic!("{}: {fault}", path.display()));
            assert!(!made.is_empty());
        }
    }
    assert!(pages.len() > 100, "only {} pages", pages.len());
    assert!(total < 2 << 20, "{total} bytes are too many for a repository");
}
