//! The files of an artifact, as a journal's are held against them.

use std::collections::BTreeMap;

use artifact::tree::{Entry, EntryKind, Tree};
use vocabulary::{Untrusted, escape};

/// How the names of files end that hold weights.
const WEIGHTS: [&str; 16] = [
    ".safetensors",
    ".gguf",
    ".ggml",
    ".bin",
    ".pt",
    ".pth",
    ".ckpt",
    ".h5",
    ".keras",
    ".onnx",
    ".msgpack",
    ".npy",
    ".npz",
    ".pb",
    ".pkl",
    ".tflite",
];

/// What a loader takes up beside the weights, wherever it is there.
const TAKEN_UP: [&str; 9] = [
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "chat_template.jinja",
    "chat_template.json",
    "adapter_config.json",
    "model.safetensors.index.json",
];

/// Each entry of an artifact with its BLAKE3, where it is known.
pub(crate) struct Files(BTreeMap<String, Option<String>>);

impl Files {
    /// The entries of a tree; `known` are the digests of its files. A link to a file of the tree, and a second name
    /// of one, have the digest of that file.
    pub(crate) fn of(tree: &Tree, known: &BTreeMap<String, String>) -> Self {
        let digest = |entry: &Entry| -> Option<String> {
            let path = match &entry.kind {
                EntryKind::File(file) => match file.same_as {
                    Some(first) => tree.entries.get(first)?.path.raw(),
                    None => entry.path.raw(),
                },
                EntryKind::Alias { target } => target.raw(),
                _ => return None,
            };
            known.get(path).cloned()
        };
        let named = |entry: &Entry| (entry.path.raw().to_owned(), digest(entry));
        Self(tree.entries.iter().map(named).collect())
    }

    /// Those that a record tells, each with its BLAKE3 or none. A report escapes what would act on a terminal; `run`
    /// names them as they are.
    pub(crate) fn recorded(known: &BTreeMap<String, String>, run: &[(String, String)]) -> Self {
        let digest = |digest: &String| Some(digest.clone()).filter(|digest| !digest.is_empty());
        let known = known.iter().map(|(path, of)| (path.clone(), digest(of)));
        let mut files: BTreeMap<String, Option<String>> = known.collect();
        for (path, _) in run {
            if let Some(of) = files.remove(&escape(path)) {
                files.insert(path.clone(), of);
            }
        }
        Self(files)
    }

    /// Whether these files, names and BLAKE3, are what anybody would load who loads the artifact. The error says why
    /// not.
    pub(crate) fn are(&self, run: &[(String, String)]) -> Result<(), String> {
        let name = |name: &str| Untrusted::from(name).to_string();
        for (path, digest) in run {
            match self.0.get(path) {
                Some(Some(ours)) if ours.eq_ignore_ascii_case(digest) => {}
                Some(Some(_)) => {
                    return Err(format!("it is of another model: its `{}` differs", name(path)));
                }
                Some(None) => return Err(format!("`{}` could not be read", name(path))),
                None => {
                    return Err(format!("it is of another model, which has a `{}`", name(path)));
                }
            }
        }
        let matters = |path: &str| {
            let lower = path.to_ascii_lowercase();
            TAKEN_UP.contains(&lower.as_str()) || WEIGHTS.iter().any(|end| lower.ends_with(end))
        };
        let ran = |path: &str| run.iter().any(|(name, _)| name == path);
        match self.0.keys().find(|path| matters(path) && !ran(path)) {
            Some(path) => Err(format!("`{}` is not among the files that were run", name(path))),
            None => Ok(()),
        }
    }
}
