//! What numbers say, and how sure.

use serde::{Deserialize, Serialize};

/// A number that was estimated, with its interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The estimate.
    pub value: f64,
    /// The lower end of its interval.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// How often such an interval holds the true value, at least: 0.95.
    pub level: f64,
    /// Prompts that it rests on.
    pub units: u64,
    /// How the interval was made.
    pub method: String,
}

/// What a gate says of an estimate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Judgement {
    /// All of the interval lies on the permitted side.
    Pass,
    /// All of it lies on the other.
    Fail,
    /// It lies on both: there were too few prompts.
    Inconclusive,
}
