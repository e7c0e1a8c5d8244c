use std::collections::VecDeque;

use super::audit::{self, Audit};
use super::checkpoint::Checkpoint;
use super::merkle::{self, Hash};
use super::note::{MAX_NOTE, Note, Signature, Vkey};
use super::proof::Proof;
use super::storage::Storage;
use super::{Error, tiles};
use crate::hex;
use crate::keys::sha256;

/// The name of the newest checkpoint.
pub(super) const CHECKPOINT: &str = "checkpoint";
/// The folder of all checkpoints.
pub(super) const HISTORY: &str = "checkpoints";
/// The most that a document may have, in bytes.
pub(super) const MAX_DOCUMENT: u64 = 256 << 20;

pub(super) fn history_path(size: u64) -> String {
    format!("{HISTORY}/{size:020}")
}

pub(super) fn document_path(digest: &str) -> String {
    format!("bundles/sha256/{digest}")
}

/// A log as everybody can read it, while others write.
pub struct View {
    storage: Box<dyn Storage>,
}

impl std::fmt::Debug for View {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("View").field(&self.storage.place()).finish()
    }
}

impl View {
    /// A log in a storage.
    pub fn new(storage: Box<dyn Storage>) -> Self {
        Self { storage }
    }

    /// Where it lies.
    pub fn place(&self) -> String {
        self.storage.place()
    }

    pub(super) fn storage(&self) -> &dyn Storage {
        &*self.storage
    }

    pub(super) fn checkpoint_bytes(&self) -> Result<(Vec<u8>, Note), Error> {
        let bytes = self.storage.read(CHECKPOINT, MAX_NOTE as u64)?;
        let bytes = bytes.ok_or_else(|| Error::NoLog { place: self.storage.place() })?;
        let note = Note::parse(&bytes)?;
        Ok((bytes, note))
    }

    /// The newest checkpoint and what it says. Who signed it is not verified.
    pub fn checkpoint(&self) -> Result<(Note, Checkpoint), Error> {
        let (_, note) = self.checkpoint_bytes()?;
        let checkpoint = Checkpoint::parse(&note.text)?;
        Ok((note, checkpoint))
    }

    /// Holds a checkpoint against an earlier one: the tree must not be smaller, and must begin with
    /// the same entries.
    pub fn grew_from(&self, before: Option<&Checkpoint>, now: &Checkpoint) -> Result<(), Error> {
        let Some(before) = before else { return Ok(()) };
        if before.size > now.size {
            return Err(Error::Smaller { size: now.size, before: before.size });
        }
        let root = if before.size == now.size {
            now.root
        } else {
            merkle::root_at(self.storage(), before.size, (now.size, &now.root))?
        };
        if root != before.root || before.origin != now.origin {
            return Err(Error::Fork { before: before.size });
        }
        Ok(())
    }

    /// The proof that the newest tree holds the entry at a place. Its tiles are verified against the
    /// root of the checkpoint.
    pub fn prove(&self, index: u64) -> Result<Proof, Error> {
        let (note, checkpoint) = self.checkpoint()?;
        self.prove_under((&note, &checkpoint), index)
    }

    /// The proof that the tree of a checkpoint of this log holds the entry at a place.
    pub fn prove_under(
        &self,
        (note, checkpoint): (&Note, &Checkpoint),
        index: u64,
    ) -> Result<Proof, Error> {
        let size = checkpoint.size;
        if index >= size {
            return Err(Error::NoEntry { index, size });
        }
        let hashes = merkle::inclusion(self.storage(), (size, &checkpoint.root), index)?;
        Ok(Proof { extra: None, index, hashes, checkpoint: note.clone() })
    }

