use std::hint::black_box;

use aws_lc_rs::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA512};
use md5::{Digest as _, Md5};

use super::{Algorithm, Digests};

/// Computes the digests that were asked for, of bytes that arrive in order. It falls into two
/// halves of about the same work, so that two processors can share it.
pub(super) struct Hasher {
    pub(super) first: Half,
    pub(super) second: Half,
}

/// A processor that reads memory in order fetches ahead, but within a page only.
const PAGE: usize = 4096;
/// What one fetch brings.
const LINE: usize = 64;

/// Some of the digests.
#[derive(Default)]
pub(super) struct Half(Vec<One>);

enum One {
    Aws(Algorithm, Context),
    // It is large, and there is one a file.
    Blake3(Box<blake3::Hasher>),
    Md5(Md5),
}

impl Hasher {
    /// `bytes` is the length of what will arrive: git digests it as well.
    pub(super) fn new(algorithms: &[Algorithm], bytes: u64) -> Self {
        let (mut first, mut second) = (Half::default(), Half::default());
        for algorithm in Algorithm::ALL.into_iter().filter(|one| algorithms.contains(one)) {
            let half = if first.0.is_empty() { &mut first } else { &mut second };
            half.0.push(One::new(algorithm, bytes));
        }
        Self { first, second }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.first.update(bytes);
        self.second.update(bytes);
    }

    pub(super) fn finish(self) -> Digests {
        let mut digests = Digests::default();
        for one in self.first.0.into_iter().chain(self.second.0) {
            let (algorithm, digest) = one.finish();
            digests.set(algorithm, digest);
        }
        digests
    }
}

impl Half {
    pub(super) fn update(&mut self, bytes: &[u8]) {
        for one in &mut self.0 {
            one.update(bytes);
        }
    }

    /// As `update`, of bytes that another processor has read, so that they are not in this one's
    /// cache.
    pub(super) fn update_from_afar(&mut self, bytes: &[u8]) {
        for one in &mut self.0 {
            one.update_from_afar(bytes);
        }
    }
}

impl One {
    fn new(algorithm: Algorithm, bytes: u64) -> Self {
        match algorithm {
            Algorithm::Sha256 => Self::Aws(algorithm, Context::new(&SHA256)),
            Algorithm::Sha512 => Self::Aws(algorithm, Context::new(&SHA512)),
            Algorithm::Sha1 => Self::Aws(algorithm, Context::new(&SHA1_FOR_LEGACY_USE_ONLY)),
            Algorithm::GitSha1 => {
                let mut context = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
                context.update(format!("blob {bytes}\0").as_bytes());
                Self::Aws(algorithm, context)
            }
            Algorithm::Blake3 => Self::Blake3(Box::default()),
            Algorithm::Md5 => Self::Md5(Md5::new()),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Aws(_, context) => context.update(bytes),
            Self::Blake3(hasher) => {
                hasher.update(bytes);
            }
            Self::Md5(hasher) => hasher.update(bytes),
        }
    }

    /// Looks at the begin of each page before the one in front of it is digested: from there on the
    /// processor fetches it meanwhile. Otherwise the digest waits at the begin of every page, which
    /// costs as much as reading the file did.
    fn update_from_afar(&mut self, bytes: &[u8]) {
        if let Self::Blake3(_) = self {
            // It has many independent parts: it waits for nothing, and wants many bytes at a time.
            return self.update(bytes);
        }
        let mut pages = bytes.chunks(PAGE).peekable();
        while let Some(page) = pages.next() {
            let next = pages.peek().copied().unwrap_or_default();
            black_box((next.first().copied(), next.get(LINE).copied()));
            self.update(page);
        }
    }

    fn finish(self) -> (Algorithm, Vec<u8>) {
        match self {
            Self::Aws(algorithm, context) => (algorithm, context.finish().as_ref().to_vec()),
            Self::Blake3(hasher) => (Algorithm::Blake3, hasher.finalize().as_bytes().to_vec()),
            Self::Md5(hasher) => (Algorithm::Md5, hasher.finalize().to_vec()),
        }
    }
}
