use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use artifact::tree::{EntryKind, Tree};
use vocabulary::Untrusted;

use super::{Claim, Kind, Of, Says, Source, dvc, hub};
use crate::hex;
use crate::manifest::{Algorithm, File, Manifest, Order, Uncovered};

/// Every claim of every source, and what became of it.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// The sources, in the order in which rows number them.
    pub sources: Vec<Source>,
    /// One row a claim, by path.
    pub rows: Vec<Row>,
    /// Files of which no source gives a digest that could be compared.
    pub uncovered: Vec<Untrusted>,
    /// Files of which only the artifact itself gives one.
    pub unproved: Vec<Untrusted>,
    /// Files of which what was given has only digests of which two contents can share one on purpose.
    pub weakly: Vec<Untrusted>,
}

/// A claim and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The path; none for the artifact as a whole.
    pub path: Option<Untrusted>,
    /// The number of the source.
    pub source: usize,
    /// What was compared: an algorithm, `dirHash`, `oms`, or the name of what cannot be.
    pub what: String,
    /// Whether two contents with the same digest can be made on purpose.
    pub weak: bool,
    /// Which bytes it covers.
    pub covers: &'static str,
    /// What became of it.
    pub state: State,
}

/// What became of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It is so.
    Agrees,
    /// It is not so.
    Differs {
        /// What is said.
        said: String,
        /// What is.
        is: String,
    },
    /// What it speaks of is not there.
    Missing,
    /// It cannot be checked here.
    Unchecked {
        /// Why.
        because: String,
    },
}

impl State {
    /// The word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Agrees => "agrees",
            Self::Differs { .. } => "differs",
            Self::Missing => "missing",
            Self::Unchecked { .. } => "unchecked",
        }
    }

    fn of(said: &[u8], is: &[u8]) -> Self {
        if said == is {
            Self::Agrees
        } else {
            Self::Differs { said: hex::encode(said), is: hex::encode(is) }
        }
    }

    fn unchecked(because: impl Into<String>) -> Self {
        Self::Unchecked { because: because.into() }
    }
}

const CONTENT: &str = "the content";
const CONTENT_AND_LENGTH: &str = "the content and its length";
const ALL_NAMED: &str = "the content of all files, and their names";
const ALL_UNNAMED: &str = "the content of all files, not their names";

/// Claims about folders that are looked at: each goes through every file of its folder.
const MAX_FOLDERS: usize = 1000;

/// What has to be computed of which entry of a tree, so that the claims can be checked.
pub fn needed(sources: &[Source], tree: &Tree) -> BTreeMap<usize, BTreeSet<Algorithm>> {
    let by_path: BTreeMap<&str, usize> =
        tree.entries.iter().enumerate().map(|(n, entry)| (entry.path.raw(), n)).collect();
    let find = |path: &str| {
        if tree.single {
            return by_path.values().next().copied();
        }
        let number = by_path.get(path).copied()?;
        match &tree.entries.get(number)?.kind {
            EntryKind::Alias { target } => by_path.get(target.raw()).copied(),
            _ => Some(number),
        }
    };
    let mut folders = 0usize;
    let mut needed: BTreeMap<usize, BTreeSet<Algorithm>> = BTreeMap::new();
    for claim in sources.iter().flat_map(|source| &source.claims) {
        let algorithm = match &claim.says {
            Says::Digest { algorithm, .. } => *algorithm,
            Says::DirHash(_) | Says::OmsRoot(_) | Says::Pointer(_) => Algorithm::Sha256,
            Says::DvcList(_) | Says::DvcOldMd5(_) => Algorithm::Md5,
            Says::Unchecked { .. } => continue,
        };
        let numbers: Vec<usize> = match &claim.of {
            Of::File(path) => find(path).into_iter().collect(),
            Of::Unnamed if tree.single => vec![0],
            Of::Whole => (0..tree.entries.len()).collect(),
            Of::Folder(folder) if folders < MAX_FOLDERS => {
                folders = folders.saturating_add(1);
                let inside = by_path.range(folder.as_str()..);
                inside
                    .take_while(|(path, _)| path.starts_with(folder.as_str()))
                    .filter(|(path, _)| is_inside(folder, path))
                    .map(|(_, number)| *number)
                    .collect()
            }
            Of::Unnamed | Of::Outside(_) | Of::Folder(_) => continue,
        };
        for number in numbers {
            needed.entry(number).or_default().insert(algorithm);
        }
    }
    needed
}

