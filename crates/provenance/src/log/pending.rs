//! Entries that are promised their places but not yet published.
//!
//! The file `pending/<size>` holds the entries that follow a tree of that size. Whoever makes it has
//! decided what comes next; from then on everybody who has the key can finish the work, and all who
//! do write the same bytes. So a writer that is ended at any point loses nothing that it promised,
//! and two writers without a lock (on an object store) cannot tear the log apart.
//!
//! The entries stand under a signature, so that whoever can write into the storage cannot have
//! entries signed. What is signed cannot be taken for a checkpoint: its second line is no number.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Error;
use super::checkpoint::Checkpoint;
use super::note::{MAX_NOTE, Note, Skey};
use super::tiles;
use crate::keys::sha256;

/// The most that such a file may have, in bytes.
pub(super) const MAX: u64 = 1 << 30;

pub(super) fn path(size: u64) -> String {
    format!("pending/{size:020}")
}

fn text(tip: &Checkpoint, batch: &[u8]) -> String {
    let digest = STANDARD.encode(sha256(batch));
    format!("{}\npending after {}\n{digest}\n", tip.origin, tip.size)
}

/// The file for entries that are to follow a tree.
pub(super) fn write(key: &Skey, tip: &Checkpoint, batch: &[u8]) -> Result<Vec<u8>, Error> {
    let text = text(tip, batch);
    let signatures = vec![key.sign(&text)?];
    let note = Note { text, signatures }.to_string();
    let length = u32::try_from(note.len()).unwrap_or(u32::MAX);
    let mut bytes = length.to_be_bytes().to_vec();
    bytes.extend_from_slice(note.as_bytes());
    bytes.extend_from_slice(batch);
    Ok(bytes)
}

/// The entries of such a file.
pub(super) fn read(key: &Skey, tip: &Checkpoint, bytes: &[u8]) -> Result<Vec<Vec<u8>>, Error> {
    let path = path(tip.size);
    let wrong = |because: &str| Error::damaged(&*path, because);
    let (length, rest) = bytes.split_first_chunk::<4>().ok_or_else(|| wrong("it is cut off"))?;
    let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(MAX_NOTE);
    let (note, batch) = rest.split_at_checked(length).ok_or_else(|| wrong("it is cut off"))?;
    let note = Note::parse(note)?;
    if note.verified(&[key.vkey()])?.is_empty() || note.text != text(tip, batch) {
        return Err(wrong("it is not what this log's key signed for this place"));
    }
    tiles::split(batch).ok_or_else(|| wrong("its last entry is cut off"))
}

/// How many entries such a file holds, whoever signed it; `None` where it holds none.
pub(super) fn peek(bytes: &[u8]) -> Option<u64> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (_, batch) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    let entries = tiles::split(batch)?.len();
    u64::try_from(entries).ok().filter(|entries| *entries > 0)
}
