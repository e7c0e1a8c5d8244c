//! The knowledge packs: what rules judge by, as data.
//!
//! A pack is a folder `packs/<name>/` of plain text files beside a manifest, `PACK.toml`, which
//! tells what the pack is about, where its content comes from and the SHA-256 of each file. The
//! packs of `embedded.rs` are part of the program; [`install`] puts others of the same names in their
//! place, once, before anything is judged. The digest of each pack that was used is in every report.
//!
//! To add a pack: its folder, and one line in `embedded.rs`.

mod embedded;
mod manifest;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use artifact::Hasher;
use vocabulary::Untrusted;

pub use manifest::{Manifest, Source, whole};

/// A knowledge pack.
#[derive(Clone, Debug)]
pub struct Pack {
    /// What it says of itself.
    pub manifest: Manifest,
    /// Its files by name, sorted by name.
    pub files: Vec<(&'static str, &'static str)>,
    /// Whether it is the one that the program was built with.
    pub embedded: bool,
}

/// Why a pack is not taken in place of the embedded one.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The program has no use for a pack of that name.
    #[error("no pack is named `{0}`")]
    Unknown(Untrusted),
    /// `PACK.toml` is none.
    #[error("the manifest of the pack `{pack}` does not read: {what}")]
    Manifest {
        /// The pack, by its folder.
        pack: Untrusted,
        /// What is wrong.
        what: String,
    },
    /// The folder and the manifest do not fit each other.
    #[error("the pack `{pack}` is not what its manifest says: {what}")]
    Mismatch {
        /// The pack, by its folder.
        pack: Untrusted,
        /// What does not fit.
        what: String,
    },
    /// Something was judged already.
    #[error("packs were asked for before others were put in their place")]
    TooLate,
}

/// The folder of a pack, read: what [`install`] takes.
#[derive(Clone, Debug)]
pub struct Folder {
    /// Its name.
    pub name: String,
    /// The text of its `PACK.toml`.
    pub manifest: String,
    /// The other files by name; what the manifest does not list is not looked at.
    pub files: BTreeMap<String, String>,
}

static PACKS: OnceLock<Vec<Pack>> = OnceLock::new();

/// Every pack, by name.
pub fn all() -> &'static [Pack] {
    PACKS.get_or_init(embedded::packs)
}

/// The text of a file of a pack; empty where there is none of that name.
pub fn text(pack: &str, file: &str) -> &'static str {
    let found = files(pack).iter().find(|(name, _)| *name == file);
    found.map_or("", |(_, text)| *text)
}

/// The files of a pack by name; none where there is no pack of that name.
pub fn files(pack: &str) -> &'static [(&'static str, &'static str)] {
    let found = all().iter().find(|held| held.manifest.name == pack);
    found.map_or(&[], |held| held.files.as_slice())
}

/// The SHA-256 of each pack by its name. It covers the digest line of every file.
pub fn digests() -> BTreeMap<String, String> {
    let digest = |pack: &Pack| (pack.manifest.name.clone(), pack.manifest.sha256.clone());
    all().iter().map(digest).collect()
}

/// Puts these packs in the place of the embedded ones of the same names, for the rest of the
/// process. Nothing is taken unless all of them are sound.
pub fn install(folders: Vec<Folder>) -> Result<(), Error> {
    let mut packs = embedded::packs();
    for folder in folders {
        let pack = Untrusted::new(folder.name.clone());
        let Some(old) = packs.iter_mut().find(|held| held.manifest.name == folder.name) else {
            return Err(Error::Unknown(pack));
        };
        *old = check(folder, old, pack)?;
    }
    PACKS.set(packs).map_err(|_| Error::TooLate)
}

/// The pack in a folder, where every digest fits and no file of the embedded pack is missing.
fn check(folder: Folder, old: &Pack, pack: Untrusted) -> Result<Pack, Error> {
    let manifest = match Manifest::parse(&folder.manifest) {
        Ok(manifest) => manifest,
        Err(error) => return Err(Error::Manifest { pack, what: error.message().to_owned() }),
    };
    let mismatch = |what: String| Error::Mismatch { pack: pack.clone(), what };
    if manifest.name != folder.name {
        let name = Untrusted::new(manifest.name);
        return Err(mismatch(format!("it names itself `{name}`")));
    }
    if let Some((name, _)) = old.files.iter().find(|(name, _)| !manifest.files.contains_key(*name))
    {
        return Err(mismatch(format!("`{name}` is not in it")));
    }
    if manifest.sha256 != whole(&manifest.files) {
        return Err(mismatch("`sha256` is not the digest of its list of files".to_owned()));
    }
    let mut given = folder.files;
    let mut files = Vec::new();
    for (name, digest) in &manifest.files {
        let shown = Untrusted::from(name.as_str());
        let Some(text) = given.remove(name) else {
            return Err(mismatch(format!("there is no file `{shown}`")));
        };
        let mut hasher = Hasher::default();
        hasher.update(text.as_bytes());
        if hasher.finish().sha256 != *digest {
            return Err(mismatch(format!("`{shown}` has another digest")));
        }
        // Once a process: what a pack says is asked for until the end.
        files.push((&*name.clone().leak(), &*text.leak()));
    }
    Ok(Pack { manifest, files, embedded: false })
}
