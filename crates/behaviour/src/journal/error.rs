use std::io;
use std::path::PathBuf;

use crate::target::Identity;

/// What is wrong with a journal.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The system gave an error.
    #[error("cannot {doing} the journal `{}`", path.display())]
    Io {
        /// `open`, `read`, `write`, `cut`.
        doing: &'static str,
        /// Which.
        path: PathBuf,
        /// What it said.
        #[source]
        source: io::Error,
    },
    /// Somebody else writes it.
    #[error("the journal `{}` is being written by another process", path.display())]
    Locked {
        /// Which.
        path: PathBuf,
    },
    /// A file that does not begin as a journal does.
    #[error("`{}` is no journal: {because}", path.display())]
    NoJournal {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        because: String,
    },
    /// A file without a line.
    #[error("`{}` is empty", path.display())]
    Empty {
        /// Which.
        path: PathBuf,
    },
    /// A line that we did not write so.
    #[error("line {number} of the journal `{}` is damaged: {because}", path.display())]
    Line {
        /// Which.
        path: PathBuf,
        /// The line, from 1.
        number: u64,
        /// What is wrong.
        because: String,
    },
    /// Its target is not the one that is to be asked.
    #[error(
        "the journal `{}` is of `{}` at `{}`, not of `{}` at `{}`",
        path.display(), held.name, held.fingerprint, wanted.name, wanted.fingerprint
    )]
    OtherTarget {
        /// Which.
        path: PathBuf,
        /// Its target.
        held: Box<Identity>,
        /// The other.
        wanted: Box<Identity>,
    },
    /// It is to be a run that may stop early, and holds replies of one that may not.
    #[error("the journal `{}` was begun for a run to the end", path.display())]
    Begun {
        /// Which.
        path: PathBuf,
    },
    /// The process is about to end.
    #[error("the journal is closed")]
    Closed,
}

impl Error {
    /// What a person can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Io { doing: "write" | "cut", .. } => {
                Some("what was recorded is whole; make room and run the same command again")
            }
            Self::Locked { .. } => Some("wait for it, or name another file with `--journal`"),
            Self::Line { .. } => {
                Some("keep the file to find out who changed it, and begin another one")
            }
            Self::NoJournal { .. } | Self::OtherTarget { .. } => {
                Some("a journal is of one target; name another file with `--journal`")
            }
            Self::Begun { .. } => Some(
                "when a run stops is decided before its first reply: begin another journal, or leave out \
                 `--stop-early`",
            ),
            Self::Io { .. } | Self::Empty { .. } | Self::Closed => None,
        }
    }
}
