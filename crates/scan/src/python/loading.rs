//! What code loads, searches and overwrites: models of other repositories, files of models, the
//! folders of whoever runs it, the folder of the artifact.

use ruff_text_size::Ranged;

use crate::configuration::is_repository;

use super::Kind;
use super::calls::Args;
use super::machine::Machine;
use super::value::{HOLE, OWN_FOLDER, Set, Value, unknown};

/// Functions that load a model, and its code where they are told to trust it.
const LOADERS: [&str; 4] = ["from_pretrained", "from_config", "pipeline", "load_dataset"];

/// Functions that load the weights of another repository, and where its name stands.
const WEIGHTS: [(&str, &[usize], &str); 14] = [
    ("from_pretrained", &[0, 1], "pretrained_model_name_or_path"),
    ("from_single_file", &[0], "pretrained_model_link_or_path"),
    ("load_adapter", &[0], "peft_model_id"),
    ("load_lora_weights", &[0], "pretrained_model_name_or_path_or_dict"),
    ("load_textual_inversion", &[0], "pretrained_model_name_or_path"),
    ("load_ip_adapter", &[0], "pretrained_model_name_or_path_or_dict"),
    ("pipeline", &[1], "model"),
    ("from_hparams", &[0], "source"),
    ("foreign_class", &[0], "source"),
    ("from_hub", &[0], "repo_id"),
    ("SentenceTransformer", &[0], "model_name_or_path"),
    ("SparseEncoder", &[0], "model_name_or_path"),
    ("CrossEncoder", &[0], "model_name_or_path"),
    ("load_checkpoint_and_dispatch", &[1], "checkpoint"),
];

/// Functions that load a file which may hold code, by the last part of their name.
const FILES: [&str; 4] =
    ["restore_from", "load_from_checkpoint", "load_learner", "import_meta_graph"];

/// Functions that write what they are given into a file.
const WRITERS: [&str; 18] = [
    "dump",
    "save",
    "save_file",
    "save_model",
    "save_pretrained",
    "save_weights",
    "savez",
    "savetxt",
    "to_csv",
    "to_json",
    "to_parquet",
    "to_pickle",
    "tofile",
    "extractall",
    "extract",
    "urlretrieve",
    "move",
    "copytree",
];

impl Machine<'_> {
    /// A call of something outside of the file, by the last part of its name.
    pub(super) fn loads(&mut self, path: &str, args: &Args, node: &impl Ranged) {
        let last = path.rsplit('.').next().unwrap_or(path);
        if LOADERS.contains(&last) || args.named("trust_remote_code").is_some() {
            self.fetched(path, args, node);
        }
        if let Some((_, places, name)) = WEIGHTS.iter().find(|(known, ..)| *known == last)
            && !gives_data(path)
        {
            let named = args.named(name).into_iter();
            let given = places.iter().map(|n| args.at(*n)).chain(named.map(Vec::as_slice));
            let found = given.flatten().find_map(repository);
            if let Some(found) = found {
                let because = format!("what `{found}` holds was not weighed with this artifact");
                self.act(Kind::Fetch, path, node, Some(because));
            } else {
                let place =
                    if path.contains("Peft") { 1 } else { places.first().copied().unwrap_or(0) };
                let named = args.named(name).map_or(&[][..], Vec::as_slice);
                for key in args.at(place).iter().chain(named).filter_map(setting) {
                    self.act_by_setting(path, node, key);
                }
            }
        }
        if FILES.contains(&last) {
            self.loads_file(path, args, node);
        }
        if WRITERS.contains(&last) && args.all().any(is_own) {
            let because = "it writes into its own folder".to_owned();
            self.act(Kind::Write, path, node, Some(because));
        }
    }

    /// Loads a model, with the code that comes with it.
    pub(super) fn fetched(&mut self, path: &str, args: &Args, node: &impl Ranged) {
        let named = args.at(0).iter().any(|name| name.whole().is_some());
        let trusts = args.named("trust_remote_code").is_some_and(|set| {
            set.iter().any(|value| match value {
                Value::Bool(flag) => *flag,
                // It depends on the caller; a name that is fixed was chosen for it.
                _ => named,
            })
        });
        let pipeline = args
            .named("custom_pipeline")
            .is_some_and(|set| set.iter().any(|name| name.whole().is_some()));
        if pipeline {
            let because = "it runs a pipeline of its choice".to_owned();
            self.act(Kind::Fetch, path, node, Some(because));
        }
        if trusts {
            let because = "it trusts the code of what it loads".to_owned();
            self.act(Kind::Fetch, path, node, Some(because));
        }
    }

    /// Loads a model from a file: one of the artifact is judged as what it is.
    pub(super) fn loads_file(&mut self, path: &str, args: &Args, node: &impl Ranged) {
        let mut given: Vec<Value> = args.at(0).to_vec();
        for name in ["restore_path", "f", "checkpoint_path", "export_dir", "model_file"] {
            given.extend(args.named(name).into_iter().flatten().cloned());
        }
        let names: Option<Vec<String>> = given.iter().map(file_of_the_artifact).collect();
        let Some(names) = names.filter(|names| !names.is_empty()) else {
            let because = "which file it loads is computed".to_owned();
            self.act(Kind::Load, path, node, Some(because));
            return;
        };
        for name in names {
            self.act_on(Kind::Load, path, node, name);
        }
    }

    /// Lists folders: those of whoever runs it are none of a model's business.
    pub(super) fn searched(&mut self, folders: &[Value], path: &str, node: &impl Ranged) {
        let wide = folders.iter().find_map(|folder| folder.rough().filter(|text| is_wide(text)));
        if let Some(text) = wide.map(|text| shown(&text)) {
            let because = format!("`{text}` holds the files of whoever runs it");
            self.act(Kind::SensitiveRead, path, node, Some(because));
        }
    }

    /// Goes through values one by one, or puts them into a text.
    pub(super) fn goes_through(&mut self, values: &[Value], node: &impl Ranged) {
        if values.iter().any(is_environment) {
            self.whole_environment(node);
        }
    }

    /// What a variable of the environment holds.
    pub(super) fn variable(keys: &[Value]) -> Set {
        match keys {
            [key] if matches!(key.whole(), Some("HOME" | "USERPROFILE")) => {
                vec![Value::text(&format!("~{HOLE}"))]
            }
            _ => unknown(),
        }
    }
}

