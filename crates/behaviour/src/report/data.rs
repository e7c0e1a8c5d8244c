//! The report of a run.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use vocabulary::Untrusted;

use super::against::Against;
use crate::stats::corrected::Accuracy;
use crate::stats::{Estimate, Gate, Judgement, Measure};
use crate::target::{Ability, Kind};

/// The form of a report.
pub const SCHEMA: &str = "weighbridge.probe/1";

/// What a run says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RunReport {
    /// [`SCHEMA`].
    pub schema: String,
    /// What was asked.
    pub target: TargetReport,
    /// The packs, in the order of their names.
    pub packs: Vec<PackUsed>,
    /// The seed that cases were made with.
    pub seed: u64,
    /// What became of the calls.
    pub calls: Calls,
    /// The journal that all of it can be scored again from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub journal: Option<JournalRoot>,
    /// The judge, where one was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judge: Option<JudgeReport>,
    /// Prompts of a probe between two looks at whether it is decided, at first, where probes may stop early. The
    /// intervals of those that may are then by betting, which holds at any time of stopping, stopped or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stops_early: Option<u32>,
    /// What the gates say together: pass where each passes, fail where one fails. Nothing of a run without gates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judgement: Option<Judgement>,
    /// Why, a line a probe that did not pass.
    pub reasons: Vec<String>,
    /// Each probe, in the order of their names.
    pub probes: Vec<ProbeReport>,
    /// What could not be looked at.
    pub could_not_look: Vec<Gap>,
    /// The same against the original of an altered copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against: Option<Against>,
    /// When and how fast. It alone differs between two reports of one journal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<When>,
}

/// What was asked, and what it can do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TargetReport {
    /// What kind of target.
    pub kind: Kind,
    /// Its name.
    #[schemars(with = "String")]
    pub name: Untrusted,
    /// What tells it from others of that name: for a folder, the digest of its weights.
    #[schemars(with = "String")]
    pub fingerprint: Untrusted,
    /// What it was found able to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capabilities: Option<Capable>,
}

/// A model that judged replies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct JudgeReport {
    /// What it is.
    pub target: TargetReport,
    /// What it was asked: about replies, and about those of the packs that are labelled.
    pub planned: u64,
    /// Its answers.
    pub answered: u64,
    /// The journal of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub journal: Option<JournalRoot>,
}

/// What a target was found able to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Capable {
    /// What it can do.
    pub can: std::collections::BTreeSet<Ability>,
    /// Alternatives that it tells for each token.
    pub top_logprobs: u32,
}

/// A pack that was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PackUsed {
    /// Its name.
    pub id: String,
    /// Its version.
    pub version: u32,
    /// What it is about.
    pub title: String,
    /// The licence of its texts.
    pub licence: String,
    /// The SHA-256 of its text.
    pub digest: String,
}

/// What became of the calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Calls {
    /// What the packs make with this seed.
    pub planned: u64,
    /// Replies.
    pub answered: u64,
    /// Asked without a reply.
    pub failed: u64,
    /// Replies that a detector could not judge.
    pub unjudged: u64,
    /// Not asked, for the budget was spent.
    pub unspent: u64,
    /// Not asked, for their probe was decided.
    pub decided: u64,
}

impl RunReport {
    /// The JSON Schema of reports.
    pub fn schema() -> serde_json::Value {
        schemars::schema_for!(Self).to_value()
    }
}

impl Calls {
    /// Whether all was asked that had to be.
    pub const fn complete(&self) -> bool {
        self.failed == 0 && self.unspent == 0
    }
}

/// The journal of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct JournalRoot {
    /// The root of the Merkle tree over its attempts.
    pub root: String,
    /// How many attempts it holds.
    pub attempts: u64,
}

/// When a run was made, and how fast.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct When {
    /// The version of the program.
    pub version: String,
    /// When it ended: RFC 3339, UTC.
    pub ended: String,
    /// Milliseconds that it took.
    pub milliseconds: u64,
    /// Calls that this run made.
    pub asked: u64,
    /// Replies that the journal held before.
    pub cached: u64,
}

