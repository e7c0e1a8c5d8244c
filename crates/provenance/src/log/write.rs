use std::collections::BTreeMap;

use super::checkpoint::Checkpoint;
use super::merkle::{self, Edge, Hash};
use super::note::{Note, Skey, Vkey};
use super::proof::Proof;
use super::state::State;
use super::storage::{File, Storage};
use super::tiles::{self, LEVELS, LOG_WIDTH, WIDTH};
use super::view::{self, CHECKPOINT, View};
use super::{Error, pending};
use crate::hex;
use crate::keys::sha256;

/// How often a writer tries again when others were faster.
const ATTEMPTS: u32 = 100;

/// The most that the entries of one call may have together, in bytes.
const MAX_BATCH: usize = 256 << 20;

/// What is written into a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The entry itself, at most 65,535 bytes.
    pub data: Vec<u8>,
    /// The document that it speaks of; it is kept beside the log, under its SHA-256.
    pub document: Option<Vec<u8>>,
}

impl Entry {
    /// An entry that speaks of no document.
    pub fn new(data: Vec<u8>) -> Self {
        Self { data, document: None }
    }
}

/// What whoever wrote an entry gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The place of the entry, from 0.
    pub index: u64,
    /// The proof that it stands there.
    pub proof: Proof,
}

/// A log and the key that signs it.
#[derive(Debug)]
pub struct Log {
    view: View,
    key: Skey,
    state: State,
    tip: Option<Tip>,
}

/// The end of the tree, verified.
#[derive(Clone, Debug)]
struct Tip {
    /// The checkpoint as it stands in the storage.
    note: Vec<u8>,
    checkpoint: Checkpoint,
    edge: Edge,
    /// The last, partial bundle of entries.
    entries: Vec<u8>,
}

impl Log {
    /// Begins a log. The name of the key is its origin.
    pub fn create(storage: Box<dyn Storage>, key: Skey, state: State) -> Result<Self, Error> {
        let lock = storage.lock()?;
        if let Some(before) = state.read(key.vkey())?.filter(|before| before.size > 0) {
            return Err(Error::Smaller { size: 0, before: before.size });
        }
        let origin = key.vkey().name().to_owned();
        let checkpoint = Checkpoint { origin, size: 0, root: merkle::EMPTY, extensions: vec![] };
        let note = signed(&key, &checkpoint)?;
        if !storage.create(CHECKPOINT, note.as_bytes())? {
            return Err(Error::Exists { place: storage.place() });
        }
        state.write(&note)?;
        drop(lock);
        Self::open(storage, key, state)
    }

    /// Opens a log to write into it. What an earlier writer left unfinished is finished.
    ///
    /// A log that has fewer entries than the state remembers, or others, is refused.
    pub fn open(storage: Box<dyn Storage>, key: Skey, state: State) -> Result<Self, Error> {
        let mut log = Self { view: View::new(storage), key, state, tip: None };
        let lock = log.storage().lock()?;
        let size = log.settle()?.checkpoint.size;
        log.sweep(size)?;
        drop(lock);
        Ok(log)
    }

    /// The key that verifies what this log signs.
    pub fn vkey(&self) -> &Vkey {
        self.key.vkey()
    }

    /// What can be done without the key.
    pub fn view(&self) -> &View {
        &self.view
    }

    /// Adds entries. They get places that follow each other, in their order; when this returns, they
    /// are published and durable. After an error each of them may or may not have been added.
    pub fn append(&mut self, entries: &[Entry]) -> Result<Vec<Receipt>, Error> {
        if entries.is_empty() {
            return Ok(Vec::new());
        }
        let mut batch = Vec::new();
        entries.iter().try_for_each(|entry| tiles::join(&mut batch, &entry.data))?;
        if batch.len() > MAX_BATCH {
            return Err(Error::TooMany { bytes: batch.len() });
        }
        let lock = self.storage().lock()?;
        self.keep_documents(entries)?;
        let first = self.place(&batch, entries)?;
        drop(lock);
        let (note, checkpoint) = self.view.checkpoint()?;
        let places = (first..).take(entries.len());
        let receipt = |index| {
            let proof = self.view.prove_under((&note, &checkpoint), index)?;
            Ok(Receipt { index, proof })
        };
        places.map(receipt).collect()
    }

    /// How many entries are published. What earlier writers promised is published first.
    pub fn size(&mut self) -> Result<u64, Error> {
        Ok(self.settle()?.checkpoint.size)
    }

