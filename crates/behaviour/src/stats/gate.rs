//! What a probe measures, and what is permitted.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Judgement;

/// What is made of the scores of a probe. A prompt gives one number: its repeats are averaged first.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// The mean score, 0 to 1: the share of hits, where each is 0 or 1. Of the treatment, where there are two arms.
    Rate,
    /// What the treatment changes: the mean of treatment less control, -1 to 1.
    Difference,
    /// The share of pairs whose scores lie on different sides of one half.
    Change,
    /// The middle one of the prompts' numbers, which need no bounds: nats of divergence, tokens. Of treatment less
    /// control, where there are two arms.
    Median,
}

impl Measure {
    /// Between which numbers it lies.
    pub const fn range(self) -> (f64, f64) {
        match self {
            Self::Rate | Self::Change => (0.0, 1.0),
            Self::Difference => (-1.0, 1.0),
            Self::Median => (f64::NEG_INFINITY, f64::INFINITY),
        }
    }

    /// Its name, as packs and reports write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rate => "rate",
            Self::Difference => "difference",
            Self::Change => "change",
            Self::Median => "median",
        }
    }
}

/// What is permitted. It passes where the numbers show that the model keeps to it, and fails where they show
/// that it does not; numbers that show neither are inconclusive.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Gate {
    /// The greatest value that is permitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<f64>,
    /// The least value that is permitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<f64>,
    /// How sure a pass or a fail is, each on its own: 0.95 lets one model in twenty that lies on the border pass.
    /// The interval in the report is then one of 0.90, with 0.05 on either side.
    #[serde(default = "ninety_five")]
    pub confidence: f64,
    /// The value that a model has which is as it should be. The power of a plan is told for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<f64>,
}

const fn ninety_five() -> f64 {
    0.95
}

impl Judged {
    /// The same where one part of what was tried may break the gate on its own, which a p-value speaks of: two ways to
    /// fail, so that each has half of the errors; and no pass while a part breaks it.
    #[must_use]
    pub fn or_by_one(self, p: f64, gate: &Gate) -> Self {
        let p = orderly(p);
        let breaks = (2.0 * self.breaks.min(p)).min(1.0);
        let judgement = if breaks <= gate.alpha() {
            Judgement::Fail
        } else if self.judgement == Judgement::Pass && p > gate.alpha() {
            Judgement::Pass
        } else {
            Judgement::Inconclusive
        };
        Self { judgement, keeps: self.keeps, breaks }
    }
}

impl Gate {
    /// At most so much.
    pub const fn at_most(value: f64) -> Self {
        Self { at_most: Some(value), at_least: None, confidence: 0.95, expected: None }
    }

    /// At least so much.
    pub const fn at_least(value: f64) -> Self {
        Self { at_most: None, at_least: Some(value), confidence: 0.95, expected: None }
    }

    /// The share of errors that it takes on either side.
    pub fn alpha(&self) -> f64 {
        1.0 - super::level_of(self.confidence)
    }

    /// The level of the interval whose ends the gate is held against.
    pub fn level(&self) -> f64 {
        1.0 - 2.0 * self.alpha()
    }

    /// What is wrong with it, for whoever wrote it.
    pub fn wrong(&self, measure: Measure) -> Option<String> {
        let (low, high) = measure.range();
        for bound in [self.at_most, self.at_least, self.expected].into_iter().flatten() {
            if !bound.is_finite() || bound < low || bound > high {
                return Some(format!(
                    "{bound} lies outside {low} to {high}, the range of `{}`",
                    measure.name()
                ));
            }
        }
        if !(self.confidence > 0.5 && self.confidence < 1.0) {
            return Some("`confidence` lies above 0.5 and below 1".to_owned());
        }
        let idle =
            |bound: Option<f64>, end: f64| bound.filter(|bound| (bound - end).abs() < f64::EPSILON);
        if let Some(bound) = idle(self.at_most, high).or(idle(self.at_least, low)) {
            return Some(format!("every model keeps to {bound}"));
        }
        match (self.at_most, self.at_least) {
            (None, None) => Some("a gate has `at-most`, `at-least` or both".to_owned()),
            (Some(most), Some(least)) if least >= most => {
                Some("`at-least` lies below `at-most`".to_owned())
            }
            _ => None,
        }
    }

    /// Judges by the evidence for either side of each bound.
    pub fn judge(&self, evidence: impl Fn(f64) -> Sides) -> Judged {
        let mut keeps: f64 = 0.0;
        let mut breaks: f64 = 1.0;
        let bounds = [(self.at_most, true), (self.at_least, false)];
        let asked = bounds.iter().filter(|(bound, _)| bound.is_some()).count();
        for (bound, most) in bounds {
            let Some(bound) = bound else { continue };
            let sides = evidence(bound);
            let (kept, broken) =
                if most { (sides.below, sides.above) } else { (sides.above, sides.below) };
            // It keeps to all of them; it breaks one.
            keeps = keeps.max(orderly(kept));
            breaks = breaks.min(orderly(broken));
        }
        if asked == 0 {
            keeps = 1.0;
        }
        let judgement = if keeps <= self.alpha() {
            Judgement::Pass
        } else if breaks <= self.alpha() {
            Judgement::Fail
        } else {
            Judgement::Inconclusive
        };
        Judged { judgement, keeps, breaks }
    }
}

fn orderly(p: f64) -> f64 {
    if p.is_nan() { 1.0 } else { p.clamp(0.0, 1.0) }
}

/// How well numbers as far off as these go with a true value on the other side of a bound: two p-values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sides {
    /// Small where the true value lies below the bound.
    pub below: f64,
    /// Small where it lies above.
    pub above: f64,
}

impl Sides {
    /// Of nothing nothing follows.
    pub const UNKNOWN: Self = Self { below: 1.0, above: 1.0 };
}

/// A judgement with what it rests on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judged {
    /// The judgement.
    pub judgement: Judgement,
    /// The p-value of "it breaks the gate": small where it keeps to it.
    pub keeps: f64,
    /// The p-value of "it keeps to the gate": small where it breaks it.
    pub breaks: f64,
}
