//! Base 32 and base 85, in which Python writes bytes as well: `base64.b32encode`, `b85encode`,
//! `a85encode`. Their alphabets hold most texts, so only what begins as a pickle or a compressed
//! stream does is decoded.

use formats::{pickle, stream};

/// How pickles of the protocols 2 to 5 and streams of zlib begin in each.
const BASE32: [&str; 6] = ["QAB", "QAC", "PAA", "PBP", "PCO", "PDN"];
const BASE85: [&str; 5] = ["fC", "cm", "cw", "c$", "c-"];
const ASCII85: [&str; 5] = ["J-", "GQ", "G[", "Ga", "Gh"];

/// The alphabet of RFC 1924, which `b85encode` takes.
const ALPHABET: &[u8; 85] =
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";

/// The bytes that a text stands for, where they are a pickle or a compressed stream.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let begins = |with: &[&str]| with.iter().any(|begin| text.starts_with(begin));
    let framed = text.strip_prefix("<~").map(|rest| rest.trim_end_matches("~>"));
    let bytes = if let Some(inside) = framed {
        ascii85(inside)
    } else if text.get(..3).is_some_and(begins32) {
        base32(text)
    } else if begins(&BASE85) {
        base85(text)
    } else if begins(&ASCII85) {
        ascii85(text)
    } else {
        None
    };
    bytes.filter(|bytes| is_loaded(bytes))
}

fn begins32(head: &str) -> bool {
    BASE32.iter().any(|begin| head.eq_ignore_ascii_case(begin))
}

fn is_loaded(bytes: &[u8]) -> bool {
    let pickle = matches!(bytes, [0x80, 2..=5, ..])
        && pickle::looks_like_pickle(bytes) != pickle::Likeness::No;
    pickle || stream::identify(bytes).is_some()
}

fn base32(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let (mut held, mut bits) = (0u32, 0u32);
    for byte in text.trim_end_matches('=').bytes() {
        let value = match byte.to_ascii_uppercase() {
            letter @ b'A'..=b'Z' => letter.wrapping_sub(b'A'),
            digit @ b'2'..=b'7' => digit.wrapping_sub(b'2').wrapping_add(26),
            b'\n' | b'\r' => continue,
            _ => return None,
        };
        held = held << 5 | u32::from(value);
        bits = bits.saturating_add(5);
        if bits >= 8 {
            bits = bits.saturating_sub(8);
            out.push(u8::try_from(held >> bits & 0xff).unwrap_or_default());
            held &= (1u32 << bits).wrapping_sub(1);
        }
    }
    Some(out)
}

fn base85(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| ALPHABET.iter().position(|held| *held == byte);
    let digits: Option<Vec<u32>> =
        text.bytes().map(|byte| u32::try_from(digit(byte)?).ok()).collect();
    groups(&digits?)
}

fn ascii85(text: &str) -> Option<Vec<u8>> {
    let mut digits: Vec<u32> = Vec::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'!'..=b'u' => digits.push(u32::from(byte.wrapping_sub(b'!'))),
            b'z' => digits.extend([0; 5]),
            b' ' | b'\t' | b'\n' | b'\r' | 0x0b => {}
            _ => return None,
        }
    }
    groups(&digits)
}

/// Five digits make four bytes; of a last group one digit less than there are.
fn groups(digits: &[u32]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(digits.len());
    for group in digits.chunks(5) {
        let mut number = 0u64;
        for place in 0..5usize {
            let digit = group.get(place).copied().unwrap_or(84);
            number = number.checked_mul(85)?.checked_add(u64::from(digit))?;
        }
        let bytes = u32::try_from(number).ok()?.to_be_bytes();
        out.extend_from_slice(bytes.get(..group.len().saturating_sub(1))?);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Python writes of `pickle.dumps` of a call of `os.system`, and of it compressed.
    #[test]
    fn decodes_what_python_encodes() {
        let pickle = b"\x80\x04\x95\x1e\0\0\0\0\0\0\0\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x02hi\x94\x85\x94R\x94.";
        for text in [
            "QACJKHQAAAAAAAAAACGAK4DPONUXRFEMAZZXS43UMVWZJE4URQBGQ2MUQWKFFFBO",
            "qacjkhqaaaaaaaaaacgak4dponuxrfemazzxs43umvwzje4urqbgq2muqwkfffbo",
        ] {
            assert_eq!(decode(text).as_deref(), Some(&pickle[..]), "{text}");
        }
        for text in [
            "fCQBu000000001t1#oY3X?T>326K6HbY*Rnla!1CXlay%lv0!~",
            "J-;,Yz!!!\"X\"`SC$Bm>l$#'5'2FCf<RPE_\"-BPE]bPZ!_u",
            "<~J-;,Yz!!!\"X\"`SC$Bm>l$#'5'2FCf<RPE_\"-BPE]bPZ!_u~>",
            "J-;,Yz!!!\"X\"`SC$Bm>l\n$#'5'2FCf<RPE_\"-BPE]\nbPZ!_u",
        ] {
            assert_eq!(decode(text).as_deref(), Some(&pickle[..]), "{text}");
        }
        for calm in ["Ghost in the shell of an egg", "fC", "cm and so on, and so forth", "QABALAH"]
        {
            assert_eq!(decode(calm), None, "{calm}");
        }
    }
}
