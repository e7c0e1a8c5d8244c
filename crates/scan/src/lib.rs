//! The static check: a stand-in that knows text from other bytes.

use std::collections::BTreeMap;
use std::sync::Arc;

use artifact::tree::{EntryKind, FileEntry, Tree};
use artifact::{Blob, ReadAt};
use serde::Serialize;
use vocabulary::{Coverage, FileSummary, Gap, Limits, Outcome, Place, Rule, Untrusted};

/// How to scan.
pub struct Options {
    /// What one file may cost.
    pub limits: Limits,
    /// Whether to compute digests.
    pub digests: bool,
    /// How many files at a time.
    pub jobs: Option<usize>,
}

/// Is told how far it is.
pub trait Progress: Sync {
    /// Before the first file.
    fn begin(&self, files: u64, bytes: u64);
    /// After each file.
    fn file_done(&self, path: &Untrusted, bytes: u64);
}

/// What was seen.
pub struct Scanned {
    /// Each file.
    pub files: Vec<FileSummary>,
    /// The outcome of the check `static`.
    pub outcome: Outcome,
    /// Files that can execute or are unknown, and as which formats.
    pub data_only: Vec<(Untrusted, Vec<String>)>,
}

/// What is inside a file.
#[derive(Serialize)]
pub struct Inspection {
    path: Untrusted,
    bytes: u64,
}

impl Inspection {
    /// For a person.
    pub fn text(&self) -> String {
        format!("{}: {} bytes\n", self.path, self.bytes)
    }
}

/// Scans every file.
pub fn scan(tree: &Tree, options: &Options, progress: &dyn Progress) -> Scanned {
    let files: Vec<(&Untrusted, &FileEntry)> = tree
        .entries
        .iter()
        .filter_map(|e| match &e.kind {
            EntryKind::File(file) => Some((&e.path, file)),
            _ => None,
        })
        .collect();
    progress.begin(files.len() as u64, files.iter().map(|(_, f)| f.len).sum());
    let mut coverage = Coverage::default();
    let mut summaries = Vec::new();
    let mut data_only = Vec::new();
    for (path, file) in files {
        let mut gap = |because: String| {
            coverage.gaps.push(Gap { place: Place::file(path.clone()), because });
        };
        let mut digests = BTreeMap::new();
        let mut formats = Vec::new();
        match tree.open(file, options.digests) {
            Err(trouble) => gap(trouble.to_string()),
            Ok(source) => {
                let source = Arc::new(source);
                let bytes = Blob::new(Arc::<_>::clone(&source) as Arc<dyn ReadAt>)
                    .bytes_at(0, usize::try_from(file.len.min(1 << 20)).unwrap_or(0));
                match std::str::from_utf8(&bytes) {
                    Ok(text) if text.starts_with('{') => formats.push("json".to_owned()),
                    Ok(text) if !text.is_empty() => formats.push("text".to_owned()),
                    Ok(_) => {}
                    Err(_) => {
                        data_only.push((path.clone(), Vec::new()));
                        gap("no reader knows this content".into());
                    }
                }
                match source.finish() {
                    Err(trouble) => gap(trouble.to_string()),
                    Ok(Some(of)) => {
                        digests.insert("sha256".to_owned(), of.sha256);
                        digests.insert("blake3".to_owned(), of.blake3);
                    }
                    Ok(None) => {}
                }
            }
        }
        coverage.files += 1;
        coverage.bytes_total += file.len;
        coverage.bytes_parsed += if formats.is_empty() { 0 } else { file.len };
        summaries.push(FileSummary { path: path.clone(), bytes: file.len, formats, digests });
        progress.file_done(path, file.len);
    }
    Scanned { files: summaries, outcome: Outcome::of(Vec::new(), coverage), data_only }
}

/// All rules.
pub fn rules() -> Vec<&'static Rule> {
    Vec::new()
}

/// All packs and their digests.
pub fn packs() -> BTreeMap<String, String> {
    BTreeMap::new()
}

/// Looks into a file.
pub fn inspect(_: &Tree, entry: &FileEntry, path: &Untrusted, _: &Limits) -> Inspection {
    Inspection { path: path.clone(), bytes: entry.len }
}
