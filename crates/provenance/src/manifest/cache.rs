//! Digests of files that were read before, by what the system tells of a file without reading it.
//!
//! It saves the reading of large files that did not change. It proves nothing: who can write to a
//! disk can change a file and leave its times as they were, and who can write to the cache can write
//! any digest. So no verdict rests on it unless the policy says so.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use artifact::Stamp;
use artifact::tree::{EntryKind, Tree};

use super::{Algorithm, Digests, of_bytes};
use crate::files::{self, Readers};
use crate::{Error, hex};

/// The file in the folder that the user names.
const NAME: &str = "digests";
const HEAD: &str = "weighbridge digest cache 1\n";
const FOOT: &str = "sha256 ";
const MAX_LEN: u64 = 256 << 20;
/// A file that was changed this many seconds before the cache was opened, or later, is not kept: it
/// could be written to again within the same tick of the clock of the file system.
const FRESH: i64 = 2;

/// Digests of files that were read before. To be shared between threads.
#[derive(Debug)]
pub struct Cache {
    path: PathBuf,
    opened: i64,
    state: Mutex<State>,
    /// Why what the cache held is ignored.
    pub ignored: Option<String>,
}

#[derive(Debug, Default)]
struct State {
    known: Entries,
    fresh: Entries,
}

/// By path within what was digested, and stamp.
type Entries = BTreeMap<(String, Stamp), Digests>;

impl Cache {
    /// Opens the cache in a folder, which has to be there. A cache that cannot be read is ignored, and
    /// `ignored` says why. `now`: seconds since 1970.
    pub fn open(folder: &Path, now: i64) -> Self {
        let path = folder.join(NAME);
        let (known, ignored) = match load(&path) {
            Ok(known) => (known, None),
            Err(because) => (Entries::new(), Some(because)),
        };
        let state = Mutex::new(State { known, fresh: Entries::new() });
        Self { path, opened: now, state, ignored }
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What is known of a file.
    pub(super) fn get(&self, path: &str, stamp: &Stamp) -> Option<Digests> {
        self.with(|state| state.known.get(&(path.to_owned(), *stamp)).cloned())
    }

    /// Keeps what was computed of a file.
    pub(super) fn put(&self, path: &str, stamp: &Stamp, digests: &Digests) {
        let newest = stamp.modified.0.max(stamp.changed.0);
        if newest.saturating_add(FRESH) >= self.opened {
            return;
        }
        self.with(|state| state.fresh.insert((path.to_owned(), *stamp), digests.clone()));
    }

    /// Keeps what was computed elsewhere of the files of a tree, by path. A file that was written to
    /// since the cache was opened is not kept.
    pub fn keep(&self, tree: &Tree, digests: &BTreeMap<String, Digests>) {
        for entry in &tree.entries {
            let EntryKind::File(file) = &entry.kind else { continue };
            if let Some(digests) = digests.get(entry.path.raw())
                && let Ok(open) = tree.open(file, false)
            {
                self.put(entry.path.raw(), &open.stamp(), digests);
            }
        }
    }

    /// Writes the cache with what was kept, where anything was. What another process wrote meanwhile is
    /// taken over; of two that write at the same time one wins, and neither leaves half a file.
    pub fn save(&self) -> Result<(), Error> {
        let fresh = self.with(|state| std::mem::take(&mut state.fresh));
        if fresh.is_empty() {
            return Ok(());
        }
        let mut all = load(&self.path).unwrap_or_default();
        // Of one file, what was seen last.
        let replaced: BTreeSet<(&str, u64, u64)> =
            fresh.keys().map(|(path, new)| (path.as_str(), new.device, new.inode)).collect();
        all.retain(|(path, old), _| !replaced.contains(&(path.as_str(), old.device, old.inode)));
        all.extend(fresh);
        files::write_new(&self.path, written(&all).as_bytes(), true, Readers::Owner)
    }
}

fn written(entries: &Entries) -> String {
    let mut text = String::from(HEAD);
    for ((path, stamp), digests) in entries {
        let Stamp { device, inode, len, modified, changed, .. } = stamp;
        let digests: Vec<String> = digests
            .iter()
            .map(|(algorithm, digest)| format!("{}:{}", algorithm.name(), hex::encode(digest)))
            .collect();
        text.push_str(&format!(
            "{device} {inode} {len} {} {} {} {} {} {}\n",
            modified.0,
            modified.1,
            changed.0,
            changed.1,
            digests.join(","),
            hex::encode(path.as_bytes()),
        ));
    }
    let digest = hex::encode(&of_bytes(Algorithm::Sha256, text.as_bytes()));
    text + FOOT + &digest + "\n"
}

fn load(path: &Path) -> Result<Entries, String> {
    let bytes = match files::read(path, MAX_LEN) {
        Ok(bytes) => bytes,
        Err(Error::File { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
            return Ok(Entries::new());
        }
        Err(error) => return Err(error.to_string()),
    };
    let text = String::from_utf8(bytes).map_err(|_| "it is damaged: no text".to_owned())?;
    let body = text.strip_suffix('\n').and_then(|text| {
        let at = text.rfind('\n')?.checked_add(1)?;
        let (body, foot) = text.split_at_checked(at)?;
        let digest = hex::encode(&of_bytes(Algorithm::Sha256, body.as_bytes()));
        (foot.strip_prefix(FOOT) == Some(digest.as_str())).then_some(body)
    });
    let body = body.ok_or_else(|| "it is damaged: its own digest does not fit".to_owned())?;
    let lines = body.strip_prefix(HEAD).ok_or_else(|| "it is of another version".to_owned())?;
    lines.lines().map(entry).collect::<Option<_>>().ok_or_else(|| "it is damaged".to_owned())
}

fn entry(line: &str) -> Option<((String, Stamp), Digests)> {
    let parts: Vec<&str> = line.split(' ').collect();
    let [device, inode, len, modified, modified_ns, changed, changed_ns, listed, path] =
        parts.as_slice()
    else {
        return None;
    };
    let stamp = Stamp::regular(
        (device.parse().ok()?, inode.parse().ok()?),
        len.parse().ok()?,
        (modified.parse().ok()?, modified_ns.parse().ok()?),
        (changed.parse().ok()?, changed_ns.parse().ok()?),
    );
    let mut digests = Digests::default();
    for one in listed.split(',').filter(|one| !one.is_empty()) {
        let (name, digest) = one.split_once(':')?;
        let algorithm = Algorithm::named(name)?;
        digests.set(algorithm, algorithm.read(digest)?);
    }
    Some(((String::from_utf8(hex::decode(path)?).ok()?, stamp), digests))
}
