//! Certificates (X.509) that vouch for the key of a signer.
//!
//! A certificate counts where it leads to a root that the trust names, is valid at the moment of the
//! signature, is for signing code (extended key usage `codeSigning`, RFC 5280 4.2.1.12), carries a
//! name that the trust expects, and is not revoked. No root comes from the system: a certificate of
//! any web server leads to those.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use vocabulary::escape;
use webpki::{
    CertRevocationList, EndEntityCert, ExpirationPolicy, KeyUsage as Purpose,
    OwnedCertRevocationList, RevocationCheckDepth, RevocationOptionsBuilder, UnknownStatusPolicy,
};
use x509_cert::Certificate;
use x509_cert::der::oid::db::rfc5280::ID_KP_CODE_SIGNING;
use x509_cert::der::{Decode as _, Encode as _, pem};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{ExtendedKeyUsage, KeyUsage, SubjectAltName};

use crate::Error;
use crate::keyless;
use crate::keys::PublicKey;
use crate::refusal::{Reason, Refusal};

/// `id-kp-codeSigning`, 1.3.6.1.5.5.7.3.3, as it stands in DER.
const CODE_SIGNING: &[u8] = &[43, 6, 1, 5, 5, 7, 3, 3];

/// More certificates than any chain has.
const MAX_CHAIN: usize = 32;

/// A name in a certificate (`subjectAltName`). It is compared exactly, case included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubjectName {
    /// An e-mail address.
    Email(String),
    /// A DNS name.
    Dns(String),
    /// A URI, SPIFFE identities among them.
    Uri(String),
}

impl SubjectName {
    /// Reads `email:…`, `dns:…` or `uri:…`; without a prefix, text with `://` is a URI, with `@` an
    /// e-mail address, and anything else a DNS name.
    pub fn parse(text: &str) -> Self {
        if let Some(rest) = text.strip_prefix("email:") {
            Self::Email(rest.to_owned())
        } else if let Some(rest) = text.strip_prefix("dns:") {
            Self::Dns(rest.to_owned())
        } else if let Some(rest) = text.strip_prefix("uri:") {
            Self::Uri(rest.to_owned())
        } else if text.contains("://") {
            Self::Uri(text.to_owned())
        } else if text.contains('@') {
            Self::Email(text.to_owned())
        } else {
            Self::Dns(text.to_owned())
        }
    }

    fn of(name: &GeneralName) -> Option<Self> {
        match name {
            GeneralName::Rfc822Name(text) => Some(Self::Email(text.as_str().to_owned())),
            GeneralName::DnsName(text) => Some(Self::Dns(text.as_str().to_owned())),
            GeneralName::UniformResourceIdentifier(text) => {
                Some(Self::Uri(text.as_str().to_owned()))
            }
            _ => None,
        }
    }
}

impl fmt::Display for SubjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, text) = match self {
            Self::Email(text) => ("email", text),
            Self::Dns(text) => ("dns", text),
            Self::Uri(text) => ("uri", text),
        };
        write!(f, "{kind}:{}", escape(text))
    }
}

/// Whose certificates count, and for whom.
#[derive(Clone, Debug)]
pub struct Authority {
    roots: Vec<Root>,
    names: Vec<SubjectName>,
    lists: Vec<Vec<u8>>,
    timestamps: Option<Arc<keyless::Root>>,
}

#[derive(Clone, Debug)]
struct Root {
    anchor: TrustAnchor<'static>,
    from: Timestamp,
    until: Timestamp,
}

impl Authority {
    /// Timestamp authorities that count: a certificate then has to be valid at the moment that they
    /// attest, in place of now.
    pub fn with_timestamps(mut self, root: Arc<keyless::Root>) -> Self {
        self.timestamps = Some(root);
        self
    }

    pub(crate) fn timestamps(&self) -> Option<&keyless::Root> {
        self.timestamps.as_deref()
    }

    /// Reads roots (PEM, one or more certificates) and takes the names that are expected. Both are
    /// mandatory: without a name, everybody with a certificate of this authority could sign.
    pub fn new(what: &str, roots: &str, names: Vec<SubjectName>) -> Result<Self, Error> {
        let wrong = |because: &dyn ToString| Error::malformed(what, because.to_string());
        if names.is_empty() {
            return Err(wrong(&"it comes without an identity that the certificate has to carry"));
        }
        let mut read = Vec::new();
        for der in chain_of_pem(what, roots)? {
            let certificate = Certificate::from_der(&der).map_err(|error| wrong(&error))?;
            let der = CertificateDer::from(der);
            let anchor = webpki::anchor_from_trusted_cert(&der).map_err(|error| wrong(&error))?;
            let validity = certificate.tbs_certificate().validity();
            read.push(Root {
                anchor: anchor.to_owned(),
                from: moment(&validity.not_before),
                until: moment(&validity.not_after),
            });
        }
        Ok(Self { roots: read, names, lists: Vec::new(), timestamps: None })
    }

