//! Receipts: everything that is needed to verify offline that a log holds an entry.
//!
//! Source: <https://c2sp.org/tlog-proof>.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Error;
use super::checkpoint::{Checkpoint, decimal, hash, hash_line};
use super::merkle::{self, Hash};
use super::note::{MAX_NOTE, Note};
use super::policy::Policy;
use super::tiles::MAX_ENTRY;

const FIRST: &str = "c2sp.org/tlog-proof@v1";

/// The most that a receipt may have, in bytes.
pub const MAX_PROOF_FILE: usize = MAX_NOTE + 2 * MAX_ENTRY;

/// A receipt. Nothing of it is verified by having been read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// What the writer added; nothing protects it.
    pub extra: Option<Vec<u8>>,
    /// The place of the entry.
    pub index: u64,
    /// The hashes beside the way from the entry to the root.
    pub hashes: Vec<Hash>,
    /// The checkpoint of the tree.
    pub checkpoint: Note,
}

/// What a receipt proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// The place of the entry.
    pub index: u64,
    /// The tree that holds it.
    pub checkpoint: Checkpoint,
    /// The witnesses of the policy that saw that tree, and when (seconds since 1970).
    pub witnesses: Vec<(String, u64)>,
}

impl Proof {
    /// Reads a receipt.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let wrong = |because: &str| Error::malformed("the receipt", because);
        if bytes.len() > MAX_PROOF_FILE {
            return Err(wrong("it is too long"));
        }
        let text = str::from_utf8(bytes).map_err(|_| wrong("it is no UTF-8"))?;
        let (head, note) = text.split_once("\n\n").ok_or_else(|| wrong("it has no checkpoint"))?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(FIRST) {
            return Err(wrong("it does not begin with `c2sp.org/tlog-proof@v1`"));
        }
        let extra = lines.next_if(|line| line.starts_with("extra "));
        let extra = extra.map(|line| STANDARD.decode(line.strip_prefix("extra ").unwrap_or(line)));
        let extra = extra.transpose().map_err(|_| wrong("its extra data is no base64"))?;
        let index = lines.next().and_then(|line| line.strip_prefix("index ")).and_then(decimal);
        let index = index.ok_or_else(|| wrong("it names no index"))?;
        let mut hashes = Vec::new();
        for line in lines {
            if hashes.len() == merkle::MAX_PROOF {
                return Err(wrong("it has too many hashes"));
            }
            hashes.push(hash(line).ok_or_else(|| wrong("a line is no hash"))?);
        }
        Ok(Self { extra, index, hashes, checkpoint: Note::parse(note.as_bytes())? })
    }

    /// Verifies that a log of the policy holds the entry with this hash, and that the witnesses of
    /// the policy's quorum saw the tree.
    pub fn verify(&self, leaf: &Hash, policy: &Policy) -> Result<Proven, Error> {
        let (checkpoint, witnesses) = policy.verify(&self.checkpoint)?;
        let tree = (checkpoint.size, &checkpoint.root);
        if !merkle::verifies_inclusion(&self.hashes, tree.0, tree.1, self.index, leaf) {
            let because = "its hashes do not lead from this entry to the root of the checkpoint";
            return Err(Error::malformed("the receipt", because));
        }
        Ok(Proven { index: self.index, checkpoint, witnesses })
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FIRST}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", STANDARD.encode(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        self.hashes.iter().try_for_each(|hash| writeln!(f, "{}", hash_line(hash)))?;
        write!(f, "\n{}", self.checkpoint)
    }
}
