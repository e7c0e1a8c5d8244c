use std::collections::BTreeMap;
use std::io::ErrorKind;

use super::checkpoint::Checkpoint;
use super::leaf::{Document, Leaf};
use super::merkle::{self, Edge, Hash};
use super::note::{MAX_NOTE, Note, Vkey};
use super::tiles::{self, LOG_WIDTH, WIDTH};
use super::view::{self, View};
use super::{Error, pending};

/// The most faults that are listed.
const MAX_FAULTS: usize = 1000;

/// What computing a whole log anew gave.
#[derive(Clone, Debug)]
pub struct Audit {
    /// The newest checkpoint, as it stands.
    pub checkpoint: Checkpoint,
    /// Who signed it.
    pub signed: Signed,
    /// How many entries were read.
    pub entries: u64,
    /// How many documents were read.
    pub documents: u64,
    /// How many earlier checkpoints were held against the tree.
    pub history: u64,
    /// How many entries are promised their places and not yet published; the next writer does it.
    pub pending: u64,
    /// What does not fit, in the order in which it was met.
    pub faults: Vec<Fault>,
    /// How many more there are.
    pub more: u64,
}

/// Whose signature a checkpoint has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signed {
    /// A key of the caller's.
    By(String),
    /// The caller named no key, so nobody verified it.
    Unverified,
    /// None of the caller's keys.
    ByNobody,
}

/// Something that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub what: String,
    /// What is wrong.
    pub because: String,
}

impl Audit {
    /// Whether everything fits, and a key of the caller's signed it.
    pub fn holds(&self) -> bool {
        self.faults.is_empty() && matches!(self.signed, Signed::By(_))
    }

