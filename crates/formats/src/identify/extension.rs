//! What a name promises, against what the content is.

use super::Format;

#[allow(clippy::enum_glob_use, reason = "the table reads best without a prefix")]
use Format::*;

/// A name that promises something else than the content is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradiction {
    /// What files of that name hold.
    pub expected: &'static [Format],
    /// What this one may be; empty where it is nothing that is known.
    pub found: Vec<Format>,
}

struct Row {
    extensions: &'static [&'static str],
    formats: &'static [Format],
    /// Files of that name may be something that no magic tells: raw weights, protobuf.
    opaque: bool,
}

/// What is met in practice, not what should be: a name stands here with everything that the
/// libraries write under it.
const ROWS: &[Row] = &[
    Row { extensions: &["safetensors"], formats: &[Safetensors], opaque: false },
    Row { extensions: &["gguf"], formats: &[Gguf], opaque: false },
    Row { extensions: &["ggml"], formats: &[Ggml, Gguf], opaque: false },
    Row { extensions: &["npy"], formats: &[Npy], opaque: false },
    Row { extensions: &["npz", "zip", "whl", "jar", "mar"], formats: &[Zip], opaque: false },
    Row { extensions: &["keras"], formats: &[Zip, Hdf5], opaque: false },
    Row { extensions: &["h5", "hdf5"], formats: &[Hdf5], opaque: false },
    // HDF5 since version 7.3.
    Row { extensions: &["mat"], formats: &[Hdf5], opaque: true },
    Row {
        extensions: &["pt", "pth", "ckpt", "ptl", "pt2", "torch", "tar.pth"],
        formats: &[Zip, TorchLegacy, Pickle, Tar],
        opaque: false,
    },
    Row {
        extensions: &["bin"],
        formats: &[Zip, TorchLegacy, Pickle, Tar, Gguf, Ggml],
        opaque: true,
    },
    Row {
        extensions: &["pkl", "pickle", "p", "dill", "cloudpickle", "joblib", "sav"],
        formats: &[Pickle, TorchLegacy, Zip, Gzip, Zlib, JoblibZf, Bzip2, Xz, Lzma, Lz4, Zstd],
        opaque: false,
    },
    Row { extensions: &["json", "ipynb", "jsonl", "ndjson"], formats: &[Json], opaque: false },
    Row { extensions: &["yaml", "yml"], formats: &[Yaml, Json, Text], opaque: false },
    Row {
        extensions: &[
            "txt",
            "md",
            "rst",
            "csv",
            "tsv",
            "toml",
            "ini",
            "cfg",
            "conf",
            "jinja",
            "jinja2",
            "html",
            "xml",
            "css",
            "js",
            "gitattributes",
            "gitignore",
            "log",
            "tex",
            "bib",
        ],
        // YAML and JSON are texts too: the card of many a model is its front matter alone.
        formats: &[Text, Json, Yaml],
        opaque: false,
    },
    Row { extensions: &["py", "sh", "bash", "pl", "rb"], formats: &[Text, Script], opaque: false },
    Row { extensions: &["pyc", "pyo"], formats: &[Pyc], opaque: false },
    Row { extensions: &["tar"], formats: &[Tar], opaque: false },
    Row { extensions: &["nemo"], formats: &[Tar, Gzip, Zip], opaque: false },
    Row { extensions: &["gz", "tgz"], formats: &[Gzip], opaque: false },
    Row { extensions: &["bz2", "tbz2"], formats: &[Bzip2], opaque: false },
    Row { extensions: &["xz", "txz"], formats: &[Xz], opaque: false },
    Row { extensions: &["lzma"], formats: &[Lzma], opaque: false },
    Row { extensions: &["lz4"], formats: &[Lz4], opaque: false },
    Row { extensions: &["zst", "zstd"], formats: &[Zstd], opaque: false },
    Row { extensions: &["7z"], formats: &[SevenZ], opaque: false },
    Row { extensions: &["png"], formats: &[Png], opaque: false },
    Row { extensions: &["jpg", "jpeg"], formats: &[Jpeg], opaque: false },
    Row { extensions: &["gif"], formats: &[Gif], opaque: false },
    Row { extensions: &["webp", "wav", "avi"], formats: &[Riff], opaque: false },
    Row { extensions: &["pdf"], formats: &[Pdf], opaque: false },
    Row { extensions: &["parquet"], formats: &[Parquet], opaque: false },
    Row { extensions: &["feather"], formats: &[Arrow, Parquet], opaque: true },
    // A stream of Arrow has no magic.
    Row { extensions: &["arrow"], formats: &[Arrow], opaque: true },
    Row { extensions: &["sqlite", "sqlite3"], formats: &[Sqlite], opaque: false },
    Row { extensions: &["wandb"], formats: &[Wandb], opaque: false },
    Row { extensions: &["so"], formats: &[Elf, MachO], opaque: false },
    Row { extensions: &["dylib"], formats: &[MachO], opaque: false },
    Row { extensions: &["dll", "exe", "pyd"], formats: &[Pe], opaque: false },
    Row { extensions: &["wasm"], formats: &[Wasm], opaque: false },
    Row { extensions: &["class"], formats: &[JavaClass], opaque: false },
    Row { extensions: &["dex"], formats: &[Dex], opaque: false },
    Row { extensions: &["deb"], formats: &[Ar], opaque: false },
    Row { extensions: &["rpm"], formats: &[Rpm], opaque: false },
    Row { extensions: &["lnk"], formats: &[Lnk], opaque: false },
    // sentencepiece, XGBoost, fastText, word2vec: protobuf, binary, text, pickle.
    Row {
        extensions: &["model"],
        formats: &[Text, Json, Pickle, Zip, TorchLegacy, Gzip, Gguf],
        opaque: true,
    },
    // Protocol buffers of any kind; maps of labels are text.
    Row {
        extensions: &["pb", "pbtxt"],
        formats: &[SavedModel, MetaGraph, GraphDef, Fingerprint, KerasMetadata, Onnx, Text],
        opaque: true,
    },
    Row { extensions: &["meta"], formats: &[MetaGraph, Text, Json, Yaml], opaque: true },
    Row { extensions: &["index"], formats: &[CheckpointIndex, Text, Json, Yaml], opaque: true },
    Row { extensions: &["tflite", "lite"], formats: &[TfLite], opaque: false },
    Row { extensions: &["onnx"], formats: &[Onnx], opaque: true },
    Row { extensions: &["pte"], formats: &[], opaque: true },
    Row {
        extensions: &["msgpack", "data", "dat", "weights", "vocab"],
        formats: &[Text, Json, Pickle, Gzip, Sqlite, Safetensors, Gguf, Npy, Hdf5],
        opaque: true,
    },
];

/// Whether a name contradicts the content. `extension` is what stands after the last dot, in any
/// case; a name that promises nothing contradicts nothing, and neither does an empty file. A Git
/// LFS pointer stands in for any file and is no contradiction: it is missing, not disguised.
pub fn contradiction(extension: &str, formats: &[Format]) -> Option<Contradiction> {
    let extension = extension.trim_start_matches('.').to_ascii_lowercase();
    let row = ROWS.iter().find(|row| row.extensions.contains(&extension.as_str()))?;
    let fits = match formats {
        [] => row.opaque,
        [Format::Empty] => true,
        _ if formats.contains(&GitLfsPointer) => true,
        _ => formats.iter().any(|format| row.formats.contains(format)),
    };
    (!fits).then(|| Contradiction { expected: row.formats, found: formats.to_vec() })
}
