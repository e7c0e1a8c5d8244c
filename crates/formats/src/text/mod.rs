//! Whether bytes are text, and in which encoding.

use std::io::BufRead;

use artifact::Blob;

#[cfg(test)]
mod tests;

/// Bytes that are looked at to tell text from other data.
const SAMPLE: usize = 64 << 10;
/// Files up to this length have their lines counted.
const COUNTED: u64 = 64 << 20;

/// How characters stand in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Encoding {
    /// UTF-8, ASCII included.
    Utf8,
    /// UTF-8 behind a byte order mark.
    Utf8Bom,
    /// UTF-16, little endian, behind a byte order mark.
    Utf16Le,
    /// UTF-16, big endian, behind a byte order mark.
    Utf16Be,
    /// No encoding of Unicode: Latin-1, another one, or no text at all.
    Other,
}

impl Encoding {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Utf8Bom => "UTF-8 with a byte order mark",
            Self::Utf16Le => "UTF-16LE",
            Self::Utf16Be => "UTF-16BE",
            Self::Other => "no Unicode",
        }
    }

    /// How many bytes its mark takes.
    pub fn mark(self) -> u64 {
        match self {
            Self::Utf8 | Self::Other => 0,
            Self::Utf8Bom => 3,
            Self::Utf16Le | Self::Utf16Be => 2,
        }
    }
}

/// What bytes look like when they are taken for text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text {
    /// The encoding that fits.
    pub encoding: Encoding,
    /// Characters in the sample that no text file holds: controls other than tab, newline, form
    /// feed, carriage return and escape.
    pub controls: u64,
    /// Characters in the sample.
    pub characters: u64,
    /// Lines, where the file is small enough to be counted. A last line without newline counts.
    pub lines: Option<u64>,
}

impl Text {
    /// Whether it is text: Unicode, and (next to) no control characters.
    pub fn is_plain(&self) -> bool {
        let allowed = self.characters.checked_div(1000).unwrap_or_default();
        self.encoding != Encoding::Other && self.characters > 0 && self.controls <= allowed
    }
}

/// Looks at the first 64 KiB; lines are counted over the whole of a file of up to 64 MiB.
pub fn read(blob: &Blob) -> Text {
    let head = blob.bytes_at(0, SAMPLE);
    let mut text = classify(&head, (head.len() as u64) < blob.len());
    if text.is_plain() && blob.len() <= COUNTED {
        text.lines = Some(count_lines(blob, text.encoding));
    }
    text
}

/// Looks at the beginning of a file; `more` says whether it goes on, so that a character may be
/// cut at the end.
pub fn classify(head: &[u8], more: bool) -> Text {
    let encoding = encoding(head, more);
    let (controls, characters) = match plain_body(head, encoding) {
        Some(text) if text.is_ascii() => (count_controls(text), text.len() as u64),
        _ => count(decode_bytes(head, encoding).chars()),
    };
    Text { encoding, controls, characters, lines: None }
}

/// The encoding that fits the beginning of a file.
pub fn encoding(head: &[u8], more: bool) -> Encoding {
    match head {
        [0xef, 0xbb, 0xbf, rest @ ..] if is_utf8(rest, more) => Encoding::Utf8Bom,
        [0xff, 0xfe, rest @ ..] if is_utf16(rest, u16::from_le_bytes) => Encoding::Utf16Le,
        [0xfe, 0xff, rest @ ..] if is_utf16(rest, u16::from_be_bytes) => Encoding::Utf16Be,
        _ if is_utf8(head, more) => Encoding::Utf8,
        _ => Encoding::Other,
    }
}

/// Whether the beginning of a file is text; see [`Text::is_plain`].
pub(crate) fn is_plain(head: &[u8], more: bool) -> bool {
    // Most of what is no text is no Unicode either, and its characters need no counting.
    let marked = matches!(head, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]);
    (marked || is_utf8(head, more)) && classify(head, more).is_plain()
}

/// The bytes behind the mark, where they are UTF-8.
fn plain_body(head: &[u8], encoding: Encoding) -> Option<&[u8]> {
    let mark = usize::try_from(encoding.mark()).ok()?;
    matches!(encoding, Encoding::Utf8 | Encoding::Utf8Bom).then(|| head.get(mark..)).flatten()
}

