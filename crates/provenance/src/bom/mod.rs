//! The bill of materials of a model: what it is made of, and who says so.
//!
//! [`gather`] reads the files of a model and the attestations about it into a [`Bom`]; [`cyclonedx`],
//! [`spdx`] and [`text`] write it down, and [`complete`] tells what is missing. Every statement has a
//! [`Tier`], because a licence that a README claims, a number of parameters that was counted and a
//! training set that a trusted pipeline signed for are not worth the same. What was not read is not
//! filled in.

mod attested;
mod card;
pub mod complete;
mod config;
pub mod cyclonedx;
mod fields;
mod gather;
mod licence;
pub mod spdx;
pub mod text;
mod weights;

#[cfg(test)]
mod tests;

use jiff::Timestamp;
use serde::Serialize;
use vocabulary::Untrusted;

pub use attested::{Attested, look_at};
pub use fields::Field;
pub use gather::{gather, gather_from};

use crate::statement::DigestSet;

/// Characters of one text that a bill holds.
const TEXT: usize = 2000;
/// Entries of one list that a bill holds.
const LIST: usize = 1000;

/// Who says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tier {
    /// The author of the model wrote it; nobody checked it.
    Declared,
    /// It was read from what a loader reads: weights and configuration.
    Inferred,
    /// A signature that the trust accepts stands over it.
    Verified,
}

impl Tier {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::Inferred => "inferred",
            Self::Verified => "verified",
        }
    }
}

/// Something that is said of the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// What is said.
    pub value: Untrusted,
    /// Who says it.
    pub tier: Tier,
    /// Where it stands: a file of the model, or an attestation.
    pub source: String,
}

impl Claim {
    fn new(value: impl Into<Untrusted>, tier: Tier, source: &str) -> Self {
        Self { value: value.into(), tier, source: source.to_owned() }
    }

    /// What is said, fit to print and bounded.
    pub fn text(&self) -> String {
        shown(&self.value)
    }
}

/// A text, escaped, without credentials, and bounded.
fn shown(text: &Untrusted) -> String {
    text.shortened(TEXT)
}

/// A licence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Licence {
    /// Its SPDX identifier, where it has one.
    pub id: Option<&'static str>,
    /// As it is written.
    pub claim: Claim,
    /// Where its text stands, as it is written.
    pub link: Option<Untrusted>,
}

/// What a data set was to the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Use {
    /// It was trained on.
    Training,
    /// It was measured on.
    Evaluation,
    /// A quantization was fitted by it.
    Calibration,
}

impl Use {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Training => "training",
            Self::Evaluation => "evaluation",
            Self::Calibration => "calibration",
        }
    }
}

/// Something that the model came from or was measured on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Its name, and who says so.
    pub claim: Claim,
    /// Its digests, where they are known.
    pub digest: DigestSet,
    /// Where it was taken from, where that is said.
    pub uri: Option<Untrusted>,
}

/// A number that was measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metric {
    /// What was measured.
    pub name: Untrusted,
    /// The number and who says it.
    pub claim: Claim,
    /// On what.
    pub slice: Option<Untrusted>,
}

/// Something outside of the bill that it points to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// What it is.
    pub kind: ReferenceKind,
    /// A path beside the model, as it was named.
    pub path: Untrusted,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// What is known of it.
    pub comment: String,
}

/// What a bill points to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReferenceKind {
    /// A signature in the model's folder. It was not verified for being there.
    Signature,
    /// An attestation.
    Attestation,
    /// The model card.
    Card,
}

/// A file of the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its path in the folder; its own name where the model is one file.
    pub path: Untrusted,
    /// Its length in bytes.
    pub bytes: u64,
    /// SHA-256, hex.
    pub sha256: String,
    /// BLAKE3, hex.
    pub blake3: String,
}

/// Everything that is known of what a model is made of.
#[derive(Clone, Debug, Default)]
pub struct Bom {
    /// What the file or folder is called.
    pub label: Untrusted,
    /// Its identity.
    pub digest: DigestSet,
    /// Its files.
    pub files: Vec<File>,
    /// What stands there and has no digest, with the reason.
    pub uncovered: Vec<(Untrusted, String)>,
    /// What is said of it. A field may be said more than once, by different sources.
    pub claims: Vec<(Field, Claim)>,
    /// Licences.
    pub licences: Vec<Licence>,
    /// Data sets.
    pub datasets: Vec<(Use, Origin)>,
    /// Models that it was made from.
    pub parents: Vec<Origin>,
    /// What was measured.
    pub metrics: Vec<Metric>,
    /// What it points to.
    pub references: Vec<Reference>,
    /// Attestations that were looked at.
    pub attestations: Vec<Attested>,
    /// What could not be read, with the reason.
    pub unread: Vec<(Untrusted, String)>,
}

impl Bom {
    /// Everything that is said of a field, the best attested first.
    pub fn all(&self, field: Field) -> Vec<&Claim> {
        let of = |(known, claim): &'_ (Field, Claim)| (*known == field).then_some(claim.tier);
        let mut found: Vec<&Claim> =
            self.claims.iter().filter(|one| of(one).is_some()).map(|(_, claim)| claim).collect();
        found.sort_by_key(|claim| std::cmp::Reverse(claim.tier));
        found
    }

    /// What the best source says of a field.
    pub fn get(&self, field: Field) -> Option<&Claim> {
        self.all(field).into_iter().next()
    }

    /// The name of the model: its own, or else that of its file or folder.
    pub fn name(&self) -> String {
        self.get(Field::Name).map_or_else(|| shown(&self.label), Claim::text)
    }

    fn say(&mut self, field: Field, claim: Claim) {
        let known = self
            .claims
            .iter()
            .any(|(at, one)| *at == field && one.value == claim.value && one.tier >= claim.tier);
        if !known && !claim.value.raw().trim().is_empty() && self.claims.len() < LIST {
            self.claims.push((field, claim));
        }
    }
}

/// What a bill says of itself.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// When it was made, where it is to say so.
    pub at: Option<Timestamp>,
    /// Tools and knowledge packs that made it: name, version, SHA-256 where there is one.
    pub tools: Vec<(String, String, Option<String>)>,
}
