use std::io::{self, BufRead, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};

use artifact::Cursor;

/// What one call of a decoder did.
pub(crate) struct Step {
    /// Bytes that it wrote.
    pub(crate) produced: usize,
    /// Whether the stream is at its end.
    pub(crate) done: bool,
}

/// A decoder that takes exactly the bytes of its stream from a cursor, and no more: what follows
/// the stream is the next one's.
pub(crate) trait Stage {
    /// Decodes a part. `Ok` with nothing produced and not done means: call again.
    fn run(&mut self, input: &mut Cursor, out: &mut [u8]) -> io::Result<Step>;
}

/// What a decoder without input or output of its own reports of one call.
pub(crate) struct Progress {
    /// Input bytes taken.
    pub(crate) taken: usize,
    /// Input bytes taken, now or before, that are not the stream's.
    pub(crate) unused: usize,
    /// Output bytes written.
    pub(crate) produced: usize,
    /// Whether the stream is at its end.
    pub(crate) done: bool,
    /// What it complained of after writing `produced` bytes.
    pub(crate) error: Option<String>,
}

/// Makes a [`Stage`] of a function from slices to slices.
pub(crate) struct Sliced<F> {
    process: F,
    /// How much output one call may be given.
    granule: usize,
    /// Zeros that may still be fed after the end of the input.
    padding: usize,
    /// Zeros that were.
    padded: usize,
    error: Option<String>,
}

impl<F: FnMut(&[u8], &mut [u8]) -> Progress> Sliced<F> {
    pub(crate) fn new(process: F) -> Self {
        Self { process, granule: usize::MAX, padding: 0, padded: 0, error: None }
    }

    /// For a decoder that loses the output of the call that fails, and that keeps a few bytes of
    /// input back until it knows that a whole symbol is there. It is given little room, and where
    /// the input ends early, zeros: what was kept back then comes out, and some bytes too many,
    /// which is better than too few.
    pub(crate) fn reluctant(process: F) -> Self {
        Self { granule: GRANULE, padding: PADDING, ..Self::new(process) }
    }
}

/// Less than the 8 KiB that Python's `lzma` hands on before it raises.
const GRANULE: usize = 256;
/// A symbol takes 20 bytes at most.
const PADDING: usize = 24;

impl<F: FnMut(&[u8], &mut [u8]) -> Progress> Stage for Sliced<F> {
    fn run(&mut self, input: &mut Cursor, out: &mut [u8]) -> io::Result<Step> {
        if let Some(error) = self.error.take() {
            return Err(io::Error::other(error));
        }
        let window = input.fill_buf()?;
        let at_end = window.is_empty();
        let is_padded = at_end && self.padding > 0;
        let granule = if is_padded { 1 } else { self.granule };
        let room = out.len().min(granule);
        let out = out.get_mut(..room).unwrap_or_default();
        let progress = (self.process)(if is_padded { &[0] } else { window }, out);
        if is_padded {
            self.padding = self.padding.saturating_sub(progress.taken);
            self.padded = self.padded.saturating_add(progress.taken);
        } else {
            input.consume(progress.taken);
        }
        let unused = progress.unused.saturating_sub(self.padded);
        if unused > 0 {
            input.seek(input.position().saturating_sub(unused as u64));
        }
        let idle = progress.taken == 0 && progress.produced == 0;
        match progress.error {
            Some(_) if at_end && progress.produced == 0 => return Err(ends_early()),
            Some(error) if progress.produced == 0 => return Err(io::Error::other(error)),
            error => self.error = error,
        }
        if idle && !progress.done {
            return Err(if at_end { ends_early() } else { io::Error::other("no progress") });
        }
        Ok(Step { produced: progress.produced, done: progress.done && self.error.is_none() })
    }
}

/// The error of a stream that stops before its end mark.
pub(crate) fn ends_early() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the stream ends before its end mark")
}

/// Turns a panic of a decoder into an error: the decoders are not ours, the bytes are hostile.
pub(crate) struct Guarded<R> {
    inner: R,
    broken: bool,
}

impl<R: Read> Guarded<R> {
    pub(crate) fn new(inner: R) -> Self {
        Self { inner, broken: false }
    }
}

impl<R: Read> Read for Guarded<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.broken {
            return Err(io::Error::other("the decoder panicked"));
        }
        // After a panic the decoder is never called again, so its broken state is never seen.
        catch_unwind(AssertUnwindSafe(|| self.inner.read(out))).unwrap_or_else(|_| {
            self.broken = true;
            Err(io::Error::other("the decoder panicked"))
        })
    }
}
