//! The samples of a data set, as the leaves of a tree: one of them can be shown to be in a set whose
//! root was signed, without showing the others.
//!
//! A sample is a line of a `.jsonl` file: its bytes up to the line feed, without it; what follows the
//! last line feed is a line where it is not empty. The files come in the order of their paths (by
//! bytes). The tree is that of RFC 6962 over the SHA-256 of each sample, so that whoever holds only
//! digests can build it as well.

use std::path::Path;
use std::sync::Arc;

use artifact::Blob;
use artifact::tree::{self, EntryKind, FileEntry, Tree};
use aws_lc_rs::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use vocabulary::Untrusted;

use crate::attest::{Identity, Material};
use crate::keys::sha256;
use crate::lineage::{Collection, look};
use crate::log::{Hash, leaf_hash, verifies_inclusion};
use crate::statement::Statement;
use crate::trust::Trust;
use crate::{Error, hex, json};

/// The name of the root among digests.
pub const DIGEST: &str = "rfc6962-sha256";
/// The annotation that tells how many samples there are.
const COUNT: &str = "weighbridge_samples";
/// The annotation that tells the files that hold them.
const FILES: &str = "weighbridge_files";
/// The form of a proof.
const SCHEMA: &str = "weighbridge.sample-proof/1";
/// The most files that are listed.
const MAX_ENTRIES: u64 = 10_000_000;
/// Bytes that are read at a time.
const CHUNK: usize = 1 << 18;

/// The samples of a data set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Samples {
    /// The files that hold them, with the count of each.
    pub files: Vec<(Untrusted, u64)>,
    leaves: Vec<Hash>,
}

/// That a sample is in a set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    schema: String,
    /// The root of the tree, hex.
    pub root: String,
    /// How many samples it has.
    pub count: u64,
    /// The place of the sample, from 0.
    pub index: u64,
    /// The hashes beside its way to the root, hex, from the sample on.
    pub hashes: Vec<String>,
}

impl Samples {
    /// Reads the samples of a file or folder. `known` is its identity, where it has been digested:
    /// a file that changed since is an error.
    pub fn of(path: &Path, known: Option<&Identity>) -> Result<Self, Error> {
        let tree = tree::open(path, MAX_ENTRIES)?;
        let mut entries: Vec<(&Untrusted, &FileEntry)> = Vec::new();
        for entry in &tree.entries {
            if let EntryKind::File(file) = &entry.kind
                && entry.path.raw().ends_with(".jsonl")
                && !entry.path.raw().ends_with(".intoto.jsonl")
            {
                entries.push((&entry.path, file));
            }
        }
        entries.sort_by(|a, b| a.0.raw().cmp(b.0.raw()));
        let mut samples = Self::default();
        for (path, file) in entries {
            let before = samples.leaves.len();
            let digest = read(&tree, path, file, &mut samples.leaves)?;
            let known = known.and_then(|known| known.digest_of(path));
            if known.is_some_and(|known| known != digest) {
                return Err(Error::malformed(path.to_string(), "it was changed while it was read"));
            }
            let count = samples.leaves.len().saturating_sub(before) as u64;
            samples.files.push((path.clone(), count));
        }
        Ok(samples)
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.leaves.len() as u64
    }

    /// The root of their tree, hex.
    pub fn root(&self) -> String {
        hex::encode(&way(self.leaves.clone(), 0).1)
    }

    /// The proof that a sample is among them; of several that are the same, of the first.
    pub fn prove(&self, sample: &[u8]) -> Option<Proof> {
        let leaf = leaf(sha256(sample).as_ref());
        let index = self.leaves.iter().position(|other| *other == leaf)?;
        let (hashes, root) = way(self.leaves.clone(), index);
        Some(Proof {
            schema: SCHEMA.to_owned(),
            root: hex::encode(&root),
            count: self.count(),
            index: index as u64,
            hashes: hashes.iter().map(|hash| hex::encode(hash)).collect(),
        })
    }

    /// The file and the line (from 1) of the sample at a place.
    pub fn place(&self, index: u64) -> Option<(&Untrusted, u64)> {
        let mut before = 0u64;
        for (path, count) in &self.files {
            let after = before.saturating_add(*count);
            if index < after {
                return Some((path, index.saturating_sub(before).saturating_add(1)));
            }
            before = after;
        }
        None
    }

