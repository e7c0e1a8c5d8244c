//! What `MLflow` and `TorchServe` run when they load a model.

use formats::json::Node;
use vocabulary::Untrusted;

use super::callables::{self, Judged};
use super::values::{Leads, joined, leads};
use super::{Kind, Missing, Reader, Target};

/// Keys of a flavor of `MLflow` whose value is joined to the model's folder and opened.
const MLFLOW_PATHS: &[&str] = &[
    "code",
    "data",
    "model_code_path",
    "model_data",
    "model_path",
    "pickled_model",
    "python_model",
    "saved_model_dir",
    "state_dict",
    "streamable",
];

/// Handlers that are part of `TorchServe`.
const HANDLERS: &[&str] = &[
    "dali_image_classifier",
    "image_classifier",
    "image_segmenter",
    "object_detector",
    "text_classifier",
    "text_to_speech_synthesizer",
];

impl<'a> Reader<'a> {
    pub(super) fn serving(&mut self, node: &'a Node, keys: &[&'a str]) {
        if keys.is_empty() {
            for flavors in node.get_all("flavors") {
                for flavor in flavors.members() {
                    self.flavor(&flavor.value);
                }
            }
            let archiver = node.get("archiverVersion").is_some();
            for model in node.get_all("model") {
                let archived = self.base.eq_ignore_ascii_case("manifest.json")
                    || model.get("serializedFile").is_some()
                    || archiver && model.get("handler").is_some();
                if archived {
                    self.model_archive(model);
                }
            }
        }
    }

    fn flavor(&mut self, flavor: &'a Node) {
        let mut folders = vec![String::new()];
        for code in flavor.get_all("code") {
            for path in strings(code) {
                folders.push(path.raw().to_owned());
                if leads(path.raw()) == Leads::Inside {
                    let paths = vec![joined(self.folder, path.raw())];
                    let at = code.span.start;
                    self.refer("code", path.raw(), paths, Target::Folder, Missing::Nothing, at);
                }
            }
        }
        for member in flavor.members() {
            let Some(key) = member.key.as_str() else { continue };
            let at = member.value.span.start;
            if MLFLOW_PATHS.contains(&key.raw()) {
                for path in strings(&member.value) {
                    self.opened(key.raw(), path, at);
                }
            }
            let Some(value) = member.value.as_str() else { continue };
            match key.raw() {
                "loader_module" => self.loader_module(value, &folders, at),
                "keras_module" => self.imported("keras_module", value, at),
                "model_code_path" if leads(value.raw()) == Leads::Inside => {
                    let paths = vec![joined(self.folder, value.raw())];
                    let (target, missing) = (Target::Code(None), Missing::Gap);
                    self.refer("model_code_path", value.raw(), paths, target, missing, at);
                }
                "pickled_model" | "python_model" if leads(value.raw()) == Leads::Inside => {
                    let paths = vec![joined(self.folder, value.raw())];
                    let missing = Missing::Gap;
                    self.refer("MLmodel", value.raw(), paths, Target::Pickle, missing, at);
                }
                _ => {}
            }
        }
        for artifacts in flavor.get_all("artifacts") {
            for artifact in artifacts.members() {
                for path in artifact.value.get_all("path") {
                    for text in strings(path) {
                        self.opened("artifacts.path", text, path.span.start);
                    }
                }
            }
        }
    }

    fn opened(&mut self, key: &str, path: &Untrusted, at: u64) {
        if leads(path.raw()) != Leads::Inside {
            let shown = path.shortened(120);
            let message = format!("`{key}` leads out of the model's folder: `{shown}`");
            self.remark(Kind::UnsafePath, at, message);
        }
    }

    /// The module whose `_load_pyfunc` gives the model, with the folders of `code` on the path of
    /// imports before everything that is installed.
    fn loader_module(&mut self, module: &Untrusted, folders: &[String], at: u64) {
        let path = module.raw().replace('.', "/");
        let mut paths = Vec::new();
        for folder in folders.iter().filter(|folder| leads(folder) == Leads::Inside) {
            let inside = joined(self.folder, &format!("{folder}/{path}"));
            paths.push(format!("{inside}.py"));
            paths.push(format!("{inside}/__init__.py"));
        }
        let judged = match module.raw().split('.').next() {
            Some("mlflow") => Judged::Calm,
            _ => callables::of_import(module.raw()),
        };
        let missing = if judged == Judged::Foreign { Missing::Unknown } else { Missing::Nothing };
        let target = Target::Code(Some("_load_pyfunc".to_owned()));
        self.refer("loader_module", module.raw(), paths, target, missing, at);
        if judged != Judged::Foreign {
            self.tell("loader_module", module.raw(), judged, at, Kind::ActingCallable);
        }
    }

    /// `MAR-INF/MANIFEST.json` of a model archive of `TorchServe`.
    fn model_archive(&mut self, model: &'a Node) {
        // Files stand beside the folder of the manifest.
        let root = self.folder.strip_suffix("MAR-INF/").unwrap_or(self.folder);
        for member in model.members() {
            let (Some(key), Some(value)) = (member.key.as_str(), member.value.as_str()) else {
                continue;
            };
            let at = member.value.span.start;
            let (by, file, object) = match key.raw() {
                "handler" => {
                    let (file, function) = value
                        .raw()
                        .split_once(':')
                        .map_or((value.raw(), None), |(file, function)| {
                            (file, Some(function.to_owned()))
                        });
                    ("handler", file, function)
                }
                "modelFile" => ("modelFile", value.raw(), None),
                "serializedFile" | "requirementsFile" | "configFile" => {
                    self.opened(key.raw(), value, at);
                    continue;
                }
                _ => continue,
            };
            if leads(file) != Leads::Inside {
                self.opened(key.raw(), value, at);
                continue;
            }
            if by == "handler" && HANDLERS.contains(&file) {
                continue;
            }
            let stem = file.strip_suffix(".py").unwrap_or(file);
            let paths = vec![
                joined(root, &format!("{stem}.py")),
                joined(root, &format!("{}.py", stem.replace('.', "/"))),
                joined(root, &format!("{}.py", stem.rsplit('/').next().unwrap_or(stem))),
            ];
            let named = value.raw();
            self.refer(by, named, paths, Target::Code(object), Missing::Gap, at);
        }
    }
}

/// The texts of a value that is one or a list of them.
fn strings(node: &Node) -> Vec<&Untrusted> {
    node.as_str().into_iter().chain(node.items().iter().filter_map(Node::as_str)).collect()
}
