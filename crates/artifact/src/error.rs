use std::path::PathBuf;

/// What went wrong outside the artifact: a missing path, a disk that fails.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The source does not exist.
    #[error("`{}` does not exist", path.display())]
    Missing {
        /// As it was given.
        path: PathBuf,
    },
    /// The source exists and cannot be opened.
    #[error("cannot open `{}`", path.display())]
    Open {
        /// As it was given.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The source is neither a file nor a folder.
    #[error("`{}` is {what}, not a file or a folder", path.display())]
    Special {
        /// As it was given.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// The source does not lie beneath the folder that it has to.
    #[error("`{}` does not lie in a folder that may be read", path.display())]
    Outside {
        /// As it was given.
        path: PathBuf,
    },
}

impl Error {
    /// What a person can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Missing { .. } => Some("check the spelling; quote paths that hold spaces"),
            Self::Open { .. } => Some("check who may read it"),
            Self::Outside { .. } => Some("copy it there; links that lead out are not followed"),
            Self::Special { .. } => Some("write its content to a file first, and weigh that"),
        }
    }
}

/// Why bytes could not be had, as a sentence. It always ends in `could-not-look`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble(pub String);

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