fn is_inside(folder: &str, path: &str) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

impl Table {
    /// Holds sources against a manifest, which has the digests that [`needed`] asked for.
    pub fn of(manifest: &Manifest, sources: Vec<Source>) -> Self {
        let mut table = Self::default();
        let (mut given, mut declared) = (Covered::new(), Covered::new());
        let links: BTreeMap<&str, &Uncovered> =
            manifest.uncovered.iter().map(|one| (one.path.raw(), one)).collect();
        let folders = Cell::new(0usize);
        for (number, source) in sources.iter().enumerate() {
            let judge = Judge { manifest, source, number, links: &links, folders: &folders };
            let covered = if source.declared { &mut declared } else { &mut given };
            judge.all(&mut table.rows, covered);
        }
        table.rows.sort_by(|a, b| (&a.path, a.source).cmp(&(&b.path, b.source)));
        let documents: BTreeSet<&str> =
            sources.iter().flat_map(|source| source.documents.iter().map(String::as_str)).collect();
        for file in &manifest.files {
            let path = file.path.raw();
            match given.get(path) {
                Some(false) => continue,
                Some(true) => {
                    table.weakly.push(file.path.clone());
                    continue;
                }
                None => {}
            }
            if declared.contains_key(path) {
                table.unproved.push(file.path.clone());
            } else if !documents.contains(path) {
                table.uncovered.push(file.path.clone());
            }
        }
        table.sources = sources;
        table
    }

    /// The rows that contradict the artifact: it is not so, or not there.
    pub fn contradictions(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| matches!(row.state, State::Differs { .. } | State::Missing))
    }

    /// The sources of which nothing could be compared.
    pub fn idle(&self) -> impl Iterator<Item = &Source> {
        let compared = |number: usize| {
            self.rows
                .iter()
                .any(|row| row.source == number && !matches!(row.state, State::Unchecked { .. }))
        };
        let numbered = self.sources.iter().enumerate();
        numbered.filter(move |(number, _)| !compared(*number)).map(|(_, source)| source)
    }
}

/// Files that a digest was compared with, and whether only by weak ones.
type Covered<'a> = BTreeMap<&'a str, bool>;

fn cover<'a>(covered: &mut Covered<'a>, path: &'a str, weak: bool) {
    let weakly = covered.entry(path).or_insert(true);
    *weakly &= weak;
}

struct Judge<'a> {
    manifest: &'a Manifest,
    source: &'a Source,
    number: usize,
    /// What is no file, by path.
    links: &'a BTreeMap<&'a str, &'a Uncovered>,
    /// Claims about folders so far.
    folders: &'a Cell<usize>,
}

/// What a claim's path leads to.
enum Place<'a> {
    File(&'a File),
    /// Not a part of what is looked at: the other files of a list, where one file is.
    Elsewhere,
    /// Nothing that could be compared.
    Not(State),
}

impl<'a> Judge<'a> {
    fn all(&self, rows: &mut Vec<Row>, covered: &mut Covered<'a>) {
        let before = rows.len();
        for claim in &self.source.claims {
            match &claim.of {
                Of::Whole => self.whole(claim, rows, covered),
                Of::Folder(folder) => self.folder(claim, folder, rows, covered),
                Of::File(_) | Of::Unnamed | Of::Outside(_) => self.file(claim, rows, covered),
            }
        }
        if rows.len() == before {
            let because = "nothing in it speaks of this artifact";
            rows.push(self.row(None, "-", false, "nothing", State::unchecked(because)));
        }
    }

    fn row(
        &self,
        path: Option<Untrusted>,
        what: &str,
        weak: bool,
        covers: &'static str,
        state: State,
    ) -> Row {
        Row { path, source: self.number, what: what.to_owned(), weak, covers, state }
    }

