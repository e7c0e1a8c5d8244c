//! Sigstore bundles, version 0.3: an envelope together with what is needed to verify it.
//!
//! Source: <https://github.com/sigstore/protobuf-specs>, `sigstore_bundle.proto`, in its JSON form.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::dsse::{Envelope, base64_bytes};
use crate::{Error, json};

/// The media type of a bundle.
pub const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// An envelope and its verification material.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Bundle {
    /// [`MEDIA_TYPE`].
    pub media_type: String,
    /// Who signed, as the bundle claims it.
    pub verification_material: Material,
    /// What was signed.
    pub dsse_envelope: Envelope,
}

/// Who signed and when, as a bundle claims it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Material {
    /// A hint at a key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_key: Option<KeyHint>,
    /// A chain of certificates, the leaf first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x509_certificate_chain: Option<Chain>,
    /// One certificate of a keyless signer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Certificate>,
    /// Entries of a transparency log, as they stand.
    #[serde(default)]
    pub tlog_entries: Vec<Value>,
    /// Signed timestamps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp_verification_data: Option<Value>,
}

/// A hint at a key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KeyHint {
    /// SHA-256 over the key's PEM form, hex.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub hint: String,
    /// The key itself, in bundles of earlier versions; it is not trusted for being here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw_bytes: Option<String>,
    /// The key's kind, in bundles of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_details: Option<String>,
}

/// A chain of certificates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chain {
    /// The leaf first.
    pub certificates: Vec<Certificate>,
}

/// A certificate (X.509, DER).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Certificate {
    /// DER.
    #[serde(with = "base64_bytes")]
    pub raw_bytes: Vec<u8>,
}

impl Bundle {
    /// An envelope that a key signed.
    pub fn with_key(hint: String, envelope: Envelope) -> Self {
        let key = KeyHint { hint, ..KeyHint::default() };
        let material = Material { public_key: Some(key), ..Material::default() };
        Self {
            media_type: MEDIA_TYPE.to_owned(),
            verification_material: material,
            dsse_envelope: envelope,
        }
    }

    /// An envelope that the key of the first certificate signed; the others lead to a root.
    pub fn with_chain(chain: &[Vec<u8>], envelope: Envelope) -> Self {
        let certificates = chain.iter().map(|der| Certificate { raw_bytes: der.clone() }).collect();
        let material = Material {
            x509_certificate_chain: Some(Chain { certificates }),
            ..Material::default()
        };
        Self {
            media_type: MEDIA_TYPE.to_owned(),
            verification_material: material,
            dsse_envelope: envelope,
        }
    }

    /// Reads a bundle; `what` is its name in the error.
    pub fn parse(what: &str, bytes: &[u8]) -> Result<Self, Error> {
        let bundle: Self = json::parse_as(what, bytes)?;
        if bundle.media_type != MEDIA_TYPE {
            let is = vocabulary::escape(&bundle.media_type);
            let because = format!("its media type is `{is}`; `{MEDIA_TYPE}` is needed");
            return Err(Error::malformed(what, because));
        }
        Ok(bundle)
    }
}
