//! Digests that are kept from one weighing to the next.

use std::collections::BTreeMap;

use artifact::tree::Tree;
use provenance::manifest::{Algorithm, Cache, Digests, Manifest, Options};
use scan::Scanned;
use vocabulary::{FileSummary, Untrusted};

/// The digests of a file as the manifest has them.
pub(crate) fn of(file: &FileSummary) -> Digests {
    let mut digests = Digests::default();
    for algorithm in [Algorithm::Sha256, Algorithm::Blake3] {
        let text = file.digests.get(algorithm.name());
        if let Some(digest) = text.and_then(|text| algorithm.read(text)) {
            digests.set(algorithm, digest);
        }
    }
    digests
}

/// The digests of every file, by path.
pub(crate) fn by_path(scanned: &Scanned) -> BTreeMap<String, Digests> {
    scanned.files.iter().map(|file| (file.path.raw().to_owned(), of(file))).collect()
}

/// Takes digests from a cache, and computes those that it does not hold. Gives the files that were
/// not read anew.
pub(crate) fn take(
    tree: &Tree,
    scanned: &mut Scanned,
    cache: &Cache,
    jobs: Option<usize>,
) -> Vec<Untrusted> {
    let options = Options { cache: Some(cache), trust_cache: true, jobs, ..Options::default() };
    let manifest = Manifest::with(tree, &options);
    for file in &mut scanned.files {
        let Some(digested) = manifest.file(file.path.raw()) else { continue };
        for (algorithm, digest) in digested.digests.iter() {
            let hex = provenance::hex::encode(digest);
            file.digests.insert(algorithm.name().to_owned(), hex);
        }
    }
    let cached = manifest.files.into_iter().filter(|file| file.cached);
    cached.map(|file| file.path).collect()
}
