//! Who may sign what. It comes from a policy or from the command line, never from the artifact.

use jiff::Timestamp;

use crate::keys::PublicKey;

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
}

impl Signer {
    /// Whether they may sign this, at this moment.
    pub fn may_sign(&self, what: &str, now: Timestamp) -> bool {
        let kind = self.may.is_empty() || self.may.iter().any(|may| may == what);
        kind && self.from.is_none_or(|from| from <= now)
            && self.until.is_none_or(|until| now <= until)
    }
}
