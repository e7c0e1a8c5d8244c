//! Whose signature stands over an attestation.

use jiff::Timestamp;
use vocabulary::escape;

use super::collect::{Form, Record};
use super::facts::Facts;
use crate::dsse::IN_TOTO;
use crate::refusal::{Reason, Refusal};
use crate::trust::{Authentic, Trust};

/// An attestation, looked at.
#[derive(Clone, Debug)]
pub struct Seen {
    /// What it says; nothing where it is no statement.
    pub facts: Option<Facts>,
    /// Who signed it, or why nobody did whose signature counts.
    pub signed: Result<Authentic, Refused>,
}

/// Why a signature does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The kind of reason.
    pub why: Why,
    /// The reason in a sentence, fit to print.
    pub said: String,
}

/// Kinds of reasons for which a signature does not count, the one that says most last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// The signature is of nobody who is trusted.
    UnknownSigner,
    /// It is not of its form.
    Malformed,
    /// Nobody signed it.
    Unsigned,
    /// The signature does not hold over these bytes.
    Invalid,
    /// The signer may not sign such a step.
    NotAllowed,
    /// A certificate has expired.
    Expired,
    /// A certificate is not valid yet.
    NotYetValid,
    /// A certificate was revoked, or is not for this.
    CertificateUnfit,
    /// The trust does not count the signer at this time.
    SignerNotNow,
}

impl Why {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Unsigned => "unsigned",
            Self::UnknownSigner => "unknown-signer",
            Self::Invalid => "signature-invalid",
            Self::NotAllowed => "not-allowed",
            Self::Expired => "expired",
            Self::NotYetValid => "not-yet-valid",
            Self::CertificateUnfit => "certificate-unfit",
            Self::SignerNotNow => "signer-not-now",
        }
    }
}

fn refused(why: Why, said: impl AsRef<str>) -> Refused {
    Refused { why, said: escape(said.as_ref()) }
}

/// Looks at an attestation: what it says, and whether somebody who may say so signed exactly that.
pub fn look(record: &Record, trust: &Trust, at: Timestamp) -> Seen {
    let (facts, fault) = facts(record);
    let signed = match (fault, &facts) {
        (Some(fault), _) => Err(refused(Why::Malformed, fault)),
        (None, None) => Err(refused(Why::Malformed, "it is no statement")),
        (None, Some(facts)) => authentic(record, facts, trust, at),
    };
    Seen { facts, signed }
}

/// What a record says, and what is wrong with its form.
fn facts(record: &Record) -> (Option<Facts>, Option<String>) {
    let envelope = match &record.form {
        Form::Bare(statement) => {
            let facts = Facts::of(statement);
            let fault = facts.malformed.clone();
            return (Some(facts), fault);
        }
        Form::Envelope(envelope) => envelope,
        Form::Bundle(bundle) => &bundle.dsse_envelope,
    };
    if envelope.payload_type != IN_TOTO {
        return (None, Some(format!("its payload is of the type `{}`", envelope.payload_type)));
    }
    match Facts::of_payload(&envelope.payload) {
        Ok(facts) => {
            let fault = facts.malformed.clone();
            (Some(facts), fault)
        }
        Err(crate::Error::Malformed { because, .. }) => (None, Some(because)),
        Err(other) => (None, Some(other.to_string())),
    }
}

fn authentic(
    record: &Record,
    facts: &Facts,
    trust: &Trust,
    at: Timestamp,
) -> Result<Authentic, Refused> {
    let signatures = record.envelope().map_or(0, |envelope| envelope.signatures.len());
    let what = facts.what.permission();
    let held = match &record.form {
        Form::Bare(_) => {
            return Err(refused(Why::Unsigned, "it is a statement without a signature"));
        }
        _ if signatures == 0 => {
            return Err(refused(Why::Unsigned, "its envelope holds no signature"));
        }
        Form::Envelope(envelope) => trust.authenticate_envelope(envelope, what, at),
        Form::Bundle(bundle) => trust.authenticate(bundle, what, at),
    };
    held.map_err(|refusals| {
        // The reason that says most: that a trusted signer was recognised, and yet.
        let weightiest = refusals.iter().max_by_key(|refusal| kind(refusal.reason));
        if let Some(refusal) = weightiest.filter(|one| kind(one.reason) != Why::UnknownSigner) {
            return refused(kind(refusal.reason), &refusal.said);
        }
        // That it is not the signature of this or that key says nothing; what a log lacks does.
        let told = |one: &&Refusal| matches!(one.reason, Reason::Keyless | Reason::Timestamp);
        let said = refusals.iter().find(told).map(|one| format!(": {}", one.said));
        let said = said.unwrap_or_default();
        refused(Why::UnknownSigner, format!("nobody who is trusted signed it{said}"))
    })
}

fn kind(reason: Reason) -> Why {
    match reason {
        Reason::SignerNotPermitted => Why::NotAllowed,
        Reason::SignerNotNow => Why::SignerNotNow,
        Reason::SignatureInvalid => Why::Invalid,
        Reason::CertificateExpired => Why::Expired,
        Reason::CertificateNotYetValid => Why::NotYetValid,
        Reason::CertificateRevoked | Reason::RevocationUnknown | Reason::CertificateUsage => {
            Why::CertificateUnfit
        }
        Reason::BundleMalformed
        | Reason::SignatureCount
        | Reason::MaterialUnclear
        | Reason::CertificateMalformed => Why::Malformed,
        _ => Why::UnknownSigner,
    }
}
