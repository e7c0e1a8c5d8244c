//! The pinned sources: where they come from, and which of their files are read.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::effects::Places;
use super::fetch;
use super::pins::{self, Release};
use crate::shell;

/// `sources.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sources {
    pub(super) library: Vec<Source>,
}

/// One pinned release.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Source {
    /// The name on PyPI, and of the pack file; `cpython` is the standard library.
    pub(super) name: String,
    pub(super) version: String,
    /// The wheel.
    pub(super) file: String,
    pub(super) sha256: String,
    /// `pip download --platform`, where the smallest wheel is that of another system.
    #[serde(default)]
    platform: Option<String>,
    /// The folders and modules of the archive that are read.
    packages: Vec<String>,
    /// Modules left out, with everything inside them.
    #[serde(default)]
    skip: Vec<String>,
    /// Files left out, by the beginning of their name.
    #[serde(default)]
    skip_files: Vec<String>,
    /// Modules that are followed but not written, with everything inside them: no model file names
    /// them, and a name that is not listed is unknown, which is never taken for inert.
    #[serde(default)]
    unlisted: Vec<String>,
    /// Leave out private methods, and private functions of which nothing is known.
    #[serde(default)]
    pub(super) terse: bool,
    /// Modules of whose classes no method is listed, nor functions of which nothing is known.
    #[serde(default)]
    brief: Vec<String>,
}

impl Source {
    /// Whether the pack is to list the names of a module.
    pub(super) fn lists(&self, module: &str) -> bool {
        !self.unlisted.iter().any(|start| is_inside(module, start))
    }

    /// Whether the pack is to list the methods of a module's classes.
    pub(super) fn lists_methods(&self, module: &str) -> bool {
        !self.brief.iter().any(|start| is_inside(module, start))
    }
}

fn is_inside(module: &str, package: &str) -> bool {
    module.strip_prefix(package).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

impl Sources {
    pub(super) fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        Ok(toml::from_str(&text)?)
    }
}

/// A Python file of a source.
pub(super) struct File {
    pub(super) path: PathBuf,
    pub(super) module: String,
    pub(super) is_package: bool,
}

/// The folder with the source's files: downloaded, checked and unpacked where it is not there yet.
pub(super) fn tree(source: &Source, places: &Places<'_>) -> Result<PathBuf> {
    if source.name == "cpython" {
        let (stdlib, version) = (places.stdlib, &source.version);
        let digest = folder_digest(stdlib, source)?;
        if digest != source.sha256 {
            bail!(
                "the standard library in {} has the digest {digest}, not that of sources.toml\n\
                 hint: give the `Lib` folder of CPython {version} with `--stdlib`",
                stdlib.display()
            );
        }
        return Ok(stdlib.to_owned());
    }
    let release = Release {
        name: source.name.clone(),
        version: source.version.clone(),
        sha256: source.sha256.clone(),
        file: pins::File::Wheel(source.platform.clone()),
    };
    let wheel = fetch::file(&release, places.wheels, places.python)?;
    let tree = places.wheels.join("unpacked").join(&source.file);
    if !tree.exists() {
        let mut unpack = shell::command(places.python);
        shell::run(unpack.args(["-m", "zipfile", "-e"]).arg(wheel).arg(&tree))
            .with_context(|| format!("cannot unpack {}", source.file))?;
    }
    Ok(tree)
}

/// The Python files of a source, by module name. Tests, benchmarks and examples are left out: no
/// file that is worth loading names them.
pub(super) fn python_files(tree: &Path, source: &Source) -> Result<Vec<File>> {
    let mut files = Vec::new();
    if source.name == "cpython" {
        walk(tree, "", source, &mut files)?;
    } else {
        for package in &source.packages {
            let folder = tree.join(package.replace('.', "/"));
            let single = tree.join(format!("{package}.py"));
            if single.exists() {
                files.push(File { path: single, module: package.clone(), is_package: false });
            } else {
                walk(&folder, package, source, &mut files)?;
            }
        }
    }
    files.sort_by(|a, b| a.module.cmp(&b.module));
    Ok(files)
}

fn walk(folder: &Path, package: &str, source: &Source, files: &mut Vec<File>) -> Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        let stem = name.strip_suffix(".py").unwrap_or(name);
        if !stem.chars().all(|c| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let module = match (package, stem) {
            (package, "__init__") => package.to_owned(),
            ("", stem) => stem.to_owned(),
            (package, stem) => format!("{package}.{stem}"),
        };
        let skipped = matches!(
            stem,
            "tests"
                | "test"
                | "conftest"
                | "benchmarks"
                | "site_packages"
                | "__pycache__"
                | "__phello__"
        ) || source.skip.contains(&module)
            || source.skip_files.iter().any(|start| stem.starts_with(start.as_str()));
        if module.is_empty() || skipped {
            continue;
        }
        if path.is_dir() {
            walk(&path, &module, source, files)?;
        } else if name.len() > stem.len() {
            files.push(File { is_package: stem == "__init__", path, module });
        }
    }
    Ok(())
}

/// The digest of a folder's Python files: their names and digests, in order.
fn folder_digest(folder: &Path, source: &Source) -> Result<String> {
    let mut whole = Sha256::new();
    for file in python_files(folder, source)? {
        whole.update(format!(
            "{} {}\n",
            file.module,
            super::hex(&Sha256::digest(std::fs::read(&file.path)?))
        ));
    }
    Ok(super::hex(&whole.finalize()))
}
