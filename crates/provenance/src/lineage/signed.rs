//! Whose signature stands over an attestation.

use jiff::Timestamp;
use vocabulary::escape;

use super::collect::{Form, Record};
use super::facts::Facts;
use crate::dsse::{IN_TOTO, pae};
use crate::statement::Statement;
use crate::trust::{Identity, Trust};

/// An attestation, looked at.
#[derive(Clone, Debug)]
pub struct Seen {
    /// What it says; nothing where it is no statement.
    pub facts: Option<Facts>,
    /// Who signed it, or why nobody did whose signature counts.
    pub signed: Result<Authentic, Refused>,
}

/// A signature that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authentic {
    /// What the trust calls the signer.
    pub signer: String,
    /// Whether the trust calls it a pipeline.
    pub pipeline: bool,
}

/// Why a signature does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The kind of reason.
    pub why: Why,
    /// The reason in a sentence, fit to print.
    pub said: String,
}

/// Kinds of reasons for which a signature does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// It is not of its form.
    Malformed,
    /// Nobody signed it.
    Unsigned,
    /// The signature is of nobody who is trusted.
    UnknownSigner,
    /// The signature does not hold over these bytes.
    Invalid,
    /// The signer may not sign such a step.
    NotAllowed,
    /// The signer's time is over.
    Expired,
    /// The signer's time has not begun.
    NotYetValid,
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
    match Statement::parse("the statement", &envelope.payload) {
        Ok(statement) => {
            let facts = Facts::of(&statement);
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
    let Some(envelope) = record.envelope() else {
        return Err(refused(Why::Unsigned, "it is a statement without a signature"));
    };
    let signature = match envelope.signatures.as_slice() {
        [] => return Err(refused(Why::Unsigned, "its envelope holds no signature")),
        [one] => one,
        several => {
            let said = format!("its envelope holds {} signatures, not one", several.len());
            return Err(refused(Why::Malformed, said));
        }
    };
    let message = pae(&envelope.payload_type, &envelope.payload);
    let what = facts.what.permission();
    let mut weightiest: Option<Refused> = None;
    let mut claimed = false;
    for signer in &trust.signers {
        let Identity::Key(key) = &signer.identity;
        claimed |= !signature.keyid.is_empty() && signature.keyid == key.fingerprint();
        if !key.verifies(&message, &signature.sig) {
            continue;
        }
        let name = &signer.name;
        let reason = if signer.from.is_some_and(|from| at < from) {
            let from = signer.from.unwrap_or_default();
            refused(Why::NotYetValid, format!("`{name}` counts from {from} on"))
        } else if signer.until.is_some_and(|until| until < at) {
            let until = signer.until.unwrap_or_default();
            refused(Why::Expired, format!("`{name}` counted until {until}"))
        } else if signer.may_sign(what, at) {
            return Ok(Authentic { signer: name.clone(), pipeline: signer.pipeline });
        } else {
            let may = signer.may.join("`, `");
            refused(Why::NotAllowed, format!("`{name}` may sign `{may}`, not `{what}`"))
        };
        weightiest = Some(weightiest.map_or_else(
            || reason.clone(),
            |other| {
                if other.why >= reason.why { other } else { reason.clone() }
            },
        ));
    }
    Err(weightiest.unwrap_or_else(|| {
        if claimed {
            refused(Why::Invalid, "the signature does not hold over its bytes")
        } else if trust.signers.is_empty() {
            refused(Why::UnknownSigner, "nobody is trusted")
        } else {
            let key = vocabulary::Untrusted::from(signature.keyid.as_str()).shortened(64);
            let by =
                if key.is_empty() { "it names no key".to_owned() } else { format!("key `{key}`") };
            refused(Why::UnknownSigner, format!("nobody who is trusted signed it ({by})"))
        }
    }))
}
