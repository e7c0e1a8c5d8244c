//! A log in a folder.

#![allow(clippy::disallowed_methods, reason = "a log owns the files of its folder")]

use std::any::Any;
use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use super::Error;
use super::storage::{File as Named, Storage};

/// Where files are written before they get their names.
const UNFINISHED: &str = "unfinished";
const LOCK: &str = "lock";

/// A folder that holds a log.
///
/// A file is written under `unfinished/`, flushed to the device and then renamed; after that its
/// folder is flushed. Writers hold an exclusive lock on the file `lock`, so they take turns; the
/// system frees it when a process ends, however it ends.
#[derive(Clone, Debug)]
pub struct Disk {
    root: PathBuf,
}

impl Disk {
    /// A folder. It is made when something is written.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Writes a file under another name and flushes it.
    fn unfinished(&self, number: usize, bytes: &[u8]) -> io::Result<PathBuf> {
        let folder = self.path(UNFINISHED);
        make_folder(&folder)?;
        let path = folder.join(format!("{}.{number}", std::process::id()));
        let mut file = File::create(&path)?;
        let written = file.write_all(bytes).and_then(|()| file.sync_all());
        if let Err(error) = written {
            let _ = fs::remove_file(&path);
            return Err(error);
        }
        Ok(path)
    }

    fn put(&self, files: &[Named]) -> Result<(), (String, io::Error)> {
        let mut folders = BTreeSet::new();
        for (number, (name, bytes)) in files.iter().enumerate() {
            let fail = |error| (name.clone(), error);
            let path = self.path(name);
            let folder = path.parent().unwrap_or(&self.root);
            make_folder(folder).map_err(fail)?;
            let unfinished = self.unfinished(number, bytes).map_err(fail)?;
            fs::rename(&unfinished, &path).map_err(fail)?;
            folders.insert(folder.to_owned());
        }
        folders.iter().try_for_each(|folder| {
            flush_folder(folder).map_err(|error| (folder.display().to_string(), error))
        })
    }
}

impl Storage for Disk {
    fn place(&self) -> String {
        vocabulary::escape(&self.root.to_string_lossy())
    }

    fn read(&self, name: &str, most: u64) -> Result<Option<Vec<u8>>, Error> {
        read_file(&self.path(name), most).map_err(|source| storage("read", name, source))
    }

    fn write(&self, files: &[Named]) -> Result<(), Error> {
        self.put(files).map_err(|(name, source)| storage("write", &name, source))
    }

    fn create(&self, name: &str, bytes: &[u8]) -> Result<bool, Error> {
        // Writers take turns, so nothing comes between the question and the answer.
        if self.path(name).exists() {
            return Ok(false);
        }
        self.write(&[(name.to_owned(), bytes.to_vec())])?;
        Ok(true)
    }

    fn swap(&self, name: &str, old: &[u8], new: &[u8]) -> Result<bool, Error> {
        let most = u64::try_from(old.len()).unwrap_or(u64::MAX).saturating_add(1);
        let is_old = match read_file(&self.path(name), most) {
            Ok(bytes) => bytes.as_deref() == Some(old),
            Err(error) if error.kind() == ErrorKind::FileTooLarge => false,
            Err(error) => return Err(storage("read", name, error)),
        };
        if is_old {
            self.write(&[(name.to_owned(), new.to_vec())])?;
        }
        Ok(is_old)
    }

    fn remove(&self, name: &str) -> Result<(), Error> {
        let path = self.path(name);
        let removed =
            if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        match removed {
            Err(source) if source.kind() != ErrorKind::NotFound => {
                Err(storage("remove", name, source))
            }
            _ => Ok(()),
        }
    }

    fn list(&self, name: &str) -> Result<Vec<String>, Error> {
        let fail = |source| storage("list", name, source);
        let folder = match fs::read_dir(self.path(name)) {
            Ok(folder) => folder,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(fail(error)),
        };
        let name_of = |entry: io::Result<fs::DirEntry>| {
            entry.map(|entry| entry.file_name().to_string_lossy().into_owned())
        };
        folder.map(name_of).collect::<io::Result<_>>().map_err(fail)
    }

    fn lock(&self) -> Result<Box<dyn Any>, Error> {
        let fail = |source| storage("lock", LOCK, source);
        make_folder(&self.root).map_err(fail)?;
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        let file = options.open(self.path(LOCK)).map_err(fail)?;
        file.lock().map_err(fail)?;
        // What a process left that was ended in the middle.
        for left in self.list(UNFINISHED)? {
            self.remove(&format!("{UNFINISHED}/{left}"))?;
        }
        Ok(Box::new(file))
    }
}

fn storage(doing: &'static str, name: &str, source: io::Error) -> Error {
    Error::Storage { doing, name: vocabulary::escape(name), source }
}

/// The bytes of a file; `None` where there is none.
pub(super) fn read_file(path: &Path, most: u64) -> io::Result<Option<Vec<u8>>> {
    let absent =
        |error: &io::Error| matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory);
    match fs::metadata(path) {
        // A pipe would block for ever.
        Ok(metadata) if !metadata.is_file() => {
            return Err(io::Error::new(ErrorKind::InvalidData, "it is no file"));
        }
        Ok(_) => {}
        Err(error) if absent(&error) => return Ok(None),
        Err(error) => return Err(error),
    }
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if absent(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        let because = format!("it is longer than {most} bytes");
        return Err(io::Error::new(ErrorKind::FileTooLarge, because));
    }
    Ok(Some(bytes))
}

/// Makes a folder and those above it, so that they are there after a loss of power.
pub(super) fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    let above = folder.parent().unwrap_or(Path::new(""));
    make_folder(above)?;
    match fs::create_dir(folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    flush_folder(above)
}

/// Flushes the names in a folder to the device.
pub(super) fn flush_folder(folder: &Path) -> io::Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder)?.sync_all()
}

/// Writes a file so that there is either the old one or the new one, whatever happens.
pub(super) fn replace_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new(""));
    make_folder(folder)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    // Writers of one file take turns, so one name does, and nothing is left over.
    name.push(".part");
    let unfinished = path.with_file_name(name);
    let mut file = File::create(&unfinished)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if let Err(error) = written.and_then(|()| fs::rename(&unfinished, path)) {
        let _ = fs::remove_file(&unfinished);
        return Err(error);
    }
    flush_folder(folder)
}
