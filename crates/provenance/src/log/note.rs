//! Signed notes: a text, and under it lines with signatures over it.
//!
//! Source: <https://c2sp.org/signed-note@v1.0.0>, and for cosignatures
//! <https://c2sp.org/tlog-cosignature>. Of the kinds of signature, Ed25519 (`0x01`) and the
//! timestamped Ed25519 cosignature (`0x04`) are made and verified. A key of any other kind can be
//! named in a policy; what it signed counts as unverified.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Error;
use crate::hex;
use crate::keys::{PrivateKey, PublicKey, Scheme, Sign as _, sha256};

/// The most that a note may have, in bytes. Sixteen post-quantum signatures fit.
pub const MAX_NOTE: usize = 256 << 10;
/// The most signatures that a note may have.
pub(super) const MAX_SIGNATURES: usize = 128;

const DASH: &str = "\u{2014} ";

/// A text and the signatures under it. Nothing of it is verified by having been read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// What is signed, with its final line feed.
    pub text: String,
    /// The lines under it.
    pub signatures: Vec<Signature>,
}

/// A signature line of a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The name of the key.
    pub name: String,
    /// The short identifier of the key.
    pub id: [u8; 4],
    /// What the key made of the text.
    pub bytes: Vec<u8>,
}

/// What a kind of key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The text of a note (Ed25519, `0x01`): how a log signs.
    Log,
    /// The text and a time (Ed25519 `cosignature/v1`, `0x04`): how a witness signs.
    Witness,
    /// A kind that is not verified here.
    Other(u8),
}

impl Kind {
    fn byte(self) -> u8 {
        match self {
            Self::Log => 1,
            Self::Witness => 4,
            Self::Other(byte) => byte,
        }
    }
}

impl Note {
    /// Reads a note.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let wrong = |because: &str| Error::malformed("the signed note", because);
        if bytes.len() > MAX_NOTE {
            return Err(wrong("it is too long"));
        }
        let all = str::from_utf8(bytes).map_err(|_| wrong("it is no UTF-8"))?;
        if all.chars().any(|c| c < ' ' && c != '\n') {
            return Err(wrong("it holds a control character"));
        }
        let at = all.rfind("\n\n").ok_or_else(|| wrong("it has no signatures"))?;
        let (text, rest) = all.split_at(at.saturating_add(1));
        let lines = rest.strip_prefix('\n').and_then(|lines| lines.strip_suffix('\n'));
        let lines = lines.ok_or_else(|| wrong("its last line has no end"))?;
        let mut signatures = Vec::new();
        for line in lines.split('\n') {
            if signatures.len() == MAX_SIGNATURES {
                return Err(wrong("it has too many signatures"));
            }
            let signature = Signature::parse(line).ok_or_else(|| wrong("a signature is none"))?;
            signatures.push(signature);
        }
        Ok(Self { text: text.to_owned(), signatures })
    }

    /// The keys of a list that signed it, each with the time that a witness put in.
    ///
    /// A signature that names one of the keys and is not its signature makes the whole note invalid.
    /// Signatures of other keys are ignored.
    pub fn verified<'a>(&self, keys: &[&'a Vkey]) -> Result<Vec<(&'a Vkey, Option<u64>)>, Error> {
        let mut verified: Vec<(&Vkey, Option<u64>)> = Vec::new();
        for signature in &self.signatures {
            let named = |key: &&&Vkey| key.is(&signature.name, signature.id);
            let Some(key) = keys.iter().find(named) else { continue };
            if matches!(key.kind, Kind::Other(_)) {
                continue;
            }
            let Ok(time) = key.verifies(&self.text, &signature.bytes) else {
                let because = format!("the signature of `{}` does not verify", key.name());
                return Err(Error::malformed("the signed note", because));
            };
            if !verified.iter().any(|(before, _)| before.is(&key.name, key.id)) {
                verified.push((key, time));
            }
        }
        Ok(verified)
    }

    /// The same text, with the signatures alone that name a key.
    #[must_use]
    pub fn only(&self, key: &Vkey) -> Self {
        let named = |signature: &&Signature| key.is(&signature.name, signature.id);
        let signatures = self.signatures.iter().filter(named).cloned().collect();
        Self { text: self.text.clone(), signatures }
    }

    /// Adds signatures that are not there yet.
    pub fn add(&mut self, signatures: &[Signature]) {
        for signature in signatures {
            if !self.signatures.contains(signature) {
                self.signatures.push(signature.clone());
            }
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| writeln!(f, "{signature}"))
    }
}

