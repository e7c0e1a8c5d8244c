//! Strings of JSON: escapes, surrogates, and a bound on what is kept.

use artifact::Cursor;
use vocabulary::Untrusted;

use super::OddityKind;
use crate::bounded::Oddities;

/// A string or number as it was read.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Text {
    /// Its text, escapes decoded; the beginning of it where it is longer than the limit.
    pub text: Untrusted,
    /// Its whole length in bytes of UTF-8.
    pub len: u64,
    /// Whether `text` is only the beginning.
    pub cut: bool,
}

/// Collects the bytes of a string up to a limit.
struct Collector {
    bytes: Vec<u8>,
    len: u64,
    max: usize,
}

impl Collector {
    fn new(max: usize) -> Self {
        Self { bytes: Vec::new(), len: 0, max }
    }

    fn push(&mut self, bytes: &[u8]) {
        let kept = self.bytes.len() as u64 == self.len;
        self.len = self.len.saturating_add(bytes.len() as u64);
        // Once something was left out, nothing after it may be kept.
        if kept {
            let room = self.max.saturating_sub(self.bytes.len());
            self.bytes.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        }
    }

    fn push_char(&mut self, c: char) {
        self.push(c.encode_utf8(&mut [0; 4]).as_bytes());
    }

    /// The text, and whether it is UTF-8.
    fn finish(mut self) -> (Text, bool) {
        let cut = self.len > self.bytes.len() as u64;
        if cut
            && let Err(error) = std::str::from_utf8(&self.bytes)
            && error.error_len().is_none()
        {
            // The limit fell inside a character.
            self.bytes.truncate(error.valid_up_to());
        }
        let len = self.len;
        match String::from_utf8(self.bytes) {
            Ok(text) => (Text { text: text.into(), len, cut }, true),
            Err(error) => {
                let text = Untrusted::from_bytes(error.as_bytes());
                (Text { text, len, cut }, false)
            }
        }
    }
}

/// Reads up to and with the closing `quote`; the opening one is passed already. `base` is where
/// the cursor's blob stands in what offsets count from.
pub(super) fn quoted(
    cursor: &mut Cursor,
    base: u64,
    quote: u8,
    max: usize,
    oddities: &mut Oddities<OddityKind>,
) -> Text {
    let start = base.saturating_add(cursor.position());
    let mut out = Collector::new(max);
    let mut high: Option<u32> = None;
    loop {
        if high.is_none() {
            // Most of a string means itself.
            out.push(cursor.run(|b| b >= 0x20 && b != b'\\' && b != quote));
        }
        let at = base.saturating_add(cursor.position());
        let Some(byte) = cursor.byte() else {
            oddities.add(OddityKind::Truncated, at, || "inside a string".into());
            break;
        };
        let unit = (byte == b'\\' && cursor.peek() == Some(b'u')).then(|| unit(cursor)).flatten();
        if let Some(first) = high.take() {
            if let Some(second) = unit.filter(|u| (0xdc00..0xe000).contains(u)) {
                let both = (first & 0x3ff) << 10 | (second & 0x3ff);
                out.push_char(char::from_u32(both.saturating_add(0x1_0000)).unwrap_or('\u{fffd}'));
                continue;
            }
            lone(oddities, at, &mut out);
        }
        match (unit, byte) {
            (Some(unit), _) if (0xd800..0xdc00).contains(&unit) => high = Some(unit),
            (Some(unit), _) => match char::from_u32(unit) {
                Some(c) => out.push_char(c),
                None => lone(oddities, at, &mut out),
            },
            (None, b) if b == quote => break,
            (None, b'\\') => escape(cursor, at, &mut out, oddities),
            (None, b) => {
                if b < 0x20 {
                    oddities.add(OddityKind::ControlCharacter, at, || format!("byte 0x{b:02x}"));
                }
                out.push(&[b]);
            }
        }
    }
    if high.is_some() {
        lone(oddities, start, &mut out);
    }
    let (text, valid) = out.finish();
    if !valid {
        oddities.add(OddityKind::InvalidUtf8, start, || text.text.shortened(40));
    }
    if text.cut {
        oddities.add(OddityKind::NotRetained, start, || format!("a string of {} bytes", text.len));
    }
    text
}

fn lone(oddities: &mut Oddities<OddityKind>, at: u64, out: &mut Collector) {
    oddities.add(OddityKind::LoneSurrogate, at, || "half of a surrogate pair".into());
    out.push_char('\u{fffd}');
}

/// The four hexadecimal digits after `\u`; passes them only where they are there.
fn unit(cursor: &mut Cursor) -> Option<u32> {
    let digits = cursor.peek_bytes(5).get(1..5)?;
    let digits = std::str::from_utf8(digits).ok()?;
    if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let unit = u32::from_str_radix(digits, 16).ok()?;
    cursor.skip(5);
    Some(unit)
}

fn escape(cursor: &mut Cursor, at: u64, out: &mut Collector, oddities: &mut Oddities<OddityKind>) {
    let plain = match cursor.byte() {
        Some(b @ (b'"' | b'\\' | b'/')) => b,
        Some(b'b') => 8,
        Some(b'f') => 12,
        Some(b'n') => b'\n',
        Some(b'r') => b'\r',
        Some(b't') => b'\t',
        Some(other) => {
            oddities.add(OddityKind::BadEscape, at, || format!("`\\` before byte 0x{other:02x}"));
            out.push(&[b'\\', other]);
            return;
        }
        None => return,
    };
    out.push(&[plain]);
}

/// Reads a word: at least one byte, up to whitespace or punctuation.
pub(super) fn word(cursor: &mut Cursor, max: usize) -> Text {
    let mut out = Collector::new(max);
    let ends = |byte: u8| {
        byte.is_ascii_whitespace()
            || matches!(byte, b',' | b':' | b'[' | b']' | b'{' | b'}' | b'"' | b'\'')
    };
    loop {
        let run = cursor.run(|byte| !ends(byte));
        if run.is_empty() {
            break;
        }
        out.push(run);
    }
    if out.len == 0
        && let Some(byte) = cursor.byte()
    {
        out.push(&[byte]);
    }
    out.finish().0
}
