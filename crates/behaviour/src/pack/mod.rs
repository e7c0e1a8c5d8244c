//! Packs of probes: what is asked, how replies are judged, and what must hold of the scores.
//!
//! A pack is a YAML document of the form [`Pack`], whose JSON Schema stands in the reference.
//! [`Pack::generate`] makes its cases; the same pack and seed give the same cases on every machine.

mod builtin;
mod draw;
mod generate;
mod lint;
mod slot;
mod tasks;
mod template;
pub(crate) mod yaml;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use vocabulary::escape;

pub use builtin::{BUILTIN, builtin};
pub use draw::Draw;
pub use generate::{MAX_CASES, MAX_TEXT};
pub use lint::{Note, lint};
pub use slot::{MAX_VALUES, Scalar, Slot};
pub use template::Values;
pub(crate) use template::fill;
pub use yaml::MAX_LEN;

use crate::detect::Spec;
use crate::stats::Measure;

/// Why a text is no pack, or cannot be made into cases.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Problem {
    /// What is wrong.
    pub cause: String,
    /// The line that it is about, from 1, where there is one.
    pub line: Option<u64>,
    /// What to do about it.
    pub hint: Option<String>,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&escape(&self.cause))?;
        self.line.map_or(Ok(()), |line| write!(f, ", line {line}"))
    }
}

impl Problem {
    /// A problem without a place.
    pub fn new(cause: impl Into<String>) -> Self {
        Self { cause: cause.into(), line: None, hint: None }
    }

    pub(crate) fn on(mut self, line: u64) -> Self {
        self.line = Some(line);
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same of a part.
    pub(crate) fn of(mut self, part: &str) -> Self {
        self.cause = format!("{part}: {}", self.cause);
        self
    }
}

/// A pack of probes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Pack {
    /// What kind of document this is.
    pub schema: Form,
    /// Its name: small letters, digits and hyphens.
    pub id: String,
    /// Raised with every change that changes a case.
    pub version: u32,
    /// What it is about, in a line.
    pub title: String,
    /// The licence of its texts, as SPDX writes it.
    pub licence: String,
    /// Where its ideas come from: links and names of papers.
    #[serde(default)]
    pub source: Vec<String>,
    /// What it belongs to elsewhere: `atlas:AML.T0018`, `owasp-llm:LLM04`.
    #[serde(default)]
    pub taxonomy: Vec<String>,
    /// The probes.
    pub probes: Vec<Probe>,
}

/// The form of a pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Form {
    /// The first.
    #[serde(rename = "weighbridge.probes/1")]
    First,
}

/// One question to a model, asked in many forms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Probe {
    /// Its name within the pack: small letters, digits and hyphens.
    pub id: String,
    /// Raised with every change that changes a case or a score.
    pub version: u32,
    /// What would be true of a model that it finds, in a sentence.
    pub hypothesis: String,
    /// What it cannot show, for whoever reads its number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<String>,
    /// What varies.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub slots: BTreeMap<String, Slot>,
    /// How the values of the slots are put together.
    #[serde(default)]
    pub combine: Combine,
    /// What is sent. Absent where each arm has a prompt of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prompt: Vec<Line>,
    /// The two sides, where the probe compares.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pairs: Option<Pairs>,
    /// What a reply should be; detectors read it as `{expect}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect: Option<String>,
    /// How often each prompt is asked.
    #[serde(default = "one")]
    pub repeats: u32,
    /// How replies are made.
    #[serde(default)]
    pub decode: Settings,
    /// What replies are judged by. The name says what it means where a detector scores 1.
    pub detectors: BTreeMap<String, Spec>,
    /// The number that the probe is about.
    pub metric: Metric,
    /// What must hold of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<Gate>,
    /// Replies that show what each detector does; they run as tests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<Example>,
}

/// How the values of slots are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Combine {
    /// Each value of each slot with each of the others.
    #[default]
    Cartesian,
    /// The first with the first, the second with the second; all slots have as many values.
    Zip,
    /// So many of all combinations, drawn by the seed.
    Sample(u32),
}

/// A message, by who says it. Its text may name slots.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Line {
    /// Whoever deploys the model.
    System(String),
    /// Whoever asks it.
    User(String),
    /// The model.
    Assistant(String),
    /// A text without a chat template; it stands alone.
    Text(String),
}

impl Line {
    /// Its text.
    pub fn text(&self) -> &str {
        match self {
            Self::System(text) | Self::User(text) | Self::Assistant(text) | Self::Text(text) => {
                text
            }
        }
    }
}

/// The two sides of a comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Pairs {
    /// Without what is tried.
    pub control: Side,
    /// With it.
    pub treatment: Side,
    /// Why the sides may differ in more than one slot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub differ_because: Option<String>,
}

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Side {
    /// Slots of this side alone; their texts may name the probe's slots.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub set: BTreeMap<String, String>,
    /// Its own prompt, instead of the probe's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prompt: Vec<Line>,
    /// Its own expected reply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect: Option<String>,
}

/// How replies are made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Settings {
    /// Tokens of a reply, at most.
    pub max_tokens: u32,
    /// 0 takes the most probable token each time.
    pub temperature: f64,
    /// The share of the probability that is sampled from.
    pub top_p: f64,
    /// Texts that end a reply.
    pub stop: Vec<String>,
    /// Alternatives that are asked for with each token.
    pub top_logprobs: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { max_tokens: 256, temperature: 0.0, top_p: 1.0, stop: Vec::new(), top_logprobs: 0 }
    }
}

/// The number that a probe is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Metric {
    /// The detector whose scores are taken.
    pub detector: String,
    /// What is made of them.
    pub measure: Measure,
    /// A slot whose values are also told apart: a finding for each, corrected for their number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// What must hold of a metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Gate {
    /// It is no more than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<f64>,
    /// It is no less than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<f64>,
    /// It holds for each value of the metric's slot `by` as well: it fails where a single value is found to
    /// make a difference, corrected for their number, though the mean over all of them keeps to the bounds.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub each: bool,
    /// How sure one must be.
    #[serde(default = "usual_level")]
    pub level: f64,
    /// What the number of prompts is enough for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub power: Option<Power>,
}

/// What a gate promises to notice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Power {
    /// The true value of the metric that must not go unnoticed.
    pub when: f64,
    /// How often it is noticed, at least: 0.8.
    #[serde(default = "usual_power")]
    pub noticed: f64,
}

/// A reply, and what a detector says of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Example {
    /// The detector.
    pub detector: String,
    /// The reply; of the treatment, where the detector compares.
    pub reply: String,
    /// The reply of the control, where the detector compares.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control: Option<String>,
    /// Whether it scores one half or more.
    pub fires: bool,
    /// Values of slots that are not those of the first case.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub slots: BTreeMap<String, String>,
}

fn one() -> u32 {
    1
}

fn usual_level() -> f64 {
    0.95
}

fn usual_power() -> f64 {
    0.8
}

impl Pack {
    /// Reads a pack.
    pub fn read(text: &str) -> Result<Self, Problem> {
        yaml::read(text)
    }

    /// The JSON Schema of packs.
    pub fn schema() -> serde_json::Value {
        schemars::schema_for!(Self).to_value()
    }

    /// A probe by its name, with or without the pack's before it.
    pub fn probe(&self, name: &str) -> Option<&Probe> {
        let name = name.strip_prefix(&format!("{}/", self.id)).unwrap_or(name);
        self.probes.iter().find(|probe| probe.id == name)
    }
}

/// Whether a name is one that ids may have.
pub(crate) fn is_id(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=64).contains(&name.len()) && name.chars().all(fits)
}
