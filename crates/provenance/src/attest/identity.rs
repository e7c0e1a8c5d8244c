//! What a statement names an artifact by.

use std::path::Path;

use artifact::tree::{self, Tree};
use vocabulary::Untrusted;

use crate::Error;
use crate::manifest::{Algorithm, Manifest, Options};
use crate::statement::{DigestSet, Subject};

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
    let options = Options { algorithms: vec![Algorithm::Sha256], ..Options::default() };
    let manifest = Manifest::with(tree, &options);
    let digest = manifest.subject_digests().map_err(|error| match error {
        Error::Malformed { because, .. } => {
            let because = format!("nothing can be said of it: {because}");
            Error::malformed(vocabulary::escape(&name), because)
        }
        other => other,
    })?;
    let left_open =
        manifest.uncovered.iter().map(|one| format!("`{}` is {}", one.path, one.because));
    Ok(Identity {
        left_open: left_open.collect(),
        name,
        digest,
        files: manifest.files.len() as u64,
        bytes: manifest.files.iter().fold(0, |sum, file| sum.saturating_add(file.bytes)),
    })
}