    fn whole(&self, claim: &'a Claim, rows: &mut Vec<Row>, covered: &mut Covered<'a>) {
        let (what, weak, covers, state) = match &claim.says {
            Says::Digest { algorithm, digest } => {
                let state = match self.manifest.files.first() {
                    Some(file) if self.manifest.single => compare(file, *algorithm, digest),
                    _ if self.manifest.single => State::unchecked(self.unread()),
                    _ => State::unchecked(
                        "a folder has no such digest; give its `dirHash:` or its `oms:`",
                    ),
                };
                (algorithm.name(), algorithm.is_weak(), covers_of(*algorithm), state)
            }
            Says::DirHash(said) => {
                let state = match self.manifest.dir_hash() {
                    Ok(is) => State::of(said, &hex::decode(&is).unwrap_or_default()),
                    Err(error) => State::unchecked(error.to_string()),
                };
                ("dirHash", false, ALL_NAMED, state)
            }
            Says::OmsRoot(said) => {
                let of = |order| self.manifest.oms_root(order);
                let state = match (of(Order::CodePoints), of(Order::Parts)) {
                    (Ok(one), Ok(other)) => {
                        let said = hex::encode(said);
                        if said == one || said == other {
                            State::Agrees
                        } else {
                            State::Differs { said, is: one }
                        }
                    }
                    (Err(error), _) | (_, Err(error)) => State::unchecked(error.to_string()),
                };
                ("oms", false, ALL_UNNAMED, state)
            }
            Says::Pointer(_) | Says::DvcList(_) | Says::DvcOldMd5(_) | Says::Unchecked { .. } => {
                return;
            }
        };
        if matches!(state, State::Agrees | State::Differs { .. }) {
            for file in &self.manifest.files {
                cover(covered, file.path.raw(), weak);
            }
        }
        rows.push(self.row(None, what, weak, covers, state));
    }

    fn unread(&self) -> String {
        let first = self.manifest.uncovered.first();
        first.map_or_else(|| "it was not read".to_owned(), |one| one.because.clone())
    }

    fn folder(
        &self,
        claim: &'a Claim,
        folder: &str,
        rows: &mut Vec<Row>,
        covered: &mut Covered<'a>,
    ) {
        let Says::DvcList(said) = &claim.says else { return };
        let files = &self.manifest.files;
        let from = files.partition_point(|file| file.path.raw() < folder);
        let begins = files.iter().skip(from).take_while(|file| file.path.raw().starts_with(folder));
        let inside: Vec<&File> = if self.folders.get() < MAX_FOLDERS {
            begins.filter(|file| is_inside(folder, file.path.raw())).collect()
        } else {
            Vec::new()
        };
        self.folders.set(self.folders.get().saturating_add(1));
        let state = if self.folders.get() > MAX_FOLDERS {
            State::unchecked("more folders are listed than are looked at")
        } else if inside.is_empty() {
            absent(claim)
        } else {
            match dvc::list(folder, inside.iter().copied()) {
                None => State::unchecked("the MD5 of its files was not computed"),
                Some(list) => {
                    let is = crate::manifest::of_bytes(Algorithm::Md5, list.as_bytes());
                    for file in &inside {
                        cover(covered, file.path.raw(), true);
                    }
                    State::of(said, &is)
                }
            }
        };
        let path = if folder.is_empty() { "." } else { folder };
        let covers = "the content of the folder's files, and their names";
        rows.push(self.row(Some(path.into()), "md5 of a list", true, covers, state));
    }

