//! The one module, with `sign`, that knows the `sigstore` crates.

use jiff::Timestamp;
use sigstore_verify::trust_root::{SIGSTORE_PRODUCTION_TRUSTED_ROOT, TrustedRoot};
use sigstore_verify::types::{Bundle as TheirBundle, Sha256Hash, SignatureBytes, TimestampToken};
use sigstore_verify::{VerificationPolicy, Verifier, tsa};

use super::{Accepted, Expected};
use crate::bundle::Bundle;
use crate::statement::Statement;
use crate::{Error, dsse};

pub(super) struct Engine {
    trusted: TrustedRoot,
    verifier: Verifier,
}

impl Engine {
    pub(super) fn parse(what: &str, json: &str) -> Result<Self, Error> {
        let wrong = |error: &dyn std::error::Error| Error::malformed(what, chain(error));
        let trusted = TrustedRoot::from_json(json).map_err(|error| wrong(&error))?;
        let verifier = Verifier::new(&trusted).map_err(|error| wrong(&error))?;
        Ok(Self { trusted, verifier })
    }

    pub(super) fn public_good() -> Result<Self, Error> {
        Self::parse("the embedded trust root", SIGSTORE_PRODUCTION_TRUSTED_ROOT)
    }

    pub(super) fn verify(&self, bundle: &Bundle, expected: &Expected) -> Result<Accepted, String> {
        // Ours was read strictly. The other reader gets what that reading understood, so that there is
        // nothing left that the two could take differently.
        let statement = Statement::parse("the statement", &bundle.dsse_envelope.payload)
            .map_err(|error| error.to_string())?;
        let digest = statement
            .subject
            .iter()
            .find_map(|subject| subject.digest.get("sha256"))
            .ok_or("no subject of the statement has a `sha256` digest")?;
        let digest = Sha256Hash::from_hex(digest).map_err(|error| error.to_string())?;
        let text = serde_json::to_string(bundle).map_err(|error| error.to_string())?;
        let theirs = TheirBundle::from_json(&text).map_err(|error| chain(&error))?;
        let policy = VerificationPolicy::new(expected.identity.as_str(), expected.issuer.as_str());
        let result =
            self.verifier.verify(digest, &theirs, &policy).map_err(|error| chain(&error))?;
        let identity = result.identity().map(|identity| identity.as_str().to_owned());
        let (Some(identity), Some(issuer)) = (identity, result.issuer().map(ToOwned::to_owned))
        else {
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

    pub(super) fn timestamps(&self, bundle: &Bundle) -> Result<Vec<Timestamp>, String> {
        let [signature] = bundle.dsse_envelope.signatures.as_slice() else {
            return Err("the envelope has not exactly one signature".into());
        };
        let signature = SignatureBytes::new(signature.sig.clone());
        let authorities = self.trusted.tsa_authorities();
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
}

/// The timestamps of a bundle, DER.
fn tokens(bundle: &Bundle) -> Result<Vec<Vec<u8>>, String> {
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
pub(super) fn chain(error: &dyn std::error::Error) -> String {
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