    /// Takes a certificate revocation list (PEM or DER). With one, it has to tell the state of the
    /// signer's certificate, and it has to be fresh.
    pub fn with_revocations(mut self, what: &str, list: &[u8]) -> Result<Self, Error> {
        let der = match std::str::from_utf8(list) {
            Ok(text) if text.contains("-----BEGIN") => {
                let (label, der) = pem::decode_vec(text.trim().as_bytes())
                    .map_err(|error| Error::malformed(what, error))?;
                if label != "X509 CRL" {
                    let because = format!("it holds a `{label}`; an `X509 CRL` is needed");
                    return Err(Error::malformed(what, because));
                }
                der
            }
            _ => list.to_vec(),
        };
        OwnedCertRevocationList::from_der(&der).map_err(|error| Error::malformed(what, error))?;
        self.lists.push(der);
        Ok(self)
    }
}

/// The certificates of a PEM text, DER, in their order.
pub fn chain_of_pem(what: &str, text: &str) -> Result<Vec<Vec<u8>>, Error> {
    let read = Certificate::load_pem_chain(text.as_bytes())
        .map_err(|error| Error::malformed(what, format!("no certificates in PEM: {error}")))?;
    if read.is_empty() {
        return Err(Error::malformed(what, "it holds no certificate"));
    }
    read.iter().map(|one| one.to_der().map_err(|error| Error::malformed(what, error))).collect()
}

/// The key of a certificate in DER.
pub fn key_of(what: &str, der: &[u8]) -> Result<PublicKey, Error> {
    let certificate = Certificate::from_der(der).map_err(|error| Error::malformed(what, error))?;
    let info = certificate.tbs_certificate().subject_public_key_info();
    let info = info.to_der().map_err(|error| Error::malformed(what, error))?;
    PublicKey::from_der(what, &info)
}

/// The certificate of a signer, checked.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// Its key.
    pub key: PublicKey,
    /// The expected name that it carries, and its digest, fit to print.
    pub by: String,
    /// What was not looked at, as sentences.
    pub left_open: Vec<String>,
}

/// Checks a chain, the leaf first, at a moment.
pub fn check(chain: &[&[u8]], authority: &Authority, at: Timestamp) -> Result<Leaf, Vec<Refusal>> {
    let malformed = |said: String| vec![Refusal::new(Reason::CertificateMalformed, said)];
    let Some((leaf, others)) = chain.split_first() else {
        return Err(malformed("the chain holds no certificate".to_owned()));
    };
    if others.len() >= MAX_CHAIN {
        return Err(malformed(format!("the chain holds {} certificates", chain.len())));
    }
    let certificate = Certificate::from_der(leaf).map_err(|error| malformed(error.to_string()))?;
    let key = key_of("the certificate", leaf).map_err(|error| malformed(error.to_string()))?;
    let mut refusals = Vec::new();
    let name = match named(&certificate, authority) {
        Ok(name) => name,
        Err(refusal) => {
            refusals.push(refusal);
            String::new()
        }
    };
    refusals.extend(signs(&certificate));
    if let Err(refusal) = leads_to_a_root(leaf, others, authority, at)
        && refusals.iter().all(|told| told.reason != refusal.reason)
    {
        refusals.push(refusal);
    }
    if !refusals.is_empty() {
        return Err(refusals);
    }
    let mut left_open = Vec::new();
    if authority.lists.is_empty() {
        left_open
            .push("whether the certificate was revoked: no revocation list was given".to_owned());
    }
    let digest = crate::hex::encode(crate::keys::sha256(leaf).as_ref());
    Ok(Leaf { key, by: format!("{name}, certificate sha256:{digest}"), left_open })
}

fn moment(time: &x509_cert::time::Time) -> Timestamp {
    i64::try_from(time.to_unix_duration().as_secs())
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .unwrap_or(Timestamp::MAX)
}

/// The expected name that a certificate carries.
fn named(certificate: &Certificate, authority: &Authority) -> Result<String, Refusal> {
    let extension = certificate.tbs_certificate().get_extension::<SubjectAltName>();
    let carried: Vec<SubjectName> = match extension {
        Ok(Some((_, names))) => names.0.iter().filter_map(SubjectName::of).collect(),
        Ok(None) => Vec::new(),
        Err(error) => {
            let said = format!("its names cannot be read: {error}");
            return Err(Refusal::new(Reason::CertificateMalformed, said));
        }
    };
    if let Some(name) = carried.iter().find(|name| authority.names.contains(name)) {
        return Ok(name.to_string());
    }
    let list = |names: &[SubjectName]| {
        names.iter().take(8).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    };
    let carries = if carried.is_empty() { "no name".to_owned() } else { list(&carried) };
    let said = format!("it carries {carries}; expected is {}", list(&authority.names));
    Err(Refusal::new(Reason::CertificateIdentity, said))
}

