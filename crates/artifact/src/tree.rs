//! The files under a root, listed without ever leaving it.

use std::collections::HashMap;
use std::fs::{self, File, Metadata};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use vocabulary::Untrusted;

use crate::{Error, SourceFile, Trouble};

/// An artifact on disk.
#[derive(Debug)]
pub struct Tree {
    /// Whether the source is one file.
    pub single: bool,
    /// What stands under the root, in the order of their paths.
    pub entries: Vec<Entry>,
    /// The folders under the root that hold nothing, in the order of their paths.
    pub empty_folders: Vec<Untrusted>,
    boundary: PathBuf,
    /// The boundary, open: files are opened beneath it.
    handle: Option<File>,
}

/// Something under the root.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Path relative to the root, with `/`; the file's own name where the source is one file.
    pub path: Untrusted,
    /// Whether the name on disk is UTF-8. Where it is not, `path` writes its bytes as `\xNN`, and
    /// another name may read the same.
    pub utf8: bool,
    /// What it is.
    pub kind: EntryKind,
}

/// What stands at a path.
#[derive(Clone, Debug)]
pub enum EntryKind {
    /// A file that can be opened with [`Tree::open`].
    File(FileEntry),
    /// A symbolic link to a file or folder inside the root, which is listed under its own path.
    Alias {
        /// The path that it leads to, relative to the root.
        target: Untrusted,
    },
    /// A symbolic link that leads out of the root. It is not followed.
    LinkOutside {
        /// The link's text.
        target: Untrusted,
    },
    /// A symbolic link that leads nowhere, or in a circle.
    LinkBroken {
        /// The link's text.
        target: Untrusted,
    },
    /// A FIFO, socket or device. It is not opened.
    Special {
        /// What it is.
        what: &'static str,
    },
    /// It could not be read.
    Unreadable {
        /// Why.
        because: String,
    },
}

impl EntryKind {
    /// Why it is not opened, as a sentence; none for a file and for a link to one.
    pub fn because(&self) -> Option<String> {
        match self {
            Self::File(_) | Self::Alias { .. } => None,
            Self::LinkOutside { target } => Some(format!(
                "a link that leads out of the folder, to `{target}`; it is not followed"
            )),
            Self::LinkBroken { target } => {
                Some(format!("a link that leads nowhere or in a circle, to `{target}`"))
            }
            Self::Special { what } => Some(format!("it is {what}; it is not opened")),
            Self::Unreadable { because } => Some(format!("cannot be read: {because}")),
        }
    }
}

/// A regular file of the tree.
#[derive(Clone, Debug)]
pub struct FileEntry {
    /// Its length when it was listed.
    pub len: u64,
    /// Its mode bits (`st_mode & 0o7777`).
    pub mode: u32,
    /// An earlier entry that is the same file on disk (a hard link, or a link into the hub cache).
    pub same_as: Option<usize>,
    /// For a link into a hub cache: the name of the blob, which is its digest.
    pub blob_name: Option<String>,
    real: PathBuf,
}

impl FileEntry {
    fn new(meta: &Metadata, blob_name: Option<String>, real: PathBuf) -> Self {
        Self { len: meta.len(), mode: meta.mode() & 0o7777, same_as: None, blob_name, real }
    }
}

/// Lists a file or a folder. `max_entries` bounds how many are listed; what is beyond it is told as
/// one unreadable entry, so that nobody takes the list for complete.
#[allow(clippy::disallowed_methods, reason = "this module is the door to the file system")]
pub fn open(source: &Path, max_entries: u64) -> Result<Tree, Error> {
    let fail = |source_error: std::io::Error| match source_error.kind() {
        std::io::ErrorKind::NotFound => Error::Missing { path: source.into() },
        _ => Error::Open { path: source.into(), source: source_error },
    };
    let real = fs::canonicalize(source).map_err(fail)?;
    let meta = fs::metadata(&real).map_err(fail)?;
    if meta.is_file() {
        open_file(&real).map_err(fail)?;
        let name = source.file_name().or(real.file_name()).unwrap_or_default();
        let path = Untrusted::from_bytes(name.as_encoded_bytes());
        let utf8 = name.to_str().is_some();
        let file = FileEntry::new(&meta, None, real.clone());
        return Ok(Tree {
            single: true,
            entries: vec![Entry { path, utf8, kind: EntryKind::File(file) }],
            empty_folders: Vec::new(),
            boundary: real,
            handle: None,
        });
    }
    if !meta.is_dir() {
        return Err(Error::Special { path: source.into(), what: special(&meta) });
    }
    fs::read_dir(&real).map_err(fail)?;
    let mut lister = Lister {
        boundary: boundary_of(&real),
        root: real,
        found: Vec::new(),
        empty_folders: Vec::new(),
        left: max_entries,
        cut: false,
    };
    let root = lister.root.clone();
    lister.list(&root, "");
    Ok(lister.finish())
}

