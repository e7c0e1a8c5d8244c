//! How a file is read and digested. It is never mapped into memory: a file that shrinks while it is
//! mapped ends the program.

use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};

use artifact::{ReadAt as _, SourceFile, Trouble};
use blake3::hazmat::{self, HasherExt as _, Mode};

use super::hasher::Hasher;
use super::{Algorithm, Digests};

/// What is read at a time where one processor does everything: it stays in the processor's cache.
const HOT: usize = 128 << 10;
/// What is read at a time where several share the work: handing over costs little against it.
const STEP: usize = 1 << 20;

/// The processors that share the work, and how many files they are busy with.
pub(crate) struct Team {
    size: usize,
    busy: AtomicUsize,
}

impl Team {
    pub(crate) fn new(size: usize) -> Self {
        Self { size: size.max(1), busy: AtomicUsize::new(0) }
    }

    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// Whether there are more processors than files in work.
    fn has_idle(&self) -> bool {
        self.busy.load(Ordering::Relaxed) < self.size
    }

    /// Reads a file once and digests it. The error says that it could not be read, or that it is
    /// not what it was when it was opened.
    pub(crate) fn digest(
        &self,
        file: &SourceFile,
        algorithms: &[Algorithm],
    ) -> Result<Digests, Trouble> {
        self.busy.fetch_add(1, Ordering::Relaxed);
        let alone = algorithms == [Algorithm::Blake3] && file.len() > STEP as u64;
        let digests = if alone && self.size > 1 && self.size >= rayon::current_num_threads() {
            let mut digests = Digests::default();
            digests.set(Algorithm::Blake3, blake3_by_all(file).to_vec());
            digests
        } else {
            self.in_order(file, Hasher::new(algorithms, file.len()))
        };
        self.busy.fetch_sub(1, Ordering::Relaxed);
        file.finish()?;
        Ok(digests)
    }

    /// Reads from front to back. While there are idle processors, the next bytes are read and a
    /// half of the digests computed by another one.
    fn in_order(&self, file: &SourceFile, mut hasher: Hasher) -> Digests {
        let fits = usize::try_from(file.len()).unwrap_or(usize::MAX).min(STEP);
        let (mut current, mut next) = (vec![0; fits], Vec::new());
        let mut count = fill(file, 0, current.get_mut(..fits.min(HOT)).unwrap_or_default());
        let mut at = count as u64;
        while count > 0 {
            let bytes = current.get(..count).unwrap_or_default();
            if at < file.len() && self.has_idle() {
                next.resize(STEP, 0);
                let Hasher { first, second } = &mut hasher;
                let ((), read) = rayon::join(
                    || first.update_from_afar(bytes),
                    || {
                        let read = fill(file, at, &mut next);
                        second.update(bytes);
                        read
                    },
                );
                count = read;
                std::mem::swap(&mut current, &mut next);
            } else {
                hasher.update(bytes);
                count = fill(file, at, current.get_mut(..fits.min(HOT)).unwrap_or_default());
            }
            at = at.saturating_add(count as u64);
        }
        hasher.finish()
    }
}

/// Fills as much of the buffer as there are bytes from `offset` on.
fn fill(file: &SourceFile, offset: u64, buffer: &mut [u8]) -> usize {
    let mut filled = 0usize;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read_at(offset.saturating_add(filled as u64), rest) {
            0 => break,
            count => filled = filled.saturating_add(count),
        }
    }
    filled
}

/// BLAKE3 of a file larger than a part, by all processors: each reads its own parts. Bytes that
/// cannot be had leave a wrong digest and trouble with the file, which the caller asks for.
fn blake3_by_all(file: &SourceFile) -> [u8; 32] {
    let (left, right) = halves(file, 0, file.len());
    *hazmat::merge_subtrees_root(&left, &right, Mode::Hash).as_bytes()
}

fn halves(file: &SourceFile, start: u64, len: u64) -> ([u8; 32], [u8; 32]) {
    let left = hazmat::left_subtree_len(len);
    let middle = start.saturating_add(left);
    rayon::join(|| subtree(file, start, left), || subtree(file, middle, len.saturating_sub(left)))
}

fn subtree(file: &SourceFile, start: u64, len: u64) -> [u8; 32] {
    thread_local! {
        static PART: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }
    if len > HOT as u64 {
        let (left, right) = halves(file, start, len);
        return hazmat::merge_subtrees_non_root(&left, &right, Mode::Hash);
    }
    PART.with_borrow_mut(|part| {
        part.resize(HOT, 0);
        let wanted = usize::try_from(len).unwrap_or(HOT);
        let count = fill(file, start, part.get_mut(..wanted).unwrap_or_default());
        let mut hasher = blake3::Hasher::new();
        hasher.set_input_offset(start);
        // A part without a byte has no place in the tree. Its file is in trouble already.
        let bytes = part.get(..count.max(1)).unwrap_or_default();
        hasher.update(bytes).finalize_non_root()
    })
}