/// Whether the signer's certificate is for signing code. What the authorities above it are for is
/// held against them where they say so; they need not.
fn signs(certificate: &Certificate) -> Option<Refusal> {
    let certificate = certificate.tbs_certificate();
    let usage = certificate.get_extension::<KeyUsage>();
    let extended = certificate.get_extension::<ExtendedKeyUsage>();
    let (usage, extended) = match (usage, extended) {
        (Ok(usage), Ok(extended)) => (usage, extended),
        (Err(error), _) | (_, Err(error)) => {
            let said = format!("its usage cannot be read: {error}");
            return Some(Refusal::new(Reason::CertificateMalformed, said));
        }
    };
    let said = if usage.is_some_and(|(_, usage)| !usage.digital_signature()) {
        "its key usage does not name `digitalSignature`"
    } else if !extended.is_some_and(|(_, usage)| usage.0.contains(&ID_KP_CODE_SIGNING)) {
        "its extended key usage does not name `codeSigning`"
    } else {
        return None;
    };
    Some(Refusal::new(Reason::CertificateUsage, said))
}

fn leads_to_a_root(
    leaf: &[u8],
    others: &[&[u8]],
    authority: &Authority,
    at: Timestamp,
) -> Result<(), Refusal> {
    let valid = |root: &&Root| root.from <= at && at <= root.until;
    let anchors: Vec<TrustAnchor<'_>> =
        authority.roots.iter().filter(valid).map(|root| root.anchor.clone()).collect();
    if anchors.is_empty() {
        let early = authority.roots.iter().all(|root| at < root.from);
        let reason =
            if early { Reason::CertificateNotYetValid } else { Reason::CertificateExpired };
        return Err(Refusal::new(reason, format!("no trusted root is valid at {at}")));
    }
    let der = CertificateDer::from(leaf);
    let leaf = EndEntityCert::try_from(&der).map_err(|error| refused(&error))?;
    let others: Vec<CertificateDer<'_>> =
        others.iter().map(|one| CertificateDer::from(*one)).collect();
    let seconds = u64::try_from(at.as_second()).unwrap_or_default();
    let time = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    let verify = |revocation| {
        leaf.verify_for_usage(
            webpki::ALL_VERIFICATION_ALGS,
            &anchors,
            &others,
            time,
            Purpose::required_if_present(CODE_SIGNING),
            revocation,
            None,
        )
        .map(|_| ())
        .map_err(|error| refused(&error))
    };
    verify(None)?;
    if authority.lists.is_empty() {
        return Ok(());
    }
    let lists: Vec<CertRevocationList<'_>> = authority
        .lists
        .iter()
        .filter_map(|der| OwnedCertRevocationList::from_der(der).ok())
        .map(CertRevocationList::from)
        .collect();
    let lists: Vec<&CertRevocationList<'_>> = lists.iter().collect();
    // Who is on a list is revoked, however old the list is. The signer's own state has to be known
    // from a fresh list; that of the authorities between counts where a list tells it.
    for (depth, unknown, expired) in [
        (RevocationCheckDepth::Chain, UnknownStatusPolicy::Allow, ExpirationPolicy::Ignore),
        (RevocationCheckDepth::Chain, UnknownStatusPolicy::Allow, ExpirationPolicy::Enforce),
        (RevocationCheckDepth::EndEntity, UnknownStatusPolicy::Deny, ExpirationPolicy::Enforce),
    ] {
        let options = RevocationOptionsBuilder::new(&lists).map_err(|_| {
            Refusal::new(Reason::RevocationUnknown, "no revocation list can be read")
        })?;
        let options =
            options.with_depth(depth).with_status_policy(unknown).with_expiration_policy(expired);
        verify(Some(options.build()))?;
    }
    Ok(())
}

fn refused(error: &webpki::Error) -> Refusal {
    use webpki::Error as E;
    let (reason, said) = match error {
        E::CertExpired { not_after, .. } => {
            (Reason::CertificateExpired, format!("it was valid until {}", written(*not_after)))
        }
        E::CertNotValidYet { not_before, .. } => {
            (Reason::CertificateNotYetValid, format!("it is valid from {}", written(*not_before)))
        }
        E::CertRevoked => (Reason::CertificateRevoked, "a revocation list names it".to_owned()),
        E::CrlExpired { next_update, .. } => (
            Reason::RevocationUnknown,
            format!("the revocation list was to be renewed by {}", written(*next_update)),
        ),
        E::UnknownRevocationStatus => {
            (Reason::RevocationUnknown, "no revocation list is of its issuer".to_owned())
        }
        E::RequiredEkuNotFoundContext(_) => (
            Reason::CertificateUsage,
            "the extended key usage in its chain does not name `codeSigning`".to_owned(),
        ),
        E::UnknownIssuer => {
            (Reason::CertificateChain, "it leads to no root that is trusted".to_owned())
        }
        E::CaUsedAsEndEntity => (
            Reason::CertificateUsage,
            "it is the certificate of an authority, not of a signer".to_owned(),
        ),
        E::InvalidCrlSignatureForPublicKey | E::IssuerNotCrlSigner => (
            Reason::RevocationUnknown,
            "the revocation list is not signed by the issuer".to_owned(),
        ),
        other => (Reason::CertificateChain, format!("the chain does not hold: {other}")),
    };
    Refusal::new(reason, said)
}

fn written(time: UnixTime) -> String {
    i64::try_from(time.as_secs())
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .map_or_else(|| "a moment out of range".to_owned(), |time| time.to_string())
}
