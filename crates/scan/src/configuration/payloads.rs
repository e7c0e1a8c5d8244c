//! Things in base64 and its like that loaders decode and load: stable-baselines3 keeps pickles in its JSON, Keras
//! and cloud services do the same.

use super::radix;
use crate::judge::worth_a_look;

/// Characters of a text at least: a shorter one holds nothing that acts.
const SHORTEST: usize = 24;
/// Bytes at the beginning of a text that tell whether it is worth decoding.
const HEAD: usize = 64;

/// What a text stands for, where it is base64, base 32 or 85, or hexadecimal digits of
/// something to be loaded.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let text = body(text);
    if text.len() < SHORTEST {
        return None;
    }
    if is_base64(text) {
        return Some(digits(text).unwrap_or_else(|| bytes(text)));
    }
    radix::decode(text)
}

/// Whether the beginning of a text may stand for something that could be loaded.
pub(crate) fn may_be(text: &str) -> bool {
    let text = body(text);
    text.len() >= SHORTEST && (is_base64(text) || radix::decode(text).is_some())
}

/// The same for base64 and hexadecimal digits.
fn is_base64(text: &str) -> bool {
    let cut = text.char_indices().map(|(at, _)| at).take_while(|at| *at <= HEAD).last();
    let head = cut.and_then(|cut| text.get(..cut)).unwrap_or_default();
    let even = head.get(..head.len() & !1).unwrap_or_default();
    if digits(even).is_some_and(|head| is_something(&head)) {
        return true;
    }
    let alphabet = |b: u8| b.is_ascii_alphanumeric() || b"+/-_=\r\n ".contains(&b);
    let strict = head.bytes().all(alphabet);
    let head = bytes(head);
    // Python passes over characters that are none of the alphabet, so they prove nothing. What is
    // a pickle of protocol 0 in that way would be any text.
    is_something(&head) || strict && is_old_pickle(&head)
}

/// The text without what may stand around it.
fn body(text: &str) -> &str {
    let text = text.trim();
    if !text.starts_with("data:") {
        return text;
    }
    text.split_once(";base64,").map_or(text, |(_, rest)| rest)
}

fn is_something(head: &[u8]) -> bool {
    let zlib = [0x7801u16, 0x785e, 0x789c, 0x78da];
    matches!(head, [0x80, 0..=5, ..])
        || matches!(head, [a, b, ..] if zlib.contains(&u16::from_be_bytes([*a, *b])))
        || worth_a_look(head)
}

fn is_old_pickle(head: &[u8]) -> bool {
    head.iter().take(2).all(u8::is_ascii)
        && head.contains(&b'\n')
        && formats::pickle::looks_like_pickle(head) != formats::pickle::Likeness::No
}

/// The bytes that hexadecimal digits stand for; none where another character stands among them.
fn digits(text: &str) -> Option<Vec<u8>> {
    let digit =
        |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let values: Option<Vec<u8>> = text.as_bytes().iter().map(digit).collect();
    let (pairs, _) = values.as_deref()?.as_chunks::<2>();
    Some(pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

/// The bytes that a text in either alphabet of base64 stands for, as Python decodes it: whatever is
/// no character of the alphabet is passed over.
fn bytes(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let (mut held, mut bits) = (0u32, 0u32);
    for byte in text.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte.wrapping_sub(b'A'),
            b'a'..=b'z' => byte.wrapping_sub(b'a').wrapping_add(26),
            b'0'..=b'9' => byte.wrapping_sub(b'0').wrapping_add(52),
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => continue,
        };
        held = held << 6 | u32::from(value);
        bits = bits.saturating_add(6);
        if bits >= 8 {
            bits = bits.saturating_sub(8);
            out.push(u8::try_from(held >> bits & 0xff).unwrap_or_default());
            held &= (1u32 << bits).wrapping_sub(1);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_what_could_be_loaded() {
        assert_eq!(bytes("aGVs !bG8="), b"hello");
        assert!(decode("g!A?K.MBXBvc2l4jAZzeXN0ZW2TjAR0cnVlhVIu").is_some());
        assert!(
            decode("80028c05706f7369788c0673797374656d93").unwrap().starts_with(&[0x80, 2, 0x8c])
        );
        let pickle = "gAKMBXBvc2l4jAZzeXN0ZW2TjAR0cnVlhVIu";
        assert!(decode(pickle).is_some() && may_be(pickle));
        let old = "Y3Bvc2l4CnN5c3RlbQooUyd0cnVlJwp0Ui4=";
        assert!(decode(old).unwrap().starts_with(b"cposix\nsystem"));
        for calm in [
            "LlamaForCausalLMLlamaForCausalLM",
            "0123456789abcdef0123456789abcdef",
            "a b c d e f g h i j k l m n o p",
        ] {
            assert!(decode(calm).is_none(), "{calm}");
        }
    }
}
