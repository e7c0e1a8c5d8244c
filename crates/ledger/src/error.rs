use std::path::PathBuf;

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
    /// What was written together with others was not made durable.
    #[error("nothing was recorded: {because}")]
    Lost {
        /// Why.
        because: String,
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
            _ => None,
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

/// Says what was being done when the database failed.
pub(crate) trait Doing<T> {
    fn doing(self, doing: &'static str) -> Result<T, Error>;
}

impl<T> Doing<T> for Result<T, sqlx::Error> {
    fn doing(self, doing: &'static str) -> Result<T, Error> {
        self.map_err(|source| Error::Database { doing, source })
    }
}
