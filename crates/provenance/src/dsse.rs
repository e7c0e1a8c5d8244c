//! DSSE, the Dead Simple Signing Envelope, version 1: a payload, its type, and signatures over both.
//!
//! Source: <https://github.com/secure-systems-lab/dsse>, `envelope.md` and `protocol.md`.

use serde::{Deserialize, Deserializer, Serialize};

use crate::keys::{PublicKey, Sign};
use crate::{Error, json};

/// The payload type of an in-toto statement.
pub const IN_TOTO: &str = "application/vnd.in-toto+json";

/// The bytes that a signature covers (pre-authentication encoding).
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

/// A payload and the signatures over it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Envelope {
    /// The payload, exactly as it was signed.
    #[serde(with = "base64_bytes")]
    pub payload: Vec<u8>,
    /// What the payload is.
    pub payload_type: String,
    /// The signatures; none of them is verified by being here.
    pub signatures: Vec<Signature>,
}

/// A signature of an envelope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// The signature's bytes; for ECDSA the ASN.1 DER form.
    #[serde(with = "base64_bytes")]
    pub sig: Vec<u8>,
    /// A hint at the key; it is not authenticated, and nothing may rely on it.
    #[serde(default, deserialize_with = "text_or_null", skip_serializing_if = "String::is_empty")]
    pub keyid: String,
}

/// Early writers of Model Signing wrote `null` where there was no `keyid`.
fn text_or_null<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

impl Envelope {
    /// Signs a payload.
    pub fn sign(payload_type: &str, payload: Vec<u8>, signer: &dyn Sign) -> Result<Self, Error> {
        let sig = signer.sign(&pae(payload_type, &payload))?;
        let keyid = signer.public_key().fingerprint();
        let signatures = vec![Signature { sig, keyid }];
        Ok(Self { payload, payload_type: payload_type.to_owned(), signatures })
    }

    /// Reads an envelope; `what` is its name in the error.
    pub fn parse(what: &str, bytes: &[u8]) -> Result<Self, Error> {
        json::parse_as(what, bytes)
    }

    /// Whether one of the signatures is this key's, over exactly these bytes.
    pub fn is_signed_by(&self, key: &PublicKey) -> bool {
        let message = pae(&self.payload_type, &self.payload);
        self.signatures.iter().any(|signature| key.verifies(&message, &signature.sig))
    }
}

/// Base64 as DSSE writes it. Standard and URL-safe digits are both to be accepted by its
/// specification, padding is not optional here.
pub(crate) mod base64_bytes {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD.encode(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(from)?;
        let read = STANDARD.decode(&text).or_else(|_| URL_SAFE.decode(&text));
        read.map_err(|error| D::Error::custom(format!("no base64: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{PrivateKey, Scheme};

    #[test]
    fn the_encoding_is_that_of_the_specification() {
        // The example of protocol.md.
        assert_eq!(
            pae("http://example.com/HelloWorld", b"hello world"),
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
    }

    #[test]
    fn a_changed_byte_or_type_is_not_signed() {
        let key = PrivateKey::generate(Scheme::EcdsaP256).unwrap();
        let envelope = Envelope::sign(IN_TOTO, b"{}".to_vec(), &key).unwrap();
        let public = key.public_key();
        assert!(envelope.is_signed_by(public));
        let bytes = serde_json::to_vec(&envelope).unwrap();
        assert_eq!(Envelope::parse("test", &bytes).unwrap(), envelope);
        let mut changed = envelope.clone();
        changed.payload.push(b' ');
        assert!(!changed.is_signed_by(public));
        let mut changed = envelope.clone();
        changed.payload_type.push('x');
        assert!(!changed.is_signed_by(public));
        let mut changed = envelope;
        changed.signatures.clear();
        assert!(!changed.is_signed_by(public));
        let null = r#"{"payload":"","payloadType":"t","signatures":[{"sig":"","keyid":null}]}"#;
        assert_eq!(Envelope::parse("test", null.as_bytes()).unwrap().signatures[0].keyid, "");
    }
}