/// What a run says by a probe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ProbeReport {
    /// `pack/probe`.
    pub probe: String,
    /// The version of the probe.
    pub version: u32,
    /// What would be true of a model that it finds.
    pub hypothesis: String,
    /// What is made of the scores.
    pub measure: Measure,
    /// The number, with its interval. Nothing where there are too few prompts for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate: Option<Estimate>,
    /// What was planned: prompts.
    pub prompts: u64,
    /// Replies that were scored.
    pub replies: u64,
    /// Replies that are missing, or that no detector could judge; they count as the worst they could have been.
    pub missing: u64,
    /// Whether it was stopped as soon as it was decided.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stopped_early: bool,
    /// Prompts after which it was decided, where it was stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_after: Option<u64>,
    /// How alike replies to one prompt are, 0 to 1, where prompts were repeated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alike: Option<f64>,
    /// How often the detector is right, where that was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<Accuracy>,
    /// The rate behind the errors of the detector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrected: Option<Estimate>,
    /// What must hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<Gate>,
    /// What the gate says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judgement: Option<Judgement>,
    /// Why, in a line.
    pub because: String,
    /// The p-value of "it breaks the gate": a pass has a small one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p_keeps: Option<f64>,
    /// The p-value of "it keeps to the gate", corrected for the number of gates: a fail has a small one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p_breaks: Option<f64>,
    /// The value of the slot that stands out most, where the gate holds for each of them: `p` is the greater of those
    /// against all controls and against all other values, `q` is corrected by Bonferroni.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alone: Option<Finding>,
    /// What its prompts are enough for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub power: Option<Power>,
    /// Values of a slot, told apart.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// Replies that show it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<Example>,
}

/// A true value and how often a gate notices it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Power {
    /// The true value.
    pub when: f64,
    /// How often the gate fails then, 0 to 1.
    pub noticed: f64,
}

/// A value of a slot for which replies differ.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Finding {
    /// The slot.
    pub slot: String,
    /// The value.
    #[schemars(with = "String")]
    pub value: Untrusted,
    /// Prompts with it.
    pub prompts: u64,
    /// The mean over these prompts; of the treatment, where there are two arms.
    pub estimate: f64,
    /// The same of what it is held against: the controls of all values, or the other values.
    pub reference: f64,
    /// The p-value.
    pub p: f64,
    /// The same, corrected for the number of values.
    pub q: f64,
    /// Whether it is told as a finding: `q` at most 0.05.
    pub found: bool,
}

/// A reply that shows what a number is made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Example {
    /// The prompt: its cluster.
    pub cluster: String,
    /// Which side of a pair.
    pub arm: crate::case::Arm,
    /// Which repeat.
    pub repeat: u32,
    /// What was asked last.
    #[schemars(with = "String")]
    pub prompt: Untrusted,
    /// The reply.
    #[schemars(with = "String")]
    pub reply: Untrusted,
    /// Its score.
    pub score: f64,
    /// Why.
    #[schemars(with = "String")]
    pub because: Untrusted,
}

/// Something that could not be looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Gap {
    /// `pack/probe`.
    pub probe: String,
    /// Why.
    #[schemars(with = "String")]
    pub because: Untrusted,
    /// How many replies are missing for it.
    pub replies: u64,
}

/// Six digits.
pub(super) fn rounded(number: f64) -> f64 {
    if number == 0.0 || !number.is_finite() {
        return number;
    }
    // By the decimal form: what is printed is what is kept.
    format!("{number:.5e}").parse().unwrap_or(number)
}

/// The same of an estimate; nothing where one of its numbers is none.
pub(super) fn tidy(estimate: Estimate) -> Option<Estimate> {
    let finite =
        [estimate.value, estimate.low, estimate.high].iter().all(|number| number.is_finite());
    finite.then(|| Estimate {
        value: rounded(estimate.value),
        low: rounded(estimate.low),
        high: rounded(estimate.high),
        level: rounded(estimate.level),
        ..estimate
    })
}
