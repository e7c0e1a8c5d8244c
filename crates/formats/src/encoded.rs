//! Text that stands for bytes: base64 (RFC 4648, both alphabets, padded or not) and hexadecimal.

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Shorter text is a word and no encoding.
const SHORTEST: usize = 16;

/// Padded or not, and whatever the bits behind the last byte are: decoders in use take all of it.
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);

/// The bytes that a whole text stands for. White space in it does not count; a text with anything
/// else that neither alphabet has stands for itself alone.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let text: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    if text.len() < SHORTEST {
        return None;
    }
    if text.iter().all(u8::is_ascii_hexdigit) {
        return hexadecimal(&text);
    }
    let url_safe = text.iter().any(|b| matches!(b, b'-' | b'_'));
    let alphabet = if url_safe { &URL_SAFE } else { &STANDARD };
    GeneralPurpose::new(alphabet, LENIENT).decode(&text).ok()
}

fn hexadecimal(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |b: &u8| char::from(*b).to_digit(16).and_then(|d| u8::try_from(d).ok());
    text.chunks(2)
        .map(|pair| match pair {
            [high, low] => Some(digit(high)? << 4 | digit(low)?),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_both_alphabets_and_hexadecimal() {
        let bytes = b"\x80\x04\x95\xff\xfe\xfd\x00\x01\x02\x03\x04\x05\x06".to_vec();
        for text in [
            "gASV//79AAECAwQFBg==",
            "gASV//79AAECAwQFBg",
            "gASV__79AAECAwQFBg==",
            "gASV//79\nAAECAwQF Bg==",
            "800495fffefd00010203040506",
            "800495FFFEFD00010203040506",
        ] {
            assert_eq!(decode(text), Some(bytes.clone()), "{text}");
        }
        for text in ["", "gASV", "a sentence, which is none", "800495fffefd0001020304050", "é"] {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}