    fn place(&self, claim: &'a Claim) -> Place<'a> {
        let manifest = self.manifest;
        let only = || match manifest.files.first() {
            Some(file) => Place::File(file),
            None => Place::Not(State::unchecked(self.unread())),
        };
        match &claim.of {
            Of::Unnamed if manifest.single => only(),
            Of::Unnamed => Place::Not(State::unchecked("it does not say which file it means")),
            Of::Outside(_) => Place::Not(State::unchecked("it leads out of the artifact")),
            Of::File(path) if manifest.single => {
                let own = manifest.files.first().map(|file| file.path.raw());
                let own = own.or(manifest.uncovered.first().map(|one| one.path.raw()));
                if own == path.rsplit('/').next() { only() } else { Place::Elsewhere }
            }
            Of::File(path) => {
                if let Some(file) = manifest.file(path) {
                    return Place::File(file);
                }
                let Some(one) = self.links.get(path.as_str()) else {
                    return Place::Not(absent(claim));
                };
                let target = one.alias.as_ref().and_then(|target| manifest.file(target.raw()));
                target.map_or_else(|| Place::Not(State::unchecked(&*one.because)), Place::File)
            }
            Of::Whole | Of::Folder(_) => Place::Elsewhere,
        }
    }

    fn file(&self, claim: &'a Claim, rows: &mut Vec<Row>, covered: &mut Covered<'a>) {
        let named = match &claim.of {
            Of::File(path) | Of::Folder(path) | Of::Outside(path) => {
                Some(Untrusted::new(path.clone()))
            }
            Of::Whole | Of::Unnamed => None,
        };
        let (file, path) = match self.place(claim) {
            Place::Elsewhere => return,
            Place::File(file) => (file, Some(file.path.clone())),
            Place::Not(state) => {
                let (what, weak, covers) = about(&claim.says);
                let state = match &claim.says {
                    Says::Unchecked { because, .. } => State::unchecked(*because),
                    _ => state,
                };
                rows.push(self.row(named, &what, weak, covers, state));
                return;
            }
        };
        // Of a pointer, there is one document.
        let is_document = self.source.kind == Kind::LfsPointer
            && self.source.documents.iter().any(|one| one == file.path.raw());
        if let Some(bytes) = claim.bytes.filter(|bytes| *bytes != file.bytes && !is_document) {
            let state = State::Differs { said: bytes.to_string(), is: file.bytes.to_string() };
            rows.push(self.row(path.clone(), "length", true, "the length", state));
        }
        let state = match &claim.says {
            _ if is_document => State::unchecked("the pointer stands here in place of the file"),
            Says::Digest { algorithm, digest } => compare(file, *algorithm, digest),
            Says::DvcOldMd5(digest) => match compare(file, Algorithm::Md5, digest) {
                State::Differs { .. } => State::unchecked(
                    "before DVC 3 the MD5 of a text was taken with its line ends changed",
                ),
                other => other,
            },
            Says::Pointer(digest) => pointer(file, digest),
            Says::Unchecked { because, .. } => State::unchecked(*because),
            Says::DirHash(_) | Says::OmsRoot(_) | Says::DvcList(_) => return,
        };
        let content = matches!(claim.says, Says::Digest { .. } | Says::DvcOldMd5(_));
        let (what, weak, covers) = about(&claim.says);
        if content && matches!(state, State::Agrees | State::Differs { .. }) {
            cover(covered, file.path.raw(), weak);
        }
        rows.push(self.row(path, &what, weak, covers, state));
    }
}

fn absent(claim: &Claim) -> State {
    if claim.optional {
        State::unchecked("it is no part of what is looked at")
    } else {
        State::Missing
    }
}

fn covers_of(algorithm: Algorithm) -> &'static str {
    if algorithm == Algorithm::GitSha1 { CONTENT_AND_LENGTH } else { CONTENT }
}

/// What a claim compares, whether that is weak, and which bytes it covers.
fn about(says: &Says) -> (String, bool, &'static str) {
    match says {
        Says::Digest { algorithm, .. } => {
            (algorithm.name().to_owned(), algorithm.is_weak(), covers_of(*algorithm))
        }
        Says::DirHash(_) => ("dirHash".to_owned(), false, ALL_NAMED),
        Says::OmsRoot(_) => ("oms".to_owned(), false, ALL_UNNAMED),
        Says::Pointer(_) => {
            let covers = "the LFS pointer: the SHA-256 of the content, and its length";
            ("git-sha1 of the pointer".to_owned(), true, covers)
        }
        Says::DvcList(_) => ("md5 of a list".to_owned(), true, ALL_NAMED),
        Says::DvcOldMd5(_) => ("md5".to_owned(), true, CONTENT),
        Says::Unchecked { what, .. } => (what.clone(), false, "nothing here"),
    }
}

fn compare(file: &File, algorithm: Algorithm, said: &[u8]) -> State {
    match file.digests.get(algorithm) {
        Some(is) => State::of(said, is),
        None => State::unchecked("the digest was not computed"),
    }
}

/// The pointer that git keeps in place of a file has one form; where it has another, the digest of
/// the content still tells.
fn pointer(file: &File, said: &[u8]) -> State {
    let Some(sha256) = file.sha256() else {
        return State::unchecked("the digest was not computed");
    };
    let pointer = hub::pointer_of(&hex::encode(&sha256), file.bytes);
    if crate::manifest::of_bytes(Algorithm::GitSha1, pointer.as_bytes()) == said {
        State::Agrees
    } else {
        State::unchecked("the pointer was written in another form, or the content differs")
    }
}

impl Source {
    /// What it is and where it comes from, for people.
    pub fn described(&self) -> String {
        let by = match self.kind {
            Kind::Expectation => "",
            _ if self.declared => ", declared by the artifact",
            _ => ", given",
        };
        format!("{} ({}{by})", vocabulary::escape(&self.name), self.kind.name())
    }
}
