//! Where the fuzzer starts: the samples of every rule page, bypass and harmless recipe.

use std::fs;
use std::path::PathBuf;

use anyhow::Result;
use forge::Item;
use sha2::{Digest as _, Sha256};

use crate::repo::Repo;
use crate::shell;

/// A larger sample teaches a fuzzer little and slows it down.
const MAX_BYTES: usize = 64 << 10;

pub(super) struct Seeds {
    pub(super) folder: PathBuf,
    pub(super) count: usize,
}

/// Builds all recipes of the tree into one folder.
pub(super) fn write(repo: &Repo) -> Result<Seeds> {
    let folder = shell::root().join("fuzz/corpus/seeds");
    fs::create_dir_all(&folder)?;
    let mut count = 0usize;
    for (_, text) in repo.texts(".md") {
        for bytes in samples(text) {
            let name: u64 = Sha256::digest(&bytes)
                .iter()
                .take(8)
                .fold(0, |name, byte| (name << 8) | u64::from(*byte));
            fs::write(folder.join(format!("{name:016x}")), bytes)?;
            count += 1;
        }
    }
    Ok(Seeds { folder, count })
}

/// The files that the recipes of a page make. A recipe that does not build is its page's affair.
fn samples(page: &str) -> Vec<Vec<u8>> {
    let built =
        forge::blocks(page).into_iter().filter_map(|block| block.recipe().ok()?.build().ok());
    built
        .flatten()
        .filter_map(|(_, item)| match item {
            Item::File(bytes) if bytes.len() <= MAX_BYTES => Some(bytes),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_files_of_every_recipe() {
        let page = "# x\n\n```forge\na.txt: text one\n```\n\n```sh\nno\n```\n";
        assert_eq!(samples(page).len(), 1, "{:?}", samples(page));
    }
}
