//! The middle of numbers without bounds: its interval lies between two of the numbers themselves, chosen by the
//! binomial distribution of how many lie below (W. Thompson 1936). It holds its level for every distribution.

use super::gate::Sides;
use super::special::{binomial_cdf, binomial_from};
use super::{Interval, length, level_of, real, whole};

/// Numbers in order.
#[derive(Debug, Clone)]
pub struct Ranked {
    sorted: Vec<f64>,
}

impl Ranked {
    /// What is no number is left out. Infinite ones stand at the ends.
    pub fn new(values: &[f64]) -> Self {
        let mut sorted: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
        sorted.sort_by(f64::total_cmp);
        Self { sorted }
    }

    /// The value that a share of them does not exceed.
    pub fn quantile(&self, share: f64) -> Option<f64> {
        let n = length(&self.sorted);
        let index = (share * n).ceil().clamp(1.0, n.max(1.0)) - 1.0;
        self.get(whole(index))
    }

    /// The median: the mean of the middle two where their number is even.
    pub fn median(&self) -> Option<f64> {
        let half = u64::try_from(self.sorted.len()).unwrap_or(u64::MAX);
        let upper = self.get(half / 2)?;
        if half % 2 == 1 {
            return Some(upper);
        }
        let lower = self.get((half / 2).saturating_sub(1))?;
        Some(0.5 * (lower + upper))
    }

    fn get(&self, index: u64) -> Option<f64> {
        self.sorted.get(usize::try_from(index).unwrap_or(usize::MAX)).copied()
    }

    fn count(&self) -> u64 {
        u64::try_from(self.sorted.len()).unwrap_or(u64::MAX)
    }

    /// The interval of the median. With too few numbers it has no ends.
    pub fn interval(&self, level: f64) -> Interval {
        let tail = 0.5 * (1.0 - level_of(level));
        let count = self.count();
        // The greatest rank of which at most `tail` lies below.
        let fitting =
            (0..count / 2).take_while(|rank| binomial_cdf(*rank, count, 0.5) <= tail).count();
        let Some(rank) = u64::try_from(fitting).unwrap_or(u64::MAX).checked_sub(1) else {
            return Interval::new(f64::NEG_INFINITY, f64::INFINITY);
        };
        let low = self.get(rank);
        let high = self.get(count.saturating_sub(1).saturating_sub(rank));
        match (low, high) {
            (Some(low), Some(high)) => Interval::new(low, high),
            _ => Interval::new(f64::NEG_INFINITY, f64::INFINITY),
        }
    }

    /// The evidence for the median being on either side of a value.
    pub fn sides(&self, value: f64) -> Sides {
        let count = self.count();
        if count == 0 || value.is_nan() {
            return Sides::UNKNOWN;
        }
        let below = self.sorted.iter().filter(|number| **number < value).count();
        let above = self.sorted.iter().filter(|number| **number > value).count();
        let many = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        Sides {
            below: binomial_from(many(below), count, 0.5),
            above: binomial_from(many(above), count, 0.5),
        }
    }

    /// How many of them are numbers.
    pub fn units(&self) -> f64 {
        real(self.count())
    }
}
