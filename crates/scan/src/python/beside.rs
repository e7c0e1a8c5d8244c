//! What stands beside the Python of an artifact: other files, and what configurations name.

use std::collections::{BTreeMap, BTreeSet};

/// What stands beside the modules of an artifact.
#[derive(Debug, Default)]
pub(crate) struct Beside {
    /// The paths of all files, for imports that lead to what is no Python source.
    pub(crate) paths: BTreeSet<String>,
    /// Keys of configurations that are given the name of a repository, and that name.
    pub(crate) settings: BTreeMap<String, String>,
}

impl Beside {
    /// The repository that the configuration names under a key; under any, where none is told.
    pub(super) fn repository(&self, key: &str) -> Option<(&str, &str)> {
        let found = if key.is_empty() {
            self.settings.iter().find(|(key, name)| is_choice(key) && name.contains('/'))
        } else {
            self.settings.get_key_value(key)
        };
        let (key, name) = found?;
        let folder = format!("{name}/");
        let next = self.paths.range(folder.clone()..).next();
        let is_here = next.is_some_and(|path| path.starts_with(&folder));
        // The loader looks for the folder where it is started, and fetches a repository where there is
        // none: only a name that no stranger's repository can have (`owner/name`) is a folder's.
        let is_folder = is_here && !name.contains('/');
        (!is_folder).then_some((key.as_str(), name.as_str()))
    }
}

/// Whether a key says that its value is loaded, and not what the file was made from.
fn is_choice(key: &str) -> bool {
    const WORDS: [&str; 12] = [
        "model",
        "backbone",
        "encoder",
        "decoder",
        "tower",
        "repo",
        "pretrained",
        "checkpoint",
        "teacher",
        "adapter",
        "base",
        "llm",
    ];
    const NOT: [&str; 5] = ["tokenizer", "processor", "type", "class", "dataset"];
    !key.starts_with('_')
        && WORDS.iter().any(|word| key.contains(word))
        && !NOT.iter().any(|word| key.contains(word))
}
