//! Literals, read again from the file.

use std::collections::BTreeMap;
use std::fmt::Write;

use artifact::Blob;
use vocabulary::Span;

use super::opcodes as op;
use super::{numbers, opcodes::Operand};

/// How the content of a literal is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `STRING`: quotes and backslash escapes.
    Quoted,
    /// `UNICODE`: `\u` and `\U` escapes, otherwise Latin-1.
    RawUnicode,
    /// A line of a number.
    Number,
    /// The bytes themselves.
    Plain,
}

/// A literal in the file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub(super) opcode: u8,
    pub(super) form: Form,
    pub(super) content: Span,
}

/// Where lines of more than [`numbers::LONGEST`] bytes end, by the offset of their opcode. Searching
/// for the end every time would make a short file with one long line expensive.
pub(super) type LongLines = BTreeMap<u64, u64>;

/// The literal whose opcode stands at an offset.
pub(super) fn find(blob: &Blob, long_lines: &LongLines, at: u64) -> Option<Found> {
    let head = blob.bytes_at(at, 9);
    let (opcode, rest) = head.split_first()?;
    let after = at.checked_add(1)?;
    let counted = |width: usize| {
        let mut length = [0; 8];
        length.get_mut(..width)?.copy_from_slice(rest.get(..width)?);
        let start = after.checked_add(width as u64)?;
        let end = start.checked_add(u64::from_le_bytes(length))?;
        Some(Span::new(start, end.min(blob.len())))
    };
    let (form, content) = match op::operand(*opcode)? {
        Operand::Fixed(width) => {
            (Form::Plain, Span::new(after, after.checked_add(u64::from(width))?))
        }
        Operand::Counted(width) => (Form::Plain, counted(width.into())?),
        Operand::CountedSigned => (Form::Plain, counted(4)?),
        Operand::Line => {
            let form = match *opcode {
                op::STRING => Form::Quoted,
                op::UNICODE => Form::RawUnicode,
                op::PERSID => Form::Plain,
                _ => Form::Number,
            };
            let end = match long_lines.get(&at) {
                Some(end) => *end,
                None => short_line_end(blob, after),
            };
            (form, Span::new(after, end))
        }
        Operand::None | Operand::TwoLines => return None,
    };
    Some(Found { opcode: *opcode, form, content })
}

/// Where a line ends. Where the file ends first, its last byte is left out as both unpicklers do.
fn short_line_end(blob: &Blob, start: u64) -> u64 {
    let line = blob.bytes_at(start, numbers::LONGEST);
    let length = match line.iter().position(|b| *b == b'\n') {
        Some(found) => found,
        None => line.len().saturating_sub(1),
    };
    start.saturating_add(length as u64)
}

/// The content of a literal, decoded, from at most `max` bytes of it.
pub(super) fn content(blob: &Blob, found: &Found, max: usize) -> Vec<u8> {
    let length = usize::try_from(found.content.len()).unwrap_or(usize::MAX);
    let raw = blob.bytes_at(found.content.start, length.min(max));
    match found.form {
        Form::Quoted => {
            let whole = raw.len() == length;
            unescape(unquoted(&raw, whole))
        }
        Form::RawUnicode => raw_unicode(&raw),
        Form::Number | Form::Plain => raw,
    }
}

/// A line without the quotes around it, if there are any.
fn unquoted(line: &[u8], whole: bool) -> &[u8] {
    match line {
        [first @ (b'\'' | b'"'), inner @ .., last] if whole && first == last => inner,
        [b'\'' | b'"', inner @ ..] if !whole => inner,
        _ => line,
    }
}

/// Undoes the escapes of a bytes literal, as `codecs.escape_decode` does; what it would reject
/// stays as it is.
pub(super) fn unescape(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'\\' {
            out.push(*first);
            continue;
        }
        let Some((kind, after)) = rest.split_first() else {
            out.push(b'\\');
            break;
        };
        rest = after;
        match kind {
            b'\n' => {}
            b'\\' | b'\'' | b'"' => out.push(*kind),
            b'a' => out.push(0x07),
            b'b' => out.push(0x08),
            b'f' => out.push(0x0c),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'v' => out.push(0x0b),
            b'0'..=b'7' => {
                let mut value = u32::from(*kind & 7);
                for _ in 0..2 {
                    let Some((digit @ b'0'..=b'7', after)) = rest.split_first() else { break };
                    value = value << 3 | u32::from(*digit & 7);
                    rest = after;
                }
                out.push(value.to_le_bytes()[0]);
            }
            b'x' => match hex(rest, 2) {
                Some((value, after)) => {
                    out.push(value.to_le_bytes()[0]);
                    rest = after;
                }
                None => out.extend_from_slice(b"\\x"),
            },
            other => out.extend_from_slice(&[b'\\', *other]),
        }
    }
    out
}

