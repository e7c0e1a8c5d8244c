//! Decoders of constant text, so that what is hidden in it can be judged.

use super::value::{LENGTH, Origin, Value, made, made_bytes};

/// What a decoder of Python's library makes of a constant; the path is its real or written name.
pub(super) fn fold(path: &str, given: &Value) -> Option<Value> {
    let bytes = bytes_of(given)?;
    if bytes.len() > LENGTH {
        return None;
    }
    let origin = given.origin().with(Origin::DECODED);
    let decoded = match path {
        "base64.b64decode"
        | "base64.standard_b64decode"
        | "base64.decodebytes"
        | "base64.decodestring"
        | "binascii.a2b_base64" => base64(&bytes, false)?,
        "base64.urlsafe_b64decode" => base64(&bytes, true)?,
        "base64.b32decode" => base32(&bytes)?,
        "base64.b16decode"
        | "binascii.unhexlify"
        | "binascii.a2b_hex"
        | "builtins.bytes.fromhex"
        | "builtins.bytearray.fromhex" => hex(&bytes)?,
        _ => return None,
    };
    Some(made_bytes(decoded, origin))
}

/// `codecs.decode(given, codec)`.
pub(super) fn by_codec(codec: &str, given: &Value) -> Option<Value> {
    let origin = given.origin().with(Origin::DECODED);
    let codec = codec.to_ascii_lowercase().replace(['-', ' '], "_");
    match codec.as_str() {
        "rot13" | "rot_13" => {
            let text = given.rough()?;
            let turned: String = text
                .chars()
                .map(|c| match c {
                    'a'..='z' => turn(c, b'a'),
                    'A'..='Z' => turn(c, b'A'),
                    c => c,
                })
                .collect();
            Some(made(turned, origin))
        }
        "base64" | "base64_codec" | "base_64" => {
            Some(made_bytes(base64(&bytes_of(given)?, false)?, origin))
        }
        "hex" | "hex_codec" => Some(made_bytes(hex(&bytes_of(given)?)?, origin)),
        "utf_8" | "utf8" | "ascii" | "latin_1" | "latin1" | "unicode_escape" => {
            let text = String::from_utf8(bytes_of(given)?).ok()?;
            let same = match codec.as_str() {
                "utf_8" | "utf8" => true,
                "unicode_escape" => text.is_ascii() && !text.contains('\\'),
                _ => text.is_ascii(),
            };
            same.then_some(())?;
            Some(made(text, given.origin()))
        }
        _ => None,
    }
}

fn turn(c: char, first: u8) -> char {
    let place = u32::from(c).wrapping_sub(u32::from(first));
    let turned = place.wrapping_add(13).checked_rem(26).unwrap_or(0);
    char::from_u32(turned.wrapping_add(u32::from(first))).unwrap_or(c)
}

fn bytes_of(value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::Bytes(bytes, _) => Some(bytes.to_vec()),
        Value::Str(..) => value.whole().map(|text| text.as_bytes().to_vec()),
        _ => None,
    }
}

fn base64(bytes: &[u8], url: bool) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(bytes.len());
    let (mut held, mut bits, mut place, mut pads) = (0u32, 0u32, 0u32, 0u32);
    for byte in bytes {
        let digit = match byte {
            b'A'..=b'Z' => byte.wrapping_sub(b'A'),
            b'a'..=b'z' => byte.wrapping_sub(b'a').wrapping_add(26),
            b'0'..=b'9' => byte.wrapping_sub(b'0').wrapping_add(52),
            b'+' if !url => 62,
            b'/' if !url => 63,
            b'-' if url => 62,
            b'_' if url => 63,
            // Padding ends the text where a group can end, and is skipped elsewhere.
            b'=' => {
                pads = pads.saturating_add(1);
                if place >= 2 && place.saturating_add(pads) >= 4 {
                    break;
                }
                continue;
            }
            // Python skips what is no digit.
            _ => continue,
        };
        pads = 0;
        place = place.saturating_add(1) & 3;
        held = (held << 6) | u32::from(digit);
        bits = bits.wrapping_add(6);
        if bits >= 8 {
            bits = bits.wrapping_sub(8);
            out.push(u8::try_from((held >> bits) & 0xff).ok()?);
        }
    }
    Some(out)
}

fn base32(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let (mut held, mut bits) = (0u64, 0u32);
    for byte in bytes {
        let digit = match byte {
            b'A'..=b'Z' => byte.wrapping_sub(b'A'),
            b'a'..=b'z' => byte.wrapping_sub(b'a'),
            b'2'..=b'7' => byte.wrapping_sub(b'2').wrapping_add(26),
            b'=' => break,
            _ => return None,
        };
        held = (held << 5) | u64::from(digit);
        bits = bits.wrapping_add(5);
        if bits >= 8 {
            bits = bits.wrapping_sub(8);
            out.push(u8::try_from((held >> bits) & 0xff).ok()?);
            held &= (1u64 << bits).wrapping_sub(1);
        }
    }
    Some(out)
}

fn hex(bytes: &[u8]) -> Option<Vec<u8>> {
    let digits: Vec<u8> =
        bytes.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let (pairs, rest) = digits.as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs
        .iter()
        .map(|[high, low]| {
            let high = char::from(*high).to_digit(16)?;
            let low = char::from(*low).to_digit(16)?;
            u8::try_from((high << 4) | low).ok()
        })
        .collect()
}