/// How many bytes of ASCII are controls that no text file holds.
fn count_controls(text: &[u8]) -> u64 {
    let controls = text.iter().filter(|byte| {
        (**byte < b' ' && !matches!(**byte, b'\t' | b'\n' | b'\x0c' | b'\r' | b'\x1b'))
            || **byte == 0x7f
    });
    controls.count() as u64
}

/// Controls that no text file holds, and all characters.
fn count(text: impl Iterator<Item = char>) -> (u64, u64) {
    let (mut controls, mut characters) = (0u64, 0u64);
    for c in text {
        characters = characters.saturating_add(1);
        if c.is_control() && !matches!(c, '\t' | '\n' | '\x0c' | '\r' | '\x1b' | '\u{85}') {
            controls = controls.saturating_add(1);
        }
    }
    (controls, characters)
}

/// The text of the first `max` bytes; what does not decode becomes U+FFFD.
pub fn decode(blob: &Blob, max: usize) -> String {
    let bytes = blob.bytes_at(0, max);
    let more = (bytes.len() as u64) < blob.len();
    decode_head(bytes, more)
}

/// The text of the beginning of a file.
pub(crate) fn decode_head(head: Vec<u8>, more: bool) -> String {
    let encoding = encoding(&head, more);
    match encoding {
        Encoding::Utf8 | Encoding::Other => {
            String::from_utf8(head).unwrap_or_else(|error| decode_bytes(error.as_bytes(), encoding))
        }
        _ => decode_bytes(&head, encoding),
    }
}

fn decode_bytes(bytes: &[u8], encoding: Encoding) -> String {
    let mark = usize::try_from(encoding.mark()).unwrap_or_default();
    let rest = bytes.get(mark..).unwrap_or_default();
    let utf16 = |make: fn([u8; 2]) -> u16| {
        char::decode_utf16(rest.as_chunks::<2>().0.iter().map(|pair| make(*pair)))
            .map(|c| c.unwrap_or('\u{fffd}'))
            .collect()
    };
    match encoding {
        Encoding::Utf16Le => utf16(u16::from_le_bytes),
        Encoding::Utf16Be => utf16(u16::from_be_bytes),
        Encoding::Utf8 | Encoding::Utf8Bom | Encoding::Other => {
            String::from_utf8_lossy(rest).into_owned()
        }
    }
}

fn is_utf8(bytes: &[u8], more: bool) -> bool {
    match std::str::from_utf8(bytes) {
        Ok(_) => true,
        Err(error) => more && error.error_len().is_none(),
    }
}

/// Whether the pairs hold no half surrogates but for a cut one at the end.
fn is_utf16(bytes: &[u8], make: fn([u8; 2]) -> u16) -> bool {
    let units = bytes.as_chunks::<2>().0.iter().map(|pair| make(*pair));
    let broken = char::decode_utf16(units).filter(Result::is_err).count();
    broken <= 1 && bytes.len() >= 2
}

fn count_lines(blob: &Blob, encoding: Encoding) -> u64 {
    let wide = matches!(encoding, Encoding::Utf16Le | Encoding::Utf16Be);
    let mut cursor = blob.cursor(encoding.mark());
    let (mut lines, mut open, mut before) = (0u64, false, 0u8);
    // The high byte of a newline is zero in UTF-16; whether it is the byte before or after is the
    // byte order's. A unit's first byte stands at an even offset.
    let mut offset = 0u64;
    while let Ok(part) = cursor.fill_buf() {
        if part.is_empty() {
            break;
        }
        for byte in part {
            let second = offset & 1 == 1;
            let newline = match encoding {
                Encoding::Utf16Le => second && before == b'\n' && *byte == 0,
                Encoding::Utf16Be => second && before == 0 && *byte == b'\n',
                _ => *byte == b'\n',
            };
            if newline {
                lines = lines.saturating_add(1);
            }
            open = if wide && !second { open } else { !newline };
            before = *byte;
            offset = offset.wrapping_add(1);
        }
        let count = part.len();
        cursor.consume(count);
    }
    lines.saturating_add(u64::from(open))
}
