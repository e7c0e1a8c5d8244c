//! The tree of RFC 6962: proofs, and the tiles in which its hashes lie.
//!
//! The mathematics is that of the crate `tlog_tiles`. It asserts what its callers guarantee, so the
//! sizes and lengths that come from outside are bounded here.

use std::cell::RefCell;

use tlog_tiles::tile::{Tile, TileHashReader, TileReader};
use tlog_tiles::tlog::{self, Hash as Node};

use super::Error;
use super::checkpoint::MAX_SIZE;
use super::storage::Storage;
use super::tiles::{self, LEVELS, LOG_WIDTH, WIDTH};

/// A SHA-256 hash of the tree.
pub type Hash = [u8; 32];

/// The most hashes that a proof may have.
pub(super) const MAX_PROOF: usize = 63;

/// The hash of an entry.
pub fn leaf_hash(entry: &[u8]) -> Hash {
    tlog::record_hash(entry).0
}

/// The root of a tree without entries.
pub const EMPTY: Hash = tlog::EMPTY_HASH.0;

/// Whether a proof shows that an entry with this hash stands at `index` in the tree of this size and
/// root.
pub fn verifies_inclusion(proof: &[Hash], size: u64, root: &Hash, index: u64, leaf: &Hash) -> bool {
    if proof.len() > MAX_PROOF || size > MAX_SIZE {
        return false;
    }
    let proof = proof.iter().copied().map(Node).collect();
    tlog::check_record(&proof, size, Node(*root), index, Node(*leaf)).is_ok()
}

/// Whether a proof shows that the newer tree begins with all of the older one. Everything begins
/// with the empty tree; a proof of that is empty.
pub fn verifies_consistency(proof: &[Hash], old: (u64, &Hash), new: (u64, &Hash)) -> bool {
    if proof.len() > MAX_PROOF || new.0 > MAX_SIZE || old.0 > new.0 {
        return false;
    }
    let empty_is_empty = |(size, root): (u64, &Hash)| size != 0 || *root == EMPTY;
    if !empty_is_empty(old) || !empty_is_empty(new) {
        return false;
    }
    if old.0 == 0 {
        return proof.is_empty();
    }
    let proof = proof.iter().copied().map(Node).collect();
    tlog::check_tree(&proof, new.0, Node(*new.1), old.0, Node(*old.1)).is_ok()
}

/// The proof that the tree of a log holds the entry at `index`. The tiles that it is made from are
/// verified against the root.
pub(super) fn inclusion(
    storage: &dyn Storage,
    (size, root): (u64, &Hash),
    index: u64,
) -> Result<Vec<Hash>, Error> {
    let reader = Reader::of(storage);
    let hashes = TileHashReader::new(size, Node(*root), &reader);
    reader.told(tlog::prove_record(size, index, &hashes)).map(bare)
}

/// The proof that the tree of a log begins with its first `old` entries. The tiles that it is made
/// from are verified against the root.
pub(super) fn consistency(
    storage: &dyn Storage,
    old: u64,
    (size, root): (u64, &Hash),
) -> Result<Vec<Hash>, Error> {
    if old == 0 || old == size {
        return Ok(Vec::new());
    }
    let reader = Reader::of(storage);
    let hashes = TileHashReader::new(size, Node(*root), &reader);
    reader.told(tlog::prove_tree(size, old, &hashes)).map(bare)
}

/// The root of the tree that the first `old` entries of a log make.
pub(super) fn root_at(
    storage: &dyn Storage,
    old: u64,
    (size, root): (u64, &Hash),
) -> Result<Hash, Error> {
    if old == 0 {
        return Ok(EMPTY);
    }
    let reader = Reader::of(storage);
    let hashes = TileHashReader::new(size, Node(*root), &reader);
    reader.told(tlog::tree_hash(old, &hashes)).map(|root| root.0)
}

fn bare(nodes: Vec<Node>) -> Vec<Hash> {
    nodes.into_iter().map(|node| node.0).collect()
}

/// Reads tiles from a storage and keeps what went wrong: the crate's error cannot carry it.
struct Reader<'a> {
    storage: &'a dyn Storage,
    failed: RefCell<Option<Error>>,
}

