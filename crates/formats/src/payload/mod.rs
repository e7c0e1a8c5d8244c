//! Programs, archives, compressed streams and pickles at any offset of bytes that are something
//! else, or nothing that is known.
//!
//! [`Search`] walks over bytes that no format explains and stops where a header stands that holds
//! together: an ELF header whose tables lie inside, `MZ` with a PE header that it points to, a zip
//! entry with a name, a gzip stream that inflates, a pickle that imports something. Two or four bytes
//! alone are nothing: random data is full of them. [`Marks`] sees bytes only once, as they pass by on
//! their way to a digest, and keeps where something may begin.

mod marks;

#[cfg(test)]
mod tests;

use std::io::Read as _;

use artifact::Blob;

use crate::identify::{Format, is_script};
use crate::{executable, stream};

pub use marks::{Mark, Marks};

/// Something that begins in the middle of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payload {
    /// Its first byte.
    pub at: u64,
    /// What it is.
    pub format: Format,
    /// One past its last byte, where it tells its length.
    pub end: Option<u64>,
}

/// Bytes that are looked at in one go; the longest fixed header is seen whole from each of them.
const CHUNK: usize = 256 << 10;
const AHEAD: usize = 512;
/// Headers that are read because their first bytes fit.
const TRIALS: u32 = 20_000;
/// Bytes of a compressed stream that must decode.
const TRIAL: usize = 4 << 10;

/// A search over one blob, from front to back.
pub struct Search<'a> {
    blob: &'a Blob,
    /// Whether a pickle begins here that imports something, and which of the two protocols' families
    /// it must be: `true` for text alone, which has to be sound to its end.
    pickle: &'a dyn Fn(&Blob, bool) -> bool,
    trials: u32,
}

impl<'a> Search<'a> {
    /// A search; `pickle` tells whether bytes are a pickle that imports something. Its second
    /// argument says that nothing but text marks it, so that it has to be sound to its end.
    pub fn new(blob: &'a Blob, pickle: &'a dyn Fn(&Blob, bool) -> bool) -> Self {
        Self { blob, pickle, trials: TRIALS }
    }

    /// The first thing that begins in `from..upto`.
    pub fn next(&mut self, from: u64, upto: u64) -> Option<Payload> {
        let upto = upto.min(self.blob.len());
        let mut at = from;
        while at < upto {
            let bytes = self.blob.bytes_at(at, CHUNK.saturating_add(AHEAD));
            let len = usize::try_from(upto.saturating_sub(at)).unwrap_or(usize::MAX).min(CHUNK);
            if bytes.is_empty() {
                return None;
            }
            if bytes.iter().all(|byte| *byte == 0) {
                at = at.saturating_add(len as u64);
                continue;
            }
            for (n, pair) in bytes.windows(2).enumerate().take(len) {
                let pair = pair.iter().fold(0usize, |pair, byte| pair << 8 | usize::from(*byte));
                if !BEGINS.get(pair).is_some_and(|begins| *begins) {
                    continue;
                }
                let head = bytes.get(n..).unwrap_or_default();
                let Some(guess) = guess(head) else { continue };
                if self.trials == 0 {
                    return None;
                }
                self.trials = self.trials.saturating_sub(1);
                let start = at.saturating_add(n as u64);
                if let Some(payload) = self.confirm(start, head, guess) {
                    return Some(payload);
                }
            }
            at = at.saturating_add(len as u64);
        }
        None
    }

    /// Whether the search gave up because too much only looked like something.
    pub fn gave_up(&self) -> bool {
        self.trials == 0
    }

    fn confirm(&self, at: u64, head: &[u8], guess: Format) -> Option<Payload> {
        let rest = self.blob.from(at);
        let open = Payload { at, format: guess, end: None };
        match guess {
            Format::Elf
            | Format::Pe
            | Format::MachO
            | Format::Wasm
            | Format::JavaClass
            | Format::Dex => confirm_program(&rest, at, guess),
            Format::Gzip => inflates(&rest).then_some(open),
            Format::Pickle => (self.pickle)(&rest, head.first() != Some(&0x80)).then_some(open),
            _ => Some(open),
        }
    }
}

/// The program that begins at the front of these bytes, where its headers hold together.
fn confirm_program(rest: &Blob, at: u64, format: Format) -> Option<Payload> {
    // A class and a universal binary of Mach-O begin alike.
    let formats: &[Format] = match format {
        Format::MachO | Format::JavaClass => &[Format::MachO, Format::JavaClass],
        _ => &[format],
    };
    formats.iter().find_map(|format| {
        let told = executable::read(rest, *format);
        told.sound.then(|| Payload { at, format: *format, end: at.checked_add(told.end) })
    })
}

