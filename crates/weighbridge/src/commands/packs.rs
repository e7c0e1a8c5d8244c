use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use gate::packs::{self, Folder};

use crate::failure::Failure;

const MANIFEST: &str = "PACK.toml";
/// What the files of one pack may have together.
const SIZE: u64 = 256 << 20;

/// The knowledge packs: name, date, digest, size, and how many sources each was made from.
pub(super) fn list() -> String {
    let packs = packs::all();
    let width = packs.iter().map(|pack| pack.manifest.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for pack in packs {
        let it = &pack.manifest;
        let size: usize = pack.files.iter().map(|(_, text)| text.len()).sum();
        let (files, sources) = (pack.files.len(), it.source.len());
        let from = if pack.embedded { "" } else { ", not the built-in one" };
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{:width$}  {}  {}  {size} bytes in {}, {}{from}",
            it.name,
            it.date,
            it.sha256,
            counted(files, "file"),
            counted(sources, "source")
        );
    }
    text
}

fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// Puts the packs of a folder in the place of the built-in ones.
pub(super) fn take(folder: &Path) -> Result<(), Failure> {
    let fail = |path: PathBuf, source| Failure::Packs { path, source };
    let found = folders(folder).map_err(|(path, source)| fail(path, source))?;
    if found.is_empty() {
        return Err(Failure::NoPacks { path: folder.into() });
    }
    packs::install(found).map_err(Failure::Pack)
}

/// The folders inside that have a manifest.
#[allow(clippy::disallowed_methods, reason = "the binary reads what its arguments name")]
fn folders(folder: &Path) -> Result<Vec<Folder>, (PathBuf, io::Error)> {
    let at = |path: &Path| {
        let path = path.to_owned();
        move |error| (path, error)
    };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(at(folder))? {
        let inside = entry.map_err(at(folder))?.path();
        let path = inside.join(MANIFEST);
        let manifest = match std::fs::read_to_string(&path) {
            Ok(manifest) => manifest,
            // Another file, or a folder that is no pack.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                continue;
            }
            Err(error) => return Err((path, error)),
        };
        let name = inside.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut files = BTreeMap::new();
        let mut size = 0u64;
        for entry in std::fs::read_dir(&inside).map_err(at(&inside))? {
            let path = entry.map_err(at(&inside))?.path();
            size += std::fs::metadata(&path).map_err(at(&path))?.len();
            if size > SIZE {
                return Err((inside, io::ErrorKind::FileTooLarge.into()));
            }
            let Some(file) = path.file_name().and_then(|file| file.to_str()) else { continue };
            if file != MANIFEST && path.is_file() {
                let text = std::fs::read_to_string(&path).map_err(at(&path))?;
                files.insert(file.to_owned(), text);
            }
        }
        found.push(Folder { name, manifest, files });
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}
