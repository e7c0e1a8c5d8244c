//! The static check: what the files of an artifact are, and what loading them would do.
//!
//! [`scan`] looks at every file of a tree and gives one outcome. [`inspect`] describes one file.
//! Nothing is executed, imported or rendered, and nothing is read but the tree: what rules know of
//! Python's libraries comes from knowledge packs ([`effects`]), never from the machine that scans.

#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic
    )
)]

mod bundles;
mod configuration;
pub mod effects;
mod external;
mod folder;
mod inspect;
mod judge;
mod onnx_ops;
pub mod packs;
mod python;
mod rules;
mod sink;
mod subject;
mod templates;
mod tensorflow;
mod torchscript;
mod walk;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use artifact::tree::{EntryKind, FileEntry, Tree};
use artifact::{Blob, Budget, Digests};
use formats::payload::Marks;
use rayon::prelude::*;
use vocabulary::{Coverage, FileSummary, Limits, Outcome, Place, Rule, Untrusted};

pub use inspect::{Inspection, inspect};

use sink::Sink;
use walk::{Node, Role, Walker};

/// How to scan.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What one file may cost.
    pub limits: Limits,
    /// Whether every byte of every file is digested.
    pub digests: bool,
    /// Files at once; as many as there are processors where not given.
    pub jobs: Option<usize>,
}

/// Told while a scan goes on.
pub trait Progress: Sync {
    /// It begins.
    fn begin(&self, files: u64, bytes: u64);
    /// A file is done.
    fn file_done(&self, path: &Untrusted, bytes: u64);
}

impl Progress for () {
    fn begin(&self, _files: u64, _bytes: u64) {}
    fn file_done(&self, _path: &Untrusted, _bytes: u64) {}
}

/// What a scan learned.
#[derive(Clone, Debug)]
pub struct Scanned {
    /// Every file that could be opened, in the order of paths.
    pub files: Vec<FileSummary>,
    /// How the check `static` ended.
    pub outcome: Outcome,
    /// Files in which something may run code on loading, or is of no known format, with the names
    /// of these formats.
    pub not_data: Vec<(Untrusted, Vec<String>)>,
}

/// Every rule of the check.
pub fn rules() -> Vec<&'static Rule> {
    rules::ALL.iter().map(|entry| entry.rule).collect()
}

/// Digest of every knowledge pack that the rules judge by.
pub fn packs() -> BTreeMap<String, String> {
    packs::digests()
}

/// One file after the look.
struct Looked {
    path: Untrusted,
    bytes: u64,
    sink: Sink,
    digests: Option<Digests>,
    tensors: Option<Vec<String>>,
    index: Option<formats::index::Index>,
    external: Vec<formats::onnx::ExternalFile>,
    parts: Option<u64>,
    kinds: Vec<formats::identify::Format>,
    entry_points: Vec<subject::EntryPoint>,
    python: Vec<python::Module>,
    bundles: Vec<bundles::Bundle>,
    references: Vec<configuration::Reference>,
    settings: Vec<(String, String)>,
    model: Option<configuration::weights::Model>,
    embeddings: BTreeMap<String, Vec<u64>>,
}

/// Looks at every file of a tree.
pub fn scan(tree: &Tree, options: &Options, progress: &dyn Progress) -> Scanned {
    let mut files: Vec<(&Untrusted, &FileEntry)> = Vec::new();
    let mut folder = Sink::default();
    for entry in &tree.entries {
        let place = Place::file(entry.path.clone());
        match &entry.kind {
            EntryKind::File(file) if file.same_as.is_none() => files.push((&entry.path, file)),
            EntryKind::File(_) | EntryKind::Alias { .. } => {}
            EntryKind::LinkOutside { target } => {
                let content = subject::Content::LinkOutside(target.raw());
                rules::apply(&place, &content, &mut folder);
            }
            kind @ (EntryKind::LinkBroken { .. }
            | EntryKind::Special { .. }
            | EntryKind::Unreadable { .. }) => {
                folder.could_not_look(&place, kind.because().unwrap_or_default());
            }
        }
    }
    progress
        .begin(files.len() as u64, files.iter().fold(0, |sum, (_, f)| sum.saturating_add(f.len)));
    let look = |(path, file): &(&Untrusted, &FileEntry)| {
        let looked = look_safely(tree, path, file, options);
        progress.file_done(path, file.len);
        looked
    };
    let looked: Vec<Looked> = match options.jobs {
        Some(1) => files.iter().map(look).collect(),
        Some(jobs) => match rayon::ThreadPoolBuilder::new().num_threads(jobs).build() {
            Ok(pool) => pool.install(|| files.par_iter().map(look).collect()),
            Err(_) => files.iter().map(look).collect(),
        },
        None if files.len() < 2 => files.iter().map(look).collect(),
        None => files.par_iter().map(look).collect(),
    };
    conclude(tree, looked, folder)
}