/// What may begin here, by the bytes that are at hand.
fn guess(head: &[u8]) -> Option<Format> {
    let &[first, second, third, fourth, ..] = head else { return None };
    match (first, second, third, fourth) {
        (0x7f, b'E', b'L', b'F') => Some(Format::Elf),
        (b'M', b'Z', ..) => {
            let at = u32::from_le_bytes(*head.get(60..)?.first_chunk()?);
            let inside = usize::try_from(at).ok().and_then(|at| head.get(at..));
            // Farther away than what is at hand, the header has to be read.
            let fits = inside.map_or(at < 1 << 20, |pe| pe.len() < 4 || pe.starts_with(b"PE\0\0"));
            (at >= 4 && fits).then_some(Format::Pe)
        }
        (0xfe, 0xed, 0xfa, 0xce | 0xcf)
        | (0xce | 0xcf, 0xfa, 0xed, 0xfe)
        | (0xca, 0xfe, 0xba, 0xbe | 0xbf) => Some(Format::MachO),
        (0, b'a', b's', b'm') => (head.get(5..7) == Some(&[0, 0][..])).then_some(Format::Wasm),
        (b'd', b'e', b'x', b'\n') => Some(Format::Dex),
        (b'P', b'K', 3, 4) => is_zip_entry(head).then_some(Format::Zip),
        (0x1f, 0x8b, 8, flags) => (flags & 0xe0 == 0).then_some(Format::Gzip),
        (b'B', b'Z', b'h', _) | (0xfd, b'7', b'z', b'X') => {
            stream::identify(head).and_then(|codec| match codec {
                stream::Codec::Bzip2 => Some(Format::Bzip2),
                stream::Codec::Xz => Some(Format::Xz),
                _ => None,
            })
        }
        (b'7', b'z', 0xbc, 0xaf) => {
            head.starts_with(b"7z\xbc\xaf\x27\x1c\0").then_some(Format::SevenZ)
        }
        (b'R', b'a', b'r', b'!') => head.starts_with(b"Rar!\x1a\x07").then_some(Format::Rar),
        (b'!', b'<', b'a', b'r') => head.starts_with(b"!<arch>\n").then_some(Format::Ar),
        (0xed, 0xab, 0xee, 0xdb) => {
            matches!(head.get(4..8), Some([3 | 4, _, 0, 0 | 1])).then_some(Format::Rpm)
        }
        (0x93, b'N', b'U', b'M') => head.starts_with(b"\x93NUMPY").then_some(Format::Npy),
        (0x89, b'H', b'D', b'F') => head.starts_with(b"\x89HDF\r\n\x1a\n").then_some(Format::Hdf5),
        // An interpreter by its path: text is full of the two marks.
        (b'#', b'!', b'/', _) | (b'#', b'!', b' ', b'/') => {
            is_script(head).then_some(Format::Script)
        }
        (0x80, 2..=5, ..) => Some(Format::Pickle),
        (b'c', ..) => is_import(head).then_some(Format::Pickle),
        _ => None,
    }
}

/// The first two bytes of everything that [`guess`] knows.
static BEGINS: [bool; 1 << 16] = {
    let pairs =
        *b"\x7fEMZ\xfe\xed\xce\xfa\xcf\xfa\xca\xfe\0adePK\x1f\x8bBZ\xfd77zRa!<\xed\xab\x93N\x89H#!\
                   \x80\x02\x80\x03\x80\x04\x80\x05";
    let mut table = [false; 1 << 16];
    let mut n = 0;
    #[allow(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        reason = "of constants, when this is compiled"
    )]
    {
        while n < pairs.len() {
            table[(pairs[n] as usize) << 8 | pairs[n + 1] as usize] = true;
            n += 2;
        }
        // `c` and the first letter of a module.
        let mut letter = b'A';
        while letter <= b'z' {
            table[(b'c' as usize) << 8 | letter as usize] = true;
            letter += 1;
        }
    }
    table
};

/// The header of a zip entry: a method that exists, a name that is one.
fn is_zip_entry(head: &[u8]) -> bool {
    let number = |at: usize| head.get(at..)?.first_chunk().copied().map(u16::from_le_bytes);
    let (Some(version), Some(method), Some(len)) = (number(4), number(8), number(26)) else {
        return false;
    };
    let name = head.get(30..30usize.saturating_add(usize::from(len.min(256)))).unwrap_or_default();
    version & 0xff <= 63
        && matches!(method, 0..=10 | 12 | 14 | 18..=20 | 93..=99)
        && len > 0
        && !name.is_empty()
        && name.iter().all(|byte| *byte >= b' ' && *byte != 0x7f)
}

/// `c`, a module and a name, each on its line: what a pickle of protocol 0 imports by.
fn is_import(head: &[u8]) -> bool {
    let mut lines = head.get(1..).unwrap_or_default().splitn(3, |byte| *byte == b'\n');
    let is_path = |line: Option<&[u8]>| {
        line.is_some_and(|line| {
            (1..=128).contains(&line.len())
                && line.first().is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_')
                && line.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.'))
        })
    };
    is_path(lines.next()) && is_path(lines.next()) && lines.next().is_some()
}

/// Whether a gzip stream decodes, as far as it is tried.
fn inflates(blob: &Blob) -> bool {
    let head = blob.bytes_at(0, TRIAL);
    let whole = (head.len() as u64) == blob.len();
    let mut out = vec![0; 16 << 10];
    let mut decoder = flate2::bufread::GzDecoder::new(head.as_slice());
    let mut made = 0usize;
    loop {
        match decoder.read(&mut out) {
            Ok(0) => return true,
            Ok(count) => made = made.saturating_add(count),
            // The trial ends before the stream does.
            Err(error) => {
                return made > 0 && !whole && error.kind() == std::io::ErrorKind::UnexpectedEof;
            }
        }
        if made > 1 << 20 {
            return true;
        }
    }
}
