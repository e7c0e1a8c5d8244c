//! What a rule is shown.

use formats::identify::Contradiction;
use formats::{
    gguf, hdf5, index, json, npy, onnx, pickle, safetensors, sevenz, tar, tensorflow, zip,
};
use vocabulary::Span;

use crate::configuration::Remark;
use crate::judge::Act;
use crate::judge::bytecode::Bytecode;
use crate::judge::keras::Config;
use crate::templates::Judged;
use crate::tensorflow::Judgement;
use crate::torchscript::Statement;

/// One structure, or one fact about a file, that rules look at.
pub(crate) enum Content<'a> {
    /// What loading a pickle stream would do.
    Pickle(&'a [Act]),
    /// The pickle stream itself.
    PickleStream(&'a pickle::Stream),
    /// How many containers a walk through the result of a pickle would meet.
    Expansion(u64),
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
    /// An ONNX model.
    Onnx(&'a onnx::Onnx),
    /// A value of the metadata of an ONNX model, or what it decodes to, with its key.
    OnnxText(&'a vocabulary::Untrusted, &'a str),
    /// A file with data of an ONNX model: what the model says of it, and what stands in its place.
    OnnxData(&'a onnx::ExternalFile, DataFile),
    /// An HDF5 file.
    Hdf5(&'a hdf5::Hdf5),
    /// A template that was judged.
    Template(&'a Judged),
    /// A `Modelfile`.
    Modelfile(&'a formats::modelfile::Modelfile),
    /// The configuration of a Keras model.
    Keras(&'a Config),
    /// A compiled Python module.
    Pyc(&'a Bytecode),
    /// What configurations have a loader do.
    Configuration(&'a [Remark]),
    /// Bytes of no known format that a pickle hands to a loader.
    HandedOver,
    /// The target of a symbolic link inside an archive.
    ArchiveLink(&'a str),
    /// The index of a sharded checkpoint, and the files that stand beside it.
    Index(&'a index::Index, &'a Siblings),
    /// Statements of TorchScript source that do more than arithmetic.
    TorchScript(&'a [Statement]),
    /// What the Python of one file does, and when.
    Python(&'a crate::python::reach::Conclusion<'a>),
    /// What a script of a shell does that counts; nothing, where it is an ordinary one.
    Shell(&'a [crate::python::shell::Line]),
    /// Outputs of a notebook that run script in a browser: how many.
    ActiveOutput(u64),
    /// The content is none of the formats that the name promises.
    Contradiction {
        /// The extension, with its dot.
        extension: &'a str,
        /// What the content is, and what the name promises.
        contradiction: &'a Contradiction,
    },
    /// A program, an installer or a script.
    Program(&'a Program),
    /// A credential that stands in a file.
    Secret(&'a vocabulary::secret::Secret, &'a str),
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

/// What stands where a model says that its data is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DataFile {
    /// A file of so many bytes.
    File(u64),
    /// A symbolic link that leads out of the artifact.
    LinkOutside,
}

/// A JSON or YAML file, or a member of an archive that is one.
pub(crate) struct Document<'a> {
    /// The name that a loader goes by, folders included; empty where there is none.
    pub(crate) name: &'a str,
    /// Its top values: one, or one a document or line.
    pub(crate) roots: &'a [json::Node],
}

/// Something that a machine or an interpreter runs.
pub(crate) struct Program {
    /// What it is, in words.
    pub(crate) what: String,
    /// How it is not what it pretends to be, where it is not.
    pub(crate) disguise: Option<Disguise>,
    /// Names that it exports and that something enters it by.
    pub(crate) entries: Vec<vocabulary::Untrusted>,
}

impl Program {
    /// A script that its name tells.
    pub(crate) fn script(what: &str) -> Self {
        Self { what: format!("a {what}"), disguise: None, entries: Vec::new() }
    }
}

/// Where a program stands that should not stand there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Disguise {
    /// Under the name of data.
    Name,
    /// Inside other bytes.
    Inside,
}

/// Code that a configuration has a loader run.
#[derive(Clone, Debug)]
pub(crate) struct EntryPoint {
    /// The Python file, by its path from the root of the artifact, or of the archive that `said`
    /// is a member of.
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
