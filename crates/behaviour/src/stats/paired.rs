//! Two arms, or two models, on the same prompts.
//!
//! A pair of yes and no falls into a table: both, the first alone, the second alone, neither. What differs lies in
//! the two middle ones. [`Table::mcnemar`] asks whether they lean to a side at all (Q. McNemar 1947; exact, and
//! with the mid-p of M. Fagerland, S. Lydersen, P. Laake 2013); [`Table::tango`] bounds the difference by the score
//! test of T. Tango (1998) with a correction of half a pair for continuity, which makes it keep its level in small
//! tables as well; [`Table::newcombe`] is method 10 of R. Newcombe (1998), told beside it.
//!
//! "p above 0.05" does not mean "the same". Whether a copy fell off is asked the other way round: the difference
//! must be shown to be no worse than a margin ([`Table::sides`]).

use super::gate::Sides;
use super::rate::wilson;
use super::special::{binomial_at, binomial_cdf, normal_cdf, normal_quantile, root};
use super::{Interval, level_of, real};

/// Pairs of yes and no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Table {
    /// Yes in both.
    pub both: u64,
    /// Yes in the first alone.
    pub first: u64,
    /// Yes in the second alone.
    pub second: u64,
    /// Yes in neither.
    pub neither: u64,
}

/// What McNemar's test says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mcnemar {
    /// The exact p-value, two sides.
    pub exact: f64,
    /// The mid-p, two sides: less conservative, and not guaranteed.
    pub mid: f64,
}

impl Table {
    /// Of pairs.
    pub fn of(pairs: impl IntoIterator<Item = (bool, bool)>) -> Self {
        let mut table = Self::default();
        for pair in pairs {
            let cell = match pair {
                (true, true) => &mut table.both,
                (true, false) => &mut table.first,
                (false, true) => &mut table.second,
                (false, false) => &mut table.neither,
            };
            *cell = cell.saturating_add(1);
        }
        table
    }

    /// How many pairs there are.
    pub const fn pairs(self) -> u64 {
        self.both
            .saturating_add(self.first)
            .saturating_add(self.second)
            .saturating_add(self.neither)
    }

    /// The share of the first less the share of the second; nothing without pairs.
    pub fn difference(self) -> Option<f64> {
        let pairs = self.pairs();
        (pairs > 0).then(|| (real(self.first) - real(self.second)) / real(pairs))
    }

    /// Whether the pairs that differ lean to a side.
    pub fn mcnemar(self) -> Mcnemar {
        let differing = self.first.saturating_add(self.second);
        if differing == 0 {
            return Mcnemar { exact: 1.0, mid: 1.0 };
        }
        let fewer = self.first.min(self.second);
        let tail = binomial_cdf(fewer, differing, 0.5);
        let exact = (2.0 * tail).min(1.0);
        let mid = if self.first == self.second {
            1.0 - 0.5 * binomial_at(fewer, differing, 0.5)
        } else {
            exact - binomial_at(fewer, differing, 0.5)
        };
        Mcnemar { exact, mid: mid.clamp(0.0, 1.0) }
    }

    /// The score of Tango at a difference, with the numerator moved towards 0 by `correction` pairs.
    fn score(self, difference: f64, correction: f64) -> f64 {
        let n = real(self.pairs());
        let (b, c) = (real(self.first), real(self.second));
        let off = b - c - n * difference;
        let off = off.signum() * (off.abs() - correction).max(0.0);
        // The share of `second` that is most probable where the difference is this.
        let linear = -b - c + (2.0 * n - b + c) * difference;
        let constant = -c * difference * (1.0 - difference);
        let within = (linear * linear - 8.0 * n * constant).max(0.0);
        let second = ((within.sqrt() - linear) / (4.0 * n)).max(0.0);
        let variance = n * (2.0 * second + difference * (1.0 - difference));
        if variance > 0.0 {
            off / variance.sqrt()
        } else if off == 0.0 {
            0.0
        } else {
            off.signum() * f64::INFINITY
        }
    }

    fn score_interval(self, level: f64, correction: f64) -> Interval {
        let Some(difference) = self.difference() else { return Interval::new(-1.0, 1.0) };
        let z = normal_quantile(0.5 + 0.5 * level_of(level));
        Interval::new(
            root(-1.0, difference, |at| z - self.score(at, correction)),
            root(difference, 1.0, |at| -self.score(at, correction) - z),
        )
    }

    /// Tango's interval of the difference, corrected for continuity: what gates use.
    pub fn tango(self, level: f64) -> Interval {
        self.score_interval(level, 0.5)
    }

    /// Tango's interval as it was published.
    pub fn tango_uncorrected(self, level: f64) -> Interval {
        self.score_interval(level, 0.0)
    }

    /// The evidence for the difference being on either side of a value. `sides(-0.02).above` is the p-value of
    /// "the first fell off by 2 points or more".
    pub fn sides(self, difference: f64) -> Sides {
        if self.pairs() == 0 || difference.is_nan() {
            return Sides::UNKNOWN;
        }
        let difference = difference.clamp(-1.0, 1.0);
        let score = self.score(difference, 0.5);
        Sides { below: normal_cdf(score), above: normal_cdf(-score) }
    }

    /// The interval of Newcombe, method 10.
    #[allow(clippy::many_single_char_names, reason = "the names of the formula")]
    pub fn newcombe(self, level: f64) -> Interval {
        let Some(difference) = self.difference() else { return Interval::new(-1.0, 1.0) };
        let pairs = self.pairs();
        let n = real(pairs);
        let (a, b, c, d) =
            (real(self.both), real(self.first), real(self.second), real(self.neither));
        let (one, two) = ((a + b) / n, (a + c) / n);
        let first = wilson(self.both.saturating_add(self.first), pairs, level);
        let second = wilson(self.both.saturating_add(self.second), pairs, level);
        let margins = (a + b) * (c + d) * (a + c) * (b + d);
        let like = if margins > 0.0 {
            let product = a * d - b * c;
            let corrected = if product > 0.0 { (product - 0.5 * n).max(0.0) } else { product };
            corrected / margins.sqrt()
        } else {
            0.0
        };
        let apart = |x: f64, y: f64| (x * x - 2.0 * like * x * y + y * y).max(0.0).sqrt();
        Interval::new(
            (difference - apart(one - first.low, second.high - two)).max(-1.0),
            (difference + apart(first.high - one, two - second.low)).min(1.0),
        )
    }
}
