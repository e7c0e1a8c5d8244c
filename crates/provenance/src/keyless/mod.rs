//! Keyless signatures: a short-lived certificate of Fulcio, an entry in Rekor, a timestamp (RFC 3161).
//!
//! Verifying is offline: the trust root is a file of the user's or the one of the public instance that
//! the `sigstore` crates carry. Signing speaks to the services whose addresses the user gives, and to
//! nothing else. The feature `keyless` has the engine; without it a [`Root`] cannot be had.

#[cfg(feature = "keyless")]
mod engine;
#[cfg(feature = "keyless")]
mod sign;

use std::str::FromStr;

use jiff::Timestamp;

#[cfg(feature = "keyless")]
use crate::{Error, bundle::Bundle};

/// Certificate authorities, logs and timestamp authorities that count (`trusted_root.json`).
pub struct Root {
    #[cfg(feature = "keyless")]
    engine: engine::Engine,
    /// There is none without the engine.
    #[cfg(not(feature = "keyless"))]
    engine: std::convert::Infallible,
}

impl std::fmt::Debug for Root {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Root").finish_non_exhaustive()
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

/// Which interface of Rekor a log has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RekorVersion {
    /// `/api/v1/log/entries`, with a signed time.
    #[default]
    V1,
    /// `/api/v2/log/entries`, tiles; it needs a timestamp authority.
    V2,
}

impl FromStr for RekorVersion {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "1" | "v1" => Ok(Self::V1),
            "2" | "v2" => Ok(Self::V2),
            _ => Err("the versions of Rekor are `1` and `2`".into()),
        }
    }
}

/// The services that a keyless signature is made with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Services {
    /// Fulcio: issues the certificate.
    pub fulcio: String,
    /// Rekor: logs the signature.
    pub rekor: String,
    /// Which interface Rekor has.
    pub rekor_version: RekorVersion,
    /// A timestamp authority (RFC 3161): the whole address.
    pub tsa: Option<String>,
}

#[cfg(feature = "keyless")]
impl Root {
    /// Reads a `trusted_root.json` (Sigstore protobuf-specs, `TrustedRoot`, in its JSON form).
    pub fn parse(what: &str, json: &str) -> Result<Self, Error> {
        Ok(Self { engine: engine::Engine::parse(what, json)? })
    }

    /// The public instance, as it was when the `sigstore` crates were published. It goes stale: for
    /// signatures of new logs, give a newer `trusted_root.json`.
    pub fn public_good() -> Result<Self, Error> {
        Ok(Self { engine: engine::Engine::public_good()? })
    }
}

/// Verifies a keyless bundle whose statement has a subject with a `sha256` digest: the certificate's
/// chain, its SCT, identity and issuer; the log's inclusion proof and checkpoint; timestamps; the
/// signature. That the subject is what lies on disk is for the caller to compare. The error says why
/// not.
#[cfg(feature = "keyless")]
pub fn verify(bundle: &Bundle, root: &Root, expected: &Expected) -> Result<Accepted, String> {
    root.engine.verify(bundle, expected)
}

/// Verifies the RFC 3161 timestamps of a bundle of any kind against the timestamp authorities of a
/// root: the moments at which its signature existed. A timestamp that is there and does not verify is
/// an error, never left out.
#[cfg(feature = "keyless")]
pub fn timestamps(bundle: &Bundle, root: &Root) -> Result<Vec<Timestamp>, String> {
    root.engine.timestamps(bundle)
}

/// Signs a statement (its exact bytes) with a key that lives for this one signature, under the
/// identity that an OIDC token tells.
#[cfg(feature = "keyless")]
pub fn sign(statement: &[u8], services: &Services, token: &str) -> Result<Bundle, Error> {
    sign::sign(statement, services, token)
}

/// Has a timestamp authority attest that the signature of a bundle exists now, and adds what it says.
#[cfg(feature = "keyless")]
pub fn timestamp(bundle: &mut Bundle, tsa: &str) -> Result<(), Error> {
    sign::timestamp(bundle, tsa)
}

#[cfg(not(feature = "keyless"))]
mod absent {
    use super::{Accepted, Expected, Root, Services};
    use crate::Error;
    use crate::bundle::Bundle;
    use jiff::Timestamp;

    const ABSENT: Error = Error::NotInThisBuild { what: "keyless signatures and timestamps" };

    impl Root {
        /// This build has no engine for it.
        pub fn parse(_: &str, _: &str) -> Result<Self, Error> {
            Err(ABSENT)
        }

        /// This build has no engine for it.
        pub fn public_good() -> Result<Self, Error> {
            Err(ABSENT)
        }
    }

    /// There is no root that this could be asked with.
    pub fn verify(_: &Bundle, root: &Root, _: &Expected) -> Result<Accepted, String> {
        match root.engine {}
    }

    /// There is no root that this could be asked with.
    pub fn timestamps(_: &Bundle, root: &Root) -> Result<Vec<Timestamp>, String> {
        match root.engine {}
    }

    /// This build has no engine for it.
    pub fn sign(_: &[u8], _: &Services, _: &str) -> Result<Bundle, Error> {
        Err(ABSENT)
    }

    /// This build has no engine for it.
    pub fn timestamp(_: &mut Bundle, _: &str) -> Result<(), Error> {
        Err(ABSENT)
    }
}
#[cfg(not(feature = "keyless"))]
pub use absent::{sign, timestamp, timestamps, verify};
