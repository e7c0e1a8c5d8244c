//! What a rule is shown.

use formats::identify::Contradiction;
use formats::{gguf, index, json, npy, pickle, safetensors, sevenz, tar, tensorflow, zip};
use vocabulary::Span;

use crate::judge::Act;
use crate::tensorflow::Judgement;
use crate::torchscript::Statement;

/// One structure, or one fact about a file, that rules look at.
pub(crate) enum Content<'a> {
    /// What loading a pickle stream would do.
    Pickle(&'a [Act]),
    /// The pickle stream itself.
    PickleStream(&'a pickle::Stream),
    /// A zip archive.
    Zip(&'a zip::Archive),
    /// A member of a zip archive whose content was read: what its checksum said.
    ZipMember(&'a zip::Member, &'a zip::Opened),
    /// A tar archive.
    Tar(&'a tar::Tape),
    /// A 7z archive.
    SevenZ(&'a sevenz::SevenZ),
    /// A safetensors file.
    Safetensors(&'a safetensors::Safetensors),
    /// A GGUF file.
    Gguf(&'a gguf::Gguf),
    /// A `.npy` array.
    Npy(&'a npy::Npy),
    /// TensorFlow graphs, and what they do.
    TensorFlow(&'a tensorflow::Model, &'a Judgement),
    /// The index of a TensorFlow checkpoint.
    Checkpoint(&'a tensorflow::Checkpoint),
    /// A file of data of a TensorFlow checkpoint.
    CheckpointData {
        /// Its length in bytes.
        len: u64,
        /// Where the last tensor in it ends, by the index.
        end: u64,
    },
    /// The hash of a checkpoint's index that `fingerprint.pb` promises, and the one that it has.
    Fingerprint(u64, u64),
    /// The values of a JSON or YAML file.
    Document(&'a Document<'a>),
    /// Bytes of no known format that a pickle hands to a loader.
    HandedOver,
    /// The target of a symbolic link inside an archive.
    ArchiveLink(&'a str),
    /// The index of a sharded checkpoint, and the files that stand beside it.
    Index(&'a index::Index, &'a Siblings),
    /// Statements of TorchScript source that do more than arithmetic.
    TorchScript(&'a [Statement]),
    /// The content is none of the formats that the name promises.
    Contradiction {
        /// The extension, with its dot.
        extension: &'a str,
        /// What the content is, and what the name promises.
        contradiction: &'a Contradiction,
    },
    /// Bytes that no reader explained.
    Unexplained {
        /// Where.
        span: Span,
        /// Whether they are all zero.
        zero: bool,
    },
    /// A blob of a hub cache whose name is not the digest of its content.
    CacheMismatch {
        /// What the name promises.
        named: &'a str,
        /// What the content is.
        actual: &'a str,
    },
    /// A symbolic link that leads out of the root.
    LinkOutside(&'a str),
}

/// A JSON or YAML file, or a member of an archive that is one.
pub(crate) struct Document<'a> {
    /// The name that a loader goes by, folders included; empty where there is none.
    pub(crate) name: &'a str,
    /// Its top values: one, or one a document or line.
    pub(crate) roots: &'a [json::Node],
}

/// Code that a configuration has a loader run.
#[derive(Clone, Debug)]
pub(crate) struct EntryPoint {
    /// The Python file, by its path from the root of the artifact.
    pub(crate) file: String,
    /// The class or function in it that is used; the whole file where none is named.
    pub(crate) object: Option<String>,
    /// Where that is said.
    pub(crate) said: vocabulary::Place,
}

/// The files of the artifact by relative path, and the tensors of those that were read.
#[derive(Default)]
pub(crate) struct Siblings {
    /// Tensor names by file; a file without an entry has none that could be read.
    pub(crate) tensors: std::collections::BTreeMap<String, Option<Vec<String>>>,
}
