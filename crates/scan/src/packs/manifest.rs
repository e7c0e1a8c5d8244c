//! `PACK.toml`.

use std::collections::BTreeMap;

use artifact::Hasher;
use serde::Deserialize;

/// What a pack says of itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Its name, and that of its folder.
    pub name: String,
    /// What it tells, in a line.
    pub about: String,
    /// The day of its last change, as `2026-11-21`: the version of its content.
    pub date: String,
    /// What wrote it: a command and its version, or `by hand`.
    pub generator: String,
    /// The SHA-256 of the lines of `files`; see [`whole`].
    pub sha256: String,
    /// The SHA-256 of each file.
    pub files: BTreeMap<String, String>,
    /// What its content was taken from.
    #[serde(default)]
    pub source: Vec<Source>,
}

/// A release or a document that a pack was made from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The library, the repository or the document.
    pub name: String,
    /// Its release, its commit or the day of its reading.
    pub version: String,
    /// The SHA-256 of the file that was read, where it was one.
    #[serde(default)]
    pub sha256: Option<String>,
    /// Where it can be had.
    #[serde(default)]
    pub url: Option<String>,
}

impl Manifest {
    /// Reads one.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }
}

/// The digest of a pack: the SHA-256 of a line `"name" = "digest"` for each file, in the order of
/// names.
pub fn whole(files: &BTreeMap<String, String>) -> String {
    let mut hasher = Hasher::default();
    for (name, digest) in files {
        hasher.update(format!("\"{name}\" = \"{digest}\"\n").as_bytes());
    }
    hasher.finish().sha256
}