impl Signature {
    /// Reads a line, without its end.
    pub fn parse(line: &str) -> Option<Self> {
        let (name, text) = line.strip_prefix(DASH)?.split_once(' ')?;
        let bytes = STANDARD.decode(text).ok()?;
        let (id, bytes) = bytes.split_first_chunk::<4>()?;
        (is_name(name) && !bytes.is_empty()).then(|| Self {
            name: name.to_owned(),
            id: *id,
            bytes: bytes.to_vec(),
        })
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = self.id.to_vec();
        bytes.extend_from_slice(&self.bytes);
        write!(f, "{DASH}{} {}", self.name, STANDARD.encode(bytes))
    }
}

/// Whether a key can have this name.
fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|c| c.is_whitespace() || c < ' ' || c == '+')
}

/// A key that verifies signatures of notes (*vkey*).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vkey {
    name: String,
    id: [u8; 4],
    kind: Kind,
    /// The public key as the text holds it.
    material: Vec<u8>,
    key: Option<PublicKey>,
}

impl Vkey {
    /// Reads `<name>+<id>+<base64>`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let wrong = |because: &str| {
            Error::malformed(format!("the verifier key `{}`", vocabulary::escape(text)), because)
        };
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(wrong("it is not `name+identifier+key`"));
        };
        let given = hex::decode(id).filter(|id| id.len() == 4);
        let given = given.ok_or_else(|| wrong("its identifier is not eight hex digits"))?;
        let bytes = STANDARD.decode(key).map_err(|_| wrong("its key is no base64"))?;
        let (kind, material) = match bytes.split_first() {
            _ if !is_name(name) => return Err(wrong("its name is none")),
            Some((1, material)) => (Kind::Log, material),
            Some((4, material)) => (Kind::Witness, material),
            Some((other, material)) => (Kind::Other(*other), material),
            None => return Err(wrong("its key is empty")),
        };
        let key =
            Self::new(name, kind, material).ok_or_else(|| wrong("its key has another length"))?;
        // Keys of other kinds may have identifiers of another form.
        if key.id.as_slice() != given && key.key.is_some() {
            return Err(wrong("its identifier does not fit its name and key"));
        }
        let id = given.try_into().unwrap_or(key.id);
        Ok(Self { id, ..key })
    }

    fn new(name: &str, kind: Kind, material: &[u8]) -> Option<Self> {
        let key = match kind {
            Kind::Log | Kind::Witness => Some(PublicKey::from_ed25519(material.try_into().ok()?)),
            Kind::Other(_) => None,
        };
        let mut hashed = name.as_bytes().to_vec();
        hashed.extend_from_slice(&[b'\n', kind.byte()]);
        hashed.extend_from_slice(material);
        let id = *sha256(&hashed).as_ref().first_chunk()?;
        Some(Self { name: name.to_owned(), id, kind, material: material.to_vec(), key })
    }

    /// Its name; that of a log's key is the log's origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it signs.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether signatures name it like this.
    pub(super) fn is(&self, name: &str, id: [u8; 4]) -> bool {
        self.name == name && self.id == id
    }

    /// Whether another is the same key, whatever their names.
    pub fn is_same_key(&self, other: &Self) -> bool {
        self.material == other.material
    }

    /// Whether a signature over the text of a note is this key's; for a witness, when it signed.
    fn verifies(&self, text: &str, signature: &[u8]) -> Result<Option<u64>, Forged> {
        let key = self.key.as_ref().ok_or(Forged)?;
        match self.kind {
            Kind::Log => key.verifies(text.as_bytes(), signature).then_some(None).ok_or(Forged),
            Kind::Witness => {
                let (time, signature) = signature.split_first_chunk::<8>().ok_or(Forged)?;
                let time = u64::from_be_bytes(*time);
                let message = cosigned(time, text);
                let is_time = i64::try_from(time).is_ok();
                (is_time && key.verifies(message.as_bytes(), signature))
                    .then_some(Some(time))
                    .ok_or(Forged)
            }
            Kind::Other(_) => Err(Forged),
        }
    }
}