    /// As a statement about the set called `name` tells them; nothing where there is none.
    pub fn material(&self, name: &str) -> Option<Material> {
        let files: Vec<_> = self.files.iter().map(|(path, _)| path.raw()).collect();
        let annotations =
            [(COUNT.to_owned(), self.count().into()), (FILES.to_owned(), files.into())];
        (self.count() > 0).then(|| Material {
            name: Some(format!("samples of {name}")),
            digest: [(DIGEST.to_owned(), self.root())].into(),
            annotations: annotations.into_iter().collect(),
            ..Material::default()
        })
    }
}

impl Proof {
    /// Reads a proof.
    pub fn parse(what: &str, bytes: &[u8]) -> Result<Self, Error> {
        let proof: Self = json::parse_as(what, bytes)?;
        if proof.schema != SCHEMA {
            return Err(Error::malformed(what, format!("its `schema` is not `{SCHEMA}`")));
        }
        Ok(proof)
    }

    /// Whether it shows that a sample is in the set of its root and count. Whose set that is, it
    /// does not say.
    pub fn shows(&self, sample: &[u8]) -> bool {
        let hash = |text: &String| hex::decode(text)?.try_into().ok();
        let hashes: Option<Vec<Hash>> = self.hashes.iter().map(hash).collect();
        let leaf = leaf(sha256(sample).as_ref());
        hashes.zip(hash(&self.root)).is_some_and(|(hashes, root)| {
            self.index < self.count
                && verifies_inclusion(&hashes, self.count, &root, self.index, &leaf)
        })
    }

    /// Looks for a statement about a set of this root and count whose signature counts: who signed
    /// it, and where it stands.
    pub fn stated(
        &self,
        among: &Collection,
        trust: &Trust,
        at: jiff::Timestamp,
    ) -> Option<(String, String)> {
        among.records.iter().find_map(|record| {
            let signer = look(record, trust, at).signed.ok()?.signer;
            let payload = &record.envelope()?.payload;
            let statement = Statement::parse("the statement", payload).ok()?;
            let byproducts = statement.predicate.pointer("/runDetails/byproducts")?.as_array()?;
            let same = byproducts.iter().any(|one| {
                one.pointer(&format!("/digest/{DIGEST}")).and_then(Value::as_str)
                    == Some(&self.root)
                    && one.pointer(&format!("/annotations/{COUNT}")).and_then(Value::as_u64)
                        == Some(self.count)
            });
            same.then(|| (signer, record.place.to_string()))
        })
    }
}

fn leaf(digest: &[u8]) -> Hash {
    leaf_hash(digest)
}

/// The hashes beside the way from a leaf to the root, and the root. A tree without leaves has the
/// root that RFC 6962 gives it.
fn way(mut hashes: Vec<Hash>, mut index: usize) -> (Vec<Hash>, Hash) {
    let mut beside = Vec::new();
    while hashes.len() > 1 {
        beside.extend(hashes.get(index ^ 1));
        hashes = hashes
            .chunks(2)
            .map(|pair| match pair {
                [left, right] => {
                    let bytes = [&[1][..], left, right].concat();
                    let mut hash = Hash::default();
                    hash.copy_from_slice(sha256(&bytes).as_ref());
                    hash
                }
                [alone, ..] => *alone,
                [] => Hash::default(),
            })
            .collect();
        index /= 2;
    }
    (beside, hashes.first().copied().unwrap_or(crate::log::EMPTY))
}

