//! Files of the user: keys, policies, bundles. The files of an artifact come through `artifact`.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::Error;

/// The most that a key, a certificate, a revocation list or a password may have, in bytes.
pub const SMALL: u64 = 16 << 20;

/// Reads a file of at most `max` bytes.
#[allow(clippy::disallowed_methods, reason = "this module reads what the user names")]
pub fn read(path: &Path, max: u64) -> Result<Vec<u8>, Error> {
    let fail = |source| Error::File { doing: "read", path: path.into(), source };
    let file = File::open(path).map_err(fail)?;
    let mut bytes = Vec::new();
    file.take(max.saturating_add(1)).read_to_end(&mut bytes).map_err(fail)?;
    if bytes.len() as u64 > max {
        let because = format!("it is longer than {max} bytes");
        return Err(fail(io::Error::new(io::ErrorKind::FileTooLarge, because)));
    }
    Ok(bytes)
}

/// Reads a text of at most `max` bytes.
pub fn read_text(path: &Path, max: u64) -> Result<String, Error> {
    String::from_utf8(read(path, max)?).map_err(|_| {
        let source = io::Error::new(io::ErrorKind::InvalidData, "it is no text in UTF-8");
        Error::File { doing: "read", path: path.into(), source }
    })
}

/// Who may read a new file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// Whom the system lets (mode 0666 without the process's mask).
    Anybody,
    /// The owner alone (mode 0600).
    Owner,
}

/// Writes a new file: first under another name beside it, then it is given its name, so that nobody
/// meets half of it. A file that is there is kept unless `replace` says otherwise.
#[allow(clippy::disallowed_methods, reason = "this module writes what the user names")]
pub fn write_new(path: &Path, bytes: &[u8], replace: bool, readers: Readers) -> Result<(), Error> {
    let fail = |source| Error::File { doing: "write", path: path.into(), source };
    let (file, temporary) = beside(path, readers).map_err(fail)?;
    let written = fill(file, bytes).and_then(|()| {
        if replace {
            std::fs::rename(&temporary, path)
        } else {
            // Unlike a rename, a link does not replace what is there.
            std::fs::hard_link(&temporary, path)
        }
    });
    if !(replace && written.is_ok()) {
        let _ = std::fs::remove_file(&temporary);
    }
    written.map_err(fail)
}

/// Where a file lies within a folder: its path relative to the folder, with `/`; `None` where it
/// lies elsewhere. The file need not be there yet, the folder it is in has to be.
#[allow(clippy::disallowed_methods, reason = "this module looks where the user's files lie")]
pub fn within(root: &Path, file: &Path) -> Option<String> {
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty());
    let folder = std::fs::canonicalize(parent.unwrap_or(Path::new("."))).ok()?;
    let root = std::fs::canonicalize(root).ok()?;
    let path = folder.join(file.file_name()?);
    path.strip_prefix(root).ok()?.to_str().map(ToOwned::to_owned)
}

/// Whether a file could be written here: its folder is there, and nothing has its name unless
/// something may.
#[allow(clippy::disallowed_methods, reason = "this module writes what the user names")]
pub fn vacant(path: &Path, or_there: bool) -> Result<(), Error> {
    let fail = |kind: io::ErrorKind| {
        Err(Error::File { doing: "write", path: path.into(), source: kind.into() })
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    match std::fs::symlink_metadata(path) {
        Ok(there) if or_there && there.is_file() => Ok(()),
        Ok(_) => fail(io::ErrorKind::AlreadyExists),
        Err(_) if folder.is_none_or(Path::is_dir) => Ok(()),
        Err(_) => fail(io::ErrorKind::NotFound),
    }
}

/// Adds a line to a file, or begins it. Writers that add at the same time wait for each other.
#[allow(clippy::disallowed_methods, reason = "this module writes what the user names")]
pub fn append(path: &Path, line: &[u8]) -> Result<(), Error> {
    let fail = |source| Error::File { doing: "write", path: path.into(), source };
    let mut file =
        OpenOptions::new().create(true).append(true).read(true).open(path).map_err(fail)?;
    file.lock().map_err(fail)?;
    let mut bytes = Vec::with_capacity(line.len().saturating_add(1));
    let len = file.seek(SeekFrom::End(0)).map_err(fail)?;
    if let Some(last) = len.checked_sub(1) {
        let mut end = [0];
        file.seek(SeekFrom::Start(last)).and_then(|_| file.read_exact(&mut end)).map_err(fail)?;
        if end != *b"\n" {
            bytes.push(b'\n');
        }
    }
    bytes.extend_from_slice(line);
    fill(file, &bytes).map_err(fail)
}

fn fill(mut file: File, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    file.sync_all()
}

/// A new file with a free name in the same folder.
#[allow(clippy::disallowed_methods, reason = "this module writes what the user names")]
fn beside(path: &Path, readers: Readers) -> io::Result<(File, PathBuf)> {
    let mode = match readers {
        Readers::Anybody => 0o666,
        Readers::Owner => 0o600,
    };
    let name = path.file_name().ok_or_else(|| {
        io::Error::new(io::ErrorKind::InvalidInput, "it names a folder, not a file")
    })?;
    let mut number = 0u32;
    loop {
        let mut other = name.to_owned();
        other.push(format!(".{}.{number}.part", std::process::id()));
        let temporary = path.with_file_name(other);
        match OpenOptions::new().write(true).create_new(true).mode(mode).open(&temporary) {
            Ok(file) => return Ok((file, temporary)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < 100 => {
                number = number.saturating_add(1);
            }
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    #[allow(clippy::disallowed_methods, reason = "the test looks at its own folder")]
    fn writes_whole_files_and_replaces_only_when_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.pem");
        write_new(&path, b"one", false, Readers::Owner).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let said = write_new(&path, b"two", false, Readers::Owner).unwrap_err();
        assert!(matches!(said, Error::File { doing: "write", .. }));
        assert_eq!(read_text(&path, 3).unwrap(), "one");
        write_new(&path, b"two", true, Readers::Anybody).unwrap();
        assert_eq!(read_text(&path, 3).unwrap(), "two");
        assert!(read(&path, 2).is_err());
        assert!(write_new(&folder.path().join("no/x"), b"", false, Readers::Anybody).is_err());
        assert_eq!(within(folder.path(), &path).as_deref(), Some("key.pem"));
        assert_eq!(within(&folder.path().join("a"), &path), None);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left over");
    }
}
