//! The files of an artifact with their digests, and the digests of the whole.
//!
//! Each file is read once, whatever is computed of it, and only what is asked for is computed. Files
//! are read side by side; where there are fewer files than processors, several share one.

mod algorithm;
mod cache;
mod engine;
mod hasher;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use artifact::ReadAt as _;
use artifact::tree::{Entry, EntryKind, FileEntry, Tree};
use vocabulary::Untrusted;

use self::hasher::Hasher;
use crate::keys::sha256;
use crate::statement::{DIR_HASH, DigestSet};
use crate::{Error, hex};

pub use self::algorithm::{Algorithm, Digests};
pub use self::cache::Cache;
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
    /// Whether the digests come from a cache: the file was not read anew.
    pub cached: bool,
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
    /// For a link to something inside the root: the path under which that is digested.
    pub alias: Option<Untrusted>,
}

/// What to compute, and how.
#[derive(Clone, Debug)]
pub struct Options<'a> {
    /// What is computed of each file.
    pub algorithms: Vec<Algorithm>,
    /// What is computed beside it, by the number of the tree's entry.
    pub also: BTreeMap<usize, BTreeSet<Algorithm>>,
    /// Digests that are known already, by path. A file is read where they are not enough; where it
    /// then has another SHA-256 than the known one, it was changed meanwhile.
    pub known: BTreeMap<String, Digests>,
    /// Where digests of files are kept that did not change since. What is computed is kept there; what
    /// is there is taken only where `trust_cache` says so.
    pub cache: Option<&'a Cache>,
    /// Whether what the cache holds counts in place of reading a file.
    pub trust_cache: bool,
    /// Processors that share the work; as many as there are where it is not told.
    pub jobs: Option<usize>,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self {
            algorithms: vec![Algorithm::Sha256, Algorithm::Blake3],
            also: BTreeMap::new(),
            known: BTreeMap::new(),
            cache: None,
            trust_cache: false,
            jobs: None,
        }
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
    pub fn with(tree: &Tree, options: &Options<'_>) -> Self {
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
        let wanted = wanted(tree, options);
        let results = read_all(tree, work, &wanted, options);
        for (number, entry) in tree.entries.iter().enumerate() {
            let EntryKind::File(file) = &entry.kind else {
                manifest.uncovered.push(not_a_file(entry));
                continue;
            };
            let first = file.same_as.unwrap_or(number);
            match results.get(first).and_then(Option::as_ref) {
                Some(Ok((digests, cached))) => manifest.files.push(File {
                    path: entry.path.clone(),
                    utf8: entry.utf8,
                    bytes: file.len,
                    mode: file.mode,
                    digests: digests.clone(),
                    cached: *cached,
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
        let mut lines = Vec::with_capacity(self.files.len());
        for file in &self.files {
            if !file.utf8 {
                let because = format!("the name `{}` is no UTF-8", file.path);
                return Err(Error::malformed("the folder", because));
            }
            let digest = file.sha256().ok_or_else(not_computed)?;
            lines.push((file.path.raw(), hex::encode(&digest)));
        }
        dir_hash(lines)
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
        match self.uncovered.iter().find(|one| one.alias.is_none()) {
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

/// The `dirHash` of paths and the SHA-256 of what stands there, hex. The error tells of a path that
/// has no line of its own, because it holds a line feed.
pub fn dir_hash(mut files: Vec<(&str, String)>) -> Result<String, Error> {
    files.sort_unstable();
    let mut lines = String::new();
    for (path, digest) in files {
        if path.contains('\n') {
            let because = format!("the name `{}` holds a line feed", vocabulary::escape(path));
            return Err(Error::malformed("the folder", because));
        }
        lines.push_str(&format!("{digest}  {path}\n"));
    }
    Ok(hex::encode(sha256(lines.as_bytes()).as_ref()))
}

/// The digest of bytes in memory.
pub(crate) fn of_bytes(algorithm: Algorithm, bytes: &[u8]) -> Vec<u8> {
    let mut hasher = Hasher::new(&[algorithm], bytes.len() as u64);
    hasher.update(bytes);
    hasher.finish().get(algorithm).unwrap_or_default().to_vec()
}

fn not_computed() -> Error {
    Error::malformed("the folder", "the SHA-256 of its files was not computed")
}

fn uncovered(entry: &Entry, because: String) -> Uncovered {
    let alias = match &entry.kind {
        EntryKind::Alias { target } => Some(target.clone()),
        _ => None,
    };
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

/// Digests, and whether they come from the cache; or why there are none.
type Found = Result<(Digests, bool), String>;
type Results = Vec<Option<Found>>;

/// What is computed of each entry. Several paths may be one file on disk, which is read once.
fn wanted(tree: &Tree, options: &Options<'_>) -> Vec<BTreeSet<Algorithm>> {
    let mut wanted = vec![BTreeSet::from_iter(options.algorithms.clone()); tree.entries.len()];
    for (number, also) in &options.also {
        let entry = tree.entries.get(*number).map(|entry| &entry.kind);
        let Some(EntryKind::File(file)) = entry else { continue };
        if let Some(slot) = wanted.get_mut(file.same_as.unwrap_or(*number)) {
            slot.extend(also);
        }
    }
    wanted
}

/// Reads files side by side, the largest first, so that none is left to the end alone. The place of
/// a result is that of its entry.
fn read_all(
    tree: &Tree,
    mut work: Vec<(usize, &FileEntry)>,
    wanted: &[BTreeSet<Algorithm>],
    options: &Options<'_>,
) -> Results {
    work.sort_by_key(|(number, file)| (std::cmp::Reverse(file.len), *number));
    let processors = || thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let team = Team::new(options.jobs.unwrap_or_else(processors));
    let results: Mutex<Results> = Mutex::new(vec![None; tree.entries.len()]);
    let next = AtomicUsize::new(0);
    let none = BTreeSet::new();
    let read = || {
        while let Some((number, file)) = work.get(next.fetch_add(1, Ordering::Relaxed)) {
            let path = tree.entries.get(*number).map_or("", |entry| entry.path.raw());
            let job = Job {
                file,
                wanted: wanted.get(*number).unwrap_or(&none),
                known: options.known.get(path),
                path,
                cache: options.cache,
                trusted: options.trust_cache,
            };
            let digests = job.run(tree, &team);
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

struct Job<'a> {
    file: &'a FileEntry,
    wanted: &'a BTreeSet<Algorithm>,
    known: Option<&'a Digests>,
    path: &'a str,
    cache: Option<&'a Cache>,
    trusted: bool,
}

impl Job<'_> {
    fn run(&self, tree: &Tree, team: &Team) -> Found {
        let known = self.known.cloned().unwrap_or_default();
        let mut missing: Vec<Algorithm> =
            self.wanted.iter().copied().filter(|one| known.get(*one).is_none()).collect();
        if missing.is_empty() {
            return Ok((known, false));
        }
        let before = known.get(Algorithm::Sha256);
        if before.is_some() {
            missing.insert(0, Algorithm::Sha256);
        }
        let open = tree.open(self.file, false).map_err(|trouble| trouble.to_string())?;
        if open.len() != self.file.len {
            return Err("it was changed since it was listed".to_owned());
        }
        let stamp = open.stamp();
        let kept = self.cache.and_then(|cache| cache.get(self.path, &stamp)).unwrap_or_default();
        if self.trusted && kept.have(&missing) {
            return Ok((kept, true));
        }
        let mut digests = team.digest(&open, &missing).map_err(|trouble| trouble.to_string())?;
        if before.is_some() && before != digests.get(Algorithm::Sha256) {
            return Err("it was changed while it was looked at".to_owned());
        }
        for (algorithm, digest) in known.iter() {
            digests.set(algorithm, digest.to_vec());
        }
        if let Some(cache) = self.cache {
            cache.put(self.path, &stamp, &digests);
        }
        Ok((digests, false))
    }
}

#[cfg(test)]
mod tests;
