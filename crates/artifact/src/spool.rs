use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex};

use crate::{Blob, Budget, Exhausted, ReadAt, Trouble};

const IN_MEMORY: usize = 16 << 20;

/// What came out of a decoder.
#[derive(Debug)]
pub struct Spooled {
    /// The decoded bytes, up to where decoding stopped.
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

/// Runs a decoder to its end and keeps what it made: in memory while it is small, in an unnamed
/// temporary file after that. `input` is the length of what it decodes, for the ratio.
///
/// A decoder that fails has still made something; payloads stand before the error, so that part is
/// kept and looked at.
pub fn spool(mut decoder: impl Read, input: u64, budget: &Budget) -> Spooled {
    let mut kept = tempfile::SpooledTempFile::new(IN_MEMORY);
    let mut len = 0u64;
    let mut exhausted = None;
    let mut fault = None;
    let mut buffer = vec![0; 256 << 10];
    loop {
        let count = match decoder.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                fault = Some(error.to_string());
                break;
            }
        };
        let total = len.saturating_add(count as u64);
        if let Err(limit) =
            budget.spend_bytes(count as u64).and_then(|()| budget.check_ratio(input, total))
        {
            exhausted = Some(limit);
            break;
        }
        if let Err(error) = kept.write_all(buffer.get(..count).unwrap_or_default()) {
            fault = Some(format!("cannot write a temporary file: {error}"));
            break;
        }
        len = total;
    }
    let blob = match kept.into_inner() {
        tempfile::SpooledData::InMemory(bytes) => {
            let mut bytes = bytes.into_inner();
            bytes.truncate(usize::try_from(len).unwrap_or(usize::MAX));
            Blob::from_vec(bytes)
        }
        tempfile::SpooledData::OnDisk(file) => {
            Blob::new(Arc::new(TempFile { file: Mutex::new(file), len, trouble: Mutex::new(None) }))
        }
    };
    Spooled { blob, exhausted, fault }
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
    fn stops_at_the_budget() {
        let budget = Budget::new(Limits { bytes_out: 1 << 20, ..Limits::default() });
        let made = spool(io::repeat(7), 10, &budget);
        assert_eq!(made.exhausted, Some(Exhausted::BytesOut));
        let budget = Budget::new(Limits::default());
        assert_eq!(spool(io::repeat(7), 10, &budget).exhausted, Some(Exhausted::Ratio));
    }
}
