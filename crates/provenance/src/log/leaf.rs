//! What this product writes into a log of statements: a small entry a statement, and the statement's
//! document beside the log.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Error;
use super::write::Entry;
use crate::bundle::Bundle;
use crate::dsse::{Envelope, IN_TOTO};
use crate::keys::sha256;
use crate::statement::{DIR_HASH, DigestSet, Statement};
use crate::{hex, json};

/// The most that such an entry may have, in bytes.
const MAX_LEAF: usize = 1024;
/// The longest name of a signer that is taken as it stands.
const MAX_SIGNER: usize = 128;

/// An entry that speaks of a signed statement. It is written as canonical JSON (RFC 8785).
///
/// The log proves when a statement was known, not that it is true: neither the signature of the
/// statement nor its signer was verified by having been written down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leaf {
    /// The version of this form: 1.
    pub v: u32,
    /// When it was written, as the writer's clock said.
    pub time: String,
    /// The form of the predicate, a URI.
    #[serde(rename = "predicateType")]
    pub predicate_type: String,
    /// SHA-256 of the statement, which is the payload of the envelope; hex.
    pub statement_sha256: String,
    /// The subjects, as `dirHash:<hex>`, or as `sha256:<hex>` where they have no `dirHash`.
    pub subjects: Vec<String>,
    /// How many subjects had no room.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub subjects_omitted: u64,
    /// The key that the document claims.
    pub signer: String,
    /// SHA-256 of the document; hex. It is the name under which the document is kept.
    pub bundle_sha256: String,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Leaf {
    /// Reads an entry; `None` where it is of another kind.
    pub fn parse(entry: &[u8]) -> Option<Self> {
        let leaf: Self = json::parse_as("the entry", entry).ok()?;
        (leaf.v == 1).then_some(leaf)
    }

    /// The entry.
    pub fn bytes(&self) -> Result<Vec<u8>, Error> {
        Ok(json::canonical(self)?)
    }
}

/// A signed statement in the form in which it travels: a Sigstore bundle or a DSSE envelope.
#[derive(Clone, Debug)]
pub struct Document {
    bytes: Vec<u8>,
    payload: Vec<u8>,
    statement: Statement,
    signer: String,
}

/// The statements of a file: one bundle or envelope, or one a line (`.intoto.jsonl`).
pub fn documents(what: &str, bytes: &[u8]) -> Result<Vec<Document>, Error> {
    if json::parse(what, bytes).is_ok() {
        return Ok(vec![Document::parse(what, bytes)?]);
    }
    let lines = bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let lines: Vec<_> = (1u64..).zip(lines).filter(|(_, line)| !line.is_empty()).collect();
    match lines.as_slice() {
        [] => Err(Error::malformed(format!("`{what}`"), "it is empty")),
        [(_, line)] => Ok(vec![Document::parse(what, line)?]),
        lines => lines
            .iter()
            .map(|(number, line)| Document::parse(&format!("{what}, line {number}"), line))
            .collect(),
    }
}

impl Document {
    /// Reads a bundle or an envelope.
    pub fn parse(what: &str, bytes: &[u8]) -> Result<Self, Error> {
        let value = json::parse(what, bytes)?;
        let (envelope, signer) = if value.get("dsseEnvelope").is_some() {
            let bundle = Bundle::parse(what, bytes)?;
            let signer = claimed(&bundle);
            (bundle.dsse_envelope, signer)
        } else {
            let envelope = Envelope::parse(what, bytes)?;
            let keyid = envelope.signatures.first().map(|signature| signature.keyid.clone());
            (envelope, keyid.unwrap_or_default())
        };
        if envelope.payload_type != IN_TOTO {
            let is = vocabulary::escape(&envelope.payload_type);
            let because = format!("its payload is `{is}`; an in-toto statement is needed");
            return Err(Error::malformed(format!("`{what}`"), because));
        }
        let statement = Statement::parse(what, &envelope.payload)?;
        let payload = envelope.payload;
        Ok(Self { bytes: bytes.to_vec(), payload, statement, signer: bounded(signer) })
    }

    /// The entry that speaks of it.
    pub fn leaf(&self, time: &str) -> Result<Leaf, Error> {
        let mut leaf = Leaf {
            v: 1,
            time: time.to_owned(),
            predicate_type: self.statement.predicate_type.clone(),
            statement_sha256: hex::encode(sha256(&self.payload).as_ref()),
            subjects: self.statement.subject.iter().map(|one| named(&one.digest)).collect(),
            subjects_omitted: 0,
            signer: self.signer.clone(),
            bundle_sha256: hex::encode(sha256(&self.bytes).as_ref()),
        };
        // Nothing near so many has room; the loop below would be slow.
        let subjects = leaf.subjects.len();
        leaf.subjects.truncate(MAX_LEAF / 8);
        while leaf.bytes()?.len() > MAX_LEAF {
            if leaf.subjects.pop().is_none() {
                let because = format!("its entry would be longer than {MAX_LEAF} bytes");
                return Err(Error::malformed("the statement", because));
            }
            leaf.subjects_omitted = subjects.saturating_sub(leaf.subjects.len()) as u64;
        }
        Ok(leaf)
    }

    /// The entry with its document, for [`Log::append`](super::Log::append).
    pub fn entry(&self, now: Timestamp) -> Result<Entry, Error> {
        let seconds = Timestamp::from_second(now.as_second()).unwrap_or_default();
        let leaf = self.leaf(&seconds.to_string())?;
        Ok(Entry { data: leaf.bytes()?, document: Some(self.bytes.clone()) })
    }

    /// Whether an entry speaks of exactly this document.
    pub fn is_in(&self, entry: &[u8]) -> bool {
        let Some(leaf) = Leaf::parse(entry) else { return false };
        self.leaf(&leaf.time).and_then(|leaf| leaf.bytes()).is_ok_and(|bytes| bytes == entry)
    }
}

/// The key that a bundle claims.
fn claimed(bundle: &Bundle) -> String {
    let material = &bundle.verification_material;
    let chain = material.x509_certificate_chain.as_ref();
    let leaf = material.certificate.as_ref();
    if let Some(certificate) = leaf.or_else(|| chain.and_then(|chain| chain.certificates.first())) {
        return format!("x509:{}", hex::encode(sha256(&certificate.raw_bytes).as_ref()));
    }
    let hint = material.public_key.as_ref().map(|key| key.hint.clone());
    hint.filter(|hint| !hint.is_empty())
        .or_else(|| Some(bundle.dsse_envelope.signatures.first()?.keyid.clone()))
        .unwrap_or_default()
}

fn bounded(signer: String) -> String {
    if signer.len() <= MAX_SIGNER {
        return signer;
    }
    format!("sha256:{}", hex::encode(sha256(signer.as_bytes()).as_ref()))
}

fn named(digests: &DigestSet) -> String {
    let known = [DIR_HASH, "sha256"].into_iter().find_map(|name| digests.get_key_value(name));
    match known.or_else(|| digests.first_key_value()) {
        Some((name, digest)) => format!("{name}:{digest}"),
        None => String::new(),
    }
}
