use std::io;
use std::sync::Arc;

use crate::Blob;

const BUFFER: usize = 64 << 10;

/// Reads a [`Blob`] in order through a buffer. What is not there is `None`, never an error.
pub struct Cursor {
    blob: Blob,
    /// Blob offset of the buffer's first byte; wraps below zero where the blob is the later part of
    /// a shared buffer.
    base: u64,
    buffer: Arc<Vec<u8>>,
    /// Next byte within the buffer.
    next: usize,
    /// One past the last byte of the blob within the buffer.
    end: usize,
    /// Where the blob begins in the buffer, where that is the source itself, which stands in memory
    /// anyway.
    shared: Option<usize>,
}

impl Cursor {
    pub(crate) fn new(blob: Blob, offset: u64) -> Self {
        let shared = blob.in_memory().map(|(bytes, start, end)| (Arc::clone(bytes), start, end));
        let Some((buffer, start, end)) = shared else {
            return Self {
                blob,
                base: offset,
                buffer: Arc::default(),
                next: 0,
                end: 0,
                shared: None,
            };
        };
        let mut cursor = Self { blob, base: 0, buffer, next: start, end, shared: Some(start) };
        cursor.seek_shared(offset, start);
        cursor
    }

    /// Offset in the blob of the next byte.
    #[inline]
    pub fn position(&self) -> u64 {
        self.base.wrapping_add(self.next as u64)
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
    #[inline]
    pub fn seek(&mut self, offset: u64) {
        if let Some(start) = self.shared {
            self.seek_shared(offset, start);
        } else if let Some(ahead) = offset.checked_sub(self.base)
            && let Ok(ahead) = usize::try_from(ahead)
            && ahead <= self.end
        {
            self.next = ahead;
        } else {
            self.seek_outside(offset);
        }
    }

    fn seek_shared(&mut self, offset: u64, start: usize) {
        let length = self.end.saturating_sub(start) as u64;
        // Past the end there are no bytes, and still a position.
        self.next = usize::try_from(offset.min(length)).unwrap_or_default().saturating_add(start);
        self.base = offset.wrapping_sub(self.next as u64);
    }

    fn seek_outside(&mut self, offset: u64) {
        // A short way ahead is read and not jumped over: bytes that pass in order are digested as
        // they pass, and a gap would have to be read again.
        let end = self.base.saturating_add(self.end as u64);
        if offset > end && offset.saturating_sub(end) < BUFFER as u64 && offset <= self.blob.len() {
            self.next = self.end;
            self.fill(1);
            let ahead = usize::try_from(offset.saturating_sub(self.base)).unwrap_or(usize::MAX);
            if ahead <= self.end {
                self.next = ahead;
                return;
            }
        }
        self.base = offset;
        self.end = 0;
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
    #[inline]
    fn fill(&mut self, count: usize) -> usize {
        let have = self.end.saturating_sub(self.next);
        if have >= count || self.shared.is_some() { have } else { self.read_on(count) }
    }

    #[inline(never)]
    fn read_on(&mut self, count: usize) -> usize {
        self.base = self.position();
        let buffer = Arc::make_mut(&mut self.buffer);
        buffer.truncate(self.end);
        buffer.drain(..self.next);
        self.next = 0;
        let old = buffer.len();
        let left = self.blob.len().saturating_sub(self.base.saturating_add(old as u64));
        let want = count.max(BUFFER).saturating_sub(old);
        let want = want.min(usize::try_from(left).unwrap_or(usize::MAX));
        buffer.resize(old.saturating_add(want), 0);
        let read = match buffer.get_mut(old..) {
            Some(space) => self.blob.read_at(self.base.saturating_add(old as u64), space),
            None => 0,
        };
        self.end = old.saturating_add(read);
        self.end
    }

    /// What stands in the buffer and was not passed.
    #[inline]
    fn window(&self) -> &[u8] {
        self.buffer.get(self.next..self.end).unwrap_or_default()
    }

    /// The next byte.
    #[inline]
    pub fn byte(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.next = self.next.saturating_add(1);
        Some(byte)
    }

    /// The next byte, without passing it.
    #[inline]
    pub fn peek(&mut self) -> Option<u8> {
        if self.next >= self.end && self.fill(1) == 0 {
            return None;
        }
        self.buffer.get(self.next).copied()
    }

    /// The next bytes without passing them: at most `count`, fewer at the end.
    pub fn peek_bytes(&mut self, count: usize) -> &[u8] {
        let have = self.fill(count).min(count);
        self.buffer.get(self.next..self.next.saturating_add(have)).unwrap_or_default()
    }

    /// Passes the bytes that `passes` takes, as far as they stand in the buffer, and gives them. There
    /// may be more of them where the buffer ended, and always are some where the next byte is one.
    #[inline]
    pub fn run(&mut self, passes: impl Fn(u8) -> bool) -> &[u8] {
        self.fill(1);
        let start = self.next;
        let window = self.window();
        let count = window.iter().position(|byte| !passes(*byte)).unwrap_or(window.len());
        self.next = start.saturating_add(count);
        self.buffer.get(start..self.next).unwrap_or_default()
    }

    /// The next `count` bytes, all of them or `None` (it then stands where it stood). Meant for
    /// small counts: they are held in memory, so a caller bounds `count` first.
    #[inline]
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
        if let (Some(to), Some(from)) = (out.get_mut(..have), self.window().get(..have)) {
            to.copy_from_slice(from);
        }
        self.next = end;
        Ok(have)
    }
}

impl io::BufRead for Cursor {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.fill(1);
        Ok(self.window())
    }

    fn consume(&mut self, count: usize) {
        self.next = self.next.saturating_add(count).min(self.end.max(self.next));
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

    /// The same bytes, which do not stand in memory.
    struct Elsewhere(Vec<u8>);

    impl crate::ReadAt for Elsewhere {
        fn len(&self) -> u64 {
            self.0.len() as u64
        }

        fn read_at(&self, offset: u64, buffer: &mut [u8]) -> usize {
            self.0.read_at(offset, buffer)
        }
    }

    #[test]
    fn reads_the_same_in_memory_and_elsewhere() {
        let bytes: Vec<u8> = (0..200_000u32).map(|n| (n % 251) as u8).collect();
        let whole = Blob::from_vec(bytes.clone());
        let elsewhere = Blob::new(std::sync::Arc::new(Elsewhere(bytes)));
        let read = |blob: &Blob| {
            let part = blob.slice(1000, 150_000);
            let mut told = Vec::new();
            let mut cursor = part.cursor(7);
            for target in [0u64, 70_000, 65_000, 149_990, 150_000, 150_001, u64::MAX, 3] {
                cursor.seek(target);
                told.push(format!("{} {}", cursor.position(), cursor.remaining()));
                told.push(format!("{:?}", cursor.peek()));
                told.push(format!("{:?}", cursor.peek_bytes(20)));
                told.push(format!("{:?}", cursor.exact(15)));
                told.push(format!("{:?}", cursor.array::<4>()));
                told.push(format!("{:?}", cursor.line(300)));
                // Where the buffer ends, it goes on.
                let mut run = Vec::new();
                while let part = cursor.run(|b| b != 40)
                    && !part.is_empty()
                {
                    run.extend_from_slice(part);
                }
                told.push(format!("{run:?}"));
                told.push(format!("{} {}", cursor.skip(10), cursor.position()));
            }
            told
        };
        assert_eq!(read(&whole), read(&elsewhere));
        assert_eq!(whole.slice(9, 4).bytes_at(2, 9), elsewhere.slice(9, 4).bytes_at(2, 9));
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
