//! The words of Weighbridge as types.
//!
//! Everything that two crates both speak of is named here, once: [`Rule`], [`Finding`],
//! [`Outcome`], [`Policy`], [`Verdict`], [`Report`]. Nothing here reads a file, a clock or the
//! environment, so whatever is decided from these types is a pure function of them.

mod coverage;
mod decide;
mod finding;
mod kept;
mod outcome;
mod policy;
mod record;
mod report;
mod rule;
pub mod secret;
mod threat;
mod untrusted;

pub use coverage::{Coverage, Gap, Span};
pub use decide::{Decision, Reason, Verdict, decide};
pub use finding::{Evidence, Finding, Place, Value};
pub use kept::Kept;
pub use outcome::{CheckName, CheckResult, Outcome};
pub use policy::{
    ApprovalTerms, BehaviourTerms, Bound, BoundTerms, Date, DigestCache, Exception, Fault, Limits,
    LineageTerms, Policy, Requirement, SignatureTerms, SignerTerms,
};
pub use record::{Approval, Deployment, Logged, Record, Waiver, approvers};
pub use report::{
    ArtifactSummary, FileSummary, PolicyBase, PolicyUse, Report, Run, SCHEMA, ThreatLine,
    ThreatState, Tool,
};
pub use rule::{MapsTo, Rule, Severity};
pub use threat::Threat;
pub use untrusted::{Untrusted, escape};
