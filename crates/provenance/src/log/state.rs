//! What a writer remembers of its log, outside of the log.

use std::path::PathBuf;

use super::checkpoint::Checkpoint;
use super::note::{MAX_NOTE, Note, Vkey};
use super::{Error, disk};

/// A file with the last checkpoint that was written or met.
///
/// Whoever can change a log can put an old copy in its place; only what is kept elsewhere tells.
#[derive(Clone, Debug)]
pub struct State {
    path: PathBuf,
}

impl State {
    /// The state in a file. The file is made when there is something to remember.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// What is remembered; `None` where nothing was written yet.
    pub fn read(&self, key: &Vkey) -> Result<Option<Checkpoint>, Error> {
        let bytes = disk::read_file(&self.path, MAX_NOTE as u64);
        let bytes = bytes.map_err(|source| self.failed("read", source))?;
        let Some(bytes) = bytes else { return Ok(None) };
        let note = Note::parse(&bytes)?;
        Checkpoint::signed_by(&note, key).map(Some).map_err(|error| {
            let what = vocabulary::escape(&self.path.to_string_lossy());
            Error::malformed(format!("the state `{what}`"), error)
        })
    }

    pub(super) fn write(&self, note: &str) -> Result<(), Error> {
        let written = disk::replace_file(&self.path, note.as_bytes());
        written.map_err(|source| self.failed("write", source))
    }

    fn failed(&self, doing: &'static str, source: std::io::Error) -> Error {
        crate::Error::File { doing, path: self.path.clone(), source }.into()
    }
}
