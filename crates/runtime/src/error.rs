//! Why a model does not run.

use vocabulary::escape;

/// Why a model could not be opened or asked. None of them says that the model is bad: what cannot be
/// run was not looked at.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The path cannot be opened.
    #[error(transparent)]
    Open(#[from] artifact::Error),
    /// A file that a model needs is not there.
    #[error("the model has no `{0}`")]
    Missing(&'static str),
    /// A file cannot be read, or is not what it has to be.
    #[error("`{file}`: {problem}")]
    File {
        /// Its path under the root, escaped.
        file: String,
        /// What is wrong.
        problem: String,
    },
    /// The configuration says something that cannot be, or lacks something.
    #[error("the configuration: `{setting}` {problem}")]
    Setting {
        /// The setting.
        setting: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The configuration asks for something that this runtime does not compute.
    #[error("this runtime does not know {0}")]
    Unknown(String),
    /// A tensor is missing, left over, or not of the shape that the configuration gives it.
    #[error("tensor `{name}`: {problem}")]
    Tensor {
        /// Its name, escaped.
        name: String,
        /// What is wrong.
        problem: String,
    },
    /// The tokenizer cannot be used, or failed on a text.
    #[error("the tokenizer: {0}")]
    Tokenizer(String),
    /// The chat template cannot be used, or failed on a chat.
    #[error("the chat template: {0}")]
    Template(String),
    /// A limit is reached.
    #[error("{what}: {needed} is more than the {allowed} that are allowed")]
    Limit {
        /// What is counted.
        what: &'static str,
        /// How much it would take.
        needed: u64,
        /// How much is allowed.
        allowed: u64,
    },
    /// What was asked for cannot be done with this model.
    #[error("{0}")]
    Input(String),
    /// The computation failed.
    #[error("the computation failed: {0}")]
    Compute(String),
}

/// A result with an [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

impl From<candle_core::Error> for Error {
    fn from(error: candle_core::Error) -> Self {
        // With a backtrace, where one is asked for, the first line is what failed.
        Self::Compute(error.to_string().lines().next().unwrap_or_default().to_owned())
    }
}

impl Error {
    pub(crate) fn file(file: &str, problem: impl Into<String>) -> Self {
        Self::File { file: escape(file), problem: problem.into() }
    }

    pub(crate) fn setting(setting: &str, problem: impl Into<String>) -> Self {
        Self::Setting { setting: escape(setting), problem: problem.into() }
    }

    pub(crate) fn tensor(name: &str, problem: impl Into<String>) -> Self {
        Self::Tensor { name: escape(name), problem: problem.into() }
    }
}
