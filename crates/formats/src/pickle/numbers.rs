//! Numbers written as text, as each implementation reads them.

use super::oddity::{Differential, Reading};

/// Longer numbers are not read: nobody needs their value. `CPython` limits decimal ones to 4,300
/// digits (CVE-2020-10735).
pub(super) const LONGEST: usize = 4096;

/// An integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Int {
    Bool(bool),
    Small(i64),
    /// More than 64 bits.
    Big,
}

/// What a line amounts to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Read<T> {
    /// The value of `_pickle`, else that of `pickle`, else that of `pickletools`.
    pub(super) value: Option<T>,
    /// Where they do not all read the same.
    pub(super) differential: Option<Differential>,
}

impl<T: PartialEq + Copy> Read<T> {
    fn of(c: Option<T>, python: Option<T>, pickletools: Option<T>) -> Self {
        let value = c.or(python).or(pickletools);
        let reading = |it: Option<T>| match it {
            None => Reading::Rejects,
            Some(_) if it == value => Reading::Accepts,
            Some(_) => Reading::Differs,
        };
        let differential = (c != python || python != pickletools).then(|| Differential {
            c: reading(c),
            python: reading(python),
            pickletools: reading(pickletools),
        });
        Self { value, differential }
    }
}

/// Reads the line of `INT` (or of `LONG`), without its newline.
pub(super) fn read_int(line: &[u8], long: bool) -> Read<Int> {
    if long {
        let digits = line.strip_suffix(b"L").unwrap_or(line);
        let python = python_int(digits, 0);
        return Read::of(python_int(c_string(digits), 0), python, python_int(digits, 10));
    }
    let hack = match line {
        b"00" => Some(Int::Bool(false)),
        b"01" => Some(Int::Bool(true)),
        _ => None,
    };
    Read::of(
        c_int(line),
        hack.or_else(|| python_int(line, 0)),
        hack.or_else(|| python_int(line, 10)),
    )
}

/// Reads the line of `GET` or `PUT`. (That pickletools takes `00` and `01` for bools changes
/// nothing: they are the same keys.)
pub(super) fn read_index(line: &[u8]) -> Read<Int> {
    let python = python_int(line, 10);
    Read::of(python_int(c_string(line), 10), python, python)
}

/// What C sees of a string: all up to the first zero byte.
fn c_string(line: &[u8]) -> &[u8] {
    line.split(|b| *b == 0).next().unwrap_or_default()
}

