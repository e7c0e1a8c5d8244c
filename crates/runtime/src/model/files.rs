//! The files of a model, through the one door.

use std::path::Path;
use std::sync::Arc;

use artifact::tree::{self, Entry, EntryKind, FileEntry, Tree};
use artifact::{Blob, SourceFile};

use super::Limits;
use crate::error::{Error, Result};

/// A folder or file, and what was read of it.
pub(super) struct Files {
    tree: Tree,
    limits: Limits,
    read: Vec<(String, Arc<SourceFile>)>,
}

impl Files {
    pub(super) fn open(path: &Path, limits: Limits) -> Result<Self> {
        Ok(Self { tree: tree::open(path, limits.files)?, limits, read: Vec::new() })
    }

    /// The names of the files at the top.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let top = self.tree.entries.iter().filter(|entry| entry.utf8);
        top.map(|entry| entry.path.raw()).filter(|path| !path.contains('/'))
    }

    /// Whether a file is there.
    pub(super) fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// Opens a file; none where it is not there.
    pub(super) fn blob(&mut self, name: &str) -> Result<Option<Blob>> {
        if let Some((_, file)) = self.read.iter().find(|(known, _)| known == name) {
            return Ok(Some(Blob::new(Arc::clone(file) as Arc<_>)));
        }
        let Some(entry) = self.find(name) else { return Ok(None) };
        let opened = self.tree.open(entry, true);
        let file = Arc::new(opened.map_err(|trouble| Error::file(name, trouble.0))?);
        self.read.push((name.to_owned(), Arc::clone(&file)));
        Ok(Some(Blob::new(file as Arc<_>)))
    }

    /// All bytes of a file that is no weights.
    pub(super) fn bytes(&mut self, name: &str) -> Result<Option<Vec<u8>>> {
        let Some(blob) = self.blob(name)? else { return Ok(None) };
        let (needed, allowed) = (blob.len(), self.limits.text);
        if needed > allowed {
            return Err(Error::Limit {
                what: "bytes of a file beside the weights",
                needed,
                allowed,
            });
        }
        let bytes = blob.bytes_at(0, usize::try_from(needed).unwrap_or(usize::MAX));
        match blob.trouble() {
            Some(trouble) => Err(Error::file(name, trouble.0)),
            None => Ok(Some(bytes)),
        }
    }

    fn find(&self, name: &str) -> Option<&FileEntry> {
        let at = |name: &str| {
            let mut entries = self.tree.entries.iter();
            entries.find(|entry: &&Entry| entry.utf8 && entry.path.raw() == name)
        };
        match &at(name)?.kind {
            EntryKind::File(file) => Some(file),
            // A link to another file of the folder; links to links were followed by the lister.
            EntryKind::Alias { target } => match &at(target.raw())?.kind {
                EntryKind::File(file) => Some(file),
                _ => None,
            },
            _ => None,
        }
    }

    /// The digests of what was read. It fails where a file is not what it was when it was opened.
    pub(super) fn finish(self) -> Result<Vec<(String, String)>> {
        let mut digests = Vec::new();
        for (name, file) in self.read {
            let digest = file.finish().map_err(|trouble| Error::file(&name, trouble.0))?;
            digests.push((name, digest.map(|digest| digest.blake3).unwrap_or_default()));
        }
        digests.sort();
        Ok(digests)
    }
}
