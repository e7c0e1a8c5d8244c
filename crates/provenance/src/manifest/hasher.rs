use aws_lc_rs::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA512};
use md5::{Digest as _, Md5};

use super::{Algorithm, Digests};

/// Computes the digests that were asked for, of bytes that arrive in order. It falls into two
/// halves of about the same work, so that two processors can share it.
pub(super) struct Hasher {
    pub(super) first: Half,
    pub(super) second: Half,
}

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
            match one {
                One::Aws(_, context) => context.update(bytes),
                One::Blake3(hasher) => {
                    hasher.update(bytes);
                }
                One::Md5(hasher) => hasher.update(bytes),
            }
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

    fn finish(self) -> (Algorithm, Vec<u8>) {
        match self {
            Self::Aws(algorithm, context) => (algorithm, context.finish().as_ref().to_vec()),
            Self::Blake3(hasher) => (Algorithm::Blake3, hasher.finalize().as_bytes().to_vec()),
            Self::Md5(hasher) => (Algorithm::Md5, hasher.finalize().to_vec()),
        }
    }
}