/// `strtol(line, &end, 0)`, and where that does not take the whole line, `PyLong_FromString`.
fn c_int(line: &[u8]) -> Option<Int> {
    match strtol(line) {
        Some(value @ (0 | 1)) if line.len() == 2 => Some(Int::Bool(value == 1)),
        Some(value) => Some(Int::Small(value)),
        None => python_int(c_string(line), 0),
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

fn split_sign(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    }
}

/// C's `strtol` with base 0, where it takes the whole line and does not overflow.
fn strtol(line: &[u8]) -> Option<i64> {
    let start = line.iter().position(|b| !is_space(*b))?;
    let (negative, digits) = split_sign(line.get(start..)?);
    let (radix, digits) = match digits {
        [b'0', b'x' | b'X', rest @ ..] => (16, rest),
        [b'0', rest @ ..] if !rest.is_empty() => (8, rest),
        _ => (10, digits),
    };
    match magnitude(digits, radix)? {
        Magnitude::Small(value) => signed(negative, value),
        Magnitude::Big => None,
    }
}

/// An unsigned number.
enum Magnitude {
    Small(u64),
    /// More than 64 bits.
    Big,
}

/// The value of digits; `None` where there is another character or no digit.
fn magnitude(digits: &[u8], radix: u32) -> Option<Magnitude> {
    if digits.is_empty() {
        return None;
    }
    let mut value = Some(0u64);
    for digit in digits {
        let digit = char::from(*digit).to_digit(radix)?;
        value = value
            .and_then(|v| v.checked_mul(radix.into()))
            .and_then(|v| v.checked_add(digit.into()));
    }
    Some(value.map_or(Magnitude::Big, Magnitude::Small))
}

fn signed(negative: bool, magnitude: u64) -> Option<i64> {
    if negative { 0i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() }
}

/// Python's `int(text, base)`, for base 0 or 10.
fn python_int(text: &[u8], base: u32) -> Option<Int> {
    let (negative, digits) = split_sign(trimmed(text));
    let (radix, digits, prefixed) = match digits {
        [b'0', b'x' | b'X', rest @ ..] if base == 0 => (16, rest, true),
        [b'0', b'o' | b'O', rest @ ..] if base == 0 => (8, rest, true),
        [b'0', b'b' | b'B', rest @ ..] if base == 0 => (2, rest, true),
        _ => (10, digits, false),
    };
    let digits = match digits {
        [b'_', rest @ ..] if prefixed => rest,
        _ => digits,
    };
    let plain = without_underscores(digits)?;
    // `010` is an octal number of Python 2 and an error; `00` is zero.
    if base == 0 && !prefixed && plain.first() == Some(&b'0') && plain.iter().any(|d| *d != b'0') {
        return None;
    }
    Some(match magnitude(&plain, radix)? {
        Magnitude::Small(value) => signed(negative, value).map_or(Int::Big, Int::Small),
        Magnitude::Big => Int::Big,
    })
}

fn trimmed(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|b| !is_space(*b)).unwrap_or(text.len());
    let end = text.iter().rposition(|b| !is_space(*b)).map_or(start, |last| last.saturating_add(1));
    text.get(start..end).unwrap_or_default()
}

/// The text without its underscores, each of which must stand between two other characters.
fn without_underscores(text: &[u8]) -> Option<Vec<u8>> {
    let doubled = text.windows(2).any(|pair| pair == b"__");
    if doubled || text.first() == Some(&b'_') || text.last() == Some(&b'_') {
        return None;
    }
    Some(text.iter().copied().filter(|b| *b != b'_').collect())
}

/// Reads the line of `FLOAT`.
pub(super) fn read_float(line: &[u8]) -> Read<f64> {
    let python = python_float(line);
    let c = decimal(line).filter(|value| value.is_finite() || !line.iter().any(u8::is_ascii_digit));
    // Equal NaNs are the same reading.
    let bits = |value: Option<f64>| value.map(f64::to_bits);
    let read = Read::of(bits(c), bits(python), bits(python));
    Read { value: read.value.map(f64::from_bits), differential: read.differential }
}

/// Python's `float(text)`.
fn python_float(text: &[u8]) -> Option<f64> {
    let text = trimmed(text);
    // An underscore stands between digits.
    for (place, byte) in text.iter().enumerate() {
        let digit =
            |at: Option<usize>| at.and_then(|at| text.get(at)).is_some_and(u8::is_ascii_digit);
        if *byte == b'_' && !(digit(place.checked_sub(1)) && digit(place.checked_add(1))) {
            return None;
        }
    }
    let plain: Vec<u8> = text.iter().copied().filter(|b| *b != b'_').collect();
    decimal(&plain)
}

/// What `PyOS_string_to_double` takes: no space, no underscore; `inf` and `nan` in any case.
fn decimal(text: &[u8]) -> Option<f64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// The value of a little-endian two's-complement integer, where it fits in 64 bits.
pub(super) fn twos_complement(bytes: &[u8]) -> Option<i64> {
    let negative = bytes.last().is_some_and(|b| b & 0x80 != 0);
    let fill = if negative { 0xff } else { 0 };
    let (low, high) = bytes.split_at_checked(8).unwrap_or((bytes, &[]));
    if high.iter().any(|b| *b != fill) {
        return None;
    }
    let mut all = [fill; 8];
    all.get_mut(..low.len())?.copy_from_slice(low);
    let value = i64::from_le_bytes(all);
    (value.is_negative() == negative).then_some(value)
}
