//! A witness: it signs the checkpoints of other people's logs, each only if the tree grew from the
//! one that it signed before. So nobody can show two trees to two people without its help.
//!
//! Source: <https://c2sp.org/tlog-witness>; of its calls, `add-checkpoint` and the retrieval of the
//! newest checkpoint.

#[cfg(feature = "witness")]
mod client;
#[cfg(feature = "witness")]
mod server;

#[cfg(feature = "witness")]
pub use client::{Asked, Client, Gathered};
#[cfg(feature = "witness")]
pub use server::{Clock, serve};

use super::checkpoint::{self, Checkpoint};
use super::disk::Disk;
use super::merkle::{Hash, MAX_PROOF, verifies_consistency};
use super::note::{MAX_NOTE, Note, Skey, Vkey};
use super::storage::Storage as _;
use super::{EMPTY, Error};
use crate::hex;
use crate::keys::sha256;

/// The most that a request may have, in bytes.
pub const MAX_REQUEST: usize = MAX_NOTE + 4096;

/// What a witness answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status of HTTP.
    pub status: u16,
    /// The type of the body.
    pub content_type: &'static str,
    /// The body.
    pub body: String,
}

impl Answer {
    fn new(status: u16, body: impl Into<String>) -> Self {
        Self { status, content_type: "text/plain; charset=utf-8", body: body.into() }
    }

    fn size(size: u64) -> Self {
        let body = format!("{size}\n");
        Self { status: 409, content_type: "text/x.tlog.size", body }
    }
}

/// A witness with its key, the logs that it knows, and the folder with what it signed last.
#[derive(Debug)]
pub struct Witness {
    key: Skey,
    /// Origins and keys.
    logs: Vec<(String, Vkey)>,
    state: Disk,
}

/// A request to sign a checkpoint.
struct Request {
    old: u64,
    proof: Vec<Hash>,
    note: Note,
    checkpoint: Checkpoint,
}

impl Request {
    fn parse(body: &[u8]) -> Option<Self> {
        let text = str::from_utf8(body).ok()?;
        let (head, note) = text.split_once("\n\n")?;
        let mut lines = head.split('\n');
        let old = checkpoint::decimal(lines.next()?.strip_prefix("old ")?)?;
        let mut proof = Vec::new();
        for line in lines {
            if proof.len() == MAX_PROOF {
                return None;
            }
            proof.push(checkpoint::hash(line)?);
        }
        let note = Note::parse(note.as_bytes()).ok()?;
        let checkpoint = Checkpoint::parse(&note.text).ok()?;
        Some(Self { old, proof, note, checkpoint })
    }
}

impl Witness {
    /// A witness that keeps what it signed in a folder. A log is an origin and a key; one origin may
    /// have several.
    pub fn new(key: Skey, logs: Vec<(String, Vkey)>, state: Disk) -> Self {
        Self { key, logs, state }
    }

    /// The key that verifies what it signs.
    pub fn vkey(&self) -> &Vkey {
        self.key.vkey()
    }

    /// Answers `POST add-checkpoint`. What is signed is durable before this returns.
    pub fn add_checkpoint(&self, body: &[u8], now: u64) -> Result<Answer, Error> {
        let Some(request) = Request::parse(body) else {
            return Ok(Answer::new(400, "no request to add a checkpoint\n"));
        };
        let Request { old, proof, note, checkpoint } = request;
        let keys = self.keys_of(&checkpoint.origin);
        if keys.is_empty() {
            return Ok(Answer::new(404, "the origin is unknown\n"));
        }
        let signed = note.verified(&keys).ok().filter(|signed| !signed.is_empty());
        let Some(signed) = signed else {
            return Ok(Answer::new(403, "no known key of the origin signed the checkpoint\n"));
        };
        if old > checkpoint.size {
            return Ok(Answer::new(400, "the old size is larger than the checkpoint's\n"));
        }
        // Comparing with what was signed before and replacing it is one step to all others.
        let _lock = self.state.lock()?;
        let before = self.newest(&checkpoint.origin)?.map(|(_, before)| before);
        let (size, root) = before.map_or((0, EMPTY), |before| (before.size, before.root));
        if old != size {
            return Ok(Answer::size(size));
        }
        let grew = verifies_consistency(&proof, (size, &root), (checkpoint.size, &checkpoint.root));
        if !grew {
            return Ok(Answer::new(422, "the checkpoint does not continue the one before\n"));
        }
        let cosignature = self.key.cosign(&note.text, now)?;
        let is_signed = |name: &str, id: [u8; 4]| signed.iter().any(|(key, _)| key.is(name, id));
        let mut kept = Note {
            text: note.text.clone(),
            signatures: note.signatures.into_iter().filter(|s| is_signed(&s.name, s.id)).collect(),
        };
        kept.add(std::slice::from_ref(&cosignature));
        let file = (path(&origin_hash(&checkpoint.origin)), kept.to_string().into_bytes());
        self.state.write(&[file])?;
        Ok(Answer::new(200, format!("{cosignature}\n")))
    }

    /// Answers `GET <hash of the origin>/checkpoint`.
    pub fn checkpoint(&self, hash: &str) -> Result<Answer, Error> {
        let known = self.logs.iter().find(|(origin, _)| origin_hash(origin) == hash);
        let newest = known.map(|(origin, _)| self.newest(origin)).transpose()?.flatten();
        Ok(match newest {
            Some((note, _)) => Answer::new(200, note.to_string()),
            None => Answer::new(404, "no checkpoint of this origin was signed\n"),
        })
    }

    fn keys_of(&self, origin: &str) -> Vec<&Vkey> {
        let of = self.logs.iter().filter(|(known, _)| known == origin);
        of.map(|(_, key)| key).collect()
    }

    /// What was signed last.
    fn newest(&self, origin: &str) -> Result<Option<(Note, Checkpoint)>, Error> {
        let path = path(&origin_hash(origin));
        let Some(bytes) = self.state.read(&path, MAX_NOTE as u64)? else { return Ok(None) };
        let note = Note::parse(&bytes)?;
        // A state that somebody else wrote would let the witness sign a fork.
        if note.verified(&[self.key.vkey()])?.is_empty() {
            return Err(Error::damaged(path, "this witness did not sign it"));
        }
        let checkpoint = Checkpoint::parse(&note.text)?;
        Ok(Some((note, checkpoint)))
    }
}

fn path(hash: &str) -> String {
    format!("{hash}.checkpoint")
}

/// How the newest checkpoint of a log is named: SHA-256 of the origin, hex.
fn origin_hash(origin: &str) -> String {
    hex::encode(sha256(origin.as_bytes()).as_ref())
}
