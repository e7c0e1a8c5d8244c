//! What a statement names an artifact by.

use std::path::Path;

use artifact::tree::{self, EntryKind, Tree};
use vocabulary::Untrusted;

use crate::keys::sha256;
use crate::manifest::Manifest;
use crate::statement::{DIR_HASH, DigestSet, Subject};
use crate::{Error, hex};

/// The most files that are listed.
const MAX_ENTRIES: u64 = 10_000_000;

/// An artifact on disk, as statements name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The name of its file or folder: a label.
    pub name: String,
    /// `dirHash`, which binds the names of its files, and `sha256`: of a single file its own, of a
    /// folder the root digest of Model Signing over all its files.
    pub digest: DigestSet,
    /// How many files.
    pub files: u64,
    /// How many bytes.
    pub bytes: u64,
    /// Entries that the digests do not cover though nothing is lost by it: links to files that are
    /// covered.
    pub left_open: Vec<String>,
}

impl Identity {
    /// As the subject of a statement.
    pub fn subject(&self) -> Subject {
        Subject { name: self.name.clone(), digest: self.digest.clone() }
    }
}

/// Reads an artifact and names it. What cannot be read or is no file leaves it without identity: a
/// statement about a part would pass for one about the whole.
pub fn identity(path: &Path) -> Result<Identity, Error> {
    let name = path.file_name().map(|name| Untrusted::from_bytes(name.as_encoded_bytes()));
    let name = match name {
        Some(name) => name.raw().to_owned(),
        None => ".".to_owned(),
    };
    identity_of(&tree::open(path, MAX_ENTRIES)?, name)
}

/// The same, of a tree that is open.
pub fn identity_of(tree: &Tree, name: String) -> Result<Identity, Error> {
    let mut left_open = Vec::new();
    for entry in &tree.entries {
        match &entry.kind {
            EntryKind::File(_) if entry.utf8 => {}
            EntryKind::File(_) => {
                return Err(unnamed(&name, &format!("the name `{}` is not UTF-8", entry.path)));
            }
            EntryKind::Alias { target } => {
                left_open.push(format!("`{}` is a link to `{target}`", entry.path));
            }
            EntryKind::LinkOutside { .. }
            | EntryKind::LinkBroken { .. }
            | EntryKind::Special { .. }
            | EntryKind::Unreadable { .. } => {}
        }
    }
    let manifest = Manifest::of(tree);
    let covered = |path: &Untrusted| {
        tree.entries
            .iter()
            .any(|entry| entry.path == *path && matches!(entry.kind, EntryKind::Alias { .. }))
    };
    if let Some(one) = manifest.uncovered.iter().find(|one| !covered(&one.path)) {
        return Err(unnamed(&name, &format!("`{}`: {}", one.path, one.because)));
    }
    if manifest.files.is_empty() {
        return Err(unnamed(&name, "it holds no file"));
    }
    let whole = match manifest.files.as_slice() {
        [file] if tree.single => hex::encode(&file.sha256),
        files => {
            let all: Vec<u8> = files.iter().flat_map(|file| file.sha256).collect();
            hex::encode(sha256(&all).as_ref())
        }
    };
    let digest = [(DIR_HASH.to_owned(), manifest.dir_hash()?), ("sha256".to_owned(), whole)];
    Ok(Identity {
        name,
        digest: digest.into(),
        files: manifest.files.len() as u64,
        bytes: manifest.files.iter().fold(0, |sum, file| sum.saturating_add(file.bytes)),
        left_open,
    })
}

fn unnamed(name: &str, because: &str) -> Error {
    Error::malformed(vocabulary::escape(name), format!("nothing can be said of it: {because}"))
}
