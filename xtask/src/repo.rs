//! The files of this repository, as a person who clones it gets them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Result;

use crate::shell;

/// Every file by its path relative to the root, with `/`.
#[derive(Default)]
pub(crate) struct Repo {
    files: BTreeMap<String, Vec<u8>>,
}

impl Repo {
    /// What git tracks or would track; where there is no git (a source archive), every file outside
    /// folders that builds make.
    pub(crate) fn load() -> Result<Self> {
        let root = shell::root();
        let arguments = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
        let mut files = BTreeMap::new();
        let paths = match shell::output(shell::command("git").args(arguments)) {
            Ok(list) => list.split_terminator('\0').map(ToOwned::to_owned).collect(),
            Err(_) => walk(root, "")?,
        };
        for path in paths {
            // A tracked file may be deleted in the work tree.
            if let Ok(bytes) = fs::read(root.join(&path)) {
                files.insert(path, bytes);
            }
        }
        Ok(Self { files })
    }

    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let own = |(path, text): &(&str, &str)| ((*path).to_owned(), text.as_bytes().to_vec());
        Self { files: files.iter().map(own).collect() }
    }

    /// All files.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice()))
    }

    /// All files whose name ends in `suffix` and that are text.
    pub(crate) fn texts(&self, suffix: &str) -> impl Iterator<Item = (&str, &str)> {
        self.all()
            .filter(move |(path, _)| path.ends_with(suffix))
            .filter_map(|(path, bytes)| Some((path, std::str::from_utf8(bytes).ok()?)))
    }

    /// One text file.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        std::str::from_utf8(self.files.get(path)?).ok()
    }

    /// Whether there is a file or a folder at a path.
    pub(crate) fn has(&self, path: &str) -> bool {
        let folder = format!("{}/", path.trim_end_matches('/'));
        self.files.contains_key(path) || self.files.keys().any(|file| file.starts_with(&folder))
    }
}

fn walk(root: &Path, prefix: &str) -> Result<Vec<String>> {
    const BUILT: [&str; 5] = [".git", "target", "fuzz/target", "fuzz/corpus", "fuzz/artifacts"];
    let mut paths = Vec::new();
    for entry in fs::read_dir(root.join(prefix))? {
        let entry = entry?;
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            if !BUILT.contains(&path.as_str()) {
                paths.extend(walk(root, &format!("{path}/"))?);
            }
        } else {
            paths.push(path);
        }
    }
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walks_the_same_files_that_git_lists() -> Result<()> {
        let walked = walk(shell::root(), "")?;
        for file in ["Cargo.toml", "xtask/src/repo.rs", ".ci/run"] {
            assert!(walked.iter().any(|path| path == file), "{file}");
        }
        assert!(Repo::load()?.has("xtask/src"));
        Ok(())
    }
}
