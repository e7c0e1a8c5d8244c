//! The files of an artifact with their digests, and the digests of the whole.
//!
//! Each file is read once, whatever is computed of it, and only what is asked for is computed. Files
//! are read side by side; where there are fewer files than processors, several share one.

mod algorithm;
mod engine;
mod hasher;

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use artifact::tree::{Entry, EntryKind, FileEntry, Tree};
use vocabulary::Untrusted;

use crate::keys::sha256;
use crate::statement::{DIR_HASH, DigestSet};
use crate::{Error, hex};

pub use self::algorithm::{Algorithm, Digests};
pub(crate) use self::engine::Team;

/// The files of an artifact with their digests.
#[derive(Clone, Debug, Default)]
pub struct Manifest {
    /// Whether the artifact is one file.
    pub single: bool,
    /// Every regular file, in the order of their paths (by bytes).
    pub files: Vec<File>,
    /// Everything else that stands under the root, and why it has no digest.
    pub uncovered: Vec<Uncovered>,
    /// Folders in which nothing stands: no digest tells that they are there.
    pub empty_folders: Vec<Untrusted>,
}

/// A file and its digests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Path relative to the root, with `/`; the file's own name where the artifact is one file.
    pub path: Untrusted,
    /// Whether the name on disk is UTF-8; where it is not, another name may read the same.
    pub utf8: bool,
    /// Its length in bytes.
    pub bytes: u64,
    /// Its permission bits, which no digest covers.
    pub mode: u32,
    /// What was computed.
    pub digests: Digests,
}

impl File {
    /// SHA-256, where it was computed.
    pub fn sha256(&self) -> Option<[u8; 32]> {
        self.digests.get(Algorithm::Sha256)?.try_into().ok()
    }
}

/// Something under the root whose bytes no digest covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uncovered {
    /// Path relative to the root.
    pub path: Untrusted,
    /// Why.
    pub because: String,
    /// Whether it is a link to something inside the root, which is digested under its own path.
    pub alias: bool,
}

/// What to compute, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// What is computed of each file.
    pub algorithms: Vec<Algorithm>,
    /// Processors that share the work; as many as there are where it is not told.
    pub jobs: Option<usize>,
}

impl Default for Options {
    fn default() -> Self {
        Self { algorithms: vec![Algorithm::Sha256, Algorithm::Blake3], jobs: None }
    }
}

/// In which order the root digest of Model Signing takes the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// By the code points of the whole path, as the specification has it.
    CodePoints,
    /// By the parts of the path, as the Python package has it: `a/b` before `a-b/c`.
    Parts,
}

impl Manifest {
    /// Reads every file of an artifact once, for SHA-256 and BLAKE3.
    pub fn of(tree: &Tree) -> Self {
        Self::with(tree, &Options::default())
    }

    /// Reads every file of an artifact once.
    pub fn with(tree: &Tree, options: &Options) -> Self {
        let mut manifest = Self {
            single: tree.single,
            empty_folders: tree.empty_folders.clone(),
            ..Self::default()
        };
        let mut work: Vec<(usize, &FileEntry)> = Vec::new();
        for (number, entry) in tree.entries.iter().enumerate() {
            match &entry.kind {
                EntryKind::File(file) if file.same_as.is_none() => work.push((number, file)),
                _ => {}
            }
        }
        let results = read_all(tree, work, options);
        for (number, entry) in tree.entries.iter().enumerate() {
            let EntryKind::File(file) = &entry.kind else {
                manifest.uncovered.push(not_a_file(entry));
                continue;
            };
            let first = file.same_as.unwrap_or(number);
            match results.get(first).and_then(Option::as_ref) {
                Some(Ok(digests)) => manifest.files.push(File {
                    path: entry.path.clone(),
                    utf8: entry.utf8,
                    bytes: file.len,
                    mode: file.mode,
                    digests: digests.clone(),
                }),
                Some(Err(because)) => manifest.uncovered.push(uncovered(entry, because.clone())),
                None => manifest.uncovered.push(uncovered(entry, "it was not read".into())),
            }
        }
        manifest.files.sort_by(|a, b| a.path.raw().cmp(b.path.raw()));
        manifest
    }

    /// The file at a path.
    pub fn file(&self, path: &str) -> Option<&File> {
        let found = self.files.binary_search_by(|file| file.path.raw().cmp(path)).ok()?;
        self.files.get(found)
    }

