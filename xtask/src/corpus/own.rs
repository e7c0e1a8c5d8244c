//! Our own labelled folder: the pages of `bypasses/` and the harmless recipes, built.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::labels::{self, Label, Labelled};
use crate::repo::Repo;
use crate::shell;

/// Builds every sample into a folder of its own below `target` and labels it.
pub(super) fn write() -> Result<PathBuf> {
    let folder = shell::target_dir().join("corpus");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let mut rows = Vec::new();
    for (path, text) in Repo::load()?.texts(".md") {
        let (label, name) = if let Some(name) = path.strip_prefix("bypasses/") {
            (Label::Hostile, name)
        } else if let Some(name) = path.strip_prefix("crates/forge/recipes/harmless/") {
            (Label::Harmless, name)
        } else {
            continue;
        };
        let technique = name.trim_end_matches(".md").replace('/', ": ");
        for (n, block) in forge::blocks(text).iter().enumerate() {
            let place = folder_of(label, &technique, n);
            let recipe = block.recipe().with_context(|| format!("`{path}` line {}", block.line))?;
            forge::write_to(&recipe, &folder.join(&place))
                .with_context(|| format!("`{path}` line {}", block.line))?;
            rows.push(Labelled { path: place, label, technique: technique.clone() });
        }
    }
    labels::write(&folder, &rows)?;
    Ok(folder)
}

/// Fills a folder with files of the harmless recipes, again and again until there are enough: of those whose
/// names end in one of `endings`, or of all where none is given.
pub(crate) fn mixed(folder: &Path, count: usize, endings: &[&str]) -> Result<()> {
    let mut files = Vec::new();
    for (path, text) in Repo::load()?.texts(".md") {
        if !path.starts_with("crates/forge/recipes/harmless/") {
            continue;
        }
        for block in forge::blocks(text) {
            let built = block.recipe().and_then(|recipe| recipe.build());
            for (path, item) in built.with_context(|| format!("line {}", block.line))? {
                // By themselves only files that stand by themselves.
                if let forge::Item::File(bytes) = item
                    && !path.contains('/')
                    && (endings.is_empty() || endings.iter().any(|ending| path.ends_with(ending)))
                {
                    files.push((path, bytes));
                }
            }
        }
    }
    fs::create_dir_all(folder)?;
    for (n, (name, bytes)) in files.iter().cycle().take(count).enumerate() {
        fs::write(folder.join(format!("{n:04}-{name}")), bytes)?;
    }
    Ok(())
}

fn folder_of(label: Label, technique: &str, n: usize) -> String {
    let kind = match label {
        Label::Hostile => "hostile",
        Label::Harmless => "harmless",
    };
    let name = technique.replace(": ", "-").replace(' ', "-");
    Path::new(kind).join(format!("{name}-{n:02}")).to_string_lossy().into_owned()
}
