//! Where the hashes and entries of a log lie, and how entries are strung together.
//!
//! Source: <https://c2sp.org/tlog-tiles>.

use super::Error;
use super::merkle::Hash;
use super::storage::Storage;

/// How many hashes a full tile has, and how many entries a full bundle of entries.
pub(super) const WIDTH: u16 = 1 << LOG_WIDTH;

/// Its logarithm.
pub(super) const LOG_WIDTH: u8 = 8;

/// How many levels of tiles a tree can have.
pub(super) const LEVELS: u8 = 8;

/// The most that an entry may have, in bytes.
pub const MAX_ENTRY: usize = 65_535;

/// The most that a bundle of entries may have, in bytes.
pub(super) const MAX_BUNDLE: u64 = 256 * (65_535 + 2);

/// The path of a tile.
pub(super) fn tile_path(level: u8, index: u64, width: u16) -> String {
    format!("tile/{level}/{}", place(index, width))
}

/// The path of a bundle of entries.
pub(super) fn entries_path(index: u64, width: u16) -> String {
    format!("tile/entries/{}", place(index, width))
}

/// The folder of the partial tiles that a full tile makes superfluous.
pub(super) fn partials_of(path: &str) -> String {
    format!("{path}.p")
}

fn place(index: u64, width: u16) -> String {
    let mut rest = index / 1000;
    let mut path = format!("{:03}", index % 1000);
    while rest > 0 {
        path = format!("x{:03}/{path}", rest % 1000);
        rest /= 1000;
    }
    if width < WIDTH { format!("{path}.p/{width}") } else { path }
}

/// Which bundle an entry stands in, and where in it.
pub(super) fn bundle_of(index: u64) -> (u64, usize) {
    let within = index & 0xff;
    (index >> LOG_WIDTH, usize::try_from(within).unwrap_or_default())
}

/// How wide a bundle, or the tile of a level, is at its place in a tree of `count` items; 0 where
/// there is none.
pub(super) fn width_at(index: u64, count: u64) -> u16 {
    let begin = index.saturating_mul(u64::from(WIDTH));
    u16::try_from(count.saturating_sub(begin)).unwrap_or(WIDTH).min(WIDTH)
}

/// A tile's bytes. A log may have put the full tile in the place of a partial one.
pub(super) fn read_tile(
    storage: &dyn Storage,
    level: u8,
    index: u64,
    width: u16,
) -> Result<Vec<u8>, Error> {
    let most = length(WIDTH) as u64;
    let paths = [tile_path(level, index, width), tile_path(level, index, WIDTH)];
    let (mut bytes, path, has) = read_either(storage, paths, width, most)?;
    if bytes.len() != length(has) {
        let because = format!("it has {} bytes, not {}", bytes.len(), length(has));
        return Err(Error::damaged(path, because));
    }
    bytes.truncate(length(width));
    Ok(bytes)
}

/// How many bytes a tile has.
fn length(width: u16) -> usize {
    usize::from(width).saturating_mul(size_of::<Hash>())
}

/// The hashes of a tile.
pub(super) fn read_hashes(
    storage: &dyn Storage,
    level: u8,
    index: u64,
    width: u16,
) -> Result<Vec<Hash>, Error> {
    let bytes = read_tile(storage, level, index, width)?;
    Ok(bytes.as_chunks().0.to_vec())
}

/// The entries of a bundle.
pub(super) fn read_entries(
    storage: &dyn Storage,
    index: u64,
    width: u16,
) -> Result<Vec<Vec<u8>>, Error> {
    let paths = [entries_path(index, width), entries_path(index, WIDTH)];
    let (bytes, path, has) = read_either(storage, paths, width, MAX_BUNDLE)?;
    let mut entries = split(&bytes)
        .ok_or_else(|| Error::damaged(&*path, "its last entry is longer than the file"))?;
    if entries.len() != usize::from(has) {
        let because = format!("it has {} entries, not {has}", entries.len());
        return Err(Error::damaged(path, because));
    }
    entries.truncate(usize::from(width));
    Ok(entries)
}

/// What stands under the first name that is taken, that name, and how wide it is to be.
fn read_either(
    storage: &dyn Storage,
    [path, full]: [String; 2],
    width: u16,
    most: u64,
) -> Result<(Vec<u8>, String, u16), Error> {
    if let Some(bytes) = storage.read(&path, most)? {
        return Ok((bytes, path, width));
    }
    if path != full
        && let Some(bytes) = storage.read(&full, most)?
    {
        return Ok((bytes, full, WIDTH));
    }
    Err(Error::damaged(path, "it is missing"))
}

/// Adds an entry to a bundle.
pub(super) fn join(bundle: &mut Vec<u8>, entry: &[u8]) -> Result<(), Error> {
    let length = u16::try_from(entry.len()).map_err(|_| Error::TooLong { bytes: entry.len() })?;
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(entry);
    Ok(())
}

/// An entry as it stands in a bundle.
pub(super) fn joined(entry: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    // An entry that was read from a bundle has room in one.
    let _ = join(&mut bytes, entry);
    bytes
}

/// The entries of a bundle; `None` where it is cut off.
pub(super) fn split(mut bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut entries = Vec::new();
    while !bytes.is_empty() {
        let (length, rest) = bytes.split_first_chunk::<2>()?;
        let (entry, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        entries.push(entry.to_vec());
        bytes = rest;
    }
    Some(entries)
}
