//! What a training run wrote down while it ran, in one form: [`Record`].
//!
//! Four kinds are read: the `trainer_state.json` of Hugging Face's `Trainer`, event files of
//! `TensorBoard`, the file store of `MLflow`, and the log or the files of Weights & Biases. They are
//! the trainer's own words: nothing in them is verified by being read. What can be told from them
//! alone (steps that go back, values that are no numbers, gaps) is told as [`Oddity`].

mod byproducts;
mod mlflow;
mod oddity;
mod series;
mod tensorboard;
mod trainer;
mod wandb;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use artifact::Blob;
use artifact::tree::{EntryKind, FileEntry, Tree};
use formats::identify::Format;
use serde::Serialize;
use vocabulary::Untrusted;

pub use byproducts::byproducts;
pub use oddity::{Oddity, OddityKind};
pub use series::{Series, series};

use crate::hex;
use crate::manifest::{Algorithm, Digests, File, Manifest};
use crate::statement::{DIR_HASH, DigestSet};

/// Points of one record that are kept.
const MAX_POINTS: usize = 1 << 20;
/// Bytes of a JSON or YAML file that are read.
const MAX_TEXT: u64 = 64 << 20;

/// Which library wrote a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// `trainer_state.json` of Hugging Face's `Trainer`.
    HuggingFace,
    /// An event file of `TensorBoard`.
    #[serde(rename = "tensorboard")]
    TensorBoard,
    /// A run of `MLflow`'s file store.
    Mlflow,
    /// A run of Weights & Biases.
    Wandb,
}

impl Source {
    /// Its name, as reports have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::HuggingFace => "hugging-face",
            Self::TensorBoard => "tensorboard",
            Self::Mlflow => "mlflow",
            Self::Wandb => "wandb",
        }
    }
}

/// A record of a training run.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// Which library wrote it.
    pub source: Source,
    /// The file, or the folder of the run; relative to the root.
    pub path: Untrusted,
    /// `sha256` of a file, `dirHash` of a folder.
    pub digest: DigestSet,
    /// The name of the run, where it has one.
    pub run: Untrusted,
    /// Hyper-parameters by name, as they are written.
    pub hyper_parameters: Vec<(Untrusted, Untrusted)>,
    /// Totals that the trainer wrote (`global_step`, `num_input_tokens_seen`, …).
    pub totals: Vec<(Untrusted, Untrusted)>,
    /// Values in the order in which they were written.
    pub points: Vec<Point>,
    /// Checkpoints in the order of their steps.
    pub checkpoints: Vec<Checkpoint>,
    /// What is odd about it.
    pub oddities: Vec<Oddity>,
}

impl Record {
    fn new(source: Source, path: &str) -> Self {
        Self {
            source,
            path: path.into(),
            digest: DigestSet::new(),
            run: Untrusted::default(),
            hyper_parameters: Vec::new(),
            totals: Vec::new(),
            points: Vec::new(),
            checkpoints: Vec::new(),
            oddities: Vec::new(),
        }
    }

    /// Adds a point, where there is room; says once where there is none.
    fn point(&mut self, point: Point) {
        if self.points.len() < MAX_POINTS {
            self.points.push(point);
        } else if !self.oddities.iter().any(|odd| odd.kind == OddityKind::NotRetained) {
            let detail = format!("only the first {MAX_POINTS} values are kept");
            self.odd(OddityKind::NotRetained, Some(point.step), detail);
        }
    }

    fn odd(&mut self, kind: OddityKind, step: Option<i64>, detail: impl Into<Untrusted>) {
        self.oddities.push(Oddity { kind, step, detail: detail.into() });
    }

    /// Takes over what a reader of the format found odd.
    fn odd_format<K>(&mut self, oddities: &[formats::Oddity<K>]) {
        for odd in oddities {
            let detail = format!("byte {}: {}", odd.at, odd.detail.raw());
            self.odd(OddityKind::Format, None, detail);
        }
    }
}

/// A value at a step.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// The step, counted as the trainer counts.
    pub step: i64,
    /// Passes over the data so far, where the trainer wrote them.
    pub epoch: Option<f64>,
    /// Seconds since 1970, where the trainer wrote them.
    pub wall_time: Option<f64>,
    /// What was measured.
    pub metric: Untrusted,
    /// The value, as it is: NaN and infinities too.
    pub value: f64,
}

impl Serialize for Point {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap as _;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("step", &self.step)?;
        if let Some(epoch) = self.epoch.filter(|epoch| epoch.is_finite()) {
            map.serialize_entry("epoch", &epoch)?;
        }
        if let Some(time) = self.wall_time.filter(|time| time.is_finite()) {
            map.serialize_entry("wallTime", &time)?;
        }
        map.serialize_entry("metric", &self.metric)?;
        map.serialize_entry("value", &series::number(self.value))?;
        map.end()
    }
}

/// A checkpoint that the run wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Checkpoint {
    /// The step after which it was written.
    pub step: i64,
    /// Its folder or file: relative to the root where it is there, else as the trainer names it.
    pub path: Untrusted,
    /// `dirHash` of the folder or `sha256` of the file, where it is there and could be read whole.
    #[serde(skip_serializing_if = "DigestSet::is_empty")]
    pub digest: DigestSet,
}

/// Records, and what looks like one and could not be read.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// In the order of their paths.
    pub records: Vec<Record>,
    /// What looks like a record and could not be read, with the reason.
    pub unread: Vec<(Untrusted, String)>,
}

