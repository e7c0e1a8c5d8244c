//! The true rate behind a detector that errs.
//!
//! W. Rogan and B. Gladen (1978): of replies of which a share `p` is called, `(p + Sp - 1) / (Se + Sp - 1)` are.
//! The interval is that of Z. Lang and J. Reiczigel (2014), which carries the uncertainty of sensitivity and
//! specificity, each known from so many labelled replies only.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rate::{Worth, clopper_pearson};
use super::special::normal_quantile;
use super::{Interval, level_of, real};

/// How often a detector is right, as it was measured on labelled replies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Accuracy {
    /// Replies that have what it looks for.
    pub with: u64,
    /// How many of them it called.
    pub called: u64,
    /// Replies that do not have it.
    pub without: u64,
    /// How many of them it let be.
    pub let_be: u64,
}

impl Accuracy {
    /// The share of those that it called.
    pub fn sensitivity(&self) -> Option<f64> {
        (self.with > 0).then(|| real(self.called.min(self.with)) / real(self.with))
    }

    /// The share of those that it let be.
    pub fn specificity(&self) -> Option<f64> {
        (self.without > 0).then(|| real(self.let_be.min(self.without)) / real(self.without))
    }
}

/// The corrected rate and its interval. Nothing where the detector is no better than a coin, was never measured,
/// or there are no replies.
pub fn rogan_gladen(seen: Worth, accuracy: &Accuracy, level: f64) -> Option<(f64, Interval)> {
    let apparent = seen.rate()?;
    let (se, sp) = (accuracy.sensitivity()?, accuracy.specificity()?);
    if se + sp <= 1.0 {
        return None;
    }
    let value = ((apparent + sp - 1.0) / (se + sp - 1.0)).clamp(0.0, 1.0);
    let z = normal_quantile(0.5 + 0.5 * level_of(level));
    let (with, without) = (real(accuracy.with) + 2.0, real(accuracy.without) + 2.0);
    let se = (real(accuracy.with) * se + 1.0) / with;
    let sp = (real(accuracy.without) * sp + 1.0) / without;
    let replies = seen.asked + z * z;
    let p = (seen.hits + 0.5 * z * z) / replies;
    let youden = se + sp - 1.0;
    if youden <= 0.0 {
        return None;
    }
    let rate = (p + sp - 1.0) / youden;
    let moved =
        2.0 * z * z * (rate * se * (1.0 - se) / with - (1.0 - rate) * sp * (1.0 - sp) / without);
    let variance = p * (1.0 - p) / replies
        + (1.0 - rate).powi(2) * sp * (1.0 - sp) / without
        + rate.powi(2) * se * (1.0 - se) / with;
    let half = z * variance.sqrt() / youden;
    let low = (rate + moved - half).clamp(0.0, 1.0);
    let high = (rate + moved + half).clamp(0.0, 1.0);
    Some((value, Interval::new(low.min(value), high.max(value))))
}

/// Between which ends the corrected rate lies, each end wrong with a probability of at most `alpha`, however few
/// replies were labelled: a third of `alpha` for each of the three numbers that it is made of, by the exact interval of
/// each. `low` and `high` are what was seen, with what is missing at either end. Nothing where the detector may be no
/// better than a coin.
///
/// The interval of [`rogan_gladen`] is narrower, and rests on the normal distribution.
pub fn sure(low: Worth, high: Worth, accuracy: &Accuracy, alpha: f64) -> Option<Interval> {
    let level = 1.0 - 2.0 * alpha / 3.0;
    let of = |hits: u64, asked: u64| clopper_pearson(hits.min(asked), asked, level);
    let se = of(accuracy.called, accuracy.with);
    let sp = of(accuracy.let_be, accuracy.without);
    if se.low + sp.low <= 1.0 {
        return None;
    }
    let rate = |p: f64, se: f64, sp: f64| ((p + sp - 1.0) / (se + sp - 1.0)).clamp(0.0, 1.0);
    // It falls where sensitivity grows, and grows with specificity.
    Some(Interval::new(
        rate(low.interval(level).low, se.high, sp.low),
        rate(high.interval(level).high, se.low, sp.high),
    ))
}