/// Lists a source that lies beneath a folder: [`open`], but whatever is opened later is opened beneath
/// that folder, also where somebody moves folders and links about meanwhile.
#[allow(clippy::disallowed_methods, reason = "this module is the door to the file system")]
pub fn open_beneath(folder: &Path, source: &Path, max_entries: u64) -> Result<Tree, Error> {
    let fail = |path: &Path, error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => Error::Missing { path: path.into() },
        _ => Error::Open { path: path.into(), source: error },
    };
    let folder = fs::canonicalize(folder).map_err(|error| fail(folder, error))?;
    let real = fs::canonicalize(source).map_err(|error| fail(source, error))?;
    let outside = || Error::Outside { path: source.into() };
    if !real.starts_with(&folder) {
        return Err(outside());
    }
    let tree = open(&real, max_entries)?;
    let outside_now = |entry: &Entry| match &entry.kind {
        EntryKind::File(file) => !file.real.starts_with(&folder),
        _ => false,
    };
    if tree.entries.iter().any(outside_now) {
        return Err(outside());
    }
    Ok(Tree { handle: open_folder(&folder), boundary: folder, ..tree })
}

/// The folder that links may lead into: the root, or, for a snapshot in a Hugging Face cache
/// (`models--org--name/snapshots/<revision>`), the repository's folder that holds its `blobs`.
fn boundary_of(root: &Path) -> PathBuf {
    let snapshots = root.parent().filter(|p| p.file_name().is_some_and(|n| n == "snapshots"));
    let repository = snapshots.and_then(Path::parent).filter(|folder| is_repository(folder));
    repository.unwrap_or(root).to_path_buf()
}

/// Opens a file, through no link; a FIFO put in its place meanwhile does not block.
#[allow(clippy::disallowed_methods, reason = "this module is the door to the file system")]
fn open_file(path: &Path) -> std::io::Result<File> {
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let flags = i32::try_from(flags.bits()).unwrap_or_default();
    fs::OpenOptions::new().read(true).custom_flags(flags).open(path)
}

/// A folder as a handle to open files beneath.
#[allow(clippy::disallowed_methods, reason = "this module is the door to the file system")]
fn open_folder(folder: &Path) -> Option<File> {
    File::open(folder).ok()
}

/// Whether a folder is that of a repository in a Hugging Face cache, by its name.
fn is_repository(folder: &Path) -> bool {
    folder.file_name().and_then(|name| name.to_str()).is_some_and(|name| {
        ["models--", "datasets--", "spaces--"].iter().any(|kind| name.starts_with(kind))
    })
}

fn special(meta: &Metadata) -> &'static str {
    let kind = meta.file_type();
    if kind.is_fifo() {
        "a FIFO"
    } else if kind.is_socket() {
        "a socket"
    } else if kind.is_block_device() || kind.is_char_device() {
        "a device"
    } else {
        "no regular file"
    }
}

/// Relative path and whether it is UTF-8, entry, device and inode.
struct Found {
    path: String,
    utf8: bool,
    kind: EntryKind,
    id: Option<(u64, u64)>,
}

struct Lister {
    root: PathBuf,
    boundary: PathBuf,
    found: Vec<Found>,
    empty_folders: Vec<String>,
    left: u64,
    cut: bool,
}

impl Lister {
    #[allow(clippy::disallowed_methods, reason = "this module is the door to the file system")]
    fn list(&mut self, folder: &Path, prefix: &str) {
        let mut folders = vec![(folder.to_path_buf(), prefix.to_owned())];
        while let Some((folder, prefix)) = folders.pop() {
            let listing = match fs::read_dir(&folder) {
                Ok(listing) => listing,
                Err(error) => {
                    self.push(
                        prefix,
                        true,
                        EntryKind::Unreadable { because: error.to_string() },
                        None,
                    );
                    continue;
                }
            };
            let mut empty = true;
            for entry in listing {
                empty = false;
                if self.left == 0 {
                    self.cut = true;
                    return;
                }
                self.left = self.left.saturating_sub(1);
                let entry = match entry {
                    Ok(entry) => entry,
                    Err(error) => {
                        let kind = EntryKind::Unreadable { because: error.to_string() };
                        self.push(prefix.clone(), true, kind, None);
                        continue;
                    }
                };
                let name = Untrusted::from_bytes(entry.file_name().as_encoded_bytes());
                let path = if prefix.is_empty() {
                    name.raw().to_owned()
                } else {
                    format!("{prefix}/{}", name.raw())
                };
                let real = entry.path();
                let utf8 = real.strip_prefix(&self.root).is_ok_and(|path| path.to_str().is_some());
                match fs::symlink_metadata(&real) {
                    Err(error) => {
                        self.push(
                            path,
                            utf8,
                            EntryKind::Unreadable { because: error.to_string() },
                            None,
                        );
                    }
                    Ok(meta) if meta.is_symlink() => self.link(path, utf8, &real),
                    Ok(meta) if meta.is_dir() => folders.push((real, path)),
                    Ok(meta) if meta.is_file() => self.file(path, utf8, real, &meta, None),
                    Ok(meta) => {
                        self.push(path, utf8, EntryKind::Special { what: special(&meta) }, None);
                    }
                }
            }
            if empty && !prefix.is_empty() {
                self.empty_folders.push(prefix);
            }
        }
    }

