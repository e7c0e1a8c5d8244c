use std::path::PathBuf;

use behaviour::journal;
use behaviour::pack::Problem;
use behaviour::target::Failure;
use vocabulary::escape;

/// Why there is no report of a run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No pack has this name.
    #[error("no pack of probes is named `{}`", escape(name))]
    NoPack {
        /// As it was given.
        name: String,
    },
    /// A text that is no pack.
    #[error("`{}` is no pack of probes", escape(name))]
    Pack {
        /// Where it came from.
        name: String,
        /// What is wrong with it.
        #[source]
        source: Problem,
    },
    /// A file of another tool that makes no pack.
    #[error("cannot import `{}`", escape(name))]
    Import {
        /// Where it came from.
        name: String,
        /// Why not.
        #[source]
        source: Problem,
    },
    /// Two packs with one name.
    #[error("there are two packs named `{}`", escape(name))]
    TwoPacks {
        /// Their name.
        name: String,
    },
    /// A journal.
    #[error(transparent)]
    Journal(#[from] journal::Error),
    /// A journal is asked, and another is to be written.
    #[error("`{}` is a journal: its replies are kept there", path.display())]
    TwoJournals {
        /// Which.
        path: PathBuf,
    },
    /// A file that is neither a model nor recorded replies.
    #[error("`{}` is no model, no journal and no file of recorded replies", path.display())]
    NoTarget {
        /// As it was given.
        path: PathBuf,
        /// Why it is no file of recorded replies.
        #[source]
        source: behaviour::target::transcript::BadLine,
    },
    /// A server has several models, or none.
    #[error("which model of `{}` is meant?", escape(address))]
    WhichModel {
        /// Its address.
        address: String,
        /// What it says it has.
        models: Vec<String>,
    },
    /// A target that could not be looked at.
    #[error("could not look at `{}`: {}", escape(name), escape(because))]
    CouldNotLook {
        /// Its name.
        name: String,
        /// Why.
        because: String,
    },
    /// What a journal says of its target is none of its kind.
    #[error("what the journal says of the target is not understood: {because}")]
    Found {
        /// What is wrong.
        because: String,
    },
    /// A journal is of another model.
    #[error("the journal `{}` does not speak of this model: {because}", journal.display())]
    OtherModel {
        /// The journal.
        journal: PathBuf,
        /// Why not.
        because: String,
    },
    /// What a search is to look for is none.
    #[error("`{}` cannot be looked for: {because}", escape(name))]
    Goal {
        /// As it was given.
        name: String,
        /// Why not.
        because: String,
    },
    /// A text that no request can be put into.
    #[error("`{}` is no frame: {because}", escape(frame))]
    Frame {
        /// The text.
        frame: String,
        /// Why not.
        because: String,
    },
    /// A journal is of a run that may stop early, and is to be held against an original.
    #[error("`{}` is of a run that may stop early", path.display())]
    StopsEarly {
        /// Which.
        path: PathBuf,
    },
    /// A model is to run in this process, and this build has no engine.
    #[error("this build of weighbridge runs no models")]
    NoRuntime,
}

impl Error {
    /// What a person can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoPack { name } => {
                let near = crate::nearest(name, super::builtin());
                let near: Vec<String> = near.iter().map(|name| format!("`{name}`")).collect();
                Some(if near.is_empty() {
                    let known: Vec<&str> = super::builtin().collect();
                    format!("the shipped ones are {}; a file is named by its path", known.join(", "))
                } else {
                    format!("did you mean {}?", near.join(" or "))
                })
            }
            Self::Pack { source, .. } | Self::Import { source, .. } => source.hint.clone(),
            Self::Journal(error) => error.hint().map(str::to_owned),
            Self::TwoJournals { .. } => Some("leave `--journal` out".to_owned()),
            Self::NoTarget { .. } => Some(
                "a line of recorded replies is `{\"prompt\": \"…\", \"reply\": \"…\"}`, or has `messages` \
                 in place of `prompt`"
                    .to_owned(),
            ),
            Self::WhichModel { models, .. } if models.is_empty() => {
                Some("name it with `--model`".to_owned())
            }
            Self::WhichModel { models, .. } => {
                let models = models.iter().take(10).map(|name| format!("`{}`", escape(name)));
                let models: Vec<String> = models.collect();
                Some(format!("name it with `--model`; there are {}", models.join(", ")))
            }
            Self::CouldNotLook { because, .. } if because.starts_with("it answered 401") => {
                Some("the key is taken from the environment; see `--key-env`".to_owned())
            }
            Self::NoRuntime => {
                Some("the full build has it: the feature `runtime`, on by default".to_owned())
            }
            Self::OtherModel { .. } => {
                Some("ask the model itself: `weighbridge probe MODEL --journal FILE`".to_owned())
            }
            Self::StopsEarly { .. } => Some(
                "a copy and its original are compared prompt by prompt: ask all of them, with another \
                 journal and without `--stop-early`"
                    .to_owned(),
            ),
            Self::Goal { .. } => {
                Some("a goal is `no-refusal` or `PACK#PROBE/DETECTOR`".to_owned())
            }
            Self::TwoPacks { .. } | Self::Frame { .. } | Self::CouldNotLook { .. } | Self::Found { .. } => None,
        }
    }

    /// Whether it says that the target gave nothing to look at, rather than that the call was wrong.
    pub fn could_not_look(&self) -> bool {
        matches!(self, Self::CouldNotLook { .. })
    }

    pub(super) fn of_target(name: &str, failure: &Failure) -> Self {
        let because = journal::Failed::from(failure).because;
        Self::CouldNotLook { name: name.to_owned(), because }
    }
}