    fn fault(&mut self, what: impl Into<String>, because: impl Into<String>) {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(Fault { what: what.into(), because: because.into() });
        } else {
            self.more = self.more.saturating_add(1);
        }
    }

    /// Keeps what is wrong with the log; what is wrong with the machine ends the audit.
    fn take<T>(&mut self, read: Result<T, Error>) -> Result<Option<T>, Error> {
        match read {
            Ok(read) => Ok(Some(read)),
            Err(Error::Damaged { what, because } | Error::Malformed { what, because }) => {
                self.fault(what, because);
                Ok(None)
            }
            // What stands there is no file of a log: too long, or a folder.
            Err(Error::Storage { name, source, .. })
                if matches!(source.kind(), ErrorKind::FileTooLarge | ErrorKind::InvalidData) =>
            {
                self.fault(name, source.to_string());
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// A checkpoint of the history, or one that the caller remembers, to be held against the tree.
struct Claim {
    what: String,
    root: Hash,
}

pub(super) fn audit(
    view: &View,
    keys: &[&Vkey],
    before: Option<&Checkpoint>,
) -> Result<Audit, Error> {
    // Listed first: whatever a writer publishes meanwhile is not older than the checkpoint.
    let mut names = view.storage().list(view::HISTORY)?;
    names.sort_unstable();
    let (note, checkpoint) = view.checkpoint()?;
    let mut audit = Audit {
        signed: Signed::Unverified,
        checkpoint,
        entries: 0,
        documents: 0,
        history: 0,
        pending: 0,
        faults: Vec::new(),
        more: 0,
    };
    audit.signed = who_signed(&mut audit, "checkpoint", &note, keys)?;
    let size = audit.checkpoint.size;
    audit.pending = promised(view, &mut audit, size)?;
    let mut claims = history(view, &mut audit, keys, names)?;
    if let Some(before) = before {
        let what = "the checkpoint that is remembered".to_owned();
        if before.size > size {
            let because = format!("it has {} entries, the log has {size}", before.size);
            audit.fault(&*what, because);
        }
        claims.entry(before.size).or_default().push(Claim { what, root: before.root });
    }
    let edge = recompute(view, &mut audit, &claims)?;
    if edge.is_some_and(|edge| edge.root() != audit.checkpoint.root) {
        audit.fault("checkpoint", "its root is not that of the tree");
    }
    Ok(audit)
}

fn who_signed(audit: &mut Audit, what: &str, note: &Note, keys: &[&Vkey]) -> Result<Signed, Error> {
    if keys.is_empty() {
        return Ok(Signed::Unverified);
    }
    let origin = note.text.lines().next().unwrap_or_default().to_owned();
    let keys: Vec<&Vkey> = keys.iter().copied().filter(|key| key.name() == origin).collect();
    let verified = audit.take(note.verified(&keys))?;
    if let Some((key, _)) = verified.as_deref().and_then(<[_]>::first) {
        return Ok(Signed::By(key.to_string()));
    }
    if verified.is_some() {
        audit.fault(what, "no key that was given signed it");
    }
    Ok(Signed::ByNobody)
}

/// How many entries are promised.
fn promised(view: &View, audit: &mut Audit, size: u64) -> Result<u64, Error> {
    let path = pending::path(size);
    let Some(bytes) = view.storage().read(&path, pending::MAX)? else { return Ok(0) };
    let entries = pending::peek(&bytes);
    if entries.is_none() {
        audit.fault(path, "it is no promise");
    }
    Ok(entries.unwrap_or_default())
}

/// The earlier checkpoints, by their sizes.
fn history(
    view: &View,
    audit: &mut Audit,
    keys: &[&Vkey],
    names: Vec<String>,
) -> Result<BTreeMap<u64, Vec<Claim>>, Error> {
    let mut claims: BTreeMap<u64, Vec<Claim>> = BTreeMap::new();
    let size = audit.checkpoint.size;
    for name in names {
        let path = format!("{}/{}", view::HISTORY, vocabulary::escape(&name));
        let Some(of) = name.parse().ok().filter(|of| view::history_path(*of).ends_with(&name))
        else {
            audit.fault(path, "it is no checkpoint of this log");
            continue;
        };
        let bytes = view.storage().read(&view::history_path(of), MAX_NOTE as u64);
        let Some(bytes) = audit.take(bytes)? else { continue };
        let note = Note::parse(&bytes.unwrap_or_default());
        let Some(note) = audit.take(note)? else { continue };
        let Some(said) = audit.take(Checkpoint::parse(&note.text))? else { continue };
        who_signed(audit, &path, &note, keys)?;
        if said.size != of || said.origin != audit.checkpoint.origin {
            audit.fault(path, "it is that of another tree or log");
        } else if of > size && audit.pending == 0 && view.checkpoint()?.1.size < of {
            // A writer that was ended leaves such a checkpoint, but its promise too; one that is at
            // work replaces the newest checkpoint next.
            audit.fault(path, format!("it was published, and the log has {size} entries"));
        } else {
            audit.history = audit.history.saturating_add(1);
            claims.entry(of).or_default().push(Claim { what: path, root: said.root });
        }
    }
    Ok(claims)
}

/// Reads every entry and every tile. `None` where the tree cannot be followed to its end.
fn recompute(
    view: &View,
    audit: &mut Audit,
    claims: &BTreeMap<u64, Vec<Claim>>,
) -> Result<Option<Edge>, Error> {
    let size = audit.checkpoint.size;
    let mut edge = Edge::default();
    hold_against(audit, claims, &edge);
    let mut bundle = 0;
    loop {
        let width = tiles::width_at(bundle, size);
        if width == 0 {
            break;
        }
        let Some(leaves) = bundle_leaves(view, audit, bundle, width)? else {
            audit.fault("the tree", format!("it cannot be followed beyond entry {}", edge.size));
            return Ok(None);
        };
        for leaf in leaves {
            for full in edge.push(leaf) {
                if full.level > 0 {
                    compare(view, audit, full.level, (full.index, WIDTH), &full.hashes)?;
                }
            }
            hold_against(audit, claims, &edge);
        }
        bundle = bundle.saturating_add(1);
    }
    let mut count = size;
    for (level, hashes) in (0..).zip(&edge.levels) {
        let (index, _) = tiles::bundle_of(count);
        let width = u16::try_from(hashes.len()).unwrap_or_default();
        if level > 0 && width > 0 {
            compare(view, audit, level, (index, width), hashes)?;
        }
        count >>= LOG_WIDTH;
    }
    Ok(Some(edge))
}

/// Holds a bundle of entries against its tile. Where the entries do not fit, the tree goes on with
/// the tile, so that what comes later is still looked at.
fn bundle_leaves(
    view: &View,
    audit: &mut Audit,
    bundle: u64,
    width: u16,
) -> Result<Option<Vec<Hash>>, Error> {
    let entries = tiles::read_entries(view.storage(), bundle, width);
    let entries = audit.take(entries)?;
    let tile = tiles::read_hashes(view.storage(), 0, bundle, width);
    let tile = audit.take(tile)?;
    if let Some(tile) = &tile {
        partials(
            view,
            audit,
            &tiles::tile_path(0, bundle, WIDTH),
            tile.iter().map(|hash| hash.to_vec()),
        )?;
    }
    let Some(entries) = entries else { return Ok(tile) };
    let path = tiles::entries_path(bundle, WIDTH);
    partials(view, audit, &path, entries.iter().map(|entry| tiles::joined(entry)))?;
    let leaves: Vec<Hash> = entries.iter().map(|entry| merkle::leaf_hash(entry)).collect();
    let first = bundle.saturating_mul(u64::from(WIDTH));
    for (index, (at, entry)) in (first..).zip(entries.iter().enumerate()) {
        audit.entries = audit.entries.saturating_add(1);
        let fits = tile.as_ref().is_none_or(|tile| tile.get(at) == leaves.get(at));
        if fits {
            look_at_document(view, audit, index, entry)?;
        } else {
            audit.fault(format!("entry {index}"), "it does not fit its hash in the tile");
        }
    }
    Ok(Some(tile.unwrap_or(leaves)))
}

fn look_at_document(view: &View, audit: &mut Audit, index: u64, entry: &[u8]) -> Result<(), Error> {
    let Some(leaf) = Leaf::parse(entry) else { return Ok(()) };
    let what = format!("entry {index}");
    let document = view.document(&leaf.bundle_sha256);
    match audit.take(document)? {
        Some(Some(bytes)) => {
            audit.documents = audit.documents.saturating_add(1);
            let fits = Document::parse(&what, &bytes).is_ok_and(|document| document.is_in(entry));
            if !fits {
                audit.fault(what, "it does not say what its document says");
            }
        }
        Some(None) => {
            let path = view::document_path(&vocabulary::escape(&leaf.bundle_sha256));
            audit.fault(what, format!("its document `{path}` is missing"));
        }
        None => {}
    }
    Ok(())
}

fn compare(
    view: &View,
    audit: &mut Audit,
    level: u8,
    (index, width): (u64, u16),
    hashes: &[Hash],
) -> Result<(), Error> {
    let tile = tiles::read_hashes(view.storage(), level, index, width);
    if let Some(tile) = audit.take(tile)?
        && tile != hashes
    {
        let path = tiles::tile_path(level, index, width);
        audit.fault(path, "its hashes are not those of the tiles below");
    }
    let path = tiles::tile_path(level, index, WIDTH);
    partials(view, audit, &path, hashes.iter().map(|hash| hash.to_vec()))
}

/// Holds the narrower tiles, which earlier trees had at the same place, against the tile. Wider ones
/// belong to no tree that was published, so nobody reads them.
fn partials(
    view: &View,
    audit: &mut Audit,
    path: &str,
    items: impl Iterator<Item = Vec<u8>>,
) -> Result<(), Error> {
    let folder = tiles::partials_of(path);
    let mut widths = Vec::new();
    for name in view.storage().list(&folder)? {
        match name.parse::<usize>() {
            Ok(width) if (1..usize::from(WIDTH)).contains(&width) && width.to_string() == name => {
                widths.push(width);
            }
            _ => audit.fault(format!("{folder}/{}", vocabulary::escape(&name)), "it is no tile"),
        }
    }
    widths.sort_unstable();
    let mut begin = Vec::new();
    let mut widths = widths.into_iter().peekable();
    for (width, item) in (1..).zip(items) {
        begin.extend_from_slice(&item);
        if widths.next_if_eq(&width).is_none() {
            continue;
        }
        let name = format!("{folder}/{width}");
        let narrow = view.storage().read(&name, tiles::MAX_BUNDLE);
        if audit.take(narrow)?.flatten().is_some_and(|narrow| narrow != begin) {
            audit.fault(name, "it is not the beginning of the tile at its place");
        }
    }
    Ok(())
}

fn hold_against(audit: &mut Audit, claims: &BTreeMap<u64, Vec<Claim>>, edge: &Edge) {
    for claim in claims.get(&edge.size).into_iter().flatten() {
        if claim.root != edge.root() {
            let because = format!("its root is not that of the first {} entries", edge.size);
            audit.fault(&*claim.what, because);
        }
    }
}