/// Undoes the escapes of `UNICODE`; the result is UTF-8, with lone surrogates as three bytes.
fn raw_unicode(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first == b'\\' {
            let width = match rest.first() {
                Some(b'u') => 4,
                Some(b'U') => 8,
                _ => 0,
            };
            let digits = rest.get(1..).unwrap_or_default();
            if width > 0
                && let Some((value, after)) = hex(digits, width)
                && value <= 0x10_ffff
            {
                push_code_point(&mut out, value);
                rest = after;
                continue;
            }
        }
        push_code_point(&mut out, u32::from(*first));
    }
    out
}

fn push_code_point(out: &mut Vec<u8>, value: u32) {
    if let Some(c) = char::from_u32(value) {
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    } else {
        let [low, middle, ..] = value.to_le_bytes();
        out.extend_from_slice(&[
            0xe0 | middle >> 4,
            0x80 | (middle & 0x0f) << 2 | low >> 6,
            0x80 | low & 0x3f,
        ]);
    }
}

fn hex(digits: &[u8], width: usize) -> Option<(u32, &[u8])> {
    let (number, after) = digits.split_at_checked(width)?;
    if !number.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let value = u32::from_str_radix(std::str::from_utf8(number).ok()?, 16).ok()?;
    Some((value, after))
}

/// UTF-8 to text of at most `max` characters. Lone surrogates become `\udXXX`, other bytes that
/// are not UTF-8 become `\xNN`.
pub(super) fn to_text(bytes: &[u8], max: usize) -> String {
    let mut out = String::with_capacity(bytes.len().min(max));
    let mut count = 0usize;
    let mut rest = bytes;
    while count < max && !rest.is_empty() {
        if let [0xed, second @ 0xa0..=0xbf, third @ 0x80..=0xbf, after @ ..] = rest {
            let value = 0xd000 | u32::from(*second & 0x3f) << 6 | u32::from(*third & 0x3f);
            let _ = write!(out, "\\u{value:04x}");
            rest = after;
            count = count.saturating_add(1);
            continue;
        }
        let Some(chunk) = rest.utf8_chunks().next() else { break };
        let valid = chunk.valid();
        for c in valid.chars().take(max.saturating_sub(count)) {
            out.push(c);
            count = count.saturating_add(1);
        }
        rest = rest.get(valid.len()..).unwrap_or_default();
        if let [0xed, 0xa0..=0xbf, 0x80..=0xbf, ..] = rest {
            continue;
        }
        let invalid = chunk.invalid();
        for byte in invalid {
            if count < max {
                let _ = write!(out, "\\x{byte:02x}");
                count = count.saturating_add(1);
            }
        }
        rest = rest.get(invalid.len()..).unwrap_or_default();
    }
    out
}

/// The integer that a literal writes, where it fits in 64 bits.
pub(super) fn integer(blob: &Blob, found: &Found) -> Option<i64> {
    let bytes = blob.bytes_at(found.content.start, number_length(found.content)?);
    if found.form != Form::Number {
        return numbers::twos_complement(&bytes);
    }
    match numbers::read_int(&bytes, found.opcode == op::LONG).value {
        Some(numbers::Int::Small(value)) => Some(value),
        _ => None,
    }
}

/// The float that a literal writes.
pub(super) fn float(blob: &Blob, found: &Found) -> Option<f64> {
    if found.form != Form::Number {
        return blob.array_at(found.content.start).map(f64::from_be_bytes);
    }
    let line = blob.bytes_at(found.content.start, number_length(found.content)?);
    numbers::read_float(&line).value
}

/// The length of a number, where it is no longer than what is read as one.
fn number_length(content: Span) -> Option<usize> {
    usize::try_from(content.len()).ok().filter(|n| *n <= numbers::LONGEST)
}
