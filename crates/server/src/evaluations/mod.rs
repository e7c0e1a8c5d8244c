//! Runs of probes that are handed in: their journals are kept in the store, judged here, and shown.
//!
//! Nobody's word is taken for what a journal says: whoever hands one in names packs and a seed, and the report is
//! made from the journal by us. What it says of the files that were run is held against the files of the artifact
//! that the record knows. Weighings take the kept journals and judge them again, by the policy's packs.

mod index;
mod journals;
mod take;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gate::ledger::{self, Ledger};
use tokio::sync::Semaphore;

use crate::Error;
use crate::error::Problem;
use crate::uploads::{Limits, Store};

pub(crate) use index::{Found, Index, Line, Only, Reply, Sought};
pub(crate) use journals::journals;
pub use journals::kept_journals;
pub use take::{HandIn, HandedIn, hand_in};

/// The most bytes of a journal that is taken.
pub(crate) const MAX_JOURNAL: u64 = 1 << 30;

/// What it takes to take journals in, to show them and to weigh by them.
#[derive(Clone, Debug)]
pub(crate) struct Desk {
    pub(crate) ledger: Ledger,
    pub(crate) store: Arc<Store>,
    pub(crate) limits: Limits,
    /// What is made of journals to show them; it may be lost, and is made again.
    folder: PathBuf,
    /// A journal that is judged lies in memory: one at a time.
    judging: Arc<Semaphore>,
}

impl Desk {
    pub(crate) fn new(ledger: Ledger, store: Arc<Store>, limits: Limits, data: &Path) -> Self {
        let folder = data.join("transcripts");
        Self { ledger, store, limits, folder, judging: Arc::new(Semaphore::new(1)) }
    }

    /// Where what is shown of an evaluation lies. Its name is a digest's: it came with a call, or with an export.
    fn folder_of(&self, evaluation: &str) -> PathBuf {
        use gate::provenance::{hex, keys};
        self.folder.join(hex::encode(keys::sha256(evaluation.as_bytes()).as_ref()))
    }

    /// The folder of all of them.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }
}

/// Why a journal is not taken, or not shown.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotTaken {
    /// What was handed in, or asked for, cannot be meant.
    #[error("{0}")]
    Wrong(String),
    /// The record does not allow it, or does not answer.
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    /// This side failed.
    #[error(transparent)]
    Ours(#[from] Error),
}

impl NotTaken {
    fn wrong(because: impl Into<String>) -> Self {
        Self::Wrong(because.into())
    }

    /// What a person can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Ledger(ledger::Error::Unknown { what: "artifact", .. }) => {
                Some("weigh the model first: `weighbridge weigh MODEL --data DIR --as NAME`")
            }
            Self::Ledger(error) => error.hint(),
            Self::Ours(error) => error.hint(),
            Self::Wrong(_) => None,
        }
    }
}

impl From<NotTaken> for Problem {
    fn from(error: NotTaken) -> Self {
        match error {
            NotTaken::Wrong(because) => {
                Self::new(axum::http::StatusCode::UNPROCESSABLE_ENTITY, because)
            }
            NotTaken::Ledger(error) => error.into(),
            NotTaken::Ours(error) => Self::ours("the journal cannot be had", &error),
        }
    }
}
