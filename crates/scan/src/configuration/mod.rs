//! What the configurations of a repository have a loader do.
//!
//! Values of JSON and YAML files say which classes to import, which files to run, where code is
//! fetched from. [`read`] gives what they say as [`Remark`]s, one kind a rule, and as [`Reference`]s
//! to files of the repository, which only the whole folder can resolve.

pub(crate) mod callables;
pub(crate) mod checkpoints;
mod classes;
mod huggingface;
mod instantiate;
mod payloads;
pub(crate) mod pointers;
mod radix;
pub(crate) mod requirements;
mod serving;
pub(crate) mod settle;
mod tags;
mod values;
pub(crate) mod weights;

use std::collections::BTreeMap;

use artifact::Blob;
use formats::json::{Event, Member, Node, Value};
use vocabulary::{Place, Untrusted};

use crate::subject::Document;
use callables::Judged;

/// Names of one file that are judged; a file with more is told about.
const NAMES: usize = 4096;
/// References of one file that are kept.
const REFERENCES: usize = 4096;

/// Members of one file that are passed while keys are looked for.
const FUEL: usize = 50_000_000;

/// What a remark says; each kind is one rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Code of this repository is run by whoever trusts it.
    OwnCode,
    /// Code of another repository is fetched and run by whoever trusts it.
    ForeignCode,
    /// Code is fetched and run although nobody was asked.
    UnaskedCode,
    /// A callable that acts is called.
    ActingCallable,
    /// A callable that nobody knows is called.
    UnknownCallable,
    /// A tag of YAML names a callable that acts.
    ActingTag,
    /// A file outside of the folder is opened.
    UnsafePath,
    /// Packages come from a source that is not the index.
    ForeignSource,
    /// Packages come from a forge or a file.
    DirectSource,
    /// A class that no release of the library has.
    UnknownClass,
    /// The weights belong to another model.
    OtherBase,
    /// A part of the model is loaded from a place that was not weighed.
    OtherParts,
    /// Something that libraries do not write, or that holds on one machine alone.
    Odd,
    /// The weights are not those that the configuration describes.
    OtherWeights,
}

/// One thing that a configuration says.
#[derive(Clone, Debug)]
pub(crate) struct Remark {
    pub(crate) kind: Kind,
    /// Where, in the file.
    pub(crate) at: u64,
    pub(crate) message: String,
    /// Facts for the finding.
    pub(crate) evidence: Vec<(&'static str, String)>,
}

/// What a reference is to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A Python file, and what of it is used; all of it where nothing is named.
    Code(Option<String>),
    /// Every Python file of a folder, which is put on the path of imports.
    Folder,
    /// A file that is unpickled whatever its name is.
    Pickle,
}

/// What it means that no file is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// Code is run that cannot be looked at.
    Gap,
    /// It may be a library that nobody here knows.
    Unknown,
    /// Nothing.
    Nothing,
}

/// A file of the repository that a configuration has a loader run or unpickle.
#[derive(Clone, Debug)]
pub(crate) struct Reference {
    pub(crate) target: Target,
    /// Paths that a loader may find it at, from the root of the artifact or of the archive.
    pub(crate) paths: Vec<String>,
    pub(crate) missing: Missing,
    /// As the configuration has it.
    pub(crate) named: String,
    /// By what the configuration names it: `auto_map`, `_target_`.
    pub(crate) by: &'static str,
    pub(crate) said: Place,
}

/// What was read of one file.
#[derive(Default)]
pub(crate) struct Reading {
    pub(crate) remarks: Vec<Remark>,
    pub(crate) references: Vec<Reference>,
    /// Bytes that stand in base64, and where.
    pub(crate) payloads: Vec<(u64, Vec<u8>)>,
    /// Why not everything was judged.
    pub(crate) gaps: Vec<String>,
    /// Keys that are given what may be the name of a repository, and that name.
    pub(crate) settings: Vec<(String, String)>,
    /// What it says of its weights.
    pub(crate) model: Option<weights::Model>,
}

