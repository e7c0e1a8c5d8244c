use std::io;

use crate::Blob;

const BUFFER: usize = 64 << 10;

/// Reads a [`Blob`] in order through a buffer. What is not there is `None`, never an error.
pub struct Cursor {
    blob: Blob,
    /// Blob offset of the buffer's first byte.
    base: u64,
    buffer: Vec<u8>,
    /// Next byte within the buffer.
    next: usize,
}

impl Cursor {
    pub(crate) fn new(blob: Blob, offset: u64) -> Self {
        Self { blob, base: offset, buffer: Vec::new(), next: 0 }
    }

    /// Offset in the blob of the next byte.
    pub fn position(&self) -> u64 {
        self.base.saturating_add(self.next as u64)
    }

    /// How many bytes are left, by the blob's length.
    pub fn remaining(&self) -> u64 {
        self.blob.len().saturating_sub(self.position())
    }

    /// The blob that it reads.
    pub fn blob(&self) -> &Blob {
        &self.blob
    }

    /// Goes to an offset; past the end is allowed and reads as nothing.
    pub fn seek(&mut self, offset: u64) {
        if let Some(ahead) = offset.checked_sub(self.base)
            && let Ok(ahead) = usize::try_from(ahead)
            && ahead <= self.buffer.len()
        {
            self.next = ahead;
            return;
        }
        // A short way ahead is read and not jumped over: bytes that pass in order are digested as
        // they pass, and a gap would have to be read again.
        let end = self.base.saturating_add(self.buffer.len() as u64);
        if offset > end && offset.saturating_sub(end) < BUFFER as u64 && offset <= self.blob.len() {
            self.next = self.buffer.len();
            self.fill(1);
            let ahead = usize::try_from(offset.saturating_sub(self.base)).unwrap_or(usize::MAX);
            if ahead <= self.buffer.len() {
                self.next = ahead;
                return;
            }
        }
        self.base = offset;
        self.buffer.clear();
        self.next = 0;
    }

    /// Passes over `count` bytes without reading them; false where there are fewer (it then
    /// stands at the end).
    pub fn skip(&mut self, count: u64) -> bool {
        let enough = count <= self.remaining();
        self.seek(self.position().saturating_add(count).min(self.blob.len()));
        enough
    }

    /// Makes at least `count` bytes stand in the buffer, where there are so many.
    fn fill(&mut self, count: usize) -> usize {
        let have = self.buffer.len().saturating_sub(self.next);
        if have >= count {
            return have;
        }
        self.base = self.position();
        self.buffer.drain(..self.next);
        self.next = 0;
        let old = self.buffer.len();
        let left = self.blob.len().saturating_sub(self.base.saturating_add(old as u64));
        let want = count.max(BUFFER).saturating_sub(old);
        let want = want.min(usize::try_from(left).unwrap_or(usize::MAX));
        self.buffer.resize(old.saturating_add(want), 0);
        let read = match self.buffer.get_mut(old..) {
            Some(space) => self.blob.read_at(self.base.saturating_add(old as u64), space),
            None => 0,
        };
        self.buffer.truncate(old.saturating_add(read));
        self.buffer.len()
    }

    /// The next byte.
    #[inline]
    pub fn byte(&mut self) -> Option<u8> {
        if self.next >= self.buffer.len() && self.fill(1) == 0 {
            return None;
        }
        let byte = self.buffer.get(self.next).copied();
        self.next = self.next.saturating_add(1);
        byte
    }

    /// The next byte, without passing it.
    pub fn peek(&mut self) -> Option<u8> {
        self.fill(1);
        self.buffer.get(self.next).copied()
    }

    /// The next bytes without passing them: at most `count`, fewer at the end.
    pub fn peek_bytes(&mut self, count: usize) -> &[u8] {
        let have = self.fill(count).min(count);
        self.buffer.get(self.next..self.next.saturating_add(have)).unwrap_or_default()
    }

    /// The next `count` bytes, all of them or `None` (it then stands where it stood). Meant for
    /// small counts: they are held in memory, so a caller bounds `count` first.
    pub fn exact(&mut self, count: usize) -> Option<&[u8]> {
        if (count as u64) > self.remaining() || self.fill(count) < count {
            return None;
        }
        let start = self.next;
        self.next = self.next.saturating_add(count);
        self.buffer.get(start..self.next)
    }