    fn push(&mut self, path: String, utf8: bool, kind: EntryKind, id: Option<(u64, u64)>) {
        self.found.push(Found { path, utf8, kind, id });
    }

    fn file(
        &mut self,
        path: String,
        utf8: bool,
        real: PathBuf,
        meta: &Metadata,
        blob_name: Option<String>,
    ) {
        let file = FileEntry::new(meta, blob_name, real);
        self.push(path, utf8, EntryKind::File(file), Some((meta.dev(), meta.ino())));
    }

    #[allow(clippy::disallowed_methods, reason = "this module is the door to the file system")]
    fn link(&mut self, path: String, utf8: bool, real: &Path) {
        let text = fs::read_link(real).unwrap_or_default();
        let target = Untrusted::from_bytes(text.as_os_str().as_encoded_bytes());
        let Ok(end) = fs::canonicalize(real) else {
            self.push(path, utf8, EntryKind::LinkBroken { target }, None);
            return;
        };
        let Ok(meta) = fs::metadata(&end) else {
            self.push(path, utf8, EntryKind::LinkBroken { target }, None);
            return;
        };
        let inside = end.strip_prefix(&self.root).ok();
        let blob = end.parent().filter(|p| p.file_name().is_some_and(|n| n == "blobs"));
        let in_cache = blob.and_then(Path::parent).is_some_and(|repository| {
            is_repository(repository) && repository.starts_with(&self.boundary)
        });
        if meta.is_file() && in_cache {
            // A snapshot of the hub cache: the link's name is the file's name, the blob's name is
            // its digest. It counts as the file itself.
            let name = end.file_name().and_then(|n| n.to_str()).map(ToOwned::to_owned);
            self.file(path, utf8, end, &meta, name);
        } else if let Some(inside) = inside {
            if !meta.is_file() && !meta.is_dir() {
                self.push(path, utf8, EntryKind::Special { what: special(&meta) }, None);
                return;
            }
            let target = Untrusted::from_bytes(inside.as_os_str().as_encoded_bytes());
            self.push(path, utf8, EntryKind::Alias { target }, None);
        } else {
            self.push(path, utf8, EntryKind::LinkOutside { target }, None);
        }
    }

    fn finish(mut self) -> Tree {
        let mut order: Vec<_> = std::mem::take(&mut self.found);
        order.sort_by(|a, b| a.path.cmp(&b.path));
        // A blob of a hub cache counts under the name that a snapshot gives it.
        let mut first: HashMap<(u64, u64), usize> = HashMap::new();
        for (index, found) in order.iter().enumerate() {
            if let (EntryKind::File(file), Some(id)) = (&found.kind, &found.id) {
                let slot = first.entry(*id).or_insert(index);
                let held = order.get(*slot).map(|found| &found.kind);
                let held_named = matches!(held, Some(EntryKind::File(f)) if f.blob_name.is_some());
                if file.blob_name.is_some() && !held_named {
                    *slot = index;
                }
            }
        }
        let mut entries = Vec::with_capacity(order.len());
        for (index, Found { path, utf8, mut kind, id }) in order.into_iter().enumerate() {
            if let (EntryKind::File(file), Some(id)) = (&mut kind, id) {
                file.same_as = first.get(&id).copied().filter(|slot| *slot != index);
            }
            entries.push(Entry { path: Untrusted::new(path), utf8, kind });
        }
        if self.cut {
            let because = "the limit on files (`files`) is reached; more stand here".to_owned();
            let kind = EntryKind::Unreadable { because };
            entries.push(Entry { path: Untrusted::new("."), utf8: true, kind });
        }
        let handle = open_folder(&self.boundary);
        self.empty_folders.sort();
        let empty_folders = self.empty_folders.into_iter().map(Untrusted::new).collect();
        Tree { single: false, entries, empty_folders, boundary: self.boundary, handle }
    }
}

