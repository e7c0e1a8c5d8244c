//! From a recipe to a folder.

#![allow(
    clippy::disallowed_methods,
    reason = "this writes samples for tests; it never reads an artifact"
)]

use std::io;
use std::path::Path;

use crate::{Item, Recipe};

/// Builds the recipe and writes what it makes under `dir`, which must exist.
///
/// # Errors
/// The recipe's [`Fault`](crate::Fault) (as `InvalidData`), or what the file system said.
pub fn write_to(recipe: &Recipe, dir: &Path) -> io::Result<()> {
    let made = recipe.build().map_err(|fault| io::Error::new(io::ErrorKind::InvalidData, fault))?;
    for (path, item) in made {
        let path = dir.join(path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        match item {
            Item::File(bytes) => std::fs::write(path, bytes)?,
            Item::Folder => std::fs::create_dir_all(path)?,
            Item::Symlink(target) => std::os::unix::fs::symlink(target, path)?,
        }
    }
    Ok(())
}
