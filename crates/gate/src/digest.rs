//! The digests of a source, and what it is held against.

use std::path::Path;

use artifact::tree::{self, Tree};
use provenance::manifest::{Algorithm, Cache, Manifest, Options, Order};
use provenance::reconcile::{
    self, Kind, Source, State, Table, declared, needed, render_json, render_text, sums_line,
};
use serde_json::{Map, Value, json};
use vocabulary::{Untrusted, escape};

use crate::{Error, Verdict};

/// The version of the form of [`Digested::json`].
const SCHEMA: &str = "weighbridge.digest/1";

/// What to digest, and how.
#[derive(Clone, Debug)]
pub struct DigestRequest<'a> {
    /// The file or folder.
    pub source: &'a Path,
    /// What is computed of each file.
    pub algorithms: Vec<Algorithm>,
    /// What it is held against; empty: nothing.
    pub identities: Vec<Source>,
    /// Where digests are kept. What it holds counts where nothing is held against the source. Whoever
    /// opened it saves it.
    pub cache: Option<&'a Cache>,
    /// Processors that share the work; as many as there are where it is not told.
    pub jobs: Option<usize>,
    /// The most files that are listed.
    pub max_files: u64,
}

/// The digests of a source, and what it was held against.
#[derive(Clone, Debug)]
pub struct Digested {
    label: Untrusted,
    algorithms: Vec<Algorithm>,
    manifest: Manifest,
    table: Option<Table>,
}

/// Digests a source: every file is read once.
pub fn digest(request: &DigestRequest<'_>) -> Result<Digested, Error> {
    let tree = tree::open(request.source, request.max_files)?;
    let label = Untrusted::from_bytes(request.source.as_os_str().as_encoded_bytes());
    let mut sources = request.identities.clone();
    if !sources.is_empty() {
        beside(&mut sources, request.source);
        sources.extend(declared::sources(&tree));
    }
    let algorithms = request.algorithms.clone();
    let also = needed(&sources, &tree);
    let options = Options {
        algorithms,
        also,
        cache: request.cache,
        trust_cache: sources.is_empty(),
        jobs: request.jobs,
        ..Options::default()
    };
    let manifest = Manifest::with(&tree, &options);
    let table = (!sources.is_empty()).then(|| Table::of(&manifest, sources));
    Ok(Digested { label, algorithms: options.algorithms, manifest, table })
}

/// Lists a source, beneath a folder where one is named.
pub(crate) fn listed(source: &Path, beneath: Option<&Path>, most: u64) -> Result<Tree, Error> {
    Ok(match beneath {
        Some(folder) => tree::open_beneath(folder, source, most)?,
        None => tree::open(source, most)?,
    })
}

/// Reads a source and gives what names it: `dirHash:<hex>`, or `sha256:<hex>` of a single file, as a
/// report tells it. The error says why it has no name.
pub fn artifact_of(
    source: &Path,
    beneath: Option<&Path>,
    max_files: u64,
    jobs: Option<usize>,
) -> Result<String, Error> {
    let tree = listed(source, beneath, max_files)?;
    let algorithms = vec![Algorithm::Sha256];
    let manifest = Manifest::with(&tree, &Options { algorithms, jobs, ..Options::default() });
    let digests = manifest.subject_digests()?;
    let scheme = if tree.single { "sha256" } else { "dirHash" };
    Ok(format!("{scheme}:{}", digests.get(scheme).map_or("", String::as_str)))
}

/// Documents that lie beside a folder speak of it by its name.
pub(crate) fn beside(sources: &mut [Source], artifact: &Path) {
    let Some(name) = artifact.file_name().and_then(|name| name.to_str()) else { return };
    for source in sources {
        source.beside(name);
    }
}

/// A digest of the whole: its name, itself or why there is none, and what it covers.
type Whole = (&'static str, Result<String, String>, &'static str);

impl Digested {
    /// `refuse` where something contradicts what was given, `undecided` where something was not
    /// read, could not be compared, or is covered by nothing that was given.
    pub fn verdict(&self) -> Verdict {
        let unread = self.manifest.uncovered.iter().any(|one| one.alias.is_none());
        let Some(table) = &self.table else {
            let undecided = unread || self.manifest.files.is_empty();
            return if undecided { Verdict::Undecided } else { Verdict::Admit };
        };
        if table.contradictions().next().is_some() {
            return Verdict::Refuse;
        }
        let open = table.idle().any(|source| !source.declared)
            || table.sources.iter().any(|source| !source.declared && !source.faults.is_empty())
            || table.rows.iter().any(|row| {
                let source = table.sources.get(row.source);
                matches!(row.state, State::Unchecked { .. })
                    && source.is_some_and(|source| source.kind == Kind::Expectation)
            })
            || !table.uncovered.is_empty()
            || !table.unproved.is_empty();
        if unread || open { Verdict::Undecided } else { Verdict::Admit }
    }

    fn wholes(&self) -> Vec<Whole> {
        if !self.algorithms.contains(&Algorithm::Sha256) {
            return Vec::new();
        }
        let said = |result: Result<String, provenance::Error>| result.map_err(|e| e.to_string());
        let root = said(self.manifest.oms_root(Order::CodePoints));
        let parts = said(self.manifest.oms_root(Order::Parts));
        let mut wholes =
            vec![("dirHash", said(self.manifest.dir_hash()), "content and names of all files")];
        if parts.is_ok() && parts != root {
            wholes.push(("oms", root, "content of all files, not their names; by code points"));
            let what = "the same by the parts of paths, as the Python package orders them";
            wholes.push(("oms-by-parts", parts, what));
        } else {
            wholes.push(("oms", root, "content of all files, not their names"));
        }
        wholes
    }

