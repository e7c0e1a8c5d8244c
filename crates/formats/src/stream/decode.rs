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
    error: Option<String>,
}

impl<F: FnMut(&[u8], &mut [u8]) -> Progress> Sliced<F> {
    pub(crate) fn new(granule: usize, process: F) -> Self {
        Self { process, granule, error: None }
    }
}

impl<F: FnMut(&[u8], &mut [u8]) -> Progress> Stage for Sliced<F> {
    fn run(&mut self, input: &mut Cursor, out: &mut [u8]) -> io::Result<Step> {
        if let Some(error) = self.error.take() {
            return Err(io::Error::other(error));
        }
        let room = out.len().min(self.granule);
        let out = out.get_mut(..room).unwrap_or_default();
        let window = input.fill_buf()?;
        let at_end = window.is_empty();
        let progress = (self.process)(window, out);
        input.consume(progress.taken);
        let idle = progress.taken == 0 && progress.produced == 0;
        match progress.error {
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