/// Whether a loader acts on a member, so that the file is worth a tree of its values.
pub(crate) fn is_acted_on(key: &str, value: &Event) -> bool {
    let text = match value {
        // Python takes a number for a yes.
        Event::Number(_) => return key == "trust_remote_code",
        Event::Null => return false,
        Event::String(text) => text.text.raw(),
        _ => "",
    };
    match key {
        // Words that stand in any JSON: only where a class could be named.
        "target"
        | "type"
        | "()"
        | "activation_fn"
        | "activation_function"
        | "class_name"
        | "class_path"
        | "sbert_ce_default_activation_function" => {
            text.contains('.') || text.contains("${") || text == "pyref"
        }
        _ => ACTED_ON.binary_search(&key).is_ok() || text.starts_with("sentence_transformers."),
    }
}

/// Keys on whose values loaders act. Sorted.
const ACTED_ON: &[&str] = &[
    "__loader__",
    "_attn_implementation",
    "_attn_implementation_internal",
    "_class_name",
    "_component_",
    "_experts_implementation",
    "_target_",
    "adapters",
    "architectures",
    "attn_implementation",
    "auto_map",
    "auto_mapping",
    "base_model_name_or_path",
    "bundle_root",
    "custom_pipelines",
    "experts_implementation",
    "feature_extractor_type",
    "flavors",
    "handler",
    "hydra",
    "image_processor_type",
    "imports",
    "inferer",
    "keras_module",
    "loader_module",
    "megatron_core",
    "model_code_path",
    "model_type",
    "network_def",
    "processor_class",
    "py/function",
    "py/object",
    "py/reduce",
    "py/repr",
    "py/type",
    "serializedFile",
    "tokenizer_class",
    "tokenizer_file",
    "trust_remote_code",
    "video_processor_type",
    "vocab_file",
];

/// What a text stands for, where it is digits of something that could be loaded.
pub(crate) fn hidden(text: &str) -> Option<Vec<u8>> {
    payloads::decode(text)
}

/// Whether a text may be the name of a repository, and is no path of a folder.
pub(crate) fn is_repository(name: &str) -> bool {
    let letters = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    let parts = name.split('/').count();
    matches!(parts, 1 | 2) && name.len() <= 200 && name.split('/').all(letters)
}

/// Whether a text may be something that a loader decodes and loads, or tells of code.
pub(crate) fn may_hide(text: &str) -> bool {
    payloads::may_be(text)
}

/// Whether loaders read a file of this name as a list of classes.
pub(crate) fn is_named_for_it(name: &str) -> bool {
    let base = name.rsplit('/').next().unwrap_or(name);
    matches!(
        base,
        "modules.json"
            | "router_config.json"
            | "model_index.json"
            | "modular_model_index.json"
            | "MANIFEST.json"
    )
}

/// Reads what a file says.
pub(crate) fn read(document: &Document, place: &Place) -> Reading {
    let mut reader = Reader::new(document, place);
    for root in document.roots {
        reader.root = Some(root);
        reader.own = root.get("auto_map").is_some_and(is_truthy);
        reader.bundle = instantiate::BUNDLE.iter().any(|key| root.get(key).is_some());
        reader.value(root, &mut Vec::new());
        if let Some(model) = weights::describe(document.name, root) {
            reader.out.model.get_or_insert(model);
        }
    }
    reader.out
}

const PICKLE_MODULE: &str = "pickle_module_info.txt";
const KERAS_MODULE: &str = "keras_module.txt";

/// Whether `MLflow` imports the module that is the whole content of a file of this name.
pub(crate) fn names_a_module(base: &str) -> bool {
    matches!(base, PICKLE_MODULE | KERAS_MODULE)
}

