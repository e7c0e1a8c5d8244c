//! Who signs: a key, a key with a certificate, or the identity that an OIDC token tells.

use std::borrow::Cow;

use crate::bundle::Bundle;
use crate::dsse::{Envelope, IN_TOTO};
use crate::keyless::{self, Services};
use crate::keys::{Scheme, Sign};
use crate::{Error, certificates, json};

/// Somebody who signs statements here.
pub struct Signatory<'a>(Kind<'a>);

enum Kind<'a> {
    Key { key: Box<dyn Sign + 'a>, chain: Option<Cow<'a, [Vec<u8>]>>, tsa: Option<String> },
    Keyless { services: Services, token: String },
}

impl<'a> Signatory<'a> {
    /// A key, wherever it lives.
    pub fn key(key: impl Sign + 'a) -> Self {
        Self(Kind::Key { key: Box::new(key), chain: None, tsa: None })
    }

    /// A key and the certificates that vouch for it, that of the key first.
    pub fn certified(
        key: impl Sign + 'a,
        chain: impl Into<Cow<'a, [Vec<u8>]>>,
    ) -> Result<Self, Error> {
        let chain = chain.into();
        let leaf = chain.first().map(Vec::as_slice).unwrap_or_default();
        if certificates::key_of("the certificate", leaf)?.raw() != key.public_key().raw() {
            let because = "the certificate is of another key";
            return Err(Error::Key { because: because.to_owned() });
        }
        Ok(Self(Kind::Key { key: Box::new(key), chain: Some(chain), tsa: None }))
    }

    /// A key that lives for one signature, under the identity of an OIDC token.
    pub fn keyless(services: Services, token: String) -> Self {
        Self(Kind::Keyless { services, token })
    }

    /// Has a timestamp authority (RFC 3161), at this address, attest when a key signed. A keyless
    /// signer names it among its services.
    #[must_use]
    pub fn timestamped(mut self, by: Option<String>) -> Self {
        if let Kind::Key { tsa, .. } = &mut self.0 {
            *tsa = by;
        }
        self
    }

    /// The scheme of a key that it has of its own.
    pub fn scheme(&self) -> Option<Scheme> {
        match &self.0 {
            Kind::Key { key, .. } => Some(key.public_key().scheme()),
            Kind::Keyless { .. } => None,
        }
    }

    /// Signs a statement (its exact bytes).
    pub fn bundle(&self, statement: &[u8]) -> Result<Bundle, Error> {
        let (key, chain, tsa) = match &self.0 {
            Kind::Key { key, chain, tsa } => (key, chain, tsa),
            Kind::Keyless { services, token } => return keyless::sign(statement, services, token),
        };
        let envelope = Envelope::sign(IN_TOTO, statement.to_vec(), key.as_ref())?;
        let mut bundle = match chain {
            Some(chain) => Bundle::with_chain(chain, envelope),
            None => Bundle::with_key(key.public_key().hint(), envelope),
        };
        if let Some(tsa) = tsa {
            keyless::timestamp(&mut bundle, tsa)?;
        }
        Ok(bundle)
    }

    /// Signs a statement as a line of a file of attestations: the envelope alone where a key is all
    /// that there is to it, else a bundle.
    pub fn attestation(&self, statement: &[u8]) -> Result<Vec<u8>, Error> {
        match &self.0 {
            Kind::Key { key, chain: None, tsa: None } => {
                json::canonical(&Envelope::sign(IN_TOTO, statement.to_vec(), key.as_ref())?)
            }
            Kind::Key { .. } | Kind::Keyless { .. } => json::canonical(&self.bundle(statement)?),
        }
    }
}
