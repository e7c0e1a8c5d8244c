use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::sync::{Arc, Mutex, OnceLock};

use crate::{Digests, Hasher, ReadAt, Trouble};

/// A file of the artifact, open. Bytes that pass by in order are digested as they pass, so that a
/// file which is parsed from front to back is read once; [`SourceFile::finish`] reads the rest.
pub struct SourceFile {
    file: File,
    len: u64,
    stamp: Stamp,
    state: Mutex<State>,
    /// All of a small file, once the first byte of it was asked for.
    whole: OnceLock<Arc<Vec<u8>>>,
}

/// Sees the bytes of a file go by.
type Watch = Box<dyn FnMut(&[u8]) + Send>;

#[derive(Default)]
struct State {
    hasher: Option<Hasher>,
    /// Told of every byte once, in order, on its way through the hasher.
    watch: Option<Watch>,
    /// Everything before it went through the hasher.
    hashed: u64,
    /// Bytes read from the file so far.
    read: u64,
    trouble: Option<Trouble>,
}

/// What the system tells of a file without reading it. It tells that a file was written to, unless
/// somebody took care that it does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp {
    /// The device.
    pub device: u64,
    /// The number on the device.
    pub inode: u64,
    /// The length in bytes.
    pub len: u64,
    /// When the content was last written to: seconds since 1970 and nanoseconds.
    pub modified: (i64, i64),
    /// When anything of it was last changed.
    pub changed: (i64, i64),
    regular: bool,
}

impl Stamp {
    /// That of a regular file, from its parts: device and inode, length, times.
    pub fn regular(
        (device, inode): (u64, u64),
        len: u64,
        modified: (i64, i64),
        changed: (i64, i64),
    ) -> Self {
        Self { device, inode, len, modified, changed, regular: true }
    }

    fn of(file: &File) -> io::Result<Self> {
        let meta = file.metadata()?;
        Ok(Self {
            len: meta.len(),
            regular: meta.is_file(),
            inode: meta.ino(),
            device: meta.dev(),
            modified: (meta.mtime(), meta.mtime_nsec()),
            changed: (meta.ctime(), meta.ctime_nsec()),
        })
    }
}

const CHUNK: usize = 1 << 20;
/// Files up to this size are read at once, and read no second time.
const SMALL: u64 = 64 << 10;

impl SourceFile {
    /// Wraps an open regular file.
    pub fn new(file: File, digest: bool) -> io::Result<Self> {
        let stamp = Stamp::of(&file)?;
        let state = State { hasher: digest.then(Hasher::default), ..State::default() };
        Ok(Self { file, len: stamp.len, stamp, state: Mutex::new(state), whole: OnceLock::new() })
    }

    /// Has something see every byte of the file once, in order, as it is digested; where nothing is
    /// digested, it sees nothing. To be set before anything is read.
    pub fn watch(&self, watch: impl FnMut(&[u8]) + Send + 'static) {
        self.with(|state| state.watch = Some(Box::new(watch)));
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        act(&mut state)
    }

    /// Whether it is a regular file.
    pub(crate) fn is_regular(&self) -> bool {
        self.stamp.regular
    }

    /// What the system told of it when it was opened.
    pub fn stamp(&self) -> Stamp {
        self.stamp
    }

    /// Bytes that were read from the file so far.
    pub fn bytes_read(&self) -> u64 {
        self.with(|state| state.read)
    }

    /// Reads what was not read in order yet, and gives the digests, where they were asked for.
    /// The error says that the file is not what it was when it was opened.
    pub fn finish(&self) -> Result<Option<Digests>, Trouble> {
        if self.with(|state| state.hasher.is_some()) {
            let mut buffer = vec![0; CHUNK];
            loop {
                let at = self.with(|state| state.hashed);
                if at >= self.len || self.read_at(at, &mut buffer) == 0 {
                    break;
                }
            }
        }
        let unchanged = Stamp::of(&self.file).is_ok_and(|now| now == self.stamp);
        self.with(|state| {
            if let Some(trouble) = &state.trouble {
                return Err(trouble.clone());
            }
            if !unchanged {
                return Err(Trouble("the file was changed while it was read".into()));
            }
            Ok(state.hasher.take().map(Hasher::finish))
        })
    }
}

impl ReadAt for SourceFile {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> usize {
        let left = usize::try_from(self.len.saturating_sub(offset)).unwrap_or(usize::MAX);
        let Some(buffer) = buffer.get_mut(..left.min(buffer.len())) else { return 0 };
        if buffer.is_empty() {
            return 0;
        }
        match self.in_memory() {
            Some(whole) => whole.read_at(offset, buffer),
            None => self.read_from_disk(offset, buffer),
        }
    }

