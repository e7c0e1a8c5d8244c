//! Things in base64 that loaders decode and load: stable-baselines3 keeps pickles in its JSON, Keras
//! and cloud services do the same.

use crate::judge::worth_a_look;

/// Characters of a text at least: a shorter one holds nothing that acts.
const SHORTEST: usize = 24;

/// What a text stands for, where it is base64 of something that could be loaded.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let text = text.trim();
    let text = match text.split_once(";base64,") {
        Some((head, rest)) if head.starts_with("data:") => rest,
        _ => text,
    };
    if text.len() < SHORTEST {
        return None;
    }
    let head = text.get(..text.len().min(64)).map(bytes)?;
    let head = head.filter(|head| is_something(head))?;
    drop(head);
    bytes(text)
}

/// Whether the beginning of a text may be base64 that is worth decoding.
pub(crate) fn may_be(text: &str) -> bool {
    let text = text.trim_start();
    text.len() >= SHORTEST
        && (text.starts_with("data:")
            || text
                .get(..48.min(text.len()))
                .and_then(bytes)
                .is_some_and(|head| is_something(&head)))
}

fn is_something(head: &[u8]) -> bool {
    let old = formats::pickle::looks_like_pickle(head) != formats::pickle::Likeness::No
        && head.iter().take(2).all(u8::is_ascii)
        && head.contains(&b'\n');
    matches!(head, [0x80, 0..=5, ..]) || old || worth_a_look(head)
}

/// The bytes that a text in either alphabet of base64 stands for, with or without padding and line
/// breaks; none where another character stands in it.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let (mut held, mut bits) = (0u32, 0u32);
    for byte in text.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte.wrapping_sub(b'A'),
            b'a'..=b'z' => byte.wrapping_sub(b'a').wrapping_add(26),
            b'0'..=b'9' => byte.wrapping_sub(b'0').wrapping_add(52),
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' | b'\n' | b'\r' | b' ' => continue,
            _ => return None,
        };
        held = held << 6 | u32::from(value);
        bits = bits.saturating_add(6);
        if bits >= 8 {
            bits = bits.saturating_sub(8);
            out.push(u8::try_from(held >> bits & 0xff).unwrap_or_default());
            held &= (1u32 << bits).wrapping_sub(1);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_what_could_be_loaded() {
        assert_eq!(bytes("aGVs bG8=").unwrap(), b"hello");
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