impl Tree {
    /// Opens a file beneath the boundary in one step that follows no link (`openat2`); `None` where
    /// this system has no such step.
    #[cfg(target_os = "linux")]
    fn open_beneath(&self, entry: &FileEntry) -> Option<std::io::Result<File>> {
        use rustix::fs::{Mode, OFlags, ResolveFlags, openat2};
        use rustix::io::Errno;
        let handle = self.handle.as_ref()?;
        let relative = entry.real.strip_prefix(&self.boundary).ok()?;
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
        match openat2(handle, relative, flags, Mode::empty(), resolve) {
            Ok(file) => Some(Ok(File::from(file))),
            Err(Errno::NOSYS | Errno::PERM | Errno::INVAL | Errno::AGAIN) => None,
            Err(error) => Some(Err(error.into())),
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn open_beneath(&self, _entry: &FileEntry) -> Option<std::io::Result<File>> {
        None
    }

    /// Opens a file of the tree. It is opened as what it was listed as: a link or a FIFO that was
    /// put in its place meanwhile is refused.
    #[allow(clippy::disallowed_methods, reason = "this module is the door to the file system")]
    pub fn open(&self, entry: &FileEntry, digest: bool) -> Result<SourceFile, Trouble> {
        let fail = |error: std::io::Error| Trouble(format!("cannot be opened: {error}"));
        if let Some(file) = self.open_beneath(entry) {
            let source = SourceFile::new(file.map_err(fail)?, digest).map_err(fail)?;
            return if source.is_regular() {
                Ok(source)
            } else {
                Err(Trouble("it is no regular file now".into()))
            };
        }
        let real = fs::canonicalize(&entry.real).map_err(fail)?;
        if !real.starts_with(&self.boundary) {
            return Err(Trouble("it leads out of the folder now".into()));
        }
        let file = open_file(&real).map_err(fail)?;
        let meta = file.metadata().map_err(fail)?;
        if !meta.is_file() {
            return Err(Trouble(format!("it is {} now", special(&meta))));
        }
        SourceFile::new(file, digest).map_err(fail)
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "the tests make their own folders")]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn what_lies_beneath_a_folder_is_opened_beneath_it_alone() {
        use std::os::unix::fs::symlink;
        let base = tempfile::tempdir().unwrap();
        let at = |name: &str| base.path().join(name);
        for folder in ["models/a", "models/b", "secret"] {
            fs::create_dir_all(at(folder)).unwrap();
        }
        for file in ["models/a/x", "models/b/x", "secret/x"] {
            fs::write(at(file), file).unwrap();
        }
        symlink(at("secret"), at("models/out")).unwrap();
        symlink(at("secret/x"), at("models/out.x")).unwrap();
        for outside in ["secret", "secret/x", "models/out", "models/out.x", "models/../secret", ""]
        {
            let opened = open_beneath(&at("models"), &at(outside), 99);
            assert!(matches!(opened, Err(Error::Outside { .. })), "{outside}: {opened:?}");
        }
        for source in ["models/a", "models/a/x"] {
            let tree = open_beneath(&at("models"), &at(source), 99).unwrap();
            let EntryKind::File(file) = &tree.entries[0].kind else { panic!() };
            assert!(tree.open(file, false).is_ok(), "{source}");
            // A folder on the way becomes a link that leads out.
            fs::rename(at("models/a"), at("models/kept")).unwrap();
            symlink(at("secret"), at("models/a")).unwrap();
            assert!(tree.open(file, false).is_err(), "{source}");
            fs::remove_file(at("models/a")).unwrap();
            fs::rename(at("models/kept"), at("models/a")).unwrap();
        }
    }

    #[test]
    fn tells_empty_folders_mode_bits_and_names_that_are_not_utf8() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("a/empty")).unwrap();
        fs::write(root.path().join("run.sh"), "x").unwrap();
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(root.path().join("run.sh"), mode).unwrap();
        fs::write(root.path().join(OsStr::from_bytes(b"\xff")), "x").unwrap();
        let tree = open(root.path(), 99).unwrap();
        assert_eq!(tree.empty_folders, ["a/empty".into()]);
        let seen: Vec<_> = tree
            .entries
            .iter()
            .map(|entry| match &entry.kind {
                EntryKind::File(file) => (entry.path.raw(), entry.utf8, file.mode & 0o111),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(seen, [("\\xff", false, 0), ("run.sh", true, 0o111)]);
    }
}
