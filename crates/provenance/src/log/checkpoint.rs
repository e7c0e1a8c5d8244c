//! Checkpoints: what a log says of its tree.
//!
//! Source: <https://c2sp.org/tlog-checkpoint@v1.0.0>.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Error;
use super::merkle::Hash;
use super::note::{Note, Vkey};

/// The largest tree that is read: sizes are handled as the other implementations of tiles do.
pub const MAX_SIZE: u64 = (1 << 56) - 1;

/// The origin, the size and the root of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The name of the log.
    pub origin: String,
    /// How many entries the tree has.
    pub size: u64,
    /// Its root (RFC 6962).
    pub root: Hash,
    /// Lines that the log added; nobody can check them.
    pub extensions: Vec<String>,
}

impl Checkpoint {
    /// Reads the text of a note.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let wrong = |because: &str| Error::malformed("the checkpoint", because);
        let body = text.strip_suffix('\n').ok_or_else(|| wrong("its last line has no end"))?;
        let mut lines = body.split('\n');
        let origin = lines.next().filter(|line| !line.is_empty());
        let origin = origin.ok_or_else(|| wrong("it names no origin"))?;
        let size = lines.next().and_then(decimal).filter(|size| *size <= MAX_SIZE);
        let size = size.ok_or_else(|| wrong("its second line is no tree size"))?;
        let root = lines.next().and_then(hash);
        let root = root.ok_or_else(|| wrong("its third line is no root hash"))?;
        let extensions: Vec<String> = lines.map(str::to_owned).collect();
        if extensions.iter().any(String::is_empty) {
            return Err(wrong("a line is empty"));
        }
        Ok(Self { origin: origin.to_owned(), size, root, extensions })
    }

    /// Reads a note that this key of the log signed.
    pub fn signed_by(note: &Note, key: &Vkey) -> Result<Self, Error> {
        if note.verified(&[key])?.is_empty() {
            let because = format!("it is not signed by the key `{key}`");
            return Err(Error::malformed("the checkpoint", because));
        }
        let checkpoint = Self::parse(&note.text)?;
        if checkpoint.origin != key.name() {
            let is = vocabulary::escape(&checkpoint.origin);
            let because = format!("its origin is `{is}`, the key is that of `{}`", key.name());
            return Err(Error::malformed("the checkpoint", because));
        }
        Ok(checkpoint)
    }
}

impl fmt::Display for Checkpoint {
    /// The text of the note.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, STANDARD.encode(self.root))?;
        self.extensions.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// A number in decimal digits without leading zeroes.
pub(super) fn decimal(text: &str) -> Option<u64> {
    let canonical = text == "0" || !text.starts_with('0');
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (canonical && digits).then(|| text.parse().ok()).flatten()
}

/// A hash in base64.
pub(super) fn hash(text: &str) -> Option<Hash> {
    STANDARD.decode(text).ok()?.try_into().ok()
}

/// A hash as a line.
pub(super) fn hash_line(hash: &Hash) -> String {
    STANDARD.encode(hash)
}
