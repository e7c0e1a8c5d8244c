//! Who may sign what. It comes from a policy or from the command line, never from the artifact.

use jiff::Timestamp;
use vocabulary::escape;

use crate::bundle::{Bundle, KeyHint};
use crate::certificates::{self, Authority};
use crate::dsse::pae;
use crate::keys::{PublicKey, Scheme};
use crate::refusal::{Reason, Refusal};

/// Everybody whose signature counts.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// The signers.
    pub signers: Vec<Signer>,
}

/// Somebody whose signature counts for something.
#[derive(Clone, Debug)]
pub struct Signer {
    /// What reports call them.
    pub name: String,
    /// How they are known.
    pub identity: Identity,
    /// What they may sign: names of steps (`train`, `scan`, `release`, …) and `model` for Model
    /// Signing; empty means anything.
    pub may: Vec<String>,
    /// From when their signature counts.
    pub from: Option<Timestamp>,
    /// Until when.
    pub until: Option<Timestamp>,
}

/// How a signer is known.
#[derive(Clone, Debug)]
pub enum Identity {
    /// By a key.
    Key(PublicKey),
    /// By a name that an authority vouches for with a certificate.
    Certificate(Authority),
}

impl Signer {
    /// Somebody who may sign anything at any time.
    pub fn new(name: &str, identity: Identity) -> Self {
        Self { name: name.to_owned(), identity, may: Vec::new(), from: None, until: None }
    }

    /// Whether they may sign this, at this moment.
    pub fn may_sign(&self, what: &str, now: Timestamp) -> bool {
        self.refused(what, now).is_none()
    }

    /// Why they may not sign this, at this moment.
    fn refused(&self, what: &str, now: Timestamp) -> Option<Refusal> {
        let name = &self.name;
        if !self.may.is_empty() && !self.may.iter().any(|may| may == what) {
            let said = format!("`{name}` may sign `{}`, not `{what}`", self.may.join("`, `"));
            return Some(Refusal::new(Reason::SignerNotPermitted, said));
        }
        let said = match (self.from, self.until) {
            (Some(from), _) if now < from => format!("`{name}` counts from {from} on"),
            (_, Some(until)) if until < now => format!("`{name}` counted until {until}"),
            _ => return None,
        };
        Some(Refusal::new(Reason::SignerNotNow, said))
    }
}

/// Whose signature holds over an envelope's payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authentic {
    /// What the trust calls them.
    pub signer: String,
    /// How they were recognised, fit to print: a key's fingerprint, a certificate's name.
    pub by: String,
    /// The scheme of the signature.
    pub scheme: Scheme,
    /// What was not looked at, as sentences.
    pub left_open: Vec<String>,
}

