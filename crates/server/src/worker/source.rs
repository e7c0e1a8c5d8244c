//! What a job reads: a path beneath one of the folders, or an upload that is fetched from the store.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{Workers, patiently};
use crate::uploads;

/// A source that can be read.
pub(super) struct Source {
    pub(super) path: PathBuf,
    /// The folder that it has to lie beneath.
    pub(super) beneath: PathBuf,
    /// What its content has to be called: what the store gives is not taken at its word.
    pub(super) expected: Option<String>,
    /// Files of an upload are deleted once the job ended.
    _scratch: Option<TempDir>,
}

/// Why a source cannot be read.
pub(super) struct Absent(pub(super) String);

impl Absent {
    pub(super) fn because(because: impl Into<String>) -> Self {
        Self(because.into())
    }
}

/// The folder under which a path lies, links resolved, and the path.
#[allow(clippy::disallowed_methods, reason = "a path of a caller is held against the folders")]
pub(crate) fn lies_under(folders: &[PathBuf], named: &str) -> Option<(PathBuf, PathBuf)> {
    let real = std::fs::canonicalize(Path::new(named)).ok()?;
    let mut folders = folders.iter().filter_map(|folder| std::fs::canonicalize(folder).ok());
    Some((folders.find(|folder| real.starts_with(folder))?, real))
}

impl Workers {
    /// What a source names, made readable.
    pub(super) async fn source(&self, named: &str, anywhere: bool) -> Result<Source, Absent> {
        let Some(hash) = named.strip_prefix(uploads::SCHEME) else {
            let absent =
                || Absent::because("the source is not there, or not in a folder of models");
            let root = [PathBuf::from("/")];
            let any = anywhere && self.models.is_empty();
            let folders = if any { &root[..] } else { &self.models[..] };
            let (beneath, path) = lies_under(folders, named).ok_or_else(absent)?;
            return Ok(Source { path, beneath, expected: None, _scratch: None });
        };
        let files = patiently(|| self.ledger.uploaded(hash)).await;
        let files = files.map_err(|error| Absent::because(error.to_string()))?;
        let files = files.ok_or_else(|| Absent::because("the upload is not kept any more"))?;
        let fetched = self.store.fetch(&files, &self.scratch).await;
        let scratch = fetched.map_err(|error| Absent::because(error.to_string()))?;
        let beneath = scratch.path().to_path_buf();
        let (path, expected) = match files.as_slice() {
            [one] if !one.path.contains('/') => {
                (beneath.join(&one.path), format!("sha256:{}", one.sha256))
            }
            _ => (beneath.clone(), format!("dirHash:{hash}")),
        };
        Ok(Source { path, beneath, expected: Some(expected), _scratch: Some(scratch) })
    }
}