/// Reads the file in which `MLflow` keeps the name of the module that a `PyTorch` model was pickled
/// with, or that Keras was imported by, and which it imports to load the model.
pub(crate) fn named_module(name: &str, blob: &Blob, place: &Place) -> Reading {
    let text = formats::text::decode(blob, 4096);
    let document = Document { name, roots: &[] };
    let mut reader = Reader::new(&document, place);
    let by = if reader.base == KERAS_MODULE { KERAS_MODULE } else { PICKLE_MODULE };
    reader.imported(by, &Untrusted::new(text.trim()), 0);
    reader.out
}

/// Walks the values of one file.
struct Reader<'a> {
    place: &'a Place,
    /// The folder that it stands in, from the root, with its `/`; empty at the root.
    folder: &'a str,
    /// Its own name.
    base: &'a str,
    root: Option<&'a Node>,
    /// Whether the value at the top brings code of its own.
    own: bool,
    /// Whether it is a bundle of MONAI.
    bundle: bool,
    /// Members that may still be passed while a key is looked for: an object may hold a key a
    /// million times, and each of them ask for another.
    fuel: usize,
    judged: BTreeMap<(String, bool), Judged>,
    /// Whether it was told that it holds expressions.
    expressions: bool,
    out: Reading,
}

impl<'a> Reader<'a> {
    fn new(document: &Document<'a>, place: &'a Place) -> Self {
        let cut = document.name.rfind('/').map_or(0, |at| at.saturating_add(1));
        let (folder, base) = document.name.split_at_checked(cut).unwrap_or(("", document.name));
        let (judged, out) = (BTreeMap::new(), Reading::default());
        Self {
            place,
            folder,
            base,
            root: None,
            own: false,
            bundle: false,
            fuel: FUEL,
            judged,
            expressions: false,
            out,
        }
    }

    /// Looks at a value and at everything below it; `keys` lead to it.
    fn value(&mut self, node: &'a Node, keys: &mut Vec<&'a str>) {
        // The tree is as deep as `Limits::depth` at most.
        self.tag(node);
        if let Some(text) = node.as_str() {
            self.text(text, node.span.start);
        }
        for item in node.items() {
            self.value(item, keys);
        }
        let members = node.members();
        if members.is_empty() {
            return;
        }
        self.hugging_face(node, keys);
        self.instantiation(node, keys);
        self.serving(node, keys);
        for member in members {
            self.value(&member.key, keys);
            keys.push(member.key.as_str().map_or("", Untrusted::raw));
            self.setting(member);
            self.value(&member.value, keys);
            keys.pop();
        }
    }

    /// Notes what the code of the model may take the name of another one from.
    fn setting(&mut self, member: &Member) {
        let (Some(key), Some(name)) = (member.key.as_str(), member.value.as_str()) else { return };
        if self.out.settings.len() < NAMES && is_repository(name.raw()) {
            self.out.settings.push((key.raw().to_owned(), name.raw().to_owned()));
        }
    }

    fn text(&mut self, text: &Untrusted, at: u64) {
        if let Some(bytes) = payloads::decode(text.raw()) {
            if self.out.payloads.len() < NAMES {
                self.out.payloads.push((at, bytes));
            } else {
                self.gap("it holds more pickles in base64 than are looked into");
            }
        }
        self.interpolation(text.raw(), at);
        self.expression(text, at);
    }

    fn remark(&mut self, kind: Kind, at: u64, message: impl Into<String>) {
        self.remark_with(kind, at, message, Vec::new());
    }

