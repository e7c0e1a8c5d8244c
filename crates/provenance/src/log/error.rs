use std::io;

/// What can go wrong with a log, with its storage, or with what others handed over about one.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A key or a file.
    #[error(transparent)]
    Provenance(#[from] crate::Error),
    /// A note, a checkpoint, a proof or a policy is not what its form asks for, or does not verify.
    #[error("{what} is not valid: {because}")]
    Malformed {
        /// What was read.
        what: String,
        /// What is wrong with it.
        because: String,
    },
    /// The storage holds something that does not fit the rest.
    #[error("the log is damaged at `{what}`: {because}")]
    Damaged {
        /// Which part.
        what: String,
        /// What is wrong with it.
        because: String,
    },
    /// The storage could not be read or written.
    #[error("cannot {doing} `{name}` of the log")]
    Storage {
        /// `read`, `write`, …
        doing: &'static str,
        /// The name within the log.
        name: String,
        /// What the system said.
        source: io::Error,
    },
    /// There is no log here.
    #[error("there is no log in `{place}`")]
    NoLog {
        /// Where.
        place: String,
    },
    /// There is a log here already.
    #[error("there is a log in `{place}` already")]
    Exists {
        /// Where.
        place: String,
    },
    /// The log has fewer entries than it had.
    #[error(
        "the log has {size} entries, but had {before}: entries were taken out, or an old copy was put in its place"
    )]
    Smaller {
        /// How many it has.
        size: u64,
        /// How many it had.
        before: u64,
    },
    /// The log does not begin with what it was.
    #[error("the first {before} entries of the log are not those that it had")]
    Fork {
        /// How many it had.
        before: u64,
    },
    /// An entry is too long.
    #[error("an entry has {bytes} bytes; a log takes at most 65535")]
    TooLong {
        /// How long it is.
        bytes: usize,
    },
    /// Too much at once.
    #[error("the entries have {bytes} bytes together; add fewer at once")]
    TooMany {
        /// How much.
        bytes: usize,
    },
    /// There is no such entry.
    #[error("the log has no entry {index}: it has {size}")]
    NoEntry {
        /// Which.
        index: u64,
        /// How many there are.
        size: u64,
    },
    /// Others write all the time.
    #[error("others kept adding to the log; nothing was added after {attempts} attempts")]
    Busy {
        /// How often it was tried.
        attempts: u32,
    },
}

impl Error {
    #[allow(clippy::needless_pass_by_value, reason = "texts and errors are both handed over")]
    pub(crate) fn malformed(what: impl Into<String>, because: impl ToString) -> Self {
        Self::Malformed { what: what.into(), because: because.to_string() }
    }

    #[allow(clippy::needless_pass_by_value, reason = "texts and errors are both handed over")]
    pub(crate) fn damaged(what: impl Into<String>, because: impl ToString) -> Self {
        Self::Damaged { what: what.into(), because: because.to_string() }
    }
}
