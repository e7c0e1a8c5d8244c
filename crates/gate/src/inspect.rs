use std::path::Path;

use artifact::tree::{self, EntryKind};
use scan::Inspection;
use vocabulary::Limits;

use crate::Error;

/// Looks into one file: its structure, not whether it is dangerous.
pub fn inspect(path: &Path, limits: &Limits) -> Result<Inspection, Error> {
    let tree = tree::open(path, limits.files)?;
    match tree.entries.as_slice() {
        [entry] if tree.single => match &entry.kind {
            EntryKind::File(file) => Ok(scan::inspect(&tree, file, &entry.path, limits)),
            _ => Err(Error::NotAFile { path: path.into() }),
        },
        _ => Err(Error::NotAFile { path: path.into() }),
    }
}
