//! What callers upload: streamed into an object store, counted and digested on the way, and fetched
//! from there by whichever worker weighs it.
//!
//! The paths of an upload are names in the database and nothing else: an object's own name is random.
//! Bytes that are there already are kept once.

mod claim;
mod fetch;
mod name;
mod receive;
mod store;

use std::path::Path;
use std::time::{Duration, SystemTime};

use gate::ledger::Room;

use crate::Error;

pub(crate) use claim::claimed;
pub(crate) use name::checked;
pub(crate) use store::Store;

/// How a source is written that is an upload: this and the name of its content.
pub(crate) const SCHEME: &str = "upload:";

/// How much may be uploaded, and how long it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How much one caller may leave here.
    pub room: Room,
    /// Bytes that stay free on the disk.
    pub floor: u64,
    /// How long an upload may stay open with nothing added.
    pub abandoned: Duration,
    /// How long an upload is kept that nothing speaks of any more.
    pub kept: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            room: Room { bytes: 64 << 30, files: 10_000, caller: 256 << 30 },
            floor: 1 << 30,
            abandoned: Duration::from_hours(24),
            kept: Duration::from_hours(24 * 30),
        }
    }
}

/// Makes a folder that only its owner may enter.
#[allow(clippy::disallowed_methods, reason = "the folders of uploads belong to this module")]
pub(crate) fn make_folder(path: &Path) -> Result<(), Error> {
    use std::os::unix::fs::DirBuilderExt as _;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|source| Error::Folder { path: path.into(), source })
}

/// Deletes what killed workers left in a folder.
#[allow(clippy::disallowed_methods, reason = "the folders of uploads belong to this module")]
pub(crate) fn sweep_folder(folder: &Path, older: Duration) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let Some(before) = SystemTime::now().checked_sub(older) else { return };
    for entry in entries.flatten() {
        let made = entry.metadata().and_then(|meta| meta.modified());
        if made.is_ok_and(|made| made < before) {
            // Another process may be faster.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}