/// Adds the leaves of a file; gives its SHA-256.
fn read(
    tree: &Tree,
    path: &Untrusted,
    file: &FileEntry,
    leaves: &mut Vec<Hash>,
) -> Result<String, Error> {
    let wrong = |because: String| Error::malformed(path.to_string(), because);
    let open = tree.open(file, false).map_err(|error| wrong(error.to_string()))?;
    let blob = Blob::new(Arc::new(open));
    let (mut whole, mut line) = (Context::new(&SHA256), Context::new(&SHA256));
    let mut pending = false;
    let mut at = 0u64;
    let mut buffer = vec![0; CHUNK];
    loop {
        let count = blob.read_at(at, &mut buffer);
        let bytes = buffer.get(..count).unwrap_or_default();
        if bytes.is_empty() {
            break;
        }
        at = at.saturating_add(count as u64);
        whole.update(bytes);
        let mut parts = bytes.split(|byte| *byte == b'\n').peekable();
        while let Some(part) = parts.next() {
            line.update(part);
            pending |= !part.is_empty();
            if parts.peek().is_some() {
                let ended = std::mem::replace(&mut line, Context::new(&SHA256)).finish();
                leaves.push(leaf(ended.as_ref()));
                pending = false;
            }
        }
    }
    if let Some(trouble) = blob.trouble() {
        return Err(wrong(trouble.to_string()));
    }
    if pending {
        leaves.push(leaf(line.finish().as_ref()));
    }
    Ok(hex::encode(whole.finish().as_ref()))
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tests make their own folders")]
mod tests {
    use super::*;
    use crate::attest::identity;

    fn set(files: &[(&str, &str)]) -> (tempfile::TempDir, Samples) {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let known = identity(folder.path()).unwrap();
        let samples = Samples::of(folder.path(), Some(&known)).unwrap();
        (folder, samples)
    }

    #[test]
    fn lines_are_samples_wherever_they_end() {
        let long = "x".repeat(CHUNK + 1);
        let text = format!("a\n\nb\r\n{long}\nlast");
        let (_folder, samples) =
            set(&[("2.jsonl", &text), ("1.jsonl", "first\n"), ("n.txt", "no")]);
        assert_eq!(samples.count(), 6);
        assert_eq!(samples.place(0), Some((&"1.jsonl".into(), 1)));
        assert_eq!(samples.place(5), Some((&"2.jsonl".into(), 5)));
        assert_eq!(samples.place(6), None);
        for (sample, index) in
            [("first", 0), ("a", 1), ("", 2), ("b\r", 3), (&long, 4), ("last", 5)]
        {
            assert_eq!(samples.prove(sample.as_bytes()).unwrap().index, index, "{sample:.9}");
        }
        assert_eq!(samples.prove(b"b"), None);
        let (_folder, none) = set(&[("n.txt", "no")]);
        assert_eq!((none.count(), none.material("n")), (0, None));
        assert_eq!(none.root(), hex::encode(sha256(b"").as_ref()));
    }

    #[test]
    fn every_sample_of_every_size_is_proven_and_nothing_else() {
        use ct_merkle::mem_backed_tree::MemoryBackedTree;
        let mut theirs = MemoryBackedTree::<sha2::Sha256, Vec<u8>>::new();
        let mut text = String::new();
        for count in 1..70u64 {
            let line = format!("{{\"n\": {count}}}");
            text.push_str(&format!("{line}\n"));
            theirs.push(sha256(line.as_bytes()).as_ref().to_vec());
            let (_folder, samples) = set(&[("a.jsonl", &text)]);
            assert_eq!(samples.root(), hex::encode(theirs.root().as_bytes()));
            for number in 1..=count {
                let sample = format!("{{\"n\": {number}}}");
                let proof = samples.prove(sample.as_bytes()).unwrap();
                assert!(proof.shows(sample.as_bytes()));
                assert!(!proof.shows(b"another"));
                let text = serde_json::to_vec(&proof).unwrap();
                assert_eq!(Proof::parse("p", &text).unwrap(), proof);
                let changes: [fn(&mut Proof); 5] = [
                    |proof| proof.index ^= 1,
                    |proof| proof.count = 0,
                    |proof| proof.root = "00".repeat(32),
                    |proof| proof.hashes.push("00".repeat(32)),
                    |proof| proof.root.push('0'),
                ];
                for change in changes {
                    let mut changed = proof.clone();
                    change(&mut changed);
                    assert!(!changed.shows(sample.as_bytes()), "{changed:?}");
                }
            }
        }
    }

    #[test]
    fn a_file_that_changes_meanwhile_is_told() {
        let (folder, _) = set(&[("a.jsonl", "a\n")]);
        let known = identity(folder.path()).unwrap();
        std::fs::write(folder.path().join("a.jsonl"), "b\n").unwrap();
        assert!(Samples::of(folder.path(), Some(&known)).is_err());
    }
}