/// Whether a path lists folders.
pub(super) fn lists(path: &str) -> bool {
    matches!(
        path,
        "os.walk"
            | "os.fwalk"
            | "os.listdir"
            | "os.scandir"
            | "posix.listdir"
            | "posix.scandir"
            | "glob.glob"
            | "glob.iglob"
            | "shutil.make_archive"
            | "shutil.copytree"
    )
}

/// Text as a person reads it.
pub(super) fn shown(text: &str) -> String {
    text.replace(OWN_FOLDER, "<its folder>").replace(HOLE, "…")
}

/// Whether a value is a file of the artifact's own folder.
pub(super) fn is_own(value: &Value) -> bool {
    value.rough().is_some_and(|text| text.starts_with(OWN_FOLDER))
}

/// Whether a value is the whole environment.
pub(super) fn is_environment(value: &Value) -> bool {
    const NAMES: [&str; 4] = ["os.environ", "os.environb", "posix.environ", "os.environ._data"];
    matches!(value, Value::Path(path) if NAMES.contains(&path.as_ref()))
}

/// Classes whose files hold numbers and words, by their name: nothing of them runs.
fn gives_data(path: &str) -> bool {
    let class = path.rsplit('.').nth(1).unwrap_or("");
    ["Config", "Tokenizer", "TokenizerFast", "Processor", "FeatureExtractor", "ImageProcessorFast"]
        .iter()
        .any(|end| class.ends_with(end))
        || class.ends_with("Scheduler")
}

/// The repository that a text names, where it names one and no folder.
fn repository(value: &Value) -> Option<String> {
    value.whole().filter(|name| is_repository(name)).map(ToOwned::to_owned)
}

/// The key of the configuration that a value may come from: the attribute that it is, or an empty
/// one where it may be any.
fn setting(value: &Value) -> Option<String> {
    match value {
        Value::Method(_, name) => Some(name.to_string()),
        Value::Opaque(_) => Some(String::new()),
        _ => None,
    }
}

/// The end of a path that may be one of the artifact: what stands behind its folder, or a relative
/// path.
fn file_of_the_artifact(value: &Value) -> Option<String> {
    let text = value.rough()?;
    let rest = text.strip_prefix(OWN_FOLDER).unwrap_or(&text);
    let rest = rest.trim_start_matches("./").trim_matches('/');
    let fits = !rest.is_empty() && !rest.contains(HOLE) && !rest.contains("..");
    fits.then(|| rest.to_owned())
}

/// Whether a path or pattern is that of a folder in which people keep everything.
fn is_wide(path: &str) -> bool {
    let path = path.replace('\\', "/").replace(&format!("~{HOLE}"), "~");
    let folder = match path.find(['*', '?', '[']) {
        Some(at) => path.get(..at).and_then(|start| start.rsplit_once('/')).map_or("", |(f, _)| f),
        None => path.trim_end_matches('/'),
    };
    if folder.is_empty() {
        return path.starts_with('/');
    }
    let parts: Vec<&str> = folder.split('/').collect();
    matches!(
        parts.as_slice(),
        ["~" | "$HOME" | "${HOME}" | "%USERPROFILE%" | "C:"]
            | ["~" | "$HOME", "Documents" | "Desktop" | "Downloads" | "Library" | ".config"]
            | ["", "home" | "root" | "Users" | "etc" | "proc"]
            | ["", "home" | "Users", _]
            | ["C:", "Users"]
            | ["C:", "Users", _]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_folders_in_which_people_keep_everything() {
        for wide in ["~", "~/", "/", "/*", "~/*", "~\u{fffc}", "~/**/*.pem", "/home", "/home/me/*"]
        {
            assert!(is_wide(wide), "{wide}");
        }
        for narrow in ["*.txt", ".", "data/*", "~/.cache/huggingface", "/opt/models/*", ""] {
            assert!(!is_wide(narrow), "{narrow}");
        }
    }

    #[test]
    fn tells_repositories_from_folders() {
        for name in ["org/model", "bert-base-uncased"] {
            assert!(repository(&Value::text(name)).is_some(), "{name}");
        }
        for name in ["./model", "/models/a", "a/b/c", "", "\u{fffc}/model", "~/x"] {
            assert!(repository(&Value::text(name)).is_none(), "{name}");
        }
    }
}
