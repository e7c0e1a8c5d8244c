//! Attestations from files and folders.

use std::path::Path;

use artifact::Blob;
use artifact::tree::{self, EntryKind};

use super::collect::{Collection, Place, Unread};
use crate::{Error, files};

/// The most that one file of attestations may have, in bytes.
pub const MAX_FILE: u64 = 1 << 30;
/// The most files of a folder that are looked at.
const MAX_FILES: u64 = 1_000_000;
/// How the names of files end that hold attestations.
const ENDINGS: [&str; 3] = [".jsonl", ".json", ".sig"];

/// Reads a file of attestations, or every file of a folder whose name ends as theirs do. What a
/// folder holds beside them is told as not read.
pub fn collect(path: &Path, into: &mut Collection) -> Result<(), Error> {
    let tree = tree::open(path, MAX_FILES)?;
    if tree.single {
        into.add(&path.to_string_lossy(), &files::read(path, MAX_FILE)?);
        return Ok(());
    }
    for entry in &tree.entries {
        let name = path.join(entry.path.raw()).to_string_lossy().into_owned();
        let mut unread = |because: &str| {
            let place = Place { file: name.clone(), line: 1 };
            into.unread.push(Unread { place, because: because.to_owned() });
        };
        let file = match &entry.kind {
            EntryKind::File(file) => file,
            EntryKind::Alias { .. } => continue,
            EntryKind::LinkOutside { .. } | EntryKind::LinkBroken { .. } => {
                unread("it is a link that is not followed");
                continue;
            }
            EntryKind::Special { what } => {
                unread(what);
                continue;
            }
            EntryKind::Unreadable { because } => {
                unread(because);
                continue;
            }
        };
        if !ENDINGS.iter().any(|ending| entry.path.raw().ends_with(ending)) {
            unread("its name does not end in `.jsonl`, `.json` or `.sig`");
            continue;
        }
        if file.len > MAX_FILE {
            unread("it is longer than is read");
            continue;
        }
        match tree.open(file, false) {
            Ok(open) => {
                let open = Blob::new(std::sync::Arc::new(open));
                let bytes = open.bytes_at(0, usize::try_from(file.len).unwrap_or(0));
                if (bytes.len() as u64) < file.len {
                    unread("it could not be read to its end");
                }
                into.add(&name, &bytes);
            }
            Err(error) => unread(&error.to_string()),
        }
    }
    Ok(())
}
