//! Small encodings.

/// The low `width` bytes of a number, little endian. A declared value that does not fit is cut:
/// recipes lie on purpose.
pub(crate) fn le(value: u64, width: usize) -> Vec<u8> {
    value.to_le_bytes().into_iter().take(width).collect()
}

/// Pairs of hex digits; spaces between pairs are allowed.
pub(crate) fn hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u32> = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_digit(16))
        .collect::<Option<_>>()?;
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    digits.chunks(2).map(|pair| u8::try_from(pair[0] << 4 | pair[1]).ok()).collect()
}

/// Base64 with the standard alphabet; white space is skipped, `=` ends it.
pub(crate) fn base64(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut held) = (0_u32, 0_u32);
    for c in text.bytes().filter(|c| !c.is_ascii_whitespace()) {
        let value = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => break,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(value)) & 0xff_ffff;
        held += 6;
        if held >= 8 {
            held -= 8;
            let [byte, ..] = (bits >> held).to_le_bytes();
            out.push(byte);
        }
    }
    Some(out)
}

/// A JSON string with its quotes. Bytes that are not UTF-8 are kept as they are, so that a recipe
/// can write such a header.
pub(crate) fn json_string(raw: &[u8]) -> Vec<u8> {
    let mut out = vec![b'"'];
    for &byte in raw {
        match byte {
            b'"' | b'\\' => out.extend([b'\\', byte]),
            b'\n' => out.extend(b"\\n"),
            b'\r' => out.extend(b"\\r"),
            b'\t' => out.extend(b"\\t"),
            0..0x20 => out.extend(format!("\\u{byte:04x}").bytes()),
            _ => out.push(byte),
        }
    }
    out.push(b'"');
    out
}

/// The numbers of `[2,3]`.
pub(crate) fn dims(text: &str) -> Option<Vec<u64>> {
    let inner = text.strip_prefix('[')?.strip_suffix(']')?.trim_end_matches(',');
    if inner.is_empty() {
        return Some(Vec::new());
    }
    inner.split(',').map(|number| crate::args::number(number.trim())).collect()
}
