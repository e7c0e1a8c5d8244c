//! Keyless signatures: a short-lived certificate of Fulcio, an entry in Rekor, a timestamp (RFC 3161).
//!
//! The one module that knows the `sigstore` crates. Verifying is offline: the trust root is a file of
//! the user's or the one of the public instance that those crates carry. Signing speaks to the
//! services whose addresses the user gives, and to nothing else.

mod sign;

use jiff::Timestamp;
use sigstore_verify::trust_root::{
    SIGSTORE_PRODUCTION_TRUSTED_ROOT, SIGSTORE_STAGING_TRUSTED_ROOT, TrustedRoot,
};
use sigstore_verify::types::{Bundle, Sha256Hash, SignatureBytes, TimestampToken};
use sigstore_verify::{VerificationPolicy, Verifier, tsa};

pub use sign::{RekorVersion, Services, sign, timestamp};

use crate::bundle::Bundle as OurBundle;
use crate::statement::Statement;
use crate::{Error, dsse};

/// Certificate authorities, logs and timestamp authorities that count (`trusted_root.json`).
pub struct Root {
    trusted: TrustedRoot,
    verifier: Verifier,
}

impl std::fmt::Debug for Root {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Root").finish_non_exhaustive()
    }
}

impl Root {
    /// Reads a `trusted_root.json` (Sigstore protobuf-specs, `TrustedRoot`, in its JSON form).
    pub fn parse(what: &str, json: &str) -> Result<Self, Error> {
        let wrong = |error: &dyn std::error::Error| Error::malformed(what, chain(error));
        let trusted = TrustedRoot::from_json(json).map_err(|error| wrong(&error))?;
        let verifier = Verifier::new(&trusted).map_err(|error| wrong(&error))?;
        Ok(Self { trusted, verifier })
    }

    /// The public instance, as it was when the `sigstore` crates were published. It goes stale: for
    /// signatures of new logs, give a newer `trusted_root.json`.
    pub fn public_good() -> Result<Self, Error> {
        Self::parse("the embedded trust root", SIGSTORE_PRODUCTION_TRUSTED_ROOT)
    }

    /// The staging instance, for tests.
    pub fn staging() -> Result<Self, Error> {
        Self::parse("the embedded trust root of staging", SIGSTORE_STAGING_TRUSTED_ROOT)
    }
}

/// Who must have signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The certificate's subject: an e-mail address or a URI, exactly.
    pub identity: String,
    /// The OIDC issuer that vouched for it, exactly.
    pub issuer: String,
}

/// What held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The certificate's subject.
    pub identity: String,
    /// The OIDC issuer that vouched for it.
    pub issuer: String,
    /// Moments at which the signature existed, as a log or a timestamp authority attests.
    pub times: Vec<Timestamp>,
}

/// Verifies a keyless bundle whose statement has a subject with a `sha256` digest: the certificate's
/// chain, its SCT, identity and issuer; the log's inclusion proof and checkpoint; timestamps; the
/// signature. That the subject is what lies on disk is for the caller to compare. The error says why
/// not.
pub fn verify(bundle: &[u8], root: &Root, expected: &Expected) -> Result<Accepted, String> {
    // Strictly first: nothing that two readers take differently reaches the other reader.
    let ours = OurBundle::parse("the bundle", bundle).map_err(|error| error.to_string())?;
    let statement = Statement::parse("the statement", &ours.dsse_envelope.payload)
        .map_err(|error| error.to_string())?;
    let digest = statement
        .subject
        .iter()
        .find_map(|subject| subject.digest.get("sha256"))
        .ok_or("no subject of the statement has a `sha256` digest")?;
    let digest = Sha256Hash::from_hex(digest).map_err(|error| error.to_string())?;
    let text = std::str::from_utf8(bundle).map_err(|error| error.to_string())?;
    let theirs = Bundle::from_json(text).map_err(|error| chain(&error))?;
    let policy = VerificationPolicy::new(expected.identity.as_str(), expected.issuer.as_str());
    let result = root.verifier.verify(digest, &theirs, &policy).map_err(|error| chain(&error))?;
    let identity = result.identity().map(|identity| identity.as_str().to_owned());
    let (Some(identity), Some(issuer)) = (identity, result.issuer().map(ToOwned::to_owned)) else {
        return Err("the certificate names no identity or no issuer".into());
    };
    if !(result.certificate_verified()
        && result.sct_verified()
        && result.tlog_verified()
        && result.identity_policy_checked())
    {
        return Err("not everything was verified".into());
    }
    Ok(Accepted { identity, issuer, times: result.verified_timestamps().to_vec() })
}

/// Verifies the RFC 3161 timestamps of a bundle of any kind against the timestamp authorities of a
/// root: the moments at which its signature existed. A timestamp that is there and does not verify is
/// an error, never left out.
pub fn timestamps(bundle: &OurBundle, root: &Root) -> Result<Vec<Timestamp>, String> {
    let [signature] = bundle.dsse_envelope.signatures.as_slice() else {
        return Err("the envelope has not exactly one signature".into());
    };
    let signature = SignatureBytes::new(signature.sig.clone());
    let authorities = root.trusted.tsa_authorities();
    let tokens = tokens(bundle)?;
    tokens
        .into_iter()
        .map(|token| {
            let token = TimestampToken::new(token);
            let mut said = "the root names no timestamp authority".to_owned();
            for authority in &authorities {
                match tsa::verify_timestamp_for_authority(&token, &signature, authority) {
                    Ok(time) => return Ok(time),
                    Err(error) => said = chain(&error),
                }
            }
            Err(format!("a timestamp does not hold: {said}"))
        })
        .collect()
}

/// The timestamps of a bundle, DER.
fn tokens(bundle: &OurBundle) -> Result<Vec<Vec<u8>>, String> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Data {
        #[serde(default)]
        rfc3161_timestamps: Vec<Token>,
    }
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Token {
        #[serde(with = "dsse::base64_bytes")]
        signed_timestamp: Vec<u8>,
    }
    let Some(data) = &bundle.verification_material.timestamp_verification_data else {
        return Ok(Vec::new());
    };
    let data: Data = serde_json::from_value(data.clone())
        .map_err(|error| format!("`timestampVerificationData` cannot be read: {error}"))?;
    Ok(data.rfc3161_timestamps.into_iter().map(|token| token.signed_timestamp).collect())
}

/// An error and its causes, as one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        cause = error.source();
    }
    vocabulary::escape(&text)
}
