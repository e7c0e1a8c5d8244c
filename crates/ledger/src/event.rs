//! What is recorded.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Who does something, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// The principal: the name of a token's owner, of a person, of a worker.
    pub actor: String,
    /// The moment, as the caller's clock says.
    pub at: Timestamp,
}

impl Act {
    /// Somebody at a moment.
    pub fn new(actor: impl Into<String>, at: Timestamp) -> Self {
        Self { actor: actor.into(), at }
    }
}

/// What somebody says to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Vote {
    /// Yes.
    Approve,
    /// No; it ends the request.
    Reject,
}

impl Vote {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
        }
    }
}

/// A weighing, as its entry tells it. Everything else stands in the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Weighed {
    /// The identifier of the weighing: that of its job, or one that its caller chose.
    pub weighing: String,
    /// The model that the artifact is a version of.
    pub model: String,
    /// Which version; empty where nobody named one.
    pub version: String,
    /// Where the artifact came from, as the request said.
    pub source: String,
    /// The artifact: `dirHash:<hex>`, or `sha256:<hex>` of a single file.
    pub artifact: String,
    /// `admit`, `refuse` or `undecided`.
    pub verdict: String,
    /// SHA-256 of the report, hex: the document in which everything stands.
    pub report: String,
}

/// A run of probes that somebody handed in, as its entry tells it. What was found stands in the document,
/// which whoever records makes from the journal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Evaluated {
    /// The identifier of the evaluation.
    pub evaluation: String,
    /// The model that the artifact is a version of.
    pub model: String,
    /// The artifact: `dirHash:<hex>`, or `sha256:<hex>` of a single file.
    pub artifact: String,
    /// What the gates of the packs say: `pass`, `fail`, `inconclusive`, or `none` where there is no gate.
    pub judgement: String,
    /// SHA-256 of the packs' texts, hex: what was asked.
    pub packs: Vec<String>,
    /// The seed that the cases were made with, decimal.
    pub seed: String,
    /// SHA-256 of the journal, hex. Its bytes lie in the store of uploads.
    pub journal: String,
    /// How many bytes it has.
    pub bytes: u64,
    /// How many attempts it holds.
    pub attempts: u64,
    /// The root of the Merkle tree over its lines, hex.
    pub root: String,
    /// SHA-256 of the document, hex: the report, and the files that were run.
    pub document: String,
    /// The evaluation of the original of an altered copy; empty where it was not held against one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub original: String,
}

/// One thing that happened. What an event names has to stand in the record before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Event {
    /// An artifact was weighed.
    Weighing(Weighed),
    /// A run of probes was handed in.
    Evaluation(Evaluated),
    /// A signed statement about an artifact was taken in.
    Attestation {
        /// The artifact.
        artifact: String,
        /// SHA-256 of the document, hex.
        document: String,
        /// The form of the predicate, a URI.
        predicate_type: String,
    },
    /// Somebody answers for a model.
    Owner {
        /// The model.
        model: String,
        /// Who.
        owner: String,
    },
    /// Somebody decides on an artifact's going into production. Whoever asked for its weighing never
    /// counts.
    Approval {
        /// The artifact.
        artifact: String,
        /// Yes or no.
        vote: Vote,
        /// In their words.
        comment: String,
    },
    /// Somebody asks that findings of a rule be excepted.
    Waiver {
        /// Its identifier.
        waiver: String,
        /// The rule.
        rule: String,
        /// The file that it speaks of; empty for every file.
        file: String,
        /// The artifact, or the SHA-256 of the file: `dirHash:…` or `sha256:…`.
        artifact: String,
        /// Why.
        reason: String,
        /// The last day on which it stands, `YYYY-MM-DD`.
        expires: String,
        /// How many others have to approve: 1 or 2.
        approvers: u8,
    },
    /// Somebody decides on a waiver. Whoever asked for it cannot.
    WaiverVote {
        /// The waiver.
        waiver: String,
        /// Yes or no.
        vote: Vote,
        /// In their words.
        comment: String,
    },
    /// A waiver is taken back.
    WaiverEnd {
        /// The waiver.
        waiver: String,
        /// Why.
        reason: String,
    },
    /// An artifact went into production.
    Deployment {
        /// Its identifier.
        deployment: String,
        /// The model.
        model: String,
        /// The artifact that is meant to be served.
        artifact: String,
        /// `production`, `staging`, …
        environment: String,
        /// Where: a host, a cluster, an address.
        place: String,
    },
    /// A deployment ended.
    DeploymentEnd {
        /// The deployment.
        deployment: String,
        /// Why.
        reason: String,
    },
    /// Somebody looked at what a deployment serves.
    Observation {
        /// The deployment.
        deployment: String,
        /// What was found there; empty where it could not be told.
        artifact: String,
        /// How it was looked at: `re-hash`, …
        method: String,
        /// What else there is to say.
        detail: String,
    },
    /// Somebody asked the server for something.
    Access {
        /// The method, `GET`.
        method: String,
        /// The path, as it was asked for; queries are left out.
        path: String,
        /// The status of the answer.
        status: u16,
        /// The token or session that was shown; empty for none.
        credential: String,
        /// Where the call came from.
        address: String,
    },
    /// A token was made.
    Token {
        /// Its public identifier.
        token: String,
        /// For whom.
        principal: String,
        /// What it may: `reader`, `submitter`, `approver`, `admin`.
        role: String,
        /// When it ends, RFC 3339; empty for never.
        expires: String,
    },
    /// A token was taken back.
    TokenEnd {
        /// Its public identifier.
        token: String,
    },
}

impl Event {
    /// The word for what kind of event it is, as entries tell it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Weighing(_) => "weighing",
            Self::Evaluation(_) => "evaluation",
            Self::Attestation { .. } => "attestation",
            Self::Owner { .. } => "owner",
            Self::Approval { .. } => "approval",
            Self::Waiver { .. } => "waiver",
            Self::WaiverVote { .. } => "waiver-vote",
            Self::WaiverEnd { .. } => "waiver-end",
            Self::Deployment { .. } => "deployment",
            Self::DeploymentEnd { .. } => "deployment-end",
            Self::Observation { .. } => "observation",
            Self::Access { .. } => "access",
            Self::Token { .. } => "token",
            Self::TokenEnd { .. } => "token-end",
        }
    }
}

/// An event as it stands in the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Entry {
    /// The version of this form: 1.
    pub v: u32,
    /// When, RFC 3339, UTC, to the millisecond. It never runs backwards.
    pub at: String,
    /// What the clock said, where it stood before the entry in front.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<String>,
    /// Who.
    pub by: String,
    /// What.
    #[serde(flatten)]
    pub event: Event,
}

/// An entry and its number, which is its place in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Recorded {
    /// The number, from 0.
    pub number: u64,
    /// The entry.
    #[serde(flatten)]
    pub entry: Entry,
}

/// A moment in the form in which entries tell it: it sorts as text.
pub(crate) fn stamp(at: Timestamp) -> String {
    let milliseconds = Timestamp::from_millisecond(at.as_millisecond()).unwrap_or_default();
    format!("{milliseconds:.3}")
}