/// What signed, as a bundle claims it.
enum Claim<'a> {
    Key(&'a KeyHint),
    Chain(Vec<&'a [u8]>),
    Keyless,
}

impl Trust {
    /// Trusts one signer for anything.
    pub fn only(signer: Signer) -> Self {
        Self { signers: vec![signer] }
    }

    /// Looks for the signer of a bundle: somebody who may sign `what` at the moment `at` and whose
    /// signature stands over the exact bytes of the payload. What the payload says is not looked at.
    ///
    /// A certificate has to be valid at `at`: now, or the moment that a trusted timestamp gives.
    pub fn authenticate(
        &self,
        bundle: &Bundle,
        what: &str,
        at: Timestamp,
    ) -> Result<Authentic, Vec<Refusal>> {
        let envelope = &bundle.dsse_envelope;
        let [signature] = envelope.signatures.as_slice() else {
            let said = format!("it holds {} signatures, not one", envelope.signatures.len());
            return Err(vec![Refusal::new(Reason::SignatureCount, said)]);
        };
        let claim = claim(bundle).map_err(|refusal| vec![refusal])?;
        let message = pae(&envelope.payload_type, &envelope.payload);
        let mut refusals = Vec::new();
        for signer in &self.signers {
            let seen = match (&signer.identity, &claim) {
                (Identity::Key(key), Claim::Key(hint)) => by_key(key, hint),
                (Identity::Certificate(authority), Claim::Chain(chain)) => {
                    certificates::check(chain, authority, at)
                        .map(|leaf| (leaf.key, leaf.by, leaf.left_open))
                }
                (Identity::Key(_) | Identity::Certificate(_), _) => continue,
            };
            let held = seen.and_then(|(key, by, left_open)| {
                if !key.verifies(&message, &signature.sig) {
                    let said = format!("it is not that of `{}` ({by})", signer.name);
                    return Err(vec![Refusal::new(Reason::SignatureInvalid, said)]);
                }
                if let Some(refusal) = signer.refused(what, at) {
                    return Err(vec![refusal]);
                }
                Ok(Authentic { signer: signer.name.clone(), by, scheme: key.scheme(), left_open })
            });
            match held {
                Ok(authentic) => return Ok(authentic),
                Err(more) => refusals.extend(more),
            }
        }
        Err(self.nobody(&claim, refusals))
    }

    /// Why nobody is the signer. That a signature is not that of this or that key says nothing where
    /// the bundle does not tell whose it is.
    fn nobody(&self, claim: &Claim<'_>, mut refusals: Vec<Refusal>) -> Vec<Refusal> {
        let kind = match claim {
            Claim::Key(_) => "a key",
            Claim::Chain(_) => "a certificate",
            Claim::Keyless => "a keyless certificate",
        };
        if refusals.is_empty() {
            let said = if self.signers.is_empty() {
                "nobody is trusted".to_owned()
            } else {
                format!("it was signed with {kind}; nobody who is trusted signs so")
            };
            return vec![Refusal::new(Reason::MaterialUnfit, said)];
        }
        if let Claim::Key(hint) = claim
            && hint.hint.is_empty()
            && refusals.len() > 1
            && refusals.iter().all(|refusal| refusal.reason == Reason::SignatureInvalid)
        {
            let said = "it names no key, and no trusted key made it";
            return vec![Refusal::new(Reason::KeyUnknown, said)];
        }
        // Another key that is trusted as well is no news where one was recognised.
        if refusals.iter().any(|refusal| refusal.reason != Reason::KeyUnknown) {
            refusals.retain(|refusal| refusal.reason != Reason::KeyUnknown);
        }
        refusals.dedup();
        refusals
    }
}

fn claim(bundle: &Bundle) -> Result<Claim<'_>, Refusal> {
    let material = &bundle.verification_material;
    let unclear = |said: &str| Refusal::new(Reason::MaterialUnclear, said);
    match (&material.public_key, &material.x509_certificate_chain, &material.certificate) {
        (Some(hint), None, None) => Ok(Claim::Key(hint)),
        (None, Some(chain), None) => Ok(Claim::Chain(
            chain.certificates.iter().map(|one| one.raw_bytes.as_slice()).collect(),
        )),
        (None, None, Some(_)) => Ok(Claim::Keyless),
        (None, None, None) => Err(unclear("it names no key and no certificate")),
        _ => Err(unclear("it names more than one of key, chain and certificate")),
    }
}

type Seen = (PublicKey, String, Vec<String>);

fn by_key(key: &PublicKey, claim: &KeyHint) -> Result<Seen, Vec<Refusal>> {
    let mut left_open = Vec::new();
    if claim.hint.is_empty() {
        left_open.push("the bundle does not say which key signed it".to_owned());
    } else if claim.hint != key.hint() {
        let said = format!("it was made by the key with the hint `{}`", escape(&claim.hint));
        return Err(vec![Refusal::new(Reason::KeyUnknown, said)]);
    }
    let by = format!("{} key sha256:{}", key.scheme().name(), key.fingerprint());
    Ok((key.clone(), by, left_open))
}