    /// in-toto's `dirHash`: SHA-256 over the lines `<sha256>  <path>` in the order of the paths,
    /// hex. It binds the names. There is none where it would bind less than it seems to: where
    /// something beside the files stands under the root, or a name has no line of its own.
    ///
    /// Source: `Hash1` of <https://pkg.go.dev/golang.org/x/mod/sumdb/dirhash>.
    pub fn dir_hash(&self) -> Result<String, Error> {
        self.is_whole()?;
        let mut lines = String::new();
        for file in &self.files {
            let none = |because: String| Err(Error::malformed("the folder", because));
            if file.path.raw().contains('\n') {
                return none(format!("the name `{}` holds a line feed", file.path));
            }
            if !file.utf8 {
                return none(format!("the name `{}` is no UTF-8", file.path));
            }
            let digest = file.sha256().ok_or_else(not_computed)?;
            lines.push_str(&format!("{}  {}\n", hex::encode(&digest), file.path.raw()));
        }
        Ok(hex::encode(sha256(lines.as_bytes()).as_ref()))
    }

    /// The root digest of Model Signing: SHA-256 over the raw SHA-256 digests of the files, hex. It
    /// binds no names: files that trade names in the same order have the same root.
    ///
    /// Source: <https://github.com/ossf/model-signing-spec>, 6.5.1.
    pub fn oms_root(&self, order: Order) -> Result<String, Error> {
        self.is_whole()?;
        let mut files: Vec<&File> = self.files.iter().collect();
        if order == Order::Parts {
            files.sort_by(|a, b| a.path.raw().split('/').cmp(b.path.raw().split('/')));
        }
        let mut all = Vec::with_capacity(files.len().saturating_mul(32));
        for file in files {
            all.extend_from_slice(&file.sha256().ok_or_else(not_computed)?);
        }
        Ok(hex::encode(sha256(&all).as_ref()))
    }

    /// The identity of the whole, as statements name it: `dirHash`, and as `sha256` the root digest
    /// of Model Signing, or for a single file its own.
    pub fn subject_digests(&self) -> Result<DigestSet, Error> {
        let own = self.files.first().filter(|_| self.single).and_then(File::sha256);
        let sha256 = match own {
            Some(own) => hex::encode(&own),
            None => self.oms_root(Order::CodePoints)?,
        };
        Ok([(DIR_HASH.to_owned(), self.dir_hash()?), ("sha256".to_owned(), sha256)].into())
    }

    /// The digest of a part would pass for that of the whole.
    fn is_whole(&self) -> Result<(), Error> {
        match self.uncovered.iter().find(|one| !one.alias) {
            None if self.files.is_empty() => {
                Err(Error::malformed("the folder", "it holds no file"))
            }
            None => Ok(()),
            Some(one) => {
                let because = format!("no digest covers `{}`: {}", one.path, one.because);
                Err(Error::malformed("the folder", because))
            }
        }
    }
}

fn not_computed() -> Error {
    Error::malformed("the folder", "the SHA-256 of its files was not computed")
}

fn uncovered(entry: &Entry, because: String) -> Uncovered {
    let alias = matches!(entry.kind, EntryKind::Alias { .. });
    Uncovered { path: entry.path.clone(), because, alias }
}

fn not_a_file(entry: &Entry) -> Uncovered {
    let because = match &entry.kind {
        EntryKind::File(_) => "it was not read".to_owned(),
        EntryKind::Alias { target } => format!("a symbolic link to `{target}`"),
        EntryKind::LinkOutside { target } => {
            format!("a symbolic link out of the folder, to `{target}`")
        }
        EntryKind::LinkBroken { target } => {
            format!("a symbolic link that leads nowhere, to `{target}`")
        }
        EntryKind::Special { what } => format!("it is {what}"),
        EntryKind::Unreadable { because } => because.clone(),
    };
    uncovered(entry, because)
}

type Results = Vec<Option<Result<Digests, String>>>;

/// Reads files side by side, the largest first, so that none is left to the end alone. The place of
/// a result is that of its entry.
fn read_all(tree: &Tree, mut work: Vec<(usize, &FileEntry)>, options: &Options) -> Results {
    work.sort_by_key(|(number, file)| (std::cmp::Reverse(file.len), *number));
    let processors = || thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let team = Team::new(options.jobs.unwrap_or_else(processors));
    let results: Mutex<Results> = Mutex::new(vec![None; tree.entries.len()]);
    let next = AtomicUsize::new(0);
    let read = || {
        while let Some((number, file)) = work.get(next.fetch_add(1, Ordering::Relaxed)) {
            let open = tree.open(file, false);
            let digests = open.and_then(|open| team.digest(&open, &options.algorithms));
            let digests = digests.map_err(|trouble| trouble.to_string());
            let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(slot) = results.get_mut(*number) {
                *slot = Some(digests);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 1..team.size().min(work.len()) {
            scope.spawn(read);
        }
        read();
    });
    results.into_inner().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
