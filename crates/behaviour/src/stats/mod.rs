//! What numbers say, and how sure.
//!
//! The unit is the prompt (a case's `cluster`): replies to one prompt, and the two arms of a pair, depend on
//! each other, so a method is given one number a prompt, or the sums of a prompt, and never single replies.
//!
//! Every function is total. Without data an interval is as wide as the range of the quantity and a p-value
//! is 1; what is not a number is left out by [`finite`], and whoever calls counts it as missing.
//!
//! | question | module |
//! | --- | --- |
//! | how often | [`rate`] |
//! | the mean of bounded numbers, without assumptions | [`bounded`] |
//! | the mean of numbers without bounds, ratios of sums | [`bootstrap`] |
//! | the middle of numbers without bounds | [`rank`] |
//! | two arms, or two models, on the same prompts | [`paired`] |
//! | whether differences have a side | [`permute`] |
//! | many questions at once | [`multiple`] |
//! | looking again and again | [`sequential`] |
//! | a detector that errs | [`corrected`] |
//! | how many prompts, how many repeats | [`power`], [`pilot`] |

pub mod bootstrap;
pub mod bounded;
pub mod corrected;
pub mod gate;
pub mod multiple;
pub mod paired;
pub mod permute;
pub mod pilot;
pub mod power;
pub mod random;
pub mod rank;
pub mod rate;
pub mod sequential;
pub mod special;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use gate::{Gate, Measure};

/// A number that was estimated, with its interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Judgement {
    /// All of the interval lies on the permitted side.
    Pass,
    /// All of it lies on the other.
    Fail,
    /// It lies on both: there were too few prompts.
    Inconclusive,
}

/// An interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

impl Interval {
    /// Both ends.
    pub const fn new(low: f64, high: f64) -> Self {
        Self { low, high }
    }

    /// Whether a value lies in it.
    pub fn holds(self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }

    /// The same with a value and what made it.
    pub fn around(self, value: f64, level: f64, units: u64, method: &str) -> Estimate {
        Estimate { value, low: self.low, high: self.high, level, units, method: method.to_owned() }
    }
}

/// A count as a number. Counts of prompts are far below 2^53, from where this would round.
#[allow(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
pub(crate) const fn real(count: u64) -> f64 {
    count as f64
}

/// The length of a list as a number.
pub(crate) fn length<T>(list: &[T]) -> f64 {
    real(u64::try_from(list.len()).unwrap_or(u64::MAX))
}

/// A number as a count: none below 0 or where it is no number.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the conversion saturates, and what is no number becomes 0"
)]
pub(crate) const fn whole(number: f64) -> u64 {
    number as u64
}

/// The numbers among them that are numbers, and how many were not.
pub fn finite(values: &[f64]) -> (Vec<f64>, u64) {
    let kept: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    let lost = values.len().saturating_sub(kept.len());
    (kept, u64::try_from(lost).unwrap_or(u64::MAX))
}

/// The mean; nothing where there is nothing.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / length(values))
}

/// A level that makes sense: what is outside (0.5, 1) or no number is taken as 0.95.
pub(crate) fn level_of(level: f64) -> f64 {
    if level > 0.5 && level < 1.0 { level } else { 0.95 }
}

#[cfg(test)]
mod tests;
