//! Who may sign what. It comes from a policy or from the command line, never from the artifact.

use std::sync::Arc;

use jiff::Timestamp;
use vocabulary::escape;

use crate::bundle::{Bundle, KeyHint};
use crate::certificates::{self, Authority};
use crate::dsse::{Envelope, pae};
use crate::keyless::{self, Expected, Root};
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
    /// Whether it is a pipeline that signs what it ran itself, and no person can make it sign
    /// anything else. Lineage states SLSA build level 2 only for such signers.
    pub pipeline: bool,
}

/// How a signer is known.
#[derive(Clone, Debug)]
pub enum Identity {
    /// By a key.
    Key(PublicKey),
    /// By a name that an authority vouches for with a certificate.
    Certificate(Authority),
    /// By a name that an identity provider vouches for, in a log that everybody can read.
    Keyless(Keyless),
}

/// A signer without a key of their own, and the instance that counts.
#[derive(Clone, Debug)]
pub struct Keyless {
    /// The names of which it has to be one, and who vouches for them.
    pub expected: Vec<Expected>,
    /// The instance of Sigstore.
    pub root: Arc<Root>,
}

impl Signer {
    /// Somebody who may sign anything at any time.
    pub fn new(name: &str, identity: Identity) -> Self {
        Self {
            name: name.to_owned(),
            identity,
            may: Vec::new(),
            from: None,
            until: None,
            pipeline: false,
        }
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
    /// Whether the trust calls them a pipeline.
    pub pipeline: bool,
    /// What was not looked at, as sentences.
    pub left_open: Vec<String>,
}

/// What signed, as a bundle claims it.
enum Claim<'a> {
    Key(&'a KeyHint),
    Keyid(&'a str),
    Chain(&'a Bundle, Vec<&'a [u8]>),
    Keyless(&'a Bundle, &'a [u8]),
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
        let claim = claim(bundle).map_err(|refusal| vec![refusal])?;
        self.signer_of(&bundle.dsse_envelope, &claim, what, at)
    }

    /// The same of an envelope without a bundle around it, which a key signed. Its `keyid` says only
    /// which key is tried first.
    pub fn authenticate_envelope(
        &self,
        envelope: &Envelope,
        what: &str,
        at: Timestamp,
    ) -> Result<Authentic, Vec<Refusal>> {
        let keyid = envelope.signatures.first().map_or("", |signature| &signature.keyid);
        self.signer_of(envelope, &Claim::Keyid(keyid), what, at)
    }

    fn signer_of(
        &self,
        envelope: &Envelope,
        claim: &Claim<'_>,
        what: &str,
        at: Timestamp,
    ) -> Result<Authentic, Vec<Refusal>> {
        let [signature] = envelope.signatures.as_slice() else {
            let said = format!("it holds {} signatures, not one", envelope.signatures.len());
            return Err(vec![Refusal::new(Reason::SignatureCount, said)]);
        };
        let message = pae(&envelope.payload_type, &envelope.payload);
        let mut refusals = Vec::new();
        let named = |signer: &&Signer| match (&signer.identity, claim) {
            (Identity::Key(key), Claim::Keyid(keyid)) => key.fingerprint() == *keyid,
            _ => false,
        };
        let (first, others): (Vec<_>, Vec<_>) = self.signers.iter().partition(named);
        let hinted = !first.is_empty();
        for (number, signer) in first.into_iter().chain(others).enumerate() {
            let seen = match (&signer.identity, claim) {
                (Identity::Key(key), Claim::Key(hint)) => by_key(key, hint),
                (Identity::Key(key), Claim::Keyid(_)) => Ok((key.clone(), by(key), Vec::new())),
                (Identity::Certificate(authority), Claim::Chain(bundle, chain)) => {
                    by_certificate(bundle, chain, authority, at)
                }
                (Identity::Keyless(keyless), Claim::Keyless(bundle, leaf)) => {
                    by_log(bundle, leaf, keyless)
                }
                (Identity::Key(_) | Identity::Certificate(_) | Identity::Keyless(_), _) => continue,
            };
            let held = seen.and_then(|(key, by, left_open)| {
                if !key.verifies(&message, &signature.sig) {
                    // An envelope names its key where its first trial failed, and no key elsewhere.
                    let known = !matches!(claim, Claim::Keyid(_)) || (hinted && number == 0);
                    let reason = if known { Reason::SignatureInvalid } else { Reason::KeyUnknown };
                    let said = format!("it is not that of `{}` ({by})", signer.name);
                    return Err(vec![Refusal::new(reason, said)]);
                }
                if let Some(refusal) = signer.refused(what, at) {
                    return Err(vec![refusal]);
                }
                Ok(Authentic {
                    signer: signer.name.clone(),
                    by,
                    scheme: key.scheme(),
                    pipeline: signer.pipeline,
                    left_open,
                })
            });
            match held {
                Ok(authentic) => return Ok(authentic),
                Err(more) => refusals.extend(more),
            }
        }
        Err(self.nobody(claim, refusals))
    }

    /// Why nobody is the signer. That a signature is not that of this or that key says nothing where
    /// the bundle does not tell whose it is.
    fn nobody(&self, claim: &Claim<'_>, mut refusals: Vec<Refusal>) -> Vec<Refusal> {
        let kind = match claim {
            Claim::Key(_) | Claim::Keyid(_) => "a key",
            Claim::Chain(..) => "a certificate",
            Claim::Keyless(..) => "a keyless certificate",
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
            bundle,
            chain.certificates.iter().map(|one| one.raw_bytes.as_slice()).collect(),
        )),
        (None, None, Some(leaf)) => Ok(Claim::Keyless(bundle, &leaf.raw_bytes)),
        (None, None, None) => Err(unclear("it names no key and no certificate")),
        _ => Err(unclear("it names more than one of key, chain and certificate")),
    }
}

