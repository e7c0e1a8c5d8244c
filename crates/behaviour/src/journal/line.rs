//! What stands in a line.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Id;
use crate::case::Case;
use crate::target::{Call, Failure, Identity, Reply};

/// The form of a journal.
pub const FORM: &str = "weighbridge.journal/1";

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// [`FORM`].
    pub form: String,
    /// The one target that is asked.
    pub target: Identity,
}

/// Every line behind the first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Line {
    /// What the target was found able to do, in the words of its kind.
    Found(Value),
    /// Probes may be decided before their end. It stands before the first attempt.
    StopsEarly(StopsEarly),
    /// Something was asked.
    Attempt(Box<Attempt>),
}

/// How often it is asked whether a probe is decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StopsEarly {
    /// Prompts of a probe between two looks, at first.
    pub(super) every: NonZeroU32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Attempt {
    pub(super) id: Id,
    pub(super) probe: String,
    pub(super) version: u32,
    pub(super) call: Call,
    pub(super) repeat: u32,
    pub(super) came: Held,
}

impl Attempt {
    pub(super) fn of(id: Id, case: &Case, came: Held) -> Self {
        Self {
            id,
            probe: case.probe.clone(),
            version: case.version,
            call: case.call.clone(),
            repeat: case.repeat,
            came,
        }
    }

    /// The id that its other fields make.
    pub(super) fn made_id(&self, target: &Identity) -> Id {
        Id::new(target, &self.probe, self.version, &self.call, self.repeat)
    }
}

/// What came of an attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Held {
    /// A reply.
    Reply(Reply),
    /// None.
    Failure(Failed),
}

impl Held {
    /// Whether asking again may bring more.
    pub fn is_final(&self) -> bool {
        match self {
            Self::Reply(_) => true,
            Self::Failure(failed) => failed.kind == FailedBy::Rejected,
        }
    }
}

/// Why there is no reply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failed {
    /// In a word.
    pub kind: FailedBy,
    /// As the target said, or what was seen.
    pub because: String,
}

/// The kinds of [`Failure`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailedBy {
    /// It took no more calls.
    Busy,
    /// No answer, or not a whole one.
    Lost,
    /// An answer that is none.
    Garbled,
    /// It does not take this call: that is its answer, and is not asked for again.
    Rejected,
    /// It cannot do what was asked.
    Unable,
}

impl From<&Failure> for Failed {
    fn from(failure: &Failure) -> Self {
        let (kind, because) = match failure {
            Failure::Busy(_) => (FailedBy::Busy, "it takes no more calls".to_owned()),
            Failure::Lost(because) => (FailedBy::Lost, because.clone()),
            Failure::Garbled(because) => (FailedBy::Garbled, because.clone()),
            Failure::Rejected(because) => (FailedBy::Rejected, because.clone()),
            Failure::Unable(what) => (FailedBy::Unable, (*what).to_owned()),
        };
        Self { kind, because }
    }
}
