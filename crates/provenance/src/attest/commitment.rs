//! A seed that is settled before a run and shown after it.

use crate::keys::sha256;
use crate::{Error, hex};

/// The text that is hashed begins with it, so that the digest is of nothing else.
const DOMAIN: &[u8] = b"weighbridge seed commitment v1\n";

/// A commitment to a seed: SHA-256 over a fixed text, a salt of 32 bytes and the seed. Whoever knows
/// the digest alone learns nothing of the seed; whoever made it cannot show another seed later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commitment {
    /// The salt, hex. It is kept with the seed and shown with it.
    pub salt: String,
    /// The digest, hex. It is published before the run.
    pub digest: String,
}

impl Commitment {
    /// Commits to a seed with a fresh salt.
    pub fn new(seed: &str) -> Result<Self, Error> {
        let mut salt = [0; 32];
        aws_lc_rs::rand::fill(&mut salt)
            .map_err(|_| Error::Key { because: "the system gave no randomness".to_owned() })?;
        Ok(Self { salt: hex::encode(&salt), digest: digest(&salt, seed) })
    }

    /// Whether a seed is the one that was committed to.
    pub fn opens(&self, seed: &str) -> bool {
        hex::decode(&self.salt)
            .is_some_and(|salt| salt.len() == 32 && digest(&salt, seed) == self.digest)
    }
}

fn digest(salt: &[u8], seed: &str) -> String {
    let message = [DOMAIN, salt, seed.as_bytes()].concat();
    hex::encode(sha256(&message).as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_with_its_seed_and_no_other() {
        let made = Commitment::new("42").unwrap();
        assert!(made.opens("42"));
        assert!(!made.opens("43"));
        assert!(!Commitment { salt: String::new(), ..made.clone() }.opens("42"));
        assert_ne!(Commitment::new("42").unwrap().digest, made.digest);
    }
}