    /// Adds entries whose first has to get the place `first`; `false` where the log has grown beyond
    /// it, and nothing was added. For a log whose entries stand in order elsewhere: of several that
    /// copy them one is told `true`.
    pub fn append_at(&mut self, first: u64, entries: &[Entry]) -> Result<bool, Error> {
        let mut batch = Vec::new();
        entries.iter().try_for_each(|entry| tiles::join(&mut batch, &entry.data))?;
        if batch.len() > MAX_BATCH {
            return Err(Error::TooMany { bytes: batch.len() });
        }
        let lock = self.storage().lock()?;
        self.keep_documents(entries)?;
        let at = self.settle()?.checkpoint.clone();
        if at.size != first || entries.is_empty() {
            return Ok(false);
        }
        let promise = pending::write(&self.key, &at, &batch)?;
        self.storage().create(&pending::path(at.size), &promise)?;
        self.settle()?;
        let stand = self.stand_at(first, entries)?;
        drop(lock);
        Ok(stand)
    }

    fn storage(&self) -> &dyn Storage {
        self.view.storage()
    }

    fn keep_documents(&self, entries: &[Entry]) -> Result<(), Error> {
        let named: BTreeMap<String, &Vec<u8>> = entries
            .iter()
            .filter_map(|entry| entry.document.as_ref())
            .map(|bytes| (view::document_path(&hex::encode(sha256(bytes).as_ref())), bytes))
            .collect();
        for (path, bytes) in named {
            self.storage().create(&path, bytes)?;
        }
        Ok(())
    }

    /// Gives entries their places; the first of them is told.
    fn place(&mut self, batch: &[u8], entries: &[Entry]) -> Result<u64, Error> {
        for _ in 0..ATTEMPTS {
            let at = self.settle()?.checkpoint.clone();
            let path = pending::path(at.size);
            let promise = pending::write(&self.key, &at, batch)?;
            // Where an answer of the storage was lost and it was asked again, ours is there already.
            let is_ours = self.storage().create(&path, &promise)?
                || self.storage().read(&path, pending::MAX)?.as_ref() == Some(&promise);
            if !is_ours {
                continue;
            }
            self.settle()?;
            if self.stand_at(at.size, entries)? {
                return Ok(at.size);
            }
            // Others had published meanwhile, and had cleared their own promise away.
            self.storage().remove(&path)?;
        }
        Err(Error::Busy { attempts: ATTEMPTS })
    }

