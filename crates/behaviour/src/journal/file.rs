//! The file of a journal.

#![allow(
    clippy::disallowed_methods,
    reason = "the journal is written and read here, and nothing else"
)]

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::Error;

/// Bytes of a first line that are read.
const MAX_HEADER: u64 = 1 << 20;

/// The one writer of a journal. The lock is the file's and ends with it.
#[derive(Debug)]
pub(super) struct Writer {
    path: PathBuf,
    file: File,
    /// How many bytes are whole lines.
    length: u64,
    unsynced: bool,
    closed: bool,
}

impl Writer {
    /// Opens or makes the file, locks it, and gives what it holds.
    pub(super) fn open(path: &Path) -> Result<(Self, Vec<u8>), Error> {
        let failed = |doing| move |source| Error::Io { doing, path: path.into(), source };
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true).truncate(false);
        let mut file = options.open(path).map_err(failed("open"))?;
        regular(path, &file)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::Locked { path: path.into() }),
            Err(TryLockError::Error(source)) => return Err(failed("lock")(source)),
        }
        let bytes = whole(&mut file, MAX).map_err(failed("read"))?;
        let length = bytes.len() as u64;
        let writer = Self { path: path.into(), file, length, unsynced: false, closed: false };
        Ok((writer, bytes))
    }

    /// Keeps the first bytes alone.
    pub(super) fn cut(&mut self, length: u64) -> Result<(), Error> {
        if length < self.length {
            self.file.set_len(length).map_err(|source| self.failed("cut", source))?;
        }
        self.length = length;
        Ok(())
    }

    /// Adds a line. Where the disk takes only a part of it, the part is taken back.
    pub(super) fn write(&mut self, line: &impl Serialize) -> Result<(), Error> {
        if self.closed {
            return Err(Error::Closed);
        }
        let mut bytes = serde_json::to_vec(line)
            .map_err(|error| self.failed("write", io::Error::other(error)))?;
        bytes.push(b'\n');
        if let Err(source) = self.file.write_all(&bytes) {
            // Where even this fails the next to open the file drops the part.
            let _ = self.file.set_len(self.length);
            self.closed = true;
            return Err(self.failed("write", source));
        }
        self.length = self.length.saturating_add(bytes.len() as u64);
        self.unsynced = true;
        Ok(())
    }

    /// What is to be synced, where anything is: without this writer, which may write on meanwhile.
    pub(super) fn unsynced(&mut self) -> Result<Option<File>, Error> {
        if !std::mem::take(&mut self.unsynced) {
            return Ok(None);
        }
        self.file.try_clone().map(Some).map_err(|source| self.failed("write", source))
    }

    pub(super) fn close(&mut self) {
        let _ = self.file.sync_data();
        self.closed = true;
    }

    fn failed(&self, doing: &'static str, source: io::Error) -> Error {
        Error::Io { doing, path: self.path.clone(), source }
    }
}

/// All that a file holds.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let failed = |source| Error::Io { doing: "read", path: path.into(), source };
    opened(path).and_then(|mut file| whole(&mut file, MAX)).map_err(failed)
}

/// Bytes of a journal that is read.
const MAX: u64 = 1 << 30;

fn whole(file: &mut File, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::other(format!("it has more than {most} bytes")));
    }
    Ok(bytes)
}

/// Opens a file; what is none would have to be waited for.
fn opened(path: &Path) -> io::Result<File> {
    if std::fs::metadata(path)?.is_file() {
        File::open(path)
    } else {
        Err(io::Error::other("it is not a file"))
    }
}

fn regular(path: &Path, file: &File) -> Result<(), Error> {
    let failed = |source| Error::Io { doing: "open", path: path.into(), source };
    if file.metadata().map_err(failed)?.is_file() {
        Ok(())
    } else {
        Err(failed(io::Error::other("it is not a file")))
    }
}

/// The first line of a file, where there is a file with a whole one.
pub(super) fn first_line(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    let failed = |source| Error::Io { doing: "read", path: path.into(), source };
    let file = match opened(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let mut line = Vec::new();
    BufReader::new(file).take(MAX_HEADER).read_until(b'\n', &mut line).map_err(failed)?;
    Ok((line.last() == Some(&b'\n')).then_some(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_is_read_up_to_a_bound() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("j");
        std::fs::write(&path, b"12345").unwrap();
        let read = |most| whole(&mut File::open(&path).unwrap(), most);
        assert_eq!(read(5).unwrap(), b"12345");
        assert!(read(4).unwrap_err().to_string().contains("more than 4 bytes"));
    }
}
