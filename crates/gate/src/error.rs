use crate::policy;

/// Why there is no report: something outside the artifact went wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The source cannot be weighed.
    #[error(transparent)]
    Source(#[from] artifact::Error),
    /// The policy cannot be used.
    #[error(transparent)]
    Policy(#[from] policy::Error),
    /// The tensors of a file are not taken.
    #[error(transparent)]
    Convert(#[from] weights::convert::Error),
    /// A file without tensors that can be taken.
    #[error("`{}` is no file of PyTorch or numpy", path.display())]
    NoTensors {
        /// As it was given.
        path: std::path::PathBuf,
    },
    /// A file or folder in which no training record stands.
    #[error("`{}` holds no training record", path.display())]
    NoRecord {
        /// As it was given.
        path: std::path::PathBuf,
    },
    /// A key, a bundle or a file of the user's.
    #[error(transparent)]
    Provenance(#[from] provenance::Error),
    /// A model that cannot be signed as it stands.
    #[error("`{}` is not signed", path.display())]
    NotSigned {
        /// As it was given.
        path: std::path::PathBuf,
        /// Every reason.
        refusals: Vec<provenance::refusal::Refusal>,
    },
    /// A run of probes.
    #[error(transparent)]
    Probe(#[from] crate::probe::Error),
    /// A folder was given where a single file is looked into.
    #[error("`{}` is a folder, not a file", path.display())]
    NotAFile {
        /// As it was given.
        path: std::path::PathBuf,
    },
}

impl Error {
    /// What a person can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Source(error) => error.hint().map(ToOwned::to_owned),
            Self::Policy(error) => error.hint(),
            Self::Convert(error) => error.hint().map(ToOwned::to_owned),
            Self::NoTensors { .. } => Some("`weighbridge inspect` tells what it is".to_owned()),
            Self::NoRecord { .. } => Some(
                "records are `trainer_state.json`, event files of TensorBoard, runs of MLflow's file \
                 store and of Weights & Biases"
                    .to_owned(),
            ),
            Self::Provenance(error) => error.hint().map(ToOwned::to_owned),
            Self::NotSigned { .. } => {
                Some("put right what stands above, or leave it out with `--ignore`".to_owned())
            }
            Self::Probe(error) => error.hint(),
            Self::NotAFile { .. } => Some("name one of the files in it".to_owned()),
        }
    }
}
