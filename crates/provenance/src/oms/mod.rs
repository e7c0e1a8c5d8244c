//! Signed models in the form of OpenSSF Model Signing (OMS) v1.0.
//!
//! ```text
//! model.sig = Sigstore bundle → DSSE envelope → in-toto statement → predicate
//! predicate = the files with their digests, and how they were listed
//! subject   = SHA-256 over all those digests: the root digest. It binds no names, so a statement
//!             of ours carries `dirHash` beside it, which does.
//! ```
//!
//! - [`prepare`] reads a model and makes the statement, [`sign`] signs it;
//! - [`verify()`] checks a bundle against a model. It tells every reason that speaks against it and
//!   everything that stands in the model and is not covered.
//!
//! Source: <https://github.com/ossf/model-signing-spec>, `spec/v1.0.md`. Where the reference
//! implementation (`model_signing` on PyPI) and the specification differ, both are read.

mod hashing;
mod prepare;
mod scope;
mod statement;
mod verify;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use prepare::{Form, Prepared, Request, clean_paths, prepare, sign};
pub use scope::{Uncovered, What};
pub use statement::{Resource, Signed};
pub use verify::{Options, Verdict, Verification, verify};

/// The type of the predicate.
pub const PREDICATE_TYPE: &str = "https://model_signing/signature/v1.0";

/// What a signer may have to be permitted in the trust: `may = ["model"]`.
pub const STEP: &str = "model";

/// The largest bundle that is read, in bytes: about a million files.
pub const MAX_BUNDLE: u64 = 256 << 20;

/// The size of a shard where none is told.
pub const SHARD: u64 = 1_000_000_000;

/// What stands at the top of a model's folder and is never signed (specification, 6.2).
pub const NEVER_SIGNED: [&str; 4] = [".git", ".gitattributes", ".github", ".gitignore"];

/// How files become entries of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// One entry a file.
    Files,
    /// One entry for each so many bytes of a file.
    Shards(u64),
}

impl Method {
    /// Its name in statements.
    pub fn name(self) -> &'static str {
        match self {
            Self::Files => "files",
            Self::Shards(_) => "shards",
        }
    }
}

/// The algorithm of the digests of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Hash {
    /// SHA-256 (FIPS 180-4), 32 bytes.
    Sha256,
    /// `BLAKE2b` (RFC 7693), 64 bytes.
    Blake2b,
    /// BLAKE3, 32 bytes.
    Blake3,
}

impl Hash {
    /// Its name in statements.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Blake2b => "blake2b",
            Self::Blake3 => "blake3",
        }
    }

    /// The length of a digest in bytes.
    pub fn bytes(self) -> usize {
        match self {
            Self::Sha256 | Self::Blake3 => 32,
            Self::Blake2b => 64,
        }
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The root digest: SHA-256 over the digests in their order, hex.
fn root<'a>(digests: impl Iterator<Item = &'a [u8]>) -> String {
    let mut hasher = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    for digest in digests {
        hasher.update(digest);
    }
    crate::hex::encode(hasher.finish().as_ref())
}

/// in-toto's `dirHash` over files and their SHA-256, in the order of their names; `None` where a
/// name holds a line feed.
fn dir_hash<'a>(files: impl Iterator<Item = (&'a str, &'a [u8])>) -> Option<String> {
    let mut hasher = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    for (name, digest) in files {
        if name.contains('\n') {
            return None;
        }
        hasher.update(format!("{}  {name}\n", crate::hex::encode(digest)).as_bytes());
    }
    Some(crate::hex::encode(hasher.finish().as_ref()))
}
