//! What was asked and what came back, kept as it happens.
//!
//! A journal is a file of JSON lines that only grows. The first names its form and the target; each
//! further line holds what the target was found able to do, that probes may stop early, or one attempt under its
//! [`Id`]. A run
//! asks what its journal does not hold and nothing else, so to resume, to cache, to replay and to
//! judge again are one thing.
//!
//! **What is safe when.** A line is one write, given to the system before anything else is done with
//! the reply: a process that is killed loses nothing that came back. The disk is told to keep it
//! once a second and at the end ([`Journal::sync`], by the engine): a machine that loses its power may lose the
//! replies of its last second, and they are asked for again.
//!
//! **What is wrong.** Bytes behind the last line feed are a line that was cut off; they are dropped,
//! and [`Journal::torn`] tells. Anything else that is no line of a journal, or whose id does not fit
//! what it holds, is an error: it was not written by us. One process writes at a time, held by a
//! lock of the system.

mod error;
mod file;
mod id;
mod line;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

pub use error::Error;
pub use id::Id;
pub use line::{FORM, Failed, FailedBy, Header, Held};

use crate::case::Case;
use crate::target::{Failure, Identity, Reply};
use file::Writer;
use line::{Attempt, Line, StopsEarly};

/// The journal of one target.
#[derive(Debug)]
pub struct Journal {
    target: Identity,
    path: Option<PathBuf>,
    torn: Option<u64>,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    found: Option<Value>,
    stops_early: Option<NonZeroU32>,
    held: HashMap<Id, Arc<Held>>,
    /// Nothing where the journal is only read, or lives in memory.
    writer: Option<Writer>,
}

impl Journal {
    /// A journal that is kept nowhere.
    pub fn in_memory(target: Identity) -> Self {
        Self::new(target, None, None)
    }

    /// Opens a journal to go on with it, or begins one. One of another target is an error.
    pub fn open(path: &Path, target: &Identity) -> Result<Self, Error> {
        let (mut writer, bytes) = Writer::open(path)?;
        let (journal, whole) = Self::of_lines(path, &bytes)?;
        let journal = match journal {
            Some(journal) if journal.target == *target => {
                writer.cut(whole)?;
                journal
            }
            Some(journal) => {
                let (path, held) = (path.into(), Box::new(journal.target));
                return Err(Error::OtherTarget { path, held, wanted: Box::new(target.clone()) });
            }
            None => {
                if !may_be_header(&bytes) {
                    let because = "it does not begin with the header of one".to_owned();
                    return Err(Error::NoJournal { path: path.into(), because });
                }
                writer.cut(0)?;
                let header = Header { form: FORM.to_owned(), target: target.clone() };
                writer.write(&header)?;
                Self::new(target.clone(), Some(path.into()), (whole > 0).then_some(whole))
            }
        };
        journal.inner().writer = Some(writer);
        Ok(journal)
    }

    /// The bytes of a journal. Who needs both what it holds and its lines reads them once: the file may be
    /// another the next time.
    pub fn bytes(path: &Path) -> Result<Vec<u8>, Error> {
        file::read(path)
    }

    /// Reads a journal that nobody goes on with.
    pub fn read(path: &Path) -> Result<Self, Error> {
        Self::of_bytes(path, &Self::bytes(path)?)
    }

    /// A journal that nobody goes on with, from its bytes; `path` is where they came from.
    pub fn of_bytes(path: &Path, bytes: &[u8]) -> Result<Self, Error> {
        let (journal, _) = Self::of_lines(path, bytes)?;
        journal.ok_or_else(|| Error::Empty { path: path.into() })
    }

    /// The target of a journal, where there is a journal.
    pub fn target_of(path: &Path) -> Result<Option<Identity>, Error> {
        let Some(line) = file::first_line(path)? else { return Ok(None) };
        header(path, &line).map(|header| Some(header.target))
    }

    fn new(target: Identity, path: Option<PathBuf>, torn: Option<u64>) -> Self {
        let inner = Inner { found: None, stops_early: None, held: HashMap::new(), writer: None };
        Self { target, path, torn, inner: Mutex::new(inner) }
    }