    fn stand_at(&self, first: u64, entries: &[Entry]) -> Result<bool, Error> {
        let (_, checkpoint) = self.view.checkpoint()?;
        let mut stand = self.view.entries(&checkpoint, first)?;
        for entry in entries {
            if stand.next().transpose()?.is_none_or(|stands| stands != entry.data) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Looks at the end of the tree, and publishes what is promised.
    fn settle(&mut self) -> Result<&Tip, Error> {
        for _ in 0..ATTEMPTS {
            let tip = self.look()?;
            let promised =
                self.storage().read(&pending::path(tip.checkpoint.size), pending::MAX)?;
            // A promise counts only while the tree is of that size; later it may be a straggler's.
            let (note, _) = self.view.checkpoint_bytes()?;
            if note != tip.note {
                continue;
            }
            match promised {
                None => return Ok(self.tip.insert(tip)),
                Some(promised) => {
                    let entries = pending::read(&self.key, &tip.checkpoint, &promised)?;
                    self.publish(&tip, &entries)?;
                }
            }
        }
        Err(Error::Busy { attempts: ATTEMPTS })
    }

    /// The end of the tree, verified against its root and against what is remembered.
    fn look(&mut self) -> Result<Tip, Error> {
        let (note, parsed) = self.view.checkpoint_bytes()?;
        if let Some(tip) = self.tip.take_if(|tip| tip.note == note) {
            return Ok(tip);
        }
        let checkpoint = Checkpoint::signed_by(&parsed, self.key.vkey())?;
        let tip = load(self.storage(), note, checkpoint)?;
        let known = self.state.read(self.key.vkey())?;
        self.view.grew_from(known.as_ref(), &tip.checkpoint)?;
        if known.is_none_or(|known| known.size < tip.checkpoint.size) {
            self.state.write(&parsed.to_string())?;
        }
        Ok(tip)
    }

    /// Publishes entries behind the end of the tree: first tiles, then the checkpoint, then the
    /// state; each is durable before the next.
    fn publish(&mut self, tip: &Tip, entries: &[Vec<u8>]) -> Result<(), Error> {
        let (grown, files) = grow(tip, entries)?;
        let note = signed(&self.key, &grown.checkpoint)?;
        self.storage().write(&files)?;
        let history = view::history_path(grown.checkpoint.size);
        self.storage().create(&history, note.as_bytes())?;
        if !self.storage().swap(CHECKPOINT, &tip.note, note.as_bytes())? {
            return Ok(());
        }
        self.state.write(&note)?;
        self.storage().remove(&pending::path(tip.checkpoint.size))?;
        for (path, _) in files.iter().filter(|(path, _)| !path.contains(".p/")) {
            self.storage().remove(&tiles::partials_of(path))?;
        }
        self.tip = Some(Tip { note: note.into_bytes(), ..grown });
        Ok(())
    }

    /// Removes promises that were kept.
    fn sweep(&self, size: u64) -> Result<(), Error> {
        for name in self.storage().list("pending")? {
            if name.parse().is_ok_and(|promised: u64| promised < size) {
                self.storage().remove(&pending::path(name.parse().unwrap_or(size)))?;
            }
        }
        Ok(())
    }
}

fn signed(key: &Skey, checkpoint: &Checkpoint) -> Result<String, Error> {
    let text = checkpoint.to_string();
    let signatures = vec![key.sign(&text)?];
    Ok(Note { text, signatures }.to_string())
}

/// Reads the right edge of the tree and verifies it against the root.
fn load(storage: &dyn Storage, note: Vec<u8>, checkpoint: Checkpoint) -> Result<Tip, Error> {
    let mut edge = Edge { size: checkpoint.size, levels: Vec::new() };
    let mut count = checkpoint.size;
    for level in 0..LEVELS {
        let (index, within) = tiles::bundle_of(count);
        let width = u16::try_from(within).unwrap_or_default();
        let hashes = match width {
            0 => Vec::new(),
            _ => tiles::read_hashes(storage, level, index, width)?,
        };
        edge.levels.push(hashes);
        count >>= LOG_WIDTH;
    }
    if edge.root() != checkpoint.root {
        return Err(Error::damaged("a tile", "it does not fit the root of the checkpoint"));
    }
    let (index, width) = tiles::bundle_of(checkpoint.size);
    let leaves = edge.levels.first().map(Vec::as_slice).unwrap_or_default();
    let mut entries = Vec::new();
    if width > 0 {
        let width = u16::try_from(width).unwrap_or_default();
        for (entry, leaf) in tiles::read_entries(storage, index, width)?.iter().zip(leaves) {
            if merkle::leaf_hash(entry) != *leaf {
                let path = tiles::entries_path(index, width);
                return Err(Error::damaged(path, "an entry does not fit its hash"));
            }
            tiles::join(&mut entries, entry)?;
        }
    }
    Ok(Tip { note, checkpoint, edge, entries })
}

/// The tree with further entries, and the files that are new.
fn grow(tip: &Tip, entries: &[Vec<u8>]) -> Result<(Tip, Vec<File>), Error> {
    let mut grown = tip.clone();
    let mut files = Vec::new();
    let mut touched = 1;
    for entry in entries {
        tiles::join(&mut grown.entries, entry)?;
        for full in grown.edge.push(merkle::leaf_hash(entry)) {
            if full.level == 0 {
                let path = tiles::entries_path(full.index, WIDTH);
                files.push((path, std::mem::take(&mut grown.entries)));
            }
            touched = touched.max(usize::from(full.level).saturating_add(2));
            files.push((tiles::tile_path(full.level, full.index, WIDTH), flat(&full.hashes)));
        }
    }
    let mut count = grown.edge.size;
    for (level, hashes) in (0..).zip(grown.edge.levels.iter().take(touched)) {
        let (index, _) = tiles::bundle_of(count);
        let width = u16::try_from(hashes.len()).unwrap_or_default();
        if width > 0 {
            files.push((tiles::tile_path(level, index, width), flat(hashes)));
            if level == 0 {
                files.push((tiles::entries_path(index, width), grown.entries.clone()));
            }
        }
        count >>= LOG_WIDTH;
    }
    grown.checkpoint.size = grown.edge.size;
    grown.checkpoint.root = grown.edge.root();
    grown.checkpoint.extensions.clear();
    Ok((grown, files))
}

fn flat(hashes: &[Hash]) -> Vec<u8> {
    hashes.as_flattened().to_vec()
}