impl<'a> Reader<'a> {
    fn of(storage: &'a dyn Storage) -> Self {
        Self { storage, failed: RefCell::new(None) }
    }

    fn told<T>(&self, made: Result<T, tlog::Error>) -> Result<T, Error> {
        made.map_err(|error| {
            self.failed.take().unwrap_or_else(|| match error {
                tlog::Error::InconsistentTile => {
                    Error::damaged("a tile", "it does not fit the root of the checkpoint")
                }
                error => Error::damaged("the tree", error),
            })
        })
    }

    fn read(&self, tile: &Tile) -> Result<Vec<u8>, Error> {
        let width = u16::try_from(tile.width()).unwrap_or(WIDTH);
        tiles::read_tile(self.storage, tile.level(), tile.level_index(), width)
    }
}

impl TileReader for Reader<'_> {
    fn height(&self) -> u8 {
        LOG_WIDTH
    }

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, tlog::Error> {
        let read: Result<_, Error> = tiles.iter().map(|tile| self.read(tile)).collect();
        read.map_err(|error| {
            self.failed.replace(Some(error));
            tlog::Error::InvalidTile
        })
    }

    fn save_tiles(&self, _: &[Tile], _: &[Vec<u8>]) {}
}

/// The right edge of a tree: what is needed to add to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Edge {
    /// How many entries the tree has.
    pub(super) size: u64,
    /// The hashes of the last, partial tile of each level; fewer than 256 each.
    pub(super) levels: Vec<Vec<Hash>>,
}

/// A tree that is computed from its entries, without keeping them.
#[derive(Clone, Debug, Default)]
pub struct Tree(Edge);

impl Tree {
    /// Adds an entry behind the others.
    pub fn push(&mut self, entry: &[u8]) {
        self.0.push(leaf_hash(entry));
    }

    /// How many entries it has.
    pub fn size(&self) -> u64 {
        self.0.size
    }

    /// Its root.
    pub fn root(&self) -> Hash {
        self.0.root()
    }
}

/// A tile that became full.
pub(super) struct Full {
    pub(super) level: u8,
    pub(super) index: u64,
    pub(super) hashes: Vec<Hash>,
}

impl Edge {
    /// Adds the hash of an entry; gives the tiles that it filled.
    pub(super) fn push(&mut self, leaf: Hash) -> Vec<Full> {
        let mut filled = Vec::new();
        self.size = self.size.saturating_add(1);
        let mut hash = leaf;
        let mut entries = self.size;
        for level in 0..LEVELS {
            let at = usize::from(level);
            if self.levels.len() <= at {
                self.levels.push(Vec::new());
            }
            let Some(tile) = self.levels.get_mut(at) else { break };
            tile.push(hash);
            if tile.len() < usize::from(WIDTH) {
                break;
            }
            let hashes = std::mem::take(tile);
            hash = subtree(&hashes);
            entries >>= LOG_WIDTH;
            filled.push(Full { level, index: entries.saturating_sub(1), hashes });
        }
        filled
    }

    /// The root of the tree.
    pub(super) fn root(&self) -> Hash {
        let mut root: Option<Hash> = None;
        // The tree falls into full trees, one for each bit of its size; the smallest is the last.
        for tile in &self.levels {
            let mut rest = tile.as_slice();
            while !rest.is_empty() {
                let width = 1usize << rest.len().trailing_zeros();
                let Some((before, last)) = rest.split_at_checked(rest.len().saturating_sub(width))
                else {
                    break;
                };
                let left = subtree(last);
                root = Some(match root {
                    None => left,
                    Some(right) => tlog::node_hash(Node(left), Node(right)).0,
                });
                rest = before;
            }
        }
        root.unwrap_or(EMPTY)
    }
}

/// The root of a full tree over hashes; their number is a power of two.
fn subtree(hashes: &[Hash]) -> Hash {
    if hashes.is_empty() {
        return EMPTY;
    }
    Tile::subtree_hash(hashes.as_flattened()).0
}