    /// The journal that bytes hold, where they hold a whole line, and how many of them are lines.
    fn of_lines(path: &Path, bytes: &[u8]) -> Result<(Option<Self>, u64), Error> {
        let whole =
            bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at.saturating_add(1));
        let torn = (whole < bytes.len()).then(|| bytes.len().saturating_sub(whole) as u64);
        let lines = bytes.get(..whole).unwrap_or_default();
        let mut lines = lines.split_inclusive(|byte| *byte == b'\n').zip(1u64..);
        let Some((first, _)) = lines.next() else { return Ok((None, torn.unwrap_or(0))) };
        let journal = Self::new(header(path, first)?.target, Some(path.into()), torn);
        for (line, number) in lines {
            journal.take(line).map_err(|because| Error::Line {
                path: path.into(),
                number,
                because,
            })?;
        }
        Ok((Some(journal), whole as u64))
    }

    fn take(&self, line: &[u8]) -> Result<(), String> {
        let line: Line = crate::json::parse(line).map_err(|error| error.to_string())?;
        let mut inner = self.inner();
        match line {
            Line::Found(found) if inner.found.is_none() => inner.found = Some(found),
            Line::Found(_) => return Err("what the target can do stands there twice".to_owned()),
            Line::StopsEarly(_) if inner.stops_early.is_some() || !inner.held.is_empty() => {
                return Err("that probes may stop early stands there late".to_owned());
            }
            Line::StopsEarly(StopsEarly { every }) => inner.stops_early = Some(every),
            Line::Attempt(attempt) => {
                let made = attempt.made_id(&self.target);
                if made != attempt.id {
                    return Err(format!(
                        "its id is `{}`, and what it holds makes `{made}`",
                        attempt.id
                    ));
                }
                match inner.held.entry(attempt.id) {
                    Entry::Occupied(held) if held.get().is_final() => {
                        return Err(format!("the attempt `{made}` has ended before"));
                    }
                    Entry::Occupied(mut held) => {
                        held.insert(Arc::new(attempt.came));
                    }
                    Entry::Vacant(place) => {
                        place.insert(Arc::new(attempt.came));
                    }
                }
            }
        }
        Ok(())
    }

    /// The target that was asked.
    pub fn target(&self) -> &Identity {
        &self.target
    }

    /// Where it is kept.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// How many bytes of a line that was cut off were dropped when it was opened.
    pub fn torn(&self) -> Option<u64> {
        self.torn
    }

    /// What the target was found able to do, as it was recorded.
    pub fn found(&self) -> Option<Value> {
        self.inner().found.clone()
    }

    /// Records what the target was found able to do; the first record stands.
    pub fn find(&self, found: Value) -> Result<(), Error> {
        let mut inner = self.inner();
        if inner.found.is_none() {
            inner.write(&Line::Found(found.clone()))?;
            inner.found = Some(found);
        }
        Ok(())
    }

    /// Prompts of a probe between two looks at whether it is decided, at first; nothing where every probe is
    /// asked to its end.
    pub fn stops_early(&self) -> Option<NonZeroU32> {
        self.inner().stops_early
    }

    /// Records that probes may stop early. Whoever decides so after they saw replies could choose what suits them:
    /// a journal that holds attempts of a run to the end is an error.
    pub fn stop_early(&self, every: NonZeroU32) -> Result<(), Error> {
        let mut inner = self.inner();
        if inner.stops_early.is_some() {
            return Ok(());
        }
        if !inner.held.is_empty() {
            return Err(Error::Begun { path: self.path.clone().unwrap_or_default() });
        }
        inner.write(&Line::StopsEarly(StopsEarly { every }))?;
        inner.stops_early = Some(every);
        Ok(())
    }

    /// What it holds of an attempt.
    pub fn held(&self, id: &Id) -> Option<Arc<Held>> {
        self.inner().held.get(id).cloned()
    }

    /// Records what came of a case. What ended before stands; a failure that is held already is
    /// not written again.
    pub fn record(
        &self,
        id: Id,
        case: &Case,
        came: Result<Reply, Failure>,
    ) -> Result<Arc<Held>, Error> {
        let held = match came {
            Ok(reply) => Held::Reply(reply),
            Err(failure) => Held::Failure(Failed::from(&failure)),
        };
        let mut inner = self.inner();
        if let Some(before) = inner.held.get(&id)
            && (before.is_final() || **before == held)
        {
            return Ok(before.clone());
        }
        let attempt = Attempt::of(id, case, held);
        let line = Line::Attempt(Box::new(attempt));
        inner.write(&line)?;
        let Line::Attempt(attempt) = line else { return Err(Error::Closed) };
        let held = Arc::new(attempt.came);
        inner.held.insert(id, held.clone());
        Ok(held)
    }

    /// How many attempts it holds.
    pub fn len(&self) -> usize {
        self.inner().held.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Has the disk keep what was written. Whoever records goes on meanwhile: a disk may take its time.
    pub fn sync(&self) -> Result<(), Error> {
        let file = self.inner().writer.as_mut().map_or(Ok(None), Writer::unsynced)?;
        let (Some(file), Some(path)) = (file, &self.path) else { return Ok(()) };
        let failed = |source| Error::Io { doing: "write", path: path.clone(), source };
        file.sync_data().map_err(failed)
    }

    /// Ends all writing, for a process that is about to end: what was written is whole, and what
    /// comes later is refused.
    pub fn close(&self) {
        let mut inner = self.inner();
        if let Some(writer) = &mut inner.writer {
            writer.close();
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // Whoever panicked while writing left a whole line or none.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn write(&mut self, line: &Line) -> Result<(), Error> {
        self.writer.as_mut().map_or(Ok(()), |writer| writer.write(line))
    }
}

/// Each whole line of a journal's bytes, without its line feed.
pub fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split_inclusive(|byte| *byte == b'\n').filter_map(|line| line.strip_suffix(b"\n"))
}

/// Whether these bytes are what a process left that was killed at its first line: nothing else is
/// ever thrown away.
fn may_be_header(bytes: &[u8]) -> bool {
    let begins = format!("{{\"form\":\"{FORM}\",");
    let begins = begins.as_bytes();
    bytes.starts_with(begins) || begins.starts_with(bytes)
}

fn header(path: &Path, line: &[u8]) -> Result<Header, Error> {
    let wrong = |because: String| Error::NoJournal { path: path.into(), because };
    let header: Header = serde_json::from_slice(line).map_err(|error| wrong(error.to_string()))?;
    if header.form == FORM {
        Ok(header)
    } else {
        Err(wrong(format!("its form is `{}`, and `{FORM}` is read", header.form)))
    }
}