/// Reads the training records of a file or folder. Checkpoints (`checkpoint-<step>`) that stand in
/// the folder are digested.
pub fn read(tree: &Tree) -> Found {
    let mut found = Found::default();
    for entry in &tree.entries {
        let EntryKind::File(file) = &entry.kind else { continue };
        let path = entry.path.raw();
        if let Some(record) = one(tree, file, path, &mut found.unread) {
            found.records.push(record);
        }
    }
    checkpoints(tree, &mut found.records);
    for record in &mut found.records {
        oddity::judge(record);
    }
    found
}

fn one(
    tree: &Tree,
    file: &FileEntry,
    path: &str,
    unread: &mut Vec<(Untrusted, String)>,
) -> Option<Record> {
    let name = base(path);
    let mut told = |because: String| unread.push((path.into(), because));
    let source = match tree.open(file, true) {
        Ok(source) => Arc::new(source),
        Err(trouble) => {
            if is_named_like_one(name) {
                told(trouble.to_string());
            }
            return None;
        }
    };
    let blob = Blob::new(source.clone());
    let record = match name {
        "trainer_state.json" => trainer::read(&blob, path),
        "meta.yaml" => return mlflow::read(tree, &blob, path, unread),
        "wandb-summary.json" => return wandb::summary(tree, &blob, path),
        _ if is_sqlite(&blob) && name.contains("mlflow") => {
            let because = "a database of MLflow; runs of its file store are read (`mlflow \
                           migrate-filestore` tells of both)";
            told(because.to_owned());
            return None;
        }
        _ => match formats::identify::training_record(&blob) {
            Some(Format::TensorBoard) => Some(tensorboard::read(&blob, path)),
            Some(Format::Wandb) => Some(wandb::read(&blob, path)),
            _ => None,
        },
    };
    let mut record = record?;
    match source.finish() {
        Ok(Some(digests)) => {
            record.digest = [("sha256".to_owned(), digests.sha256)].into();
            Some(record)
        }
        Ok(None) => None,
        Err(trouble) => {
            told(trouble.to_string());
            None
        }
    }
}

fn is_named_like_one(name: &str) -> bool {
    name == "trainer_state.json" || name.contains("tfevents") || name.ends_with(".wandb")
}

fn is_sqlite(blob: &Blob) -> bool {
    blob.array_at(0) == Some(*b"SQLite format 3\0")
}

/// The last part of a path.
fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The folder that a path stands in, with its slash; empty at the root.
fn folder(path: &str) -> &str {
    path.rfind('/').and_then(|at| path.get(..=at)).unwrap_or_default()
}

/// Adds the folders `checkpoint-<step>` beside or around each record of Hugging Face.
fn checkpoints(tree: &Tree, records: &mut [Record]) {
    let of_trainer = |record: &&mut Record| record.source == Source::HuggingFace;
    if records.iter_mut().find(of_trainer).is_none() {
        return;
    }
    let mut folders: Vec<(i64, String)> = Vec::new();
    for entry in &tree.entries {
        let path = entry.path.raw();
        for (at, _) in path.match_indices('/') {
            let Some(around) = path.get(..at) else { continue };
            if let Some(step) = base(around).strip_prefix("checkpoint-")
                && let Ok(step) = step.parse()
                && !folders.iter().any(|(_, known)| known == around)
            {
                folders.push((step, around.to_owned()));
            }
        }
    }
    folders.sort();
    if folders.is_empty() {
        return;
    }
    for record in records.iter_mut().filter(|record| record.source == Source::HuggingFace) {
        let own = folder(record.path.raw()).trim_end_matches('/');
        // The state of a checkpoint stands inside it; the other checkpoints are its neighbours.
        let around = if base(own).starts_with("checkpoint-") { folder(own) } else { own };
        let around = around.trim_end_matches('/').to_owned();
        for (step, path) in &folders {
            if folder(path).trim_end_matches('/') == around {
                let digest = digest_of(tree, path, |_| true);
                record.checkpoints.push(Checkpoint {
                    step: *step,
                    path: path.as_str().into(),
                    digest,
                });
            }
        }
    }
}

/// The `dirHash` of the files of a folder that are asked for by their path in it; nothing where one
/// of them has no digest.
fn digest_of(tree: &Tree, folder: &str, asked: impl Fn(&str) -> bool) -> DigestSet {
    let mut part = Manifest::default();
    for entry in &tree.entries {
        let inner = entry.path.raw().strip_prefix(folder).and_then(|rest| rest.strip_prefix('/'));
        let Some(name) = inner.filter(|name| asked(name)) else { continue };
        let file = match &entry.kind {
            EntryKind::File(file) if entry.utf8 => file,
            // What a link leads to is digested under its own path.
            EntryKind::Alias { .. } => continue,
            _ => return DigestSet::new(),
        };
        let digests = tree.open(file, true).and_then(|source| source.finish()).ok().flatten();
        let Some(sha256) = digests.and_then(|digests| hex::decode(&digests.sha256)) else {
            return DigestSet::new();
        };
        let mut digests = Digests::default();
        digests.set(Algorithm::Sha256, sha256);
        let (bytes, mode) = (file.len, file.mode);
        part.files.push(File {
            path: name.into(),
            utf8: true,
            bytes,
            mode,
            digests,
            cached: false,
        });
    }
    part.files.sort_by(|a, b| a.path.raw().cmp(b.path.raw()));
    let hash = part.dir_hash().ok();
    hash.map(|hash| (DIR_HASH.to_owned(), hash)).into_iter().collect()
}
