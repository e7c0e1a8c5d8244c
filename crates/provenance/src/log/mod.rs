//! A transparency log: entries in a Merkle tree that only grows, under checkpoints that are signed.
//!
//! The files are those of C2SP [`tlog-tiles`](https://c2sp.org/tlog-tiles), so any static web server
//! can publish a log and other tools can follow it. Beside them lie
//!
//! - `bundles/sha256/<digest>`: the documents that entries speak of;
//! - `checkpoints/<size>`: every checkpoint that was published;
//! - `pending/<size>`: entries that are promised their places but not yet published.
//!
//! ```no_run
//! # use provenance::{keys::{PrivateKey, Scheme}, log::*};
//! # fn main() -> Result<(), Error> {
//! let key = Skey::new("example.org/log", Kind::Log, PrivateKey::generate(Scheme::Ed25519)?)?;
//! let mut log = Log::create(Box::new(Disk::new("log")), key, State::new("log.state"))?;
//! let receipts = log.append(&[Entry::new(b"an entry".to_vec())])?;
//! assert_eq!(receipts[0].index, 0);
//! # Ok(())
//! # }
//! ```
//!
//! [`witness`] is the other side: it signs what it saw of other people's logs.
//!
//! [`Log`] writes; several processes may have the same log open. [`View`] reads, and needs no key.
//! [`Proof`] and [`Policy`] verify receipts offline. What a log holds is hostile until the tiles fit
//! the root, and the root stands in a checkpoint that a key signed which the caller trusts.

mod audit;
#[cfg(feature = "object-store")]
mod bucket;
mod checkpoint;
mod disk;
mod error;
mod leaf;
mod merkle;
mod note;
mod pending;
mod policy;
mod proof;
mod state;
mod storage;
mod tiles;
mod view;
pub mod witness;
mod write;

pub use audit::{Audit, Fault, Signed};
#[cfg(feature = "object-store")]
pub use bucket::Bucket;
pub use checkpoint::{Checkpoint, MAX_SIZE};
pub use disk::Disk;
pub use error::Error;
pub use leaf::{Document, Leaf, documents};
pub use merkle::{EMPTY, Hash, Tree, leaf_hash, verifies_consistency, verifies_inclusion};
pub use note::{Kind, MAX_NOTE, Note, Signature, Skey, Vkey};
pub use policy::{MAX_POLICY, Policy, Witness};
pub use proof::{MAX_PROOF_FILE, Proof, Proven};
pub use state::State;
pub use storage::{File, Storage};
pub use tiles::MAX_ENTRY;
pub use view::View;
pub use write::{Entry, Log, Receipt};

#[cfg(test)]
mod tests;
