//! Attestations as a bill uses them: what they say, who signed, and whether that counts.

use jiff::Timestamp;
use vocabulary::escape;

use crate::attest::Identity;
use crate::keys::sha256;
use crate::lineage::{Collection, Form, Record, look};
use crate::statement::{DIR_HASH, DigestSet, Statement};
use crate::trust::Trust;
use crate::{hex, json};

/// An attestation that was looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Attested {
    /// The file and line.
    pub place: String,
    /// SHA-256 of the statement as it was signed; empty where there is none.
    pub sha256: String,
    /// What it says, where it could be read.
    pub statement: Option<Statement>,
    /// The step that it is of, as a trust names it.
    pub step: String,
    /// Who signed it, where that counts.
    pub signer: Option<String>,
    /// Whether it speaks of this model. [`super::gather`] tells.
    pub about: bool,
    /// Why it does not count, where it does not.
    pub because: String,
}

impl Attested {
    /// Whether what it says of the model counts.
    pub fn counts(&self) -> bool {
        self.signer.is_some() && self.about
    }

    /// Decides whether it is of a model with this identity: by the digest that binds its names, or
    /// for a single file by its own.
    pub fn bind(&mut self, identity: Option<&Identity>, single: bool) {
        let same = |name: &str, other: &DigestSet| {
            identity.zip(other.get(name)).is_some_and(|(identity, value)| identity.is(name, value))
        };
        let subjects = self.statement.iter().flat_map(|statement| &statement.subject);
        self.about = subjects.into_iter().any(|subject| {
            same(DIR_HASH, &subject.digest) || (single && same("sha256", &subject.digest))
        });
        if !self.about && self.because.is_empty() {
            "it speaks of another artifact".clone_into(&mut self.because);
        }
    }
}

/// Looks at attestations. Nothing is skipped: what cannot be read is among what is given, with the
/// reason.
pub fn look_at(collection: &Collection, trust: &Trust, now: Timestamp) -> Vec<Attested> {
    let mut all: Vec<Attested> =
        collection.records.iter().map(|record| one(record, trust, now)).collect();
    all.extend(collection.unread.iter().map(|unread| Attested {
        place: unread.place.to_string(),
        sha256: String::new(),
        statement: None,
        step: String::new(),
        signer: None,
        about: false,
        because: escape(&unread.because),
    }));
    all
}

fn one(record: &Record, trust: &Trust, now: Timestamp) -> Attested {
    let seen = look(record, trust, now);
    let payload = match &record.form {
        Form::Bare(statement) => json::canonical(statement).unwrap_or_default(),
        Form::Envelope(envelope) => envelope.payload.clone(),
        Form::Bundle(bundle) => bundle.dsse_envelope.payload.clone(),
    };
    let (mut signer, mut because) = match seen.signed {
        Ok(authentic) => (Some(authentic.signer), String::new()),
        Err(refused) => (None, refused.said),
    };
    let facts = seen.facts.as_ref();
    if let Some(fault) = facts.and_then(|facts| facts.failed.clone()) {
        (signer, because) = (None, fault);
    } else if let Some(name) = facts.and_then(|facts| facts.changed.first()) {
        (signer, because) = (None, format!("its input `{}` changed meanwhile", escape(name)));
    }
    Attested {
        place: record.place.to_string(),
        sha256: hex::encode(sha256(&payload).as_ref()),
        statement: Statement::parse("the statement", &payload).ok(),
        step: facts.map(|facts| facts.what.permission().to_owned()).unwrap_or_default(),
        signer,
        about: false,
        because,
    }
}
