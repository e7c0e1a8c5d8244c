//! As much of the 7z header as tells what the decoder would allocate (7zFormat.txt of the LZMA
//! SDK).

use artifact::Blob;

/// The signature.
pub(super) const SIGNATURE: [u8; 6] = *b"7z\xbc\xaf\x27\x1c";
/// Length of the signature header.
pub(super) const START: u64 = 32;
/// The longest header that is read, packed or not.
const LONGEST: u64 = 1 << 20;

/// Where the header stands.
pub(super) struct Start {
    pub(super) header_at: u64,
    pub(super) header_end: u64,
}

/// Reads the signature header and measures the header. `Err` says why it is not read.
pub(super) fn measure(blob: &Blob) -> Result<Start, String> {
    let start: [u8; 32] = blob.array_at(0).ok_or("the 7z signature header is cut")?;
    if !start.starts_with(&SIGNATURE) {
        return Err("no 7z signature".to_owned());
    }
    let number = |at: usize| {
        start
            .get(at..)
            .and_then(|rest| rest.first_chunk::<8>())
            .map_or(0, |b| u64::from_le_bytes(*b))
    };
    let (offset, size) = (number(12), number(20));
    if start.get(8..32).is_none_or(|rest| rest.iter().all(|byte| *byte == 0)) {
        return Err("the 7z signature header is empty: the archive was never finished".to_owned());
    }
    // A zero checksum makes the decoder search for a header, at a cost that nothing bounds.
    if start.get(8..12) == Some(&[0; 4]) {
        return Err("the 7z signature header has no checksum".to_owned());
    }
    let header_at = START.checked_add(offset).filter(|at| *at <= blob.len());
    let header_at = header_at.ok_or("the 7z header stands past the end of the file")?;
    if size > LONGEST {
        return Err(format!("the 7z header of {size} bytes is too long"));
    }
    let header = blob.bytes_at(header_at, usize::try_from(size).unwrap_or(0));
    if (header.len() as u64) < size {
        return Err("the 7z header is cut".to_owned());
    }
    if header.first() == Some(&0x17) {
        let unpacked = Packed(header.get(1..).unwrap_or_default()).largest();
        let unpacked = unpacked.ok_or("the packed 7z header cannot be measured")?;
        if unpacked > LONGEST {
            return Err(format!("the 7z header of {unpacked} bytes is too long"));
        }
    }
    Ok(Start { header_at, header_end: header_at.saturating_add(size) })
}

/// The streams info that says how the header itself is packed.
struct Packed<'a>(&'a [u8]);

impl Packed<'_> {
    /// The largest unpacked size of any of its streams. `None` where it is no streams info.
    fn largest(mut self) -> Option<u64> {
        let mut property = self.byte()?;
        if property == 0x06 {
            self.number()?;
            let streams = self.count()?;
            loop {
                match self.byte()? {
                    0x00 => break,
                    0x09 => {
                        for _ in 0..streams {
                            self.number()?;
                        }
                    }
                    0x0a => self.digests(streams)?,
                    _ => return None,
                }
            }
            property = self.byte()?;
        }
        if property != 0x07 || self.byte()? != 0x0b {
            return None;
        }
        let folders = self.count()?;
        if self.byte()? != 0 {
            return None;
        }
        let mut outputs = 0u64;
        for _ in 0..folders {
            outputs = outputs.checked_add(self.folder()?)?;
        }
        if self.byte()? != 0x0c {
            return None;
        }
        let mut largest = 0;
        for _ in 0..outputs {
            largest = self.number()?.max(largest);
        }
        Some(largest)
    }

    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn skip(&mut self, count: u64) -> Option<()> {
        self.0 = self.0.get(usize::try_from(count).ok()?..)?;
        Some(())
    }

    /// A number in 1 to 9 bytes: as many further bytes as the first has leading ones.
    fn number(&mut self) -> Option<u64> {
        let first = self.byte()?;
        let further = first.leading_ones();
        let mut value = 0u64;
        for at in 0..further {
            let byte = u64::from(self.byte()?);
            value |= byte.checked_shl(at.checked_mul(8)?)?;
        }
        let mask = 0x7fu8.checked_shr(further).unwrap_or(0);
        let high = u64::from(first & mask).checked_shl(further.checked_mul(8)?).unwrap_or(0);
        Some(value | high)
    }

    /// A number of things, each of which takes a byte at least.
    fn count(&mut self) -> Option<u64> {
        self.number().filter(|count| *count <= self.0.len() as u64)
    }

    fn digests(&mut self, count: u64) -> Option<()> {
        let mut defined = count;
        if self.byte()? == 0 {
            defined = 0;
            for _ in 0..count.div_ceil(8) {
                defined = defined.checked_add(u64::from(self.byte()?.count_ones()))?;
            }
        }
        self.skip(defined.checked_mul(4)?)
    }

    /// A folder, that is a chain of coders. Gives its number of outputs.
    fn folder(&mut self) -> Option<u64> {
        let coders = self.count()?;
        let (mut inputs, mut outputs) = (0u64, 0u64);
        for _ in 0..coders {
            let flags = self.byte()?;
            self.skip(u64::from(flags & 0x0f))?;
            let (ins, outs) =
                if flags & 0x10 == 0 { (1, 1) } else { (self.number()?, self.number()?) };
            inputs = inputs.checked_add(ins)?;
            outputs = outputs.checked_add(outs)?;
            if flags & 0x20 != 0 {
                let len = self.number()?;
                self.skip(len)?;
            }
        }
        let pairs = outputs.checked_sub(1)?;
        if pairs > self.0.len() as u64 {
            return None;
        }
        for _ in 0..pairs {
            self.number()?;
            self.number()?;
        }
        let packed = inputs.checked_sub(pairs)?;
        if packed > 1 {
            if packed > self.0.len() as u64 {
                return None;
            }
            for _ in 0..packed {
                self.number()?;
            }
        }
        Some(outputs)
    }
}
