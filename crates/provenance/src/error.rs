use std::path::PathBuf;

/// What can go wrong on our side of provenance, or with what a user handed over as key, policy or
/// bundle. What is wrong with an artifact is not among it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something is not what its form asks for.
    #[error("`{what}` cannot be read: {because}")]
    Malformed {
        /// What was read: a bundle, an envelope, a key.
        what: String,
        /// What is wrong with it.
        because: String,
    },
    /// A key that cannot be used.
    #[error("the key cannot be used: {because}")]
    Key {
        /// Why.
        because: String,
    },
    /// A signature could not be made.
    #[error("signing failed: {because}")]
    Signing {
        /// Why.
        because: String,
    },
    /// A part that the light build leaves out.
    #[error(
        "this build has no {what}; `cargo install --path crates/weighbridge` makes one that has"
    )]
    NotInThisBuild {
        /// Which.
        what: &'static str,
    },
    /// The artifact.
    #[error(transparent)]
    Artifact(#[from] artifact::Error),
    /// A file of ours could not be read or written.
    #[error("cannot {doing} `{path}`")]
    File {
        /// `read`, `write`, …
        doing: &'static str,
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl Error {
    /// What a person can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::File { source, .. } if source.kind() == std::io::ErrorKind::AlreadyExists => {
                Some("`--force` replaces it")
            }
            Self::Artifact(error) => error.hint(),
            _ => None,
        }
    }

    /// Something that is not what its form asks for.
    #[allow(clippy::needless_pass_by_value, reason = "texts and errors are both handed over")]
    pub fn malformed(what: impl Into<String>, because: impl ToString) -> Self {
        Self::Malformed { what: what.into(), because: because.to_string() }
    }
}
