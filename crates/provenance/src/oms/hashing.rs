//! The digests of files and of parts of files, each byte read once.
//!
//! Whole files are digested by the engine of [`crate::manifest`], which shares large ones among
//! processors. Here stands what it does not know: parts of files, and `BLAKE2b`.

use std::cmp::Reverse;
use std::num::NonZero;
use std::thread;

use artifact::tree::{FileEntry, Tree};
use artifact::{ReadAt as _, SourceFile, Trouble};
use rayon::prelude::*;

use super::{Hash, Method};
use crate::manifest::{Algorithm, Team};

/// How much is read at a time. It fits into a core's cache together with what hashing needs.
const CHUNK: u64 = 256 << 10;
/// BLAKE3 spreads what it is given over the cores, which pays from about this on.
const LARGE_CHUNK: u64 = 8 << 20;

enum Hasher {
    Sha256(aws_lc_rs::digest::Context),
    Blake2b(blake2b_simd::State),
    Blake3(Box<blake3::Hasher>),
}

impl Hasher {
    fn new(hash: Hash) -> Self {
        match hash {
            Hash::Sha256 => {
                Self::Sha256(aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256))
            }
            Hash::Blake2b => Self::Blake2b(blake2b_simd::State::new()),
            Hash::Blake3 => Self::Blake3(Box::default()),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(state) => state.update(bytes),
            Self::Blake2b(state) => {
                state.update(bytes);
            }
            Self::Blake3(state) => {
                if bytes.len() as u64 >= CHUNK {
                    state.update_rayon(bytes);
                } else {
                    state.update(bytes);
                }
            }
        }
    }

    fn finish(self) -> Vec<u8> {
        match self {
            Self::Sha256(state) => state.finish().as_ref().to_vec(),
            Self::Blake2b(state) => state.finalize().as_bytes().to_vec(),
            Self::Blake3(state) => state.finalize().as_bytes().to_vec(),
        }
    }
}

/// Where the parts of a file of this length begin and end. A file without bytes has one part in
/// whole files, and none in shards.
pub(super) fn parts(method: Method, length: u64) -> Vec<(u64, u64)> {
    match method {
        Method::Files => vec![(0, length)],
        Method::Shards(size) => {
            let size = size.max(1);
            let count = length.div_ceil(size);
            (0..count)
                .map(|n| {
                    let start = n.saturating_mul(size);
                    (start, start.saturating_add(size).min(length))
                })
                .collect()
        }
    }
}

/// The digests of the parts of a file.
pub(super) type Digests = Result<Vec<Vec<u8>>, Trouble>;

/// The digests of files, each read once, the largest first, so that none is left to the end alone.
pub(super) fn all(tree: &Tree, files: &[&FileEntry], method: Method, hash: Hash) -> Vec<Digests> {
    let team = Team::new(thread::available_parallelism().map_or(1, NonZero::get));
    let mut order: Vec<(usize, &FileEntry)> = files.iter().copied().enumerate().collect();
    order.sort_by_key(|(number, file)| (Reverse(file.len), *number));
    let mut done: Vec<(usize, Digests)> = order
        .into_par_iter()
        .with_max_len(1)
        .map(|(number, file)| (number, digests(&team, tree, file, method, hash)))
        .collect();
    done.sort_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, digests)| digests).collect()
}

fn digests(team: &Team, tree: &Tree, entry: &FileEntry, method: Method, hash: Hash) -> Digests {
    let file = tree.open(entry, false)?;
    if file.len() != entry.len {
        return Err(Trouble("the file was changed since it was listed".into()));
    }
    let whole = match (method, hash) {
        (Method::Files, Hash::Sha256) => Some(Algorithm::Sha256),
        (Method::Files, Hash::Blake3) => Some(Algorithm::Blake3),
        (Method::Files, Hash::Blake2b) | (Method::Shards(_), _) => None,
    };
    if let Some(algorithm) = whole {
        let digests = team.digest(&file, &[algorithm])?;
        let digest = digests.get(algorithm).map(|digest| vec![digest.to_vec()]);
        return digest.ok_or_else(|| Trouble("it was not digested".into()));
    }
    let digests: Option<Vec<Vec<u8>>> = parts(method, entry.len)
        .into_par_iter()
        .map(|(start, end)| digest(&file, start, end, hash))
        .collect();
    file.finish()?;
    digests.ok_or_else(|| Trouble("the file ended before its end".into()))
}

fn digest(file: &SourceFile, start: u64, end: u64, hash: Hash) -> Option<Vec<u8>> {
    let chunk = if hash == Hash::Blake3 { LARGE_CHUNK } else { CHUNK };
    let mut hasher = Hasher::new(hash);
    let length = chunk.min(end.saturating_sub(start));
    let mut buffer = vec![0; usize::try_from(length).ok()?];
    let mut at = start;
    while at < end {
        let left = usize::try_from(end.saturating_sub(at).min(chunk)).ok()?;
        let room = buffer.get_mut(..left)?;
        let count = file.read_at(at, room);
        if count == 0 {
            return None;
        }
        hasher.update(room.get(..count)?);
        at = at.saturating_add(count as u64);
    }
    Some(hasher.finish())
}