/// A signature is not that of the key that it names.
struct Forged;

impl fmt::Display for Vkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = vec![self.kind.byte()];
        bytes.extend_from_slice(&self.material);
        write!(f, "{}+{}+{}", self.name, hex::encode(&self.id), STANDARD.encode(bytes))
    }
}

/// What a witness signs.
fn cosigned(time: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

/// A key that signs notes.
#[derive(Debug)]
pub struct Skey {
    key: PrivateKey,
    vkey: Vkey,
}

impl Skey {
    /// A key for notes from an Ed25519 key.
    pub fn new(name: &str, kind: Kind, key: PrivateKey) -> Result<Self, Error> {
        let unfit = |because: String| Error::from(crate::Error::Key { because });
        if !is_name(name) {
            let shown = vocabulary::escape(name);
            let because =
                format!("`{shown}` is no name for it: no spaces, no `+`, and at least one letter");
            return Err(unfit(because));
        }
        if key.public_key().scheme() != Scheme::Ed25519 {
            let is = key.public_key().scheme().name();
            return Err(unfit(format!("a log and a witness need an Ed25519 key; it is {is}")));
        }
        let vkey = Vkey::new(name, kind, key.public_key().raw());
        let vkey = vkey.ok_or_else(|| unfit("its public half has another length".to_owned()))?;
        Ok(Self { key, vkey })
    }

    /// Reads `PRIVATE+KEY+<name>+<id>+<base64>`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        // No part of a private key may stand in a message.
        let wrong = |because: &str| Error::malformed("the private key", because);
        let rest = text.trim().strip_prefix("PRIVATE+KEY+");
        let rest = rest.ok_or_else(|| wrong("it does not begin with `PRIVATE+KEY+`"))?;
        let mut parts = rest.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(wrong("it is not `PRIVATE+KEY+name+identifier+key`"));
        };
        let bytes = STANDARD.decode(key).map_err(|_| wrong("its key is no base64"))?;
        let (kind, seed) = match bytes.split_first() {
            Some((1, seed)) => (Kind::Log, seed),
            Some((4, seed)) => (Kind::Witness, seed),
            _ => return Err(wrong("its kind is neither that of a log nor that of a witness")),
        };
        let seed = seed.try_into().map_err(|_| wrong("its key does not have 32 bytes"))?;
        let made = Self::new(name, kind, PrivateKey::from_ed25519_seed(seed)?)?;
        if hex::encode(&made.vkey.id) != id {
            return Err(wrong("its identifier does not fit its name and key"));
        }
        Ok(made)
    }

    /// The text of the key, as [`Self::parse`] reads it.
    pub fn text(&self) -> Result<String, Error> {
        let seed = self
            .key
            .ed25519_seed()
            .ok_or_else(|| crate::Error::Key { because: "its seed cannot be had".to_owned() })?;
        let mut bytes = vec![self.vkey.kind.byte()];
        bytes.extend_from_slice(&seed);
        let id = hex::encode(&self.vkey.id);
        Ok(format!("PRIVATE+KEY+{}+{id}+{}", self.vkey.name, STANDARD.encode(bytes)))
    }

    /// The key that verifies.
    pub fn vkey(&self) -> &Vkey {
        &self.vkey
    }

    /// Signs a text as a log does.
    pub(super) fn sign(&self, text: &str) -> Result<Signature, Error> {
        let bytes = self.key.sign(text.as_bytes())?;
        Ok(Signature { name: self.vkey.name.clone(), id: self.vkey.id, bytes })
    }

    /// Signs a text as a witness does, at a time in seconds since 1970.
    pub fn cosign(&self, text: &str, time: u64) -> Result<Signature, Error> {
        let mut bytes = time.to_be_bytes().to_vec();
        bytes.extend(self.key.sign(cosigned(time, text).as_bytes())?);
        Ok(Signature { name: self.vkey.name.clone(), id: self.vkey.id, bytes })
    }
}
