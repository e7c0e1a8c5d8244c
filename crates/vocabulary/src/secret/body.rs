//! What follows a prefix: alphabets, checksums, placeholders.

/// How many bytes of an alphabet stand at the front.
fn run(text: &[u8], of: impl Fn(u8) -> bool) -> usize {
    text.iter().position(|byte| !of(*byte)).unwrap_or(text.len())
}

pub(super) fn base62(text: &[u8]) -> usize {
    run(text, |byte| byte.is_ascii_alphanumeric())
}

pub(super) fn hex(text: &[u8]) -> usize {
    run(text, |byte| byte.is_ascii_hexdigit())
}

pub(super) fn word(text: &[u8]) -> usize {
    run(text, |byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

pub(super) fn key(text: &[u8]) -> usize {
    run(text, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

pub(super) fn dotted(text: &[u8]) -> usize {
    run(text, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
}

pub(super) fn digits_and_upper(text: &[u8]) -> usize {
    run(text, |byte| byte.is_ascii_uppercase() || matches!(byte, b'2'..=b'7'))
}

pub(super) fn base64(text: &[u8]) -> usize {
    run(text, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='))
}

/// Longest text of a private key that is looked at.
const PEM: usize = 16 << 10;

/// Up to the end of a PEM block; where it has none, up to where its base64 ends.
pub(super) fn pem(text: &[u8]) -> usize {
    const END: &[u8] = b"-----END ";
    let text = text.get(..PEM).unwrap_or(text);
    if let Some(at) = text.windows(END.len()).position(|part| part == END) {
        let rest = text.get(at.saturating_add(END.len())..).unwrap_or_default();
        let close = rest.windows(5).position(|part| part == b"-----").unwrap_or(0);
        return at
            .saturating_add(END.len())
            .saturating_add(close)
            .saturating_add(5)
            .min(text.len());
    }
    run(text, |byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace())
}

/// Whether a body is what a person writes in place of a credential.
pub(super) fn is_placeholder(body: &[u8]) -> bool {
    const WORDS: [&[u8]; 16] = [
        b"example",
        b"xxxx",
        b"your",
        b"placeholder",
        b"redacted",
        b"dummy",
        b"fake",
        b"sample",
        b"1234567",
        b"abcdefg",
        b"0000000",
        b"secret",
        b"changeme",
        b"insert",
        b"masked",
        b"<",
    ];
    let lower: Vec<u8> = body.iter().take(512).map(u8::to_ascii_lowercase).collect();
    WORDS.iter().any(|word| lower.windows(word.len()).any(|part| part == *word))
}

/// Whether characters vary as those of a random key do.
pub(super) fn is_mixed(body: &[u8]) -> bool {
    let mut seen = [false; 256];
    let mut distinct = 0usize;
    let mut same = 1usize;
    let mut last = None;
    for byte in body.iter().take(256) {
        if let Some(held) = seen.get_mut(usize::from(*byte))
            && !*held
        {
            *held = true;
            distinct = distinct.saturating_add(1);
        }
        same = if last == Some(*byte) { same.saturating_add(1) } else { 1 };
        if same >= 5 {
            return false;
        }
        last = Some(*byte);
    }
    // Of twenty random hexadecimal digits eleven differ, of base 62 seventeen.
    distinct >= body.len().min(32).div_ceil(3)
}

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Whether the last six characters are the CRC-32 of those before them, in base 62.
pub(super) fn has_checksum(body: &[u8]) -> bool {
    let Some((text, sum)) = body.len().checked_sub(6).and_then(|at| body.split_at_checked(at))
    else {
        return false;
    };
    let mut told = 0u64;
    for byte in sum {
        let Some(digit) = ALPHABET.iter().position(|held| held == byte) else { return false };
        told = told.saturating_mul(62).saturating_add(digit as u64);
    }
    told == u64::from(crc32(text))
}

fn crc32(bytes: &[u8]) -> u32 {
    let sum = bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            (sum >> 1) ^ if sum & 1 == 1 { 0xedb8_8320 } else { 0 }
        })
    });
    !sum
}

/// Bytes of base64 of either alphabet; what is neither it nor white space ends it.
pub(super) fn decode(text: &[u8], max: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let mut bits = 0u32;
    let mut held = 0u32;
    let mut rest = text.iter();
    while let Some(byte) = rest.next() {
        let value = match byte {
            b'A'..=b'Z' => byte.wrapping_sub(b'A'),
            b'a'..=b'z' => byte.wrapping_sub(b'a').wrapping_add(26),
            b'0'..=b'9' => byte.wrapping_sub(b'0').wrapping_add(52),
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            // In JSON and in source text a line ends in a backslash and an `n`.
            b'\\' => {
                rest.next();
                continue;
            }
            b' ' | b'\t' | b'\r' | b'\n' => continue,
            _ => break,
        };
        bits = bits << 6 & 0x00ff_ffff | u32::from(value);
        held = held.saturating_add(6);
        if held >= 8 {
            held = held.saturating_sub(8);
            out.extend(bits.checked_shr(held).unwrap_or(0).to_le_bytes().first());
        }
        if out.len() >= max {
            break;
        }
    }
    out
}

/// Three parts, of which the first two are JSON, and a signature.
pub(super) fn is_jwt(whole: &[u8]) -> bool {
    let mut parts = whole.split(|byte| *byte == b'.');
    let (Some(head), Some(claims), Some(signature)) = (parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let (head, claims) = (decode(head, 4096), decode(claims, 8192));
    let has = |text: &[u8], part: &[u8]| text.windows(part.len()).any(|window| window == part);
    parts.next().is_none()
        && signature.len() >= 40
        && head.starts_with(b"{")
        && has(&head, b"\"alg\"")
        && claims.starts_with(b"{")
        // The example of the specification's own site.
        && !has(&claims, b"\"1234567890\"")
}

/// What stands between the two lines of a PEM block.
fn inner(whole: &[u8]) -> &[u8] {
    let open = whole.windows(6).position(|part| part == b"KEY---");
    let open = open.or_else(|| whole.windows(8).position(|part| part == b"BLOCK---"));
    let Some(open) = open else { return &[] };
    let rest = whole.get(open..).unwrap_or_default();
    let dashes = rest.windows(5).position(|part| part == b"-----").unwrap_or(0);
    let rest = rest.get(dashes.saturating_add(5)..).unwrap_or_default();
    let end = rest.windows(5).position(|part| part == b"-----").unwrap_or(rest.len());
    rest.get(..end).unwrap_or_default()
}

/// Whether the block holds a key: DER, OpenSSH's form or PGP's.
pub(super) fn is_private_key(whole: &[u8]) -> bool {
    let inside = inner(whole);
    if whole.windows(5).take(64).any(|part| part == b" PGP ")
        || whole.starts_with(b"-----BEGIN PGP")
    {
        return inside.len() >= 200;
    }
    // Behind the headers of an encrypted key of the old form there is an empty line.
    let from = [&b"\n\n"[..], b"\r\n\r\n", b"\\n\\n"].iter().find_map(|gap| {
        let at = inside.windows(gap.len()).position(|part| part == *gap)?;
        inside.windows(10).any(|part| part == b"Proc-Type:").then(|| at.saturating_add(gap.len()))
    });
    let text = inside.get(from.unwrap_or(0)..).unwrap_or_default();
    let bytes = decode(text, 4096);
    bytes.len() >= 40
        && (bytes.starts_with(b"openssh-key-v1\0")
            || matches!(bytes.as_slice(), [0x30, 0x20..=0x84, ..])
            || from.is_some())
}

/// Whether a password stands before the key of a PEM block.
pub(super) fn is_encrypted(rest: &[u8]) -> bool {
    let head = rest.get(..256).unwrap_or(rest);
    let has = |part: &[u8]| head.windows(part.len()).any(|window| window == part);
    if has(b"BEGIN ENCRYPTED ") || has(b"4,ENCRYPTED") {
        return true;
    }
    // OpenSSH names the cipher behind its mark; `none` is no cipher.
    let bytes = decode(inner(rest.get(..1024).unwrap_or(rest)), 64);
    let cipher = bytes.strip_prefix(b"openssh-key-v1\0").and_then(|rest| rest.get(4..));
    cipher.is_some_and(|cipher| !cipher.starts_with(b"none"))
}
