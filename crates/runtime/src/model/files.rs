//! The files of a model, through the one door.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use artifact::tree::{self, Entry, EntryKind, FileEntry, Tree};
use artifact::{Blob, Hasher, SourceFile, Trouble};

use super::Limits;
use crate::error::{Error, Result};

/// A folder or file, or files in memory, and what was read of them.
pub(crate) struct Files {
    source: Source,
    limits: Limits,
    read: Vec<(String, Read)>,
}

enum Source {
    Disk(Tree),
    Memory(BTreeMap<String, Blob>),
}

enum Read {
    Disk(Arc<SourceFile>),
    Memory(Blob),
}

impl Read {
    fn blob(&self) -> Blob {
        match self {
            Self::Disk(file) => Blob::new(Arc::clone(file) as Arc<_>),
            Self::Memory(blob) => blob.clone(),
        }
    }

    fn digest(&self) -> std::result::Result<String, Trouble> {
        let digests = match self {
            Self::Disk(file) => file.finish()?,
            Self::Memory(blob) => {
                let mut hasher = Hasher::default();
                hasher.update(&blob.bytes_at(0, usize::MAX));
                Some(hasher.finish())
            }
        };
        Ok(digests.map(|digests| digests.blake3).unwrap_or_default())
    }
}

impl Files {
    pub(crate) fn open(path: &Path, limits: Limits) -> Result<Self> {
        let source = Source::Disk(tree::open(path, limits.files)?);
        Ok(Self { source, limits, read: Vec::new() })
    }

    pub(crate) fn of(files: BTreeMap<String, Vec<u8>>, limits: Limits) -> Self {
        let blobs = files.into_iter().map(|(name, bytes)| (name, Blob::from_vec(bytes)));
        Self { source: Source::Memory(blobs.collect()), limits, read: Vec::new() }
    }

    /// The names of the files at the top.
    pub(crate) fn names(&self) -> Vec<&str> {
        let names = match &self.source {
            Source::Memory(blobs) => blobs.keys().map(String::as_str).collect::<Vec<_>>(),
            Source::Disk(tree) => {
                let entries = tree.entries.iter().filter(|entry| entry.utf8);
                entries.map(|entry| entry.path.raw()).collect()
            }
        };
        names.into_iter().filter(|path| !path.contains('/')).collect()
    }

    /// Whether a file is there.
    pub(crate) fn has(&self, name: &str) -> bool {
        match &self.source {
            Source::Memory(blobs) => blobs.contains_key(name),
            Source::Disk(tree) => find(tree, name).is_some(),
        }
    }

    /// Opens a file; none where it is not there.
    pub(crate) fn blob(&mut self, name: &str) -> Result<Option<Blob>> {
        if let Some((_, read)) = self.read.iter().find(|(known, _)| known == name) {
            return Ok(Some(read.blob()));
        }
        let read = match &self.source {
            Source::Memory(blobs) => blobs.get(name).cloned().map(Read::Memory),
            Source::Disk(tree) => match find(tree, name) {
                Some(entry) => {
                    let opened = tree.open(entry, true);
                    let file = opened.map_err(|trouble| Error::file(name, trouble.0))?;
                    Some(Read::Disk(Arc::new(file)))
                }
                None => None,
            },
        };
        let Some(read) = read else { return Ok(None) };
        let blob = read.blob();
        self.read.push((name.to_owned(), read));
        Ok(Some(blob))
    }

    /// All bytes of a file that is no weights.
    pub(crate) fn bytes(&mut self, name: &str) -> Result<Option<Vec<u8>>> {
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

    /// The digests of what was read. It fails where a file is not what it was when it was opened.
    pub(crate) fn finish(self) -> Result<Vec<(String, String)>> {
        let digest = |(name, read): (String, Read)| {
            let digest = read.digest().map_err(|trouble| Error::file(&name, trouble.0))?;
            Ok((name, digest))
        };
        let mut digests = self.read.into_iter().map(digest).collect::<Result<Vec<_>>>()?;
        digests.sort();
        Ok(digests)
    }
}

fn find<'a>(tree: &'a Tree, name: &str) -> Option<&'a FileEntry> {
    let at = |name: &str| {
        let mut entries = tree.entries.iter();
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
