use std::collections::BTreeMap;

use crate::hex;

/// A way to digest a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// SHA-256 (FIPS 180-4).
    Sha256,
    /// BLAKE3, 256 bits.
    Blake3,
    /// SHA-512 (FIPS 180-4).
    Sha512,
    /// SHA-1 (FIPS 180-4).
    Sha1,
    /// SHA-1 as git names a blob: over `blob <length>`, a zero byte and the content.
    GitSha1,
    /// MD5 (RFC 1321).
    Md5,
}

impl Algorithm {
    /// Every one.
    pub const ALL: [Self; 6] =
        [Self::Sha256, Self::Blake3, Self::Sha512, Self::Sha1, Self::GitSha1, Self::Md5];

    /// Its name in arguments and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Blake3 => "blake3",
            Self::Sha512 => "sha512",
            Self::Sha1 => "sha1",
            Self::GitSha1 => "git-sha1",
            Self::Md5 => "md5",
        }
    }

    /// The algorithm of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }

    /// How long its digests are, bytes.
    pub fn size(self) -> usize {
        match self {
            Self::Sha256 | Self::Blake3 => 32,
            Self::Sha512 => 64,
            Self::Sha1 | Self::GitSha1 => 20,
            Self::Md5 => 16,
        }
    }

    /// Whether two files with the same digest can be made on purpose, so that whoever publishes one
    /// can hand out the other.
    pub fn is_weak(self) -> bool {
        match self {
            Self::Sha256 | Self::Blake3 | Self::Sha512 => false,
            Self::Sha1 | Self::GitSha1 | Self::Md5 => true,
        }
    }

    /// The bytes of a digest of this algorithm from its hexadecimal form.
    pub fn read(self, text: &str) -> Option<Vec<u8>> {
        hex::decode(&text.to_ascii_lowercase()).filter(|bytes| bytes.len() == self.size())
    }
}

/// Digests of one run of bytes by algorithm.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Digests(BTreeMap<Algorithm, Vec<u8>>);

impl Digests {
    /// The digest of this algorithm, where it was computed.
    pub fn get(&self, algorithm: Algorithm) -> Option<&[u8]> {
        self.0.get(&algorithm).map(Vec::as_slice)
    }

    /// Adds one.
    pub fn set(&mut self, algorithm: Algorithm, digest: Vec<u8>) {
        self.0.insert(algorithm, digest);
    }

    /// Every one, in a fixed order.
    pub fn iter(&self) -> impl Iterator<Item = (Algorithm, &[u8])> {
        self.0.iter().map(|(algorithm, digest)| (*algorithm, digest.as_slice()))
    }

    /// Whether all of these were computed.
    pub fn have(&self, algorithms: &[Algorithm]) -> bool {
        algorithms.iter().all(|algorithm| self.0.contains_key(algorithm))
    }
}
