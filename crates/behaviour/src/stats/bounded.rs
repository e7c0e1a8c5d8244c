//! The mean of numbers that lie between two ends, without any other assumption.
//!
//! I. Waudby-Smith and A. Ramdas, *Estimating means of bounded random variables by betting* (2024): whoever bets
//! at fair odds on the mean being `m` gets rich only where it is not. We spread the stake over fixed bets in equal
//! parts (a mixture), so that the order of the prompts does not matter. By Ville's inequality the capital reaches
//! 1/α with a probability of at most α, whenever one looks: interval, p-value and sequential test are one thing.
//! The price: up to one and a half times the prompts that an exact binomial method needs where that fits.

use super::gate::Sides;
use super::special::root;
use super::{Interval, finite, level_of, real};

/// How many bets the stake is spread over.
const BETS: u32 = 24;

/// Numbers between two ends.
#[derive(Debug, Clone)]
pub struct Bounded {
    low: f64,
    high: f64,
    /// Each value that occurs, and how often: most data have few values.
    values: Vec<(f64, f64)>,
    count: f64,
}

impl Bounded {
    /// What is no number is left out; what lies outside the ends is moved to them.
    pub fn new(values: &[f64], low: f64, high: f64) -> Self {
        let (mut kept, _) = finite(values);
        for value in &mut kept {
            *value = value.clamp(low, high);
        }
        kept.sort_by(f64::total_cmp);
        let mut grouped: Vec<(f64, f64)> = Vec::new();
        for value in &kept {
            match grouped.last_mut() {
                Some((last, times)) if last.total_cmp(value).is_eq() => *times += 1.0,
                _ => grouped.push((*value, 1.0)),
            }
        }
        Self { low, high, count: super::length(&kept), values: grouped }
    }

    /// The mean; nothing without numbers.
    pub fn mean(&self) -> Option<f64> {
        let sum: f64 = self.values.iter().map(|(value, times)| value * times).sum();
        (self.count > 0.0).then(|| sum / self.count)
    }

    /// How many numbers there are.
    pub const fn count(&self) -> f64 {
        self.count
    }

    /// The logarithm of the capital of whoever bet on a mean above `m`.
    fn rich_above(&self, m: f64) -> f64 {
        let room = m - self.low;
        if room <= 0.0 {
            // Every value above the lower end wins without bounds.
            let wins = self.values.iter().any(|(value, _)| *value > self.low);
            return if wins { f64::INFINITY } else { 0.0 };
        }
        self.capital(|bet, value| bet * (value - m) / room)
    }

    /// Of whoever bet on a mean below it.
    fn rich_below(&self, m: f64) -> f64 {
        let room = self.high - m;
        if room <= 0.0 {
            let wins = self.values.iter().any(|(value, _)| *value < self.high);
            return if wins { f64::INFINITY } else { 0.0 };
        }
        self.capital(|bet, value| bet * (m - value) / room)
    }

    fn capital(&self, gain: impl Fn(f64, f64) -> f64) -> f64 {
        let logs: Vec<f64> = (1..=BETS)
            .map(|bet| {
                // Denser at both ends: rare events want bold bets, slight leanings timid ones.
                let at = (f64::from(bet) - 0.5) / f64::from(BETS);
                let stake = at * at * (3.0 - 2.0 * at);
                self.values.iter().map(|(value, times)| times * gain(stake, *value).ln_1p()).sum()
            })
            .collect();
        log_mean(&logs)
    }

    /// The interval.
    pub fn interval(&self, level: f64) -> Interval {
        let Some(mean) = self.mean() else { return Interval::new(self.low, self.high) };
        let rich = -(0.5 * (1.0 - level_of(level))).ln();
        let low = root(self.low, mean, |m| rich - self.rich_above(m));
        let high = root(mean, self.high, |m| self.rich_below(m) - rich);
        Interval::new(low, high)
    }

    /// The evidence for either side of a value. It may be looked at after every prompt.
    pub fn sides(&self, value: f64) -> Sides {
        if self.values.is_empty() || value.is_nan() {
            return Sides::UNKNOWN;
        }
        Sides {
            below: (-self.rich_below(value)).exp().min(1.0),
            above: (-self.rich_above(value)).exp().min(1.0),
        }
    }
}

/// The logarithm of the mean of numbers of which the logarithms are given.
pub(crate) fn log_mean(logs: &[f64]) -> f64 {
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if !most.is_finite() {
        return most;
    }
    let sum: f64 = logs.iter().map(|log| (log - most).exp()).sum();
    most + (sum / super::length(logs)).ln()
}

/// How many numbers, all at the lower end, show a mean below `m` at the level: where a plan begins.
pub fn least(m: f64, alpha: f64) -> f64 {
    (1_u32..100_000)
        .map(|count| real(u64::from(count)))
        .find(|count| {
            let data = Bounded { low: 0.0, high: 1.0, values: vec![(0.0, *count)], count: *count };
            data.sides(m).below <= alpha
        })
        .unwrap_or(f64::INFINITY)
}
