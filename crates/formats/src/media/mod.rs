//! Pictures and recordings: where they end, so that what stands behind them can be looked at.
//!
//! PNG (ISO/IEC 15948) up to `IEND`, JPEG (ITU-T T.81) up to the end-of-image marker, `GIF89a` up to
//! its trailer, RIFF by its declared size. Nothing is decoded.

#[cfg(test)]
mod tests;

use artifact::Blob;

use crate::identify::Format;

/// Chunks, segments or blocks of one picture that are followed.
const PARTS: usize = 1_000_000;

/// Where a picture or recording ends, at most the end of the bytes. One that breaks off, or that is
/// not what its first bytes say, ends where the bytes do.
pub fn end(blob: &Blob, format: Format) -> u64 {
    let found = match format {
        Format::Png => png(blob),
        Format::Jpeg => jpeg(blob),
        Format::Gif => gif(blob),
        Format::Riff => riff(blob),
        _ => None,
    };
    found.unwrap_or(blob.len()).min(blob.len())
}

fn png(blob: &Blob) -> Option<u64> {
    let mut at = 8u64;
    for _ in 0..PARTS {
        let len = u64::from(u32::from_be_bytes(blob.array_at(at)?));
        let kind: [u8; 4] = blob.array_at(at.checked_add(4)?)?;
        if !kind.iter().all(u8::is_ascii_alphabetic) {
            return None;
        }
        at = at.checked_add(len)?.checked_add(12)?;
        if kind == *b"IEND" {
            return Some(at);
        }
    }
    None
}

fn jpeg(blob: &Blob) -> Option<u64> {
    let mut at = 2u64;
    for _ in 0..PARTS {
        let [mark, kind] = blob.array_at(at)?;
        if mark != 0xff {
            return None;
        }
        at = match kind {
            // Fill bytes.
            0xff => at.checked_add(1)?,
            // Markers that stand alone.
            0x01 | 0xd0..=0xd8 => at.checked_add(2)?,
            0xd9 => return at.checked_add(2),
            _ => {
                let len = u64::from(u16::from_be_bytes(blob.array_at(at.checked_add(2)?)?));
                let next = at.checked_add(2)?.checked_add(len.max(2))?;
                // Behind the header of a scan its data stands, up to the next marker.
                if kind == 0xda { scan_end(blob, next)? } else { next }
            }
        };
    }
    None
}

/// The first marker in the data of a scan: `FF`, then neither a stuffed zero nor a restart.
fn scan_end(blob: &Blob, from: u64) -> Option<u64> {
    const CHUNK: usize = 64 << 10;
    let mut at = from;
    loop {
        let bytes = blob.bytes_at(at, CHUNK);
        if bytes.len() < 2 {
            return None;
        }
        for found in memchr::memchr_iter(0xff, &bytes) {
            let Some(next) = bytes.get(found.saturating_add(1)) else { break };
            if !matches!(next, 0 | 0xd0..=0xd7 | 0xff) {
                return at.checked_add(found as u64);
            }
        }
        // The last byte may be the first half of a marker.
        at = at.checked_add(bytes.len() as u64)?.checked_sub(1)?;
    }
}

fn gif(blob: &Blob) -> Option<u64> {
    let colours = |flags: u8| match flags & 0x80 {
        0 => 0,
        _ => 3u64 << (flags & 7).saturating_add(1),
    };
    let [flags] = blob.array_at(10)?;
    let mut at = 13u64.checked_add(colours(flags))?;
    for _ in 0..PARTS {
        let [kind] = blob.array_at(at)?;
        at = match kind {
            0x3b => return at.checked_add(1),
            0x21 => blocks(blob, at.checked_add(2)?)?,
            0x2c => {
                let [flags] = blob.array_at(at.checked_add(9)?)?;
                // The table of colours, the size of a code, the data.
                let data = at.checked_add(10)?.checked_add(colours(flags))?.checked_add(1)?;
                blocks(blob, data)?
            }
            _ => return None,
        };
    }
    None
}

/// Behind data blocks, each with its length before it, up to an empty one.
fn blocks(blob: &Blob, from: u64) -> Option<u64> {
    let mut at = from;
    for _ in 0..PARTS {
        let [len] = blob.array_at(at)?;
        at = at.checked_add(1)?.checked_add(u64::from(len))?;
        if len == 0 {
            return Some(at);
        }
    }
    None
}

/// A chunk of its declared size, padded to an even one.
fn riff(blob: &Blob) -> Option<u64> {
    let size = u64::from(u32::from_le_bytes(blob.array_at(4)?));
    let end = size.checked_add(8)?;
    end.checked_add(end & 1)
}
