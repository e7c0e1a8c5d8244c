use std::path::Path;

use artifact::tree::{self, EntryKind, FileEntry, Tree};
use scan::Inspection;
use vocabulary::{Limits, Untrusted};

use crate::Error;

/// Looks into one file: its structure, not whether it is dangerous.
pub fn inspect(path: &Path, limits: &Limits) -> Result<Inspection, Error> {
    let tree = tree::open(path, limits.files)?;
    let (file, name) = single(&tree, path)?;
    Ok(scan::inspect(&tree, file, name, limits))
}

/// The one file of a tree that is no folder.
pub(crate) fn single<'a>(
    tree: &'a Tree,
    path: &Path,
) -> Result<(&'a FileEntry, &'a Untrusted), Error> {
    match tree.entries.as_slice() {
        [entry] if tree.single => match &entry.kind {
            EntryKind::File(file) => Ok((file, &entry.path)),
            _ => Err(Error::NotAFile { path: path.into() }),
        },
        _ => Err(Error::NotAFile { path: path.into() }),
    }
}