    /// The next `N` bytes.
    #[inline]
    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.exact(N)?.try_into().ok()
    }

    /// The next bytes up to and without a newline, which is passed. `None` (and it stands where
    /// it stood) where no newline comes within `max` bytes.
    pub fn line(&mut self, max: usize) -> Option<&[u8]> {
        let mut looked = 0usize;
        let mut want = 256.min(max);
        loop {
            let have = self.fill(want).min(max);
            let window =
                self.buffer.get(self.next..self.next.saturating_add(have)).unwrap_or_default();
            let fresh = window.get(looked..).unwrap_or_default();
            if let Some(found) = fresh.iter().position(|b| *b == b'\n') {
                let start = self.next;
                let end = start.saturating_add(looked).saturating_add(found);
                self.next = end.saturating_add(1);
                return self.buffer.get(start..end);
            }
            if have >= max || have < want {
                return None;
            }
            looked = have;
            want = want.saturating_mul(4).min(max);
        }
    }

    /// Next little-endian `u16`.
    pub fn u16_le(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    /// Next little-endian `u32`.
    pub fn u32_le(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// Next little-endian `u64`.
    pub fn u64_le(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }
}

impl io::Read for Cursor {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let have = self.fill(1).min(out.len());
        let end = self.next.saturating_add(have);
        if let (Some(to), Some(from)) = (out.get_mut(..have), self.buffer.get(self.next..end)) {
            to.copy_from_slice(from);
        }
        self.next = end;
        Ok(have)
    }
}

impl io::BufRead for Cursor {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.fill(1);
        Ok(self.buffer.get(self.next..).unwrap_or_default())
    }

    fn consume(&mut self, count: usize) {
        self.next = self.next.saturating_add(count).min(self.buffer.len());
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn long() -> Cursor {
        Blob::from_vec((0..200_000u32).map(|n| (n % 251) as u8).collect()).cursor(0)
    }

    #[test]
    fn reads_across_its_buffer() {
        let mut cursor = long();
        assert!(cursor.skip(65_530));
        assert_eq!(cursor.exact(20).map(<[u8]>::len), Some(20));
        assert_eq!(cursor.position(), 65_550);
        assert_eq!(cursor.byte(), Some((65_550 % 251) as u8));
        let mut rest = Vec::new();
        cursor.read_to_end(&mut rest).unwrap();
        assert_eq!(rest.len(), 200_000 - 65_551);
        assert_eq!(cursor.byte(), None);
    }

    #[test]
    fn goes_ahead_and_back() {
        let mut cursor = long();
        for target in [70_000u64, 65_000, 131_072, 131_072 + 65_536, 3, 199_999, 0, 66_000] {
            cursor.seek(target);
            assert_eq!(cursor.position(), target);
            assert_eq!(cursor.byte(), Some((target % 251) as u8), "{target}");
        }
        cursor.seek(200_000);
        assert_eq!(cursor.byte(), None);
        cursor.seek(300_000);
        assert_eq!((cursor.byte(), cursor.position()), (None, 300_000));
    }

    #[test]
    fn takes_all_or_nothing() {
        let mut cursor = Blob::from_vec(vec![1, 2, 3]).cursor(0);
        assert_eq!(cursor.exact(4), None);
        assert_eq!(cursor.exact(usize::MAX), None);
        assert_eq!(cursor.exact(3), Some(&[1, 2, 3][..]));
        assert!(!cursor.skip(1));
    }

    #[test]
    fn finds_lines() {
        let mut text = vec![b'x'; 70_000];
        text.extend_from_slice(b"\nab\n\nrest");
        let mut cursor = Blob::from_vec(text).cursor(0);
        assert_eq!(cursor.line(60_000), None);
        assert_eq!(cursor.position(), 0);
        assert_eq!(cursor.line(80_000).map(<[u8]>::len), Some(70_000));
        assert_eq!(cursor.line(10), Some(&b"ab"[..]));
        assert_eq!(cursor.line(10), Some(&b""[..]));
        assert_eq!(cursor.line(10), None);
        assert_eq!(cursor.exact(4), Some(&b"rest"[..]));
    }
}
