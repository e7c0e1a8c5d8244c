//! The files of an artifact with their digests, and the digests of the whole.

use artifact::tree::{EntryKind, Tree};
use rayon::prelude::*;
use vocabulary::Untrusted;

use crate::keys::sha256;
use crate::statement::{DIR_HASH, DigestSet};
use crate::{Error, hex};

/// The files of an artifact with their digests.
#[derive(Clone, Debug, Default)]
pub struct Manifest {
    /// Every regular file, in the order of their paths (by bytes).
    pub files: Vec<File>,
    /// Everything else that stands under the root, and why it has no digest.
    pub uncovered: Vec<Uncovered>,
}

/// A file and its digests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Path relative to the root, with `/`; the file's own name where the artifact is one file.
    pub path: Untrusted,
    /// Its length in bytes.
    pub bytes: u64,
    /// SHA-256.
    pub sha256: [u8; 32],
    /// BLAKE3, 256 bits.
    pub blake3: [u8; 32],
}

/// Something under the root whose bytes no digest covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uncovered {
    /// Path relative to the root.
    pub path: Untrusted,
    /// Why.
    pub because: String,
}

impl Manifest {
    /// Reads every file of an artifact once.
    pub fn of(tree: &Tree) -> Self {
        let seen: Vec<_> = tree.entries.par_iter().map(|entry| look(tree, entry)).collect();
        let mut manifest = Self::default();
        for one in seen {
            match one {
                Ok(file) => manifest.files.push(file),
                Err(uncovered) => manifest.uncovered.push(uncovered),
            }
        }
        manifest.files.sort_by(|a, b| a.path.raw().cmp(b.path.raw()));
        manifest
    }

    /// in-toto's `dirHash`: SHA-256 over the lines `<sha256>  <path>` in the order of the paths,
    /// hex. It binds the names. A path with a line feed in it has no line, so there is no such
    /// digest then.
    ///
    /// Source: `Hash1` of <https://pkg.go.dev/golang.org/x/mod/sumdb/dirhash>.
    pub fn dir_hash(&self) -> Result<String, Error> {
        let mut lines = String::new();
        for file in &self.files {
            if file.path.raw().contains('\n') {
                let because = format!("the name `{}` holds a line feed", file.path);
                return Err(Error::malformed("the folder", because));
            }
            lines.push_str(&format!("{}  {}\n", hex::encode(&file.sha256), file.path.raw()));
        }
        Ok(hex::encode(sha256(lines.as_bytes()).as_ref()))
    }

    /// The identity of the whole, as statements name it.
    pub fn subject_digests(&self) -> Result<DigestSet, Error> {
        Ok([(DIR_HASH.to_owned(), self.dir_hash()?)].into())
    }
}

fn look(tree: &Tree, entry: &artifact::tree::Entry) -> Result<File, Uncovered> {
    let uncovered = |because: String| Uncovered { path: entry.path.clone(), because };
    let file = match &entry.kind {
        EntryKind::File(file) => file,
        EntryKind::Alias { target } => {
            return Err(uncovered(format!("a symbolic link to `{target}`")));
        }
        EntryKind::LinkOutside { target } => {
            return Err(uncovered(format!("a symbolic link out of the folder, to `{target}`")));
        }
        EntryKind::LinkBroken { target } => {
            return Err(uncovered(format!("a symbolic link that leads nowhere, to `{target}`")));
        }
        EntryKind::Special { what } => return Err(uncovered(format!("it is {what}"))),
        EntryKind::Unreadable { because } => return Err(uncovered(because.clone())),
    };
    let read = tree.open(file, true).and_then(|open| Ok((open.finish()?, open)));
    let (digests, _) = read.map_err(|trouble| uncovered(trouble.to_string()))?;
    let digest = |text: Option<&String>| {
        text.and_then(|text| hex::decode(text)).and_then(|bytes| bytes.try_into().ok())
    };
    let sha256 = digest(digests.as_ref().map(|digests| &digests.sha256));
    let blake3 = digest(digests.as_ref().map(|digests| &digests.blake3));
    match (sha256, blake3) {
        (Some(sha256), Some(blake3)) => {
            Ok(File { path: entry.path.clone(), bytes: file.len, sha256, blake3 })
        }
        _ => Err(uncovered("it was not read".to_owned())),
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tests make their own folders")]
mod tests {
    use super::*;

    #[test]
    fn the_folder_digest_is_that_of_go_and_binds_names() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("sub")).unwrap();
        std::fs::write(folder.path().join("b.bin"), b"b").unwrap();
        std::fs::write(folder.path().join("sub/a.bin"), b"a").unwrap();
        let tree = artifact::tree::open(folder.path(), 99).unwrap();
        let manifest = Manifest::of(&tree);
        // printf '%s  b.bin\n%s  sub/a.bin\n' $(printf b | sha256sum | cut -c-64) \
        //   $(printf a | sha256sum | cut -c-64) | sha256sum
        let hash = manifest.dir_hash().unwrap();
        assert_eq!(hash, "e5ad327bd8a15c1b85664327323670af73b53b819587add0f4ee0564a629266b");
        std::fs::rename(folder.path().join("b.bin"), folder.path().join("c.bin")).unwrap();
        let tree = artifact::tree::open(folder.path(), 99).unwrap();
        assert_ne!(Manifest::of(&tree).dir_hash().unwrap(), hash);
    }
}
