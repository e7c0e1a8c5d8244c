//! What a statement names an artifact by.

use std::path::Path;

use artifact::tree::{self, Tree};
use serde_json::Value;
use vocabulary::Untrusted;

use super::signatures;
use crate::manifest::{self, Algorithm, Manifest, Options, dir_hash};
use crate::statement::{DigestSet, Subject};
use crate::{Error, hex};

/// The most files that are listed.
const MAX_ENTRIES: u64 = 10_000_000;

/// The annotation of a subject that names the files which its digests do not cover.
const LEFT_OUT: &str = "weighbridge_leftOut";

/// An artifact on disk, as statements name it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The name of its file or folder: a label.
    pub name: String,
    /// `dirHash`, which binds the names of its files, and `sha256`: of a single file its own, of a
    /// folder the root digest of Model Signing over all its files. Signatures that lie in the folder
    /// are not covered.
    pub digest: DigestSet,
    /// How many files.
    pub files: u64,
    /// How many bytes.
    pub bytes: u64,
    /// The signatures and attestations in the folder.
    pub signatures: Vec<Untrusted>,
    /// The digests with the signatures, where there are any: statements that others made of the
    /// folder as it lies there speak of it as well.
    pub with_signatures: Option<DigestSet>,
    /// Files that the digests do not cover though nothing is lost by it, such as links to files that
    /// are covered, and files that are no signatures though they are named so, as sentences.
    pub left_open: Vec<String>,
    /// The digest of each file by its path, in the order of the paths.
    pub(crate) contents: Vec<(Untrusted, String)>,
}

impl Identity {
    /// An artifact that is not at hand, known by its digests.
    pub fn named(name: &str, digest: DigestSet) -> Self {
        Self { name: name.to_owned(), digest, ..Self::default() }
    }

    /// As the subject of a statement.
    pub fn subject(&self) -> Subject {
        let left_out = self.signatures.iter().map(|path| Value::from(path.raw())).collect();
        let annotation = || (LEFT_OUT.to_owned(), Value::Array(left_out));
        Subject {
            name: self.name.clone(),
            digest: self.digest.clone(),
            annotations: (!self.signatures.is_empty()).then(annotation).into_iter().collect(),
        }
    }

    /// The SHA-256 of a file in it, hex.
    pub fn digest_of(&self, path: &Untrusted) -> Option<&str> {
        let found =
            self.contents.binary_search_by(|(other, _)| other.raw().cmp(path.raw())).ok()?;
        self.contents.get(found).map(|(_, digest)| digest.as_str())
    }

    /// Whether a digest is its own, with the signatures in it or without them.
    pub fn is(&self, algorithm: &str, value: &str) -> bool {
        let sets = std::iter::once(&self.digest).chain(&self.with_signatures);
        sets.filter_map(|set| set.get(algorithm)).any(|is| is == value)
    }

    /// The `dirHash` of the files that stand neither at nor below one of these paths; the paths that
    /// it covers less than its own does.
    pub fn without(&self, paths: &[String], signatures: bool) -> (Option<String>, Vec<Untrusted>) {
        let mut lines = Vec::new();
        let mut left_out = Vec::new();
        for (path, digest) in &self.contents {
            let is_signature = self.signatures.contains(path);
            if paths.iter().any(|above| is_at_or_below(path.raw(), above)) {
                left_out.extend((!is_signature).then(|| path.clone()));
            } else if signatures || !is_signature {
                lines.push((path.raw(), digest.clone()));
            }
        }
        (dir_hash(lines).ok(), left_out)
    }
}

/// Whether a path is another one or stands below it.
fn is_at_or_below(path: &str, above: &str) -> bool {
    path.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Reads an artifact and names it. What cannot be read or is no file leaves it without identity: a
/// statement about a part would pass for one about the whole.
pub fn identity(path: &Path) -> Result<Identity, Error> {
    let name = path.file_name().map(|name| Untrusted::from_bytes(name.as_encoded_bytes()));
    let name = match name {
        Some(name) => name.raw().to_owned(),
        None => ".".to_owned(),
    };
    let tree = tree::open(path, MAX_ENTRIES)?;
    let options = Options { algorithms: vec![Algorithm::Sha256], ..Options::default() };
    identity_of(&tree, Manifest::with(&tree, &options), name)
}

/// The same, of a tree that is open and whose files have been digested.
pub fn identity_of(tree: &Tree, manifest: Manifest, name: String) -> Result<Identity, Error> {
    let signatures =
        signatures::look(tree, |path| manifest.file(path).and_then(manifest::File::sha256));
    let nothing = |error| match error {
        Error::Malformed { because, .. } => {
            let because = format!("nothing can be said of it: {because}");
            Error::malformed(vocabulary::escape(&name), because)
        }
        other => other,
    };
    let whole = manifest.subject_digests().map_err(nothing)?;
    let contents = manifest
        .files
        .iter()
        .filter_map(|file| Some((file.path.clone(), hex::encode(&file.sha256()?))))
        .collect();
    let links = manifest.uncovered.iter().map(|one| {
        format!("`{}` is {}; the file is covered and not the link", one.path, one.because)
    });
    let left_open = links.chain(signatures.are_not).collect();
    let files = manifest.files.len() as u64;
    let bytes = manifest.files.iter().fold(0u64, |sum, file| sum.saturating_add(file.bytes));
    let are = signatures.are;
    let with_all = Identity { name, files, bytes, left_open, contents, ..Identity::default() };
    // A folder of attestations alone has nothing else to be named by.
    if are.is_empty() || are.len() == manifest.files.len() {
        return Ok(Identity { digest: whole, ..with_all });
    }
    let mut rest = manifest;
    rest.files.retain(|file| !are.contains(&file.path));
    let digest = rest.subject_digests()?;
    Ok(Identity { digest, signatures: are, with_signatures: Some(whole), ..with_all })
}
