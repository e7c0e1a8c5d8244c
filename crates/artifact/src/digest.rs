use aws_lc_rs::digest::{Context, SHA256};

/// Digests of one run of bytes, lower-case hex.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digests {
    /// SHA-256 (FIPS 180-4).
    pub sha256: String,
    /// BLAKE3, 256 bits.
    pub blake3: String,
}

/// Computes all digests of bytes that arrive in order.
pub struct Hasher {
    /// As fast as any where the processor has SHA instructions, and the fastest where it has none.
    sha256: Context,
    blake3: blake3::Hasher,
}

impl Default for Hasher {
    fn default() -> Self {
        Self { sha256: Context::new(&SHA256), blake3: blake3::Hasher::new() }
    }
}

const LARGE: usize = 128 << 10;

impl Hasher {
    /// Adds bytes. Large pieces are hashed by both algorithms at once, on two threads; not where
    /// files are looked at side by side already: a worker that waited for the other half would take
    /// up another file in the middle of this one.
    pub fn update(&mut self, bytes: &[u8]) {
        if bytes.len() < LARGE || rayon::current_thread_index().is_some() {
            self.sha256.update(bytes);
            self.blake3.update(bytes);
        } else {
            rayon::join(|| self.sha256.update(bytes), || self.blake3.update(bytes));
        }
    }

    /// The digests of everything that was added.
    pub fn finish(self) -> Digests {
        Digests {
            sha256: hex(self.sha256.finish().as_ref()),
            blake3: self.blake3.finalize().to_hex().to_string(),
        }
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().saturating_mul(2));
    for byte in bytes {
        for nibble in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn computes_the_standard_digests() {
        let mut hasher = Hasher::default();
        hasher.update(b"a");
        hasher.update(b"bc");
        let digests = hasher.finish();
        // FIPS 180-4 example and the BLAKE3 test vectors' hash of "abc".
        assert_eq!(
            digests.sha256,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(
            digests.blake3,
            "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85"
        );
    }
}