    fn remark_with(
        &mut self,
        kind: Kind,
        at: u64,
        message: impl Into<String>,
        evidence: Vec<(&'static str, String)>,
    ) {
        if self.out.remarks.len() < NAMES {
            let message = message.into();
            self.out.remarks.push(Remark { kind, at, message, evidence });
        } else {
            self.gap("it says more that loaders act on than is kept");
        }
    }

    /// The value of a key beside another one.
    fn beside_it(&mut self, node: &'a Node, key: &str) -> Option<&'a Node> {
        let Some(left) = self.fuel.checked_sub(node.members().len()) else {
            self.gap("its keys stand too often to be looked up");
            return None;
        };
        self.fuel = left;
        node.get(key)
    }

    fn gap(&mut self, because: &str) {
        if !self.out.gaps.iter().any(|held| held == because) {
            self.out.gaps.push(because.to_owned());
        }
    }

    fn refer(
        &mut self,
        by: &'static str,
        named: &str,
        paths: Vec<String>,
        target: Target,
        missing: Missing,
        at: u64,
    ) {
        if self.out.references.len() >= REFERENCES {
            self.gap("it names more files than are looked up");
            return;
        }
        let said = self.place.at(at);
        let named = Untrusted::new(named).shortened(120);
        self.out.references.push(Reference { target, paths, missing, named, by, said });
    }

    /// What calling (or only naming) a dotted name does.
    fn judge(&mut self, name: &str, called: bool) -> Judged {
        let key = (name.to_owned(), called);
        if let Some(known) = self.judged.get(&key) {
            return known.clone();
        }
        if self.judged.len() >= NAMES {
            self.gap("it names more classes and functions than are judged");
            return Judged::Unknown("it is one of too many");
        }
        let judged = if called { callables::of_call(name) } else { callables::of_reference(name) };
        self.judged.insert(key, judged.clone());
        judged
    }

    /// A dotted name that a loader imports and calls; `by` is the key.
    fn callable(&mut self, by: &'static str, name: &str, at: u64, kind: Kind) {
        let judged = self.judge(name, true);
        self.tell(by, name, judged, at, kind);
    }

    fn tell(&mut self, by: &'static str, name: &str, judged: Judged, at: u64, kind: Kind) {
        let shown = Untrusted::new(name).shortened(120);
        match judged {
            Judged::Calm => {}
            Judged::Acts { path, because, effects } => {
                let mut evidence = vec![("callable", path.clone())];
                if path != name {
                    evidence.push(("written-as", name.to_owned()));
                }
                evidence.push(("effects", effects.join(", ")));
                self.remark_with(kind, at, format!("`{by}` names `{shown}`: {because}"), evidence);
            }
            Judged::Unknown(because) => {
                let message = format!("`{by}` names `{shown}`: {because}");
                self.remark(Kind::UnknownCallable, at, message);
            }
            Judged::Foreign => {
                let (module, object) = name.rsplit_once('.').unwrap_or((name, ""));
                let mut paths = self.module_paths(module);
                // The last part may be an attribute of a class of the module.
                if let Some((outer, _)) = module.rsplit_once('.') {
                    paths.extend(self.module_paths(outer));
                }
                let object = Some(object.to_owned()).filter(|object| !object.is_empty());
                self.refer(by, name, paths, Target::Code(object), Missing::Unknown, at);
            }
        }
    }

    /// The files that a dotted module may be, beside this file or in a folder above.
    fn module_paths(&self, module: &str) -> Vec<String> {
        let path = module.replace('.', "/");
        let mut paths = Vec::new();
        for folder in self.folders() {
            paths.push(format!("{folder}{path}.py"));
            paths.push(format!("{folder}{path}/__init__.py"));
        }
        paths
    }

    /// The folder of this file and those above it, each with its `/`.
    fn folders(&self) -> Vec<&'a str> {
        /// Folders above that are looked into.
        const UP: usize = 16;
        let mut folder = self.folder;
        let mut folders = vec![folder];
        while !folder.is_empty() && folders.len() < UP {
            let inner = folder.trim_end_matches('/');
            let cut = inner.rfind('/').map_or(0, |at| at.saturating_add(1));
            folder = inner.get(..cut).unwrap_or_default();
            folders.push(folder);
        }
        folders
    }
}

/// Whether Python takes a value for true.
fn is_truthy(node: &Node) -> bool {
    match &node.value {
        Value::Bool(flag) => *flag,
        Value::String(text) => !text.raw().is_empty(),
        Value::Number(text) => !matches!(text.raw(), "0" | "0.0" | "-0"),
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
        Value::Alias(_) | Value::Junk(_) | Value::Omitted => true,
        Value::Null => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_sorted() {
        assert!(ACTED_ON.is_sorted());
    }
}