    /// For people. `all` cuts no list.
    pub fn text(&self, all: bool) -> String {
        let bytes =
            self.manifest.files.iter().fold(0u64, |sum, file| sum.saturating_add(file.bytes));
        let (files, noun) = (self.manifest.files.len(), plural(self.manifest.files.len(), "file"));
        let mut text = format!("{} ({files} {noun}, {bytes} bytes)\n", self.label);
        for (name, digest, what) in self.wholes() {
            match digest {
                Ok(digest) => text.push_str(&format!("  {name:13}{digest}  {what}\n")),
                Err(because) => text.push_str(&format!("  {name:13}none: {}\n", escape(&because))),
            }
        }
        for file in &self.manifest.files {
            let cached = if file.cached { "  not read anew: from the cache" } else { "" };
            text.push_str(&format!("{}{cached}\n", file.path));
            for algorithm in &self.algorithms {
                if let Some(digest) = file.digests.get(*algorithm) {
                    let hex = provenance::hex::encode(digest);
                    let weak = if algorithm.is_weak() { "  weak" } else { "" };
                    text.push_str(&format!("  {:13}{hex}{weak}\n", algorithm.name()));
                }
            }
        }
        text.push_str("\ncovered by no digest:\n");
        for one in &self.manifest.uncovered {
            text.push_str(&format!("  {}: {}\n", one.path, escape(&one.because)));
        }
        for folder in &self.manifest.empty_folders {
            text.push_str(&format!("  {folder}: an empty folder\n"));
        }
        let executable = self.executable();
        if executable > 0 {
            let noun = plural(executable, "file");
            text.push_str(&format!("  that {executable} {noun} may be executed\n"));
        }
        text.push_str("  permission bits, owners, times, extended attributes\n");
        if let Some(table) = &self.table {
            text.push_str(&render_text(table, all));
        }
        text
    }

    fn executable(&self) -> usize {
        self.manifest.files.iter().filter(|file| file.mode & 0o111 != 0).count()
    }

    /// As data.
    pub fn json(&self) -> Value {
        let hexes = |digests: &provenance::manifest::Digests| {
            let of = |(algorithm, digest): (Algorithm, &[u8])| {
                (algorithm.name().to_owned(), provenance::hex::encode(digest).into())
            };
            Value::Object(digests.iter().map(of).collect())
        };
        let files: Vec<Value> = self
            .manifest
            .files
            .iter()
            .map(|file| {
                json!({
                    "path": file.path,
                    "bytes": file.bytes,
                    "digests": hexes(&file.digests),
                    "read_anew": !file.cached,
                })
            })
            .collect();
        let (mut digests, mut none) = (Map::new(), Map::new());
        for (name, digest, _) in self.wholes() {
            match digest {
                Ok(digest) => digests.insert(name.to_owned(), digest.into()),
                Err(because) => none.insert(name.to_owned(), escape(&because).into()),
            };
        }
        let uncovered: Vec<Value> = self
            .manifest
            .uncovered
            .iter()
            .map(|one| json!({ "path": one.path, "because": escape(&one.because) }))
            .collect();
        json!({
            "schema": SCHEMA,
            "source": self.label,
            "verdict": self.verdict().word(),
            "digests": digests,
            "no_digests": none,
            "files": files,
            "uncovered": uncovered,
            "empty_folders": self.manifest.empty_folders,
            "executable_files": self.executable(),
            "against": self.table.as_ref().map(render_json),
        })
    }

    /// The lines of `sha256sum`, `b3sum` and their relatives.
    pub fn sums(&self, algorithm: Algorithm) -> String {
        let mut text = String::new();
        for file in &self.manifest.files {
            if let Some(digest) = file.digests.get(algorithm) {
                text.push_str(&sums_line(&provenance::hex::encode(digest), file.path.raw()));
            }
        }
        text
    }

    /// One digest of the whole (`dirHash` or `oms`) and the label, as one line; the error says why
    /// there is none.
    pub fn whole(&self, name: &str) -> Result<String, String> {
        let found = self.wholes().into_iter().find(|(of, _, _)| *of == name);
        let (_, digest, _) = found.ok_or_else(|| "it was not computed".to_owned())?;
        Ok(format!("{}  {}\n", digest?, self.label))
    }

    /// What no digest covers, for people, where a form of output has no room for it.
    pub fn untold(&self) -> Vec<String> {
        let uncovered = self.manifest.uncovered.iter();
        uncovered.map(|one| format!("{}: {}", one.path, escape(&one.because))).collect()
    }
}

fn plural(count: usize, noun: &str) -> String {
    if count == 1 { noun.to_owned() } else { format!("{noun}s") }
}

/// Reads a document that a person gave: `--against`, `--expect-hf`.
pub fn identity(path: &Path, hub: bool) -> Result<Source, Error> {
    let bytes = provenance::files::read(path, reconcile::MAX_LEN)?;
    let name = Untrusted::from_bytes(path.as_os_str().as_encoded_bytes());
    let read = if hub { reconcile::read_hub } else { reconcile::read };
    Ok(read(name.raw(), &bytes)?)
}
