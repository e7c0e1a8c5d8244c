use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex};

use vocabulary::Span;

use crate::{Blob, Budget, Exhausted, ReadAt, Trouble};

/// Bytes of one output that stay in memory. Containers within containers hold one each at a time.
const IN_MEMORY: usize = 4 << 20;

/// Bytes that a decoder is asked for at once.
const SMALLEST: usize = 4 << 10;
const LARGEST: usize = 256 << 10;

/// What came out of a decoder.
#[derive(Debug)]
pub struct Spooled {
    /// The decoded bytes, up to where decoding stopped. Where they could not be kept, nothing, and
    /// its [`Blob::trouble`] says why.
    pub blob: Blob,
    /// Which limit stopped it.
    pub exhausted: Option<Exhausted>,
    /// What the decoder complained of; the bytes before it are there.
    pub fault: Option<String>,
}

struct TempFile {
    file: Mutex<std::fs::File>,
    len: u64,
    trouble: Mutex<Option<Trouble>>,
}

impl ReadAt for TempFile {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> usize {
        let Ok(mut file) = self.file.lock() else { return 0 };
        let read = file.seek(SeekFrom::Start(offset)).and_then(|_| file.read(buffer));
        read.unwrap_or_else(|error| {
            if let Ok(mut trouble) = self.trouble.lock() {
                *trouble = Some(Trouble(format!("cannot read back a temporary file: {error}")));
            }
            0
        })
    }

    fn trouble(&self) -> Option<Trouble> {
        self.trouble.lock().ok()?.clone()
    }
}

/// What was decoded and could not be kept: the fault is the machine's, so not even the beginning of
/// it is shown to a reader, which would take its end for the file's.
struct Lost(Trouble);

impl ReadAt for Lost {
    fn len(&self) -> u64 {
        0
    }

    fn read_at(&self, _offset: u64, _buffer: &mut [u8]) -> usize {
        0
    }

    fn trouble(&self) -> Option<Trouble> {
        Some(self.0.clone())
    }
}

/// Runs a decoder to its end and keeps what it made: in memory while it is small, in an unnamed
/// temporary file after that. `input` is the length of what it decodes, for the ratio.
///
/// A decoder that fails has still made something; payloads stand before the error, so that part is
/// kept and looked at.
pub fn spool(decoder: impl Read, input: u64, budget: &Budget) -> Spooled {
    let mut spool = Spool::new(input, budget);
    let Taken { exhausted, fault, .. } = spool.take(decoder);
    Spooled { blob: spool.finish(), exhausted, fault }
}

/// What a decoder added to a [`Spool`].
#[derive(Debug)]
pub struct Taken {
    /// Where it stands in what the spool holds.
    pub span: Span,
    /// Which limit stopped it.
    pub exhausted: Option<Exhausted>,
    /// What the decoder complained of; the bytes before it are there.
    pub fault: Option<String>,
}

/// Keeps what several decoders make, one after another, in one place: the members of an archive
/// that all have to be decoded before the first is looked at.
pub struct Spool<'a> {
    kept: tempfile::SpooledTempFile,
    len: u64,
    input: u64,
    budget: &'a Budget,
    buffer: Vec<u8>,
    trouble: Option<Trouble>,
}

impl<'a> Spool<'a> {
    /// An empty one. `input` is the length of what is decoded, of all decoders together.
    pub fn new(input: u64, budget: &'a Budget) -> Self {
        let kept = tempfile::SpooledTempFile::new(IN_MEMORY);
        // Little input makes little output, most of the time.
        let buffer = input.saturating_mul(4).clamp(SMALLEST as u64, LARGEST as u64);
        let buffer = vec![0; usize::try_from(buffer).unwrap_or(LARGEST)];
        Self { kept, len: 0, input, budget, buffer, trouble: None }
    }

    /// Runs a decoder to its end.
    pub fn take(&mut self, mut decoder: impl Read) -> Taken {
        let start = self.len;
        let mut taken = Taken { span: Span::new(start, start), exhausted: None, fault: None };
        loop {
            let count = match decoder.read(&mut self.buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    taken.fault = Some(error.to_string());
                    break;
                }
            };
            let total = self.len.saturating_add(count as u64);
            let spent = self.budget.spend_bytes(count as u64);
            if let Err(limit) = spent.and_then(|()| self.budget.check_ratio(self.input, total)) {
                taken.exhausted = Some(limit);
                break;
            }
            if let Err(error) = self.kept.write_all(self.buffer.get(..count).unwrap_or_default()) {
                let trouble = Trouble(format!("cannot write a temporary file: {error}"));
                taken.fault = Some(trouble.to_string());
                self.trouble = Some(trouble);
                break;
            }
            self.len = total;
        }
        taken.span = Span::new(start, self.len);
        taken
    }

    /// Whether something could not be kept; then the rest need not be decoded.
    pub fn trouble(&self) -> Option<&Trouble> {
        self.trouble.as_ref()
    }

    /// All that was taken.
    pub fn finish(self) -> Blob {
        if let Some(trouble) = self.trouble {
            return Blob::new(Arc::new(Lost(trouble)));
        }
        let len = self.len;
        match self.kept.into_inner() {
            tempfile::SpooledData::InMemory(bytes) => {
                let mut bytes = bytes.into_inner();
                bytes.truncate(usize::try_from(len).unwrap_or(usize::MAX));
                Blob::from_vec(bytes)
            }
            tempfile::SpooledData::OnDisk(file) => {
                let file = Mutex::new(file);
                Blob::new(Arc::new(TempFile { file, len, trouble: Mutex::new(None) }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use vocabulary::Limits;

    use super::*;

    #[test]
    fn keeps_large_output_on_disk_and_reads_it_back() {
        let budget = Budget::new(Limits::default());
        let made = spool(io::repeat(7).take(40 << 20), 40 << 20, &budget);
        assert_eq!(made.blob.len(), 40 << 20);
        assert_eq!(made.blob.bytes_at((40 << 20) - 2, 9), [7, 7]);
        assert_eq!((made.exhausted, made.fault), (None, None));
    }

    #[test]
    fn several_outputs_share_one_place_and_one_ratio() {
        let budget = Budget::new(Limits::default());
        let mut spool = Spool::new(10, &budget);
        let first = spool.take(&b"abc"[..]);
        let second = spool.take(&b"defg"[..]);
        assert_eq!((first.span, second.span), (Span::new(0, 3), Span::new(3, 7)));
        let third = spool.take(io::repeat(7).take(40 << 20));
        assert_eq!(third.exhausted, None);
        let fourth = spool.take(io::repeat(7).take(40 << 20));
        assert_eq!(fourth.exhausted, Some(Exhausted::Ratio));
        let blob = spool.finish();
        assert_eq!(blob.len(), fourth.span.end);
        assert_eq!(blob.bytes_at(0, 8), *b"abcdefg\x07");
    }

    #[test]
    fn stops_at_the_budget() {
        let budget = Budget::new(Limits { bytes_out: 1 << 20, ..Limits::default() });
        let made = spool(io::repeat(7), 10, &budget);
        assert_eq!(made.exhausted, Some(Exhausted::BytesOut));
        let budget = Budget::new(Limits::default());
        assert_eq!(spool(io::repeat(7), 10, &budget).exhausted, Some(Exhausted::Ratio));
    }
}