fn conclude(tree: &Tree, mut looked: Vec<Looked>, mut folder: Sink) -> Scanned {
    external::explain(tree, &mut looked, &mut folder);
    bundles::explain(&mut looked);
    folder::check(tree, &mut looked, &mut folder);
    let nothing = looked.is_empty() && folder.gaps.is_empty() && folder.findings.is_empty();
    if nothing {
        folder.could_not_look(&Place::file("."), "there is nothing to look at");
    }
    let mut coverage = Coverage::default();
    let mut findings = Vec::new();
    let mut summaries = Vec::new();
    let mut not_data = Vec::new();
    for one in looked {
        let Looked { path, bytes, sink, digests, .. } = one;
        let top = Place::file(path.clone());
        let unexplained =
            sink.unexplained.iter().fold(0u64, |sum, span| sum.saturating_add(span.len()));
        let unread = sink.gaps.iter().any(|gap| gap.place == top);
        coverage.absorb(Coverage {
            files: 1,
            bytes_total: bytes,
            bytes_parsed: if unread { 0 } else { bytes.saturating_sub(unexplained) },
            unexplained: sink.unexplained.iter().map(|span| (top.clone(), *span)).collect(),
            ..Coverage::default()
        });
        let dropped = sink.dropped();
        if dropped > 0 {
            // The findings that stand speak for the ones that do not: same rule, same member.
            let because = format!("{dropped} findings more than are kept");
            coverage.gaps.push(vocabulary::Gap { place: top, because });
        }
        coverage.gaps.extend(sink.gaps);
        findings.extend(sink.findings);
        if !sink.not_data.is_empty() {
            not_data.push((path.clone(), sink.not_data));
        }
        let mut digest_map = BTreeMap::new();
        if let Some(digests) = digests {
            digest_map.insert("sha256".to_owned(), digests.sha256);
            digest_map.insert("blake3".to_owned(), digests.blake3);
        }
        summaries.push(FileSummary { path, bytes, formats: sink.formats, digests: digest_map });
    }
    if folder.dropped() > 0 {
        let because = format!("{} findings more than are kept", folder.dropped());
        coverage.gaps.push(vocabulary::Gap { place: Place::file("."), because });
    }
    coverage.gaps.extend(folder.gaps);
    findings.extend(folder.findings);
    coverage.gaps.sort();
    findings.sort_by(vocabulary::Finding::order);
    Scanned { files: summaries, outcome: Outcome::of(findings, coverage), not_data }
}

fn look_safely(tree: &Tree, path: &Untrusted, file: &FileEntry, options: &Options) -> Looked {
    let attempt = catch_unwind(AssertUnwindSafe(|| look_at(tree, path, file, options)));
    attempt.unwrap_or_else(|_| {
        let mut sink = Sink::default();
        let place = Place::file(path.clone());
        sink.could_not_look(&place, "the reader crashed on it; please report this file");
        Looked {
            path: path.clone(),
            bytes: file.len,
            sink,
            digests: None,
            tensors: None,
            index: None,
            external: Vec::new(),
            parts: None,
            kinds: Vec::new(),
            entry_points: Vec::new(),
            python: Vec::new(),
            bundles: Vec::new(),
            references: Vec::new(),
            settings: Vec::new(),
            model: None,
            embeddings: BTreeMap::new(),
        }
    })
}

fn look_at(tree: &Tree, path: &Untrusted, file: &FileEntry, options: &Options) -> Looked {
    let mut walker = Walker::new(Budget::new(options.limits));
    let place = Place::file(path.clone());
    let mut digests = None;
    let mut bytes = file.len;
    let digested = options.digests || folder::promised_digest(file).is_some();
    match tree.open(file, digested) {
        Err(trouble) => walker.sink.could_not_look(&place, trouble.to_string()),
        Ok(source) => {
            let source = Arc::new(source);
            let marks = Arc::new(Mutex::new(Marks::default()));
            let watching = Arc::clone(&marks);
            source.watch(move |bytes| {
                watching.lock().unwrap_or_else(PoisonError::into_inner).pass(bytes);
            });
            let blob = Blob::new(Arc::clone(&source) as Arc<dyn artifact::ReadAt>);
            bytes = blob.len();
            let node = Node {
                place: place.clone(),
                blob,
                name: path.raw().to_owned(),
                depth: 0,
                role: Role::File,
            };
            walker.look(&node);
            walker.settle();
            match source.finish() {
                Ok(made) => digests = made,
                Err(trouble) => walker.sink.could_not_look(&place, trouble.to_string()),
            }
            walker.marks(&node, &marks.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }
    Looked {
        path: path.clone(),
        bytes,
        sink: walker.sink,
        digests,
        tensors: walker.tensors,
        index: walker.index,
        external: walker.external,
        parts: walker.parts,
        kinds: walker.kinds,
        entry_points: walker.entry_points,
        python: walker.python,
        bundles: walker.bundles,
        references: walker.references,
        settings: walker.settings,
        model: walker.model,
        embeddings: walker.embeddings,
    }
}

/// Looks at bytes in memory as at a file of this name: for tests and fuzzing.
pub fn scan_bytes(name: &str, bytes: Vec<u8>, limits: Limits) -> Outcome {
    let mut walker = Walker::new(Budget::new(limits));
    walker.look(&Node {
        place: Place::file(name),
        blob: Blob::from_vec(bytes),
        name: name.to_owned(),
        depth: 0,
        role: Role::File,
    });
    bundles::alone(&walker.bundles, &mut walker.sink);
    walker.settle();
    folder::python(&walker.python, &walker.entry_points, &mut walker.sink);
    let coverage = Coverage { files: 1, gaps: walker.sink.gaps, ..Coverage::default() };
    Outcome::of(walker.sink.findings, coverage)
}
