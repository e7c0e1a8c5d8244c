//! What is asked once: a probe's prompt, in one of its arms.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::target::Call;

/// Which side of a comparison a case is on.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Arm {
    /// The probe compares nothing.
    Only,
    /// The prompt as it is without what is tried.
    Control,
    /// The same prompt with it.
    Treatment,
}

/// One call that a probe wants made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// `pack/probe`.
    pub probe: String,
    /// The version of the probe.
    pub version: u32,
    /// The prompt that it stands for: the unit of the statistics. Control and treatment of a pair, and
    /// all repeats, have one.
    pub cluster: String,
    /// Which side of the pair.
    pub arm: Arm,
    /// Which repeat, from 0.
    pub repeat: u32,
    /// What is sent.
    pub call: Call,
    /// What detectors need to know of it beyond the call: the values of its slots, an expected reply.
    pub slots: std::collections::BTreeMap<String, String>,
}
