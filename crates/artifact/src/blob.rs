use std::sync::Arc;

use crate::{Cursor, Trouble};

/// Random access to bytes of a known length.
pub trait ReadAt: Send + Sync {
    /// How many bytes there are.
    fn len(&self) -> u64;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Fills the front of `buffer` with the bytes at `offset` and says how many were written.
    /// Fewer than asked for only at the end, or where the rest cannot be had; in the second case
    /// [`ReadAt::trouble`] says why from then on.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> usize;

    /// Why bytes could not be had, if ever one could not.
    fn trouble(&self) -> Option<Trouble> {
        None
    }

    /// The bytes themselves, where they stand in memory anyway; fewer than [`ReadAt::len`] where the
    /// rest cannot be had.
    fn in_memory(&self) -> Option<&Arc<Vec<u8>>> {
        None
    }
}

/// Bytes in memory.
struct Memory(Arc<Vec<u8>>);

impl ReadAt for Memory {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> usize {
        self.0.read_at(offset, buffer)
    }

    fn in_memory(&self) -> Option<&Arc<Vec<u8>>> {
        Some(&self.0)
    }
}

impl ReadAt for Vec<u8> {
    fn len(&self) -> u64 {
        self.as_slice().len() as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> usize {
        let rest = usize::try_from(offset).ok().and_then(|o| self.get(o..)).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        count
    }
}

/// Bytes to look at: a file, a part of one, or what a decoder made of a part. Cheap to clone.
#[derive(Clone)]
pub struct Blob {
    source: Arc<dyn ReadAt>,
    start: u64,
    len: u64,
}

impl std::fmt::Debug for Blob {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Blob({} bytes at {})", self.len, self.start)
    }
}

impl Blob {
    /// All of a source.
    pub fn new(source: Arc<dyn ReadAt>) -> Self {
        let len = source.len();
        Self { source, start: 0, len }
    }

    /// Bytes in memory.
    pub fn from_vec(bytes: Vec<u8>) -> Self {
        Self::new(Arc::new(Memory(Arc::new(bytes))))
    }

    /// How many bytes.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The part from `start`, at most `len` long, cut to what there is.
    #[must_use]
    pub fn slice(&self, start: u64, len: u64) -> Self {
        let start = start.min(self.len);
        let len = len.min(self.len.saturating_sub(start));
        Self { source: Arc::clone(&self.source), start: self.start.saturating_add(start), len }
    }

    /// The part from `start` to the end.
    #[must_use]
    pub fn from(&self, start: u64) -> Self {
        self.slice(start, u64::MAX)
    }

    /// Whether it is the same part of the same source.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.source, &other.source)
            && (self.start, self.len) == (other.start, other.len)
    }

    /// Where it begins in `outer`, where both are parts of one source.
    pub fn offset_in(&self, outer: &Self) -> Option<u64> {
        let same = Arc::ptr_eq(&self.source, &outer.source);
        same.then(|| self.start.checked_sub(outer.start)).flatten()
    }

    /// Fills the front of `buffer`; says how many bytes were written.
    pub fn read_at(&self, offset: u64, buffer: &mut [u8]) -> usize {
        let Some(rest) = self.len.checked_sub(offset) else { return 0 };
        let count = buffer.len().min(usize::try_from(rest).unwrap_or(usize::MAX));
        let mut filled = 0usize;
        while filled < count {
            let Some(part) = buffer.get_mut(filled..count) else { break };
            let at = self.start.saturating_add(offset).saturating_add(filled as u64);
            match self.source.read_at(at, part) {
                0 => break,
                n => filled = filled.saturating_add(n),
            }
        }
        filled
    }

    /// The bytes at `offset`, at most `max` of them.
    pub fn bytes_at(&self, offset: u64, max: usize) -> Vec<u8> {
        let rest = self.len.saturating_sub(offset);
        if let Some(whole) = self.source.in_memory() {
            let at = usize::try_from(self.start.saturating_add(offset)).unwrap_or(usize::MAX);
            let part = whole.get(at..).filter(|_| rest > 0).unwrap_or_default();
            let count = max.min(usize::try_from(rest).unwrap_or(usize::MAX)).min(part.len());
            return part.get(..count).unwrap_or_default().to_vec();
        }
        let mut buffer = vec![0; max.min(usize::try_from(rest).unwrap_or(usize::MAX))];
        let count = self.read_at(offset, &mut buffer);
        buffer.truncate(count);
        buffer
    }

    /// The source's bytes, where they stand in memory, and the range of them that this is.
    pub(crate) fn in_memory(&self) -> Option<(&Arc<Vec<u8>>, usize, usize)> {
        let bytes = self.source.in_memory()?;
        let end = usize::try_from(self.start.saturating_add(self.len)).unwrap_or(usize::MAX);
        Some((bytes, usize::try_from(self.start).ok()?, end.min(bytes.len())))
    }

    /// The `N` bytes at `offset`, where they are all there.
    pub fn array_at<const N: usize>(&self, offset: u64) -> Option<[u8; N]> {
        let mut buffer = [0; N];
        (self.read_at(offset, &mut buffer) == N).then_some(buffer)
    }

    /// A reader of the bytes in order, from `offset`.
    pub fn cursor(&self, offset: u64) -> Cursor {
        Cursor::new(self.clone(), offset)
    }

    /// Why bytes could not be had, if ever one could not.
    pub fn trouble(&self) -> Option<Trouble> {
        self.source.trouble()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_stay_inside() {
        let blob = Blob::from_vec((0..10).collect());
        let part = blob.slice(4, 3);
        assert_eq!(part.bytes_at(0, 99), [4, 5, 6]);
        assert_eq!(part.slice(2, 9).bytes_at(0, 9), [6]);
        assert_eq!(part.bytes_at(3, 9), []);
        assert_eq!(part.bytes_at(u64::MAX, 9), []);
        assert_eq!(blob.from(8).bytes_at(0, 9), [8, 9]);
        assert!(part.is_same(&blob.slice(4, 3)));
        assert!(!part.is_same(&blob.slice(4, 4)));
        assert!(!part.is_same(&Blob::from_vec((0..10).collect()).slice(4, 3)));
        assert_eq!(part.slice(1, 1).offset_in(&blob), Some(5));
        assert_eq!(blob.offset_in(&part), None);
        assert_eq!(part.offset_in(&Blob::from_vec((0..10).collect())), None);
        assert_eq!(blob.slice(u64::MAX, u64::MAX).len(), 0);
        assert_eq!(blob.array_at::<2>(9), None);
        assert_eq!(blob.array_at::<2>(8), Some([8, 9]));
    }
}
