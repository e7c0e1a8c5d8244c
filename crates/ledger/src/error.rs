use std::path::PathBuf;
use std::sync::Arc;

/// Why the record could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The database.
    #[error("the database of the ledger failed while it was to {doing}")]
    Database {
        /// What was being done.
        doing: &'static str,
        /// What the database said.
        source: sqlx::Error,
    },
    /// The transparency log over the entries.
    #[error(transparent)]
    Log(#[from] provenance::log::Error),
    /// A key, or a file.
    #[error(transparent)]
    Provenance(#[from] provenance::Error),
    /// A folder that cannot be used.
    #[error("cannot use `{}` for the ledger", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The database was written by a newer version.
    #[error("the ledger has form {found}; this version knows up to {known}")]
    Newer {
        /// The form of the database.
        found: i64,
        /// The newest that is known.
        known: i64,
    },
    /// The record does not allow it.
    #[error("{because}")]
    Refused {
        /// Why.
        because: String,
    },
    /// Something that is named does not stand in the record.
    #[error("no {what} `{name}` stands in the ledger")]
    Unknown {
        /// `model`, `waiver`, …
        what: &'static str,
        /// As it was given, escaped.
        name: String,
    },
    /// A name that is taken.
    #[error("a {what} `{name}` stands in the ledger already")]
    Exists {
        /// `weighing`, `waiver`, …
        what: &'static str,
        /// As it was given, escaped.
        name: String,
    },
    /// An entry that has no room in the log.
    #[error("an entry would have {bytes} bytes; {most} have room")]
    TooLong {
        /// How many.
        bytes: usize,
        /// How many may.
        most: usize,
    },
    /// More than somebody may leave here.
    #[error("there is no room for it: {because}")]
    NoRoom {
        /// What may be how much.
        because: String,
    },
    /// What the database holds is not what the entries say.
    #[error("the ledger is damaged: {because}")]
    Damaged {
        /// What does not fit.
        because: String,
    },
    /// It was not made durable: alone, or together with others.
    #[error("nothing was recorded")]
    Lost {
        /// Why.
        source: Arc<Error>,
    },
    /// The database was asked to make it durable, and did not answer.
    #[error("it is not known whether it was recorded")]
    InDoubt {
        /// Why.
        source: Arc<Error>,
    },
    /// There is no ledger at a place.
    #[error("there is no ledger in `{}`", path.display())]
    NoLedger {
        /// Where.
        path: PathBuf,
    },
    /// A file that is no export, or that was changed.
    #[error("the export is damaged in line {line}: {because}")]
    Export {
        /// Which line, from 1.
        line: u64,
        /// What is wrong.
        because: String,
    },
    /// An export cannot be read or written.
    #[error("the export cannot be {doing}")]
    ExportFile {
        /// `read` or `written`.
        doing: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// The ledger is being closed.
    #[error("the ledger is closed")]
    Closed,
}

impl Error {
    /// What a person can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Database { .. } => {
                Some("is there room on the disk, and does the database answer?")
            }
            Self::Newer { .. } => {
                Some("use the version of weighbridge that wrote it, or a newer one")
            }
            Self::Damaged { .. } => {
                Some("`weighbridge ledger verify` tells everything that does not fit")
            }
            Self::Provenance(error) => error.hint(),
            Self::Lost { source } => source.hint(),
            Self::InDoubt { .. } => {
                Some("look whether it stands in the ledger before it is repeated")
            }
            Self::NoLedger { .. } => {
                Some("name the folder that `weighbridge serve --data` was given")
            }
            Self::Log(
                provenance::log::Error::Smaller { .. } | provenance::log::Error::Fork { .. },
            ) => Some(
                "an older or another copy of the database lies here; `weighbridge ledger verify` tells \
                 what is missing",
            ),
            _ => None,
        }
    }

    /// Whether there is no room left on the disk of the database.
    pub fn is_full(&self) -> bool {
        let full = |text: &str| text.contains("disk is full") || text.contains("No space left");
        match self {
            Self::Database { source, .. } => full(&source.to_string()),
            Self::Lost { source } | Self::InDoubt { source } => source.is_full(),
            _ => false,
        }
    }

    /// Whether the same may succeed later: the database is full, busy or away.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Lost { .. } | Self::InDoubt { .. } | Self::Closed => true,
            Self::Database { source, .. } => self.is_full() || passes(source),
            // The files of the log are rows of the same database.
            Self::Log(provenance::log::Error::Storage { source, .. }) => {
                let inner = source.get_ref().and_then(|error| error.downcast_ref::<sqlx::Error>());
                inner.is_some_and(passes)
            }
            _ => false,
        }
    }

    pub(crate) fn refused(because: impl Into<String>) -> Self {
        Self::Refused { because: because.into() }
    }

    pub(crate) fn damaged(because: impl Into<String>) -> Self {
        Self::Damaged { because: because.into() }
    }

    pub(crate) fn unknown(what: &'static str, name: &str) -> Self {
        Self::Unknown { what, name: vocabulary::escape(name) }
    }
}

/// Whether the database is busy or away.
fn passes(error: &sqlx::Error) -> bool {
    // Of PostgreSQL: the connection, no resources, the operator's intervention.
    const CLASSES: [&str; 3] = ["08", "53", "57"];
    match error {
        sqlx::Error::Database(said) => {
            let class = |code: &str| CLASSES.iter().any(|class| code.starts_with(class));
            said.message().contains("locked") || said.code().is_some_and(|code| class(&code))
        }
        error => matches!(
            error,
            sqlx::Error::Io(_)
                | sqlx::Error::Protocol(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed
                | sqlx::Error::WorkerCrashed
        ),
    }
}

/// Says what was being done when the database failed.
pub(crate) trait Doing<T> {
    fn doing(self, doing: &'static str) -> Result<T, Error>;
}

impl<T> Doing<T> for Result<T, sqlx::Error> {
    fn doing(self, doing: &'static str) -> Result<T, Error> {
        self.map_err(|source| Error::Database { doing, source })
    }
}