    fn in_memory(&self) -> Option<&Arc<Vec<u8>>> {
        (self.len <= SMALL).then(|| self.whole.get_or_init(|| Arc::new(self.read_whole())))
    }

    fn trouble(&self) -> Option<Trouble> {
        self.with(|state| state.trouble.clone())
    }
}

impl SourceFile {
    fn read_whole(&self) -> Vec<u8> {
        let mut whole = vec![0; usize::try_from(self.len).unwrap_or_default()];
        let mut filled = 0usize;
        while let Some(rest) = whole.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.read_from_disk(filled as u64, rest) {
                0 => break,
                count => filled = filled.saturating_add(count),
            }
        }
        whole.truncate(filled);
        whole
    }

    fn read_from_disk(&self, offset: u64, buffer: &mut [u8]) -> usize {
        let read = loop {
            match self.file.read_at(buffer, offset) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        self.with(|state| match read {
            Ok(0) => {
                state.trouble.get_or_insert_with(|| {
                    Trouble(format!(
                        "the file shrank while it was read: {} bytes at first, now at most {offset}",
                        self.len
                    ))
                });
                0
            }
            Ok(count) => {
                state.read = state.read.saturating_add(count as u64);
                let end = offset.saturating_add(count as u64);
                if offset <= state.hashed
                    && end > state.hashed
                    && let Some(hasher) = &mut state.hasher
                {
                    let skip = usize::try_from(state.hashed.saturating_sub(offset));
                    let fresh = skip.ok().and_then(|skip| buffer.get(skip..count));
                    hasher.update(fresh.unwrap_or_default());
                    if let Some(watch) = &mut state.watch {
                        watch(fresh.unwrap_or_default());
                    }
                    state.hashed = end;
                }
                count
            }
            Err(error) => {
                state.trouble.get_or_insert_with(|| Trouble(format!("cannot be read: {error}")));
                0
            }
        })
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "the tests make their own files")]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::Blob;

    fn file_of(bytes: &[u8]) -> (tempfile::NamedTempFile, Arc<SourceFile>) {
        let mut temp = tempfile::NamedTempFile::new().unwrap();
        temp.write_all(bytes).unwrap();
        let open = File::open(temp.path()).unwrap();
        (temp, Arc::new(SourceFile::new(open, true).unwrap()))
    }

    #[test]
    fn digests_are_the_same_however_the_file_was_read() {
        let bytes: Vec<u8> = (0..3_000_000u32).map(|n| (n % 253) as u8).collect();
        let mut plain = Hasher::default();
        plain.update(&bytes);
        let plain = plain.finish();
        for offsets in [vec![], vec![0], vec![2_999_000, 0, 500, 64_000, 10]] {
            let (_temp, file) = file_of(&bytes);
            let blob = Blob::new(file.clone());
            for offset in offsets {
                blob.bytes_at(offset, 70_000);
            }
            assert_eq!(file.finish(), Ok(Some(plain.clone())));
        }
    }

    #[test]
    fn reads_a_file_once_when_it_is_read_in_order() {
        let (_temp, file) = file_of(&vec![9; 500_000]);
        let mut cursor = Blob::new(file.clone()).cursor(0);
        while cursor.byte().is_some() {}
        file.finish().unwrap();
        assert_eq!(file.bytes_read(), 500_000);
    }

    #[test]
    fn a_watch_sees_every_byte_once_and_in_order() {
        let bytes: Vec<u8> = (0..3_000_000u32).map(|n| (n % 251) as u8).collect();
        for offsets in [vec![], vec![0], vec![2_999_000, 0, 500, 64_000, 10]] {
            let (_temp, file) = file_of(&bytes);
            let seen = Arc::new(Mutex::new(Vec::new()));
            let sees = Arc::clone(&seen);
            file.watch(move |bytes| sees.lock().unwrap().extend_from_slice(bytes));
            let blob = Blob::new(file.clone());
            for offset in offsets {
                blob.bytes_at(offset, 70_000);
            }
            file.finish().unwrap();
            assert!(*seen.lock().unwrap() == bytes);
        }
    }

    #[test]
    fn tells_that_a_file_shrank() {
        let (temp, file) = file_of(&vec![9; 500_000]);
        temp.as_file().set_len(10).unwrap();
        let mut cursor = Blob::new(file.clone()).cursor(0);
        while cursor.byte().is_some() {}
        let trouble = file.finish().unwrap_err();
        assert!(trouble.0.contains("shrank"), "{trouble}");
    }

    #[test]
    fn tells_that_a_file_was_changed() {
        let (temp, file) = file_of(&[9; 5000]);
        std::thread::sleep(std::time::Duration::from_millis(20));
        temp.as_file().write_all(b"x").unwrap();
        assert!(file.finish().unwrap_err().0.contains("changed"));
    }
}