    /// Adds what witnesses signed to a checkpoint: to the newest where it is that, and to the history.
    pub fn add_cosignatures(&self, text: &str, cosignatures: &[Signature]) -> Result<(), Error> {
        let _lock = self.storage.lock()?;
        let path = history_path(Checkpoint::parse(text)?.size);
        if let Some(bytes) = self.storage.read(&path, MAX_NOTE as u64)?
            && let Some(new) = with(&bytes, text, cosignatures)?
        {
            self.storage.write(&[(path, new)])?;
        }
        let (current, _) = self.checkpoint_bytes()?;
        if let Some(new) = with(&current, text, cosignatures)? {
            // Where another was faster, its checkpoint is as good.
            self.storage.swap(CHECKPOINT, &current, &new)?;
        }
        Ok(())
    }

    /// The proof that a tree begins with its first `old` entries.
    pub fn consistency(&self, old: u64, now: &Checkpoint) -> Result<Vec<Hash>, Error> {
        merkle::consistency(self.storage(), old, (now.size, &now.root))
    }

    /// The entry at a place of a tree, verified against the root.
    pub fn entry(&self, checkpoint: &Checkpoint, index: u64) -> Result<Vec<u8>, Error> {
        let size = checkpoint.size;
        let entry = self.entries(checkpoint, index)?.next();
        let entry = entry.ok_or(Error::NoEntry { index, size })??;
        let proof = merkle::inclusion(self.storage(), (size, &checkpoint.root), index)?;
        let leaf = merkle::leaf_hash(&entry);
        if !merkle::verifies_inclusion(&proof, size, &checkpoint.root, index, &leaf) {
            let (bundle, _) = tiles::bundle_of(index);
            let path = tiles::entries_path(bundle, tiles::width_at(bundle, size));
            return Err(Error::damaged(path, format!("entry {index} does not fit the tree")));
        }
        Ok(entry)
    }

    /// The entries of a tree from a place on, as they stand, unverified.
    pub fn entries(
        &self,
        checkpoint: &Checkpoint,
        first: u64,
    ) -> Result<impl Iterator<Item = Result<Vec<u8>, Error>> + use<'_>, Error> {
        let size = checkpoint.size;
        let (mut bundle, skip) = tiles::bundle_of(first);
        let mut waiting: VecDeque<Vec<u8>> = VecDeque::new();
        let mut failed = false;
        let entries = std::iter::from_fn(move || {
            if waiting.is_empty() && !failed {
                let width = tiles::width_at(bundle, size);
                if width == 0 {
                    return None;
                }
                match tiles::read_entries(self.storage(), bundle, width) {
                    Ok(entries) => waiting.extend(entries),
                    Err(error) => {
                        failed = true;
                        return Some(Err(error));
                    }
                }
                bundle = bundle.saturating_add(1);
            }
            waiting.pop_front().map(Ok)
        });
        Ok(entries.skip(skip))
    }

    /// The document with a digest, verified; `None` where the log does not keep it.
    pub fn document(&self, digest: &str) -> Result<Option<Vec<u8>>, Error> {
        if hex::decode(digest).is_none_or(|bytes| bytes.len() != 32) {
            return Ok(None);
        }
        let path = document_path(digest);
        let Some(bytes) = self.storage.read(&path, MAX_DOCUMENT)? else { return Ok(None) };
        if hex::encode(sha256(&bytes).as_ref()) != digest {
            return Err(Error::damaged(path, "its content has another digest"));
        }
        Ok(Some(bytes))
    }

    /// Computes everything anew and names what does not fit. See [`Audit`].
    pub fn verify(&self, keys: &[&Vkey], before: Option<&Checkpoint>) -> Result<Audit, Error> {
        audit::audit(self, keys, before)
    }
}

/// A note with more signatures, where it has this text.
fn with(bytes: &[u8], text: &str, signatures: &[Signature]) -> Result<Option<Vec<u8>>, Error> {
    let mut note = Note::parse(bytes)?;
    if note.text != text {
        return Ok(None);
    }
    note.add(signatures);
    Ok(Some(note.to_string().into_bytes()))
}