fn by_certificate(
    bundle: &Bundle,
    chain: &[&[u8]],
    authority: &Authority,
    at: Timestamp,
) -> Result<Seen, Vec<Refusal>> {
    let stamped = bundle.verification_material.timestamp_verification_data.is_some();
    let mut unchecked = None;
    let mut moment = at;
    if let Some(root) = authority.timestamps() {
        let times = keyless::timestamps(bundle, root)
            .map_err(|said| vec![Refusal::new(Reason::Timestamp, said)])?;
        // Every one of them holds; the earliest says since when the signature exists.
        moment = times.into_iter().min().unwrap_or(at);
    } else if stamped {
        unchecked = Some("its timestamp: no timestamp authority is trusted".to_owned());
    }
    let leaf = certificates::check(chain, authority, moment)?;
    let by = if moment == at { leaf.by } else { format!("{}, timestamped {moment}", leaf.by) };
    Ok((leaf.key, by, leaf.left_open.into_iter().chain(unchecked).collect()))
}

fn by_log(bundle: &Bundle, leaf: &[u8], signer: &Keyless) -> Result<Seen, Vec<Refusal>> {
    let mut said = "no name is expected".to_owned();
    let accepted = signer.expected.iter().find_map(|expected| {
        keyless::verify(bundle, &signer.root, expected).map_err(|error| said = error).ok()
    });
    let Some(accepted) = accepted else {
        return Err(vec![Refusal::new(Reason::Keyless, said)]);
    };
    let key = certificates::key_of("the certificate", leaf)
        .map_err(|error| vec![Refusal::new(Reason::CertificateMalformed, error.to_string())])?;
    let since = accepted.times.iter().min().map(|time| format!(", logged {time}"));
    let by = format!(
        "{} by {}{}",
        escape(&accepted.identity),
        escape(&accepted.issuer),
        since.unwrap_or_default()
    );
    Ok((key, by, Vec::new()))
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
    Ok((key.clone(), by(key), left_open))
}

fn by(key: &PublicKey) -> String {
    format!("{} key sha256:{}", key.scheme().name(), key.fingerprint())
}
