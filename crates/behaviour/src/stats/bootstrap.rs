//! The mean, or a ratio of sums, of prompts, by resampling whole prompts.
//!
//! Prompts are drawn anew with all their replies (A. Davison, D. Hinkley 1997, chapter 3.8). Percentiles of what
//! comes out are the first interval of B. Efron; [`Boot::bca`] corrects them for bias and skew (Efron 1987);
//! [`robust`] is the linearised ratio with a Student quantile. None of them holds its level for few or very
//! skewed prompts, and for the mean of numbers without bounds no method can (R. Bahadur, L. Savage 1956): so no
//! gate uses them, and reports tell them as what they are.

use super::random::Random;
use super::special::{normal_cdf, normal_quantile, student_quantile};
use super::{Interval, length, level_of};

/// The sum of the scores of a prompt and how many there are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sum {
    /// The sum.
    pub of: f64,
    /// How many.
    pub count: f64,
}

fn usable(prompts: &[Sum]) -> Vec<Sum> {
    prompts.iter().copied().filter(|sum| sum.of.is_finite() && sum.count > 0.0).collect()
}

/// The ratio of the sums; nothing without prompts.
pub fn ratio(prompts: &[Sum]) -> Option<f64> {
    let (of, count) =
        prompts.iter().fold((0.0, 0.0), |(of, count), s| (of + s.of, count + s.count));
    (count > 0.0).then(|| of / count)
}

/// Ratios of resampled prompts.
#[derive(Debug, Clone)]
pub struct Boot {
    ratio: f64,
    sorted: Vec<f64>,
    skew: f64,
}

impl Boot {
    /// Draws so many times. Nothing with fewer than two prompts: one prompt says nothing of the others.
    pub fn draw(prompts: &[Sum], times: u32, random: &mut Random) -> Option<Self> {
        let prompts = usable(prompts);
        let ratio = ratio(&prompts)?;
        if prompts.len() < 2 {
            return None;
        }
        let mut sorted: Vec<f64> = (0..times.max(1))
            .filter_map(|_| {
                let (mut of, mut count) = (0.0, 0.0);
                for _ in 0..prompts.len() {
                    if let Some(drawn) = prompts.get(random.below(prompts.len())) {
                        of += drawn.of;
                        count += drawn.count;
                    }
                }
                (count > 0.0).then(|| of / count)
            })
            .collect();
        sorted.sort_by(f64::total_cmp);
        Some(Self { ratio, sorted, skew: skew(&prompts) })
    }

    fn at(&self, share: f64) -> f64 {
        let last = length(&self.sorted) - 1.0;
        let index = (share * (last + 1.0) - 0.5).round().clamp(0.0, last.max(0.0));
        let index = usize::try_from(super::whole(index)).unwrap_or(0);
        self.sorted.get(index).copied().unwrap_or(self.ratio)
    }

    /// Between the percentiles.
    pub fn percentile(&self, level: f64) -> Interval {
        let tail = 0.5 * (1.0 - level_of(level));
        Interval::new(self.at(tail), self.at(1.0 - tail))
    }

    /// Between percentiles that are corrected for bias and skew.
    pub fn bca(&self, level: f64) -> Interval {
        let below: f64 = self
            .sorted
            .iter()
            .map(|drawn| {
                if *drawn < self.ratio {
                    1.0
                } else if *drawn > self.ratio {
                    0.0
                } else {
                    0.5
                }
            })
            .sum();
        let share = below / length(&self.sorted);
        let edge = 0.5 / length(&self.sorted);
        let bias = normal_quantile(share.clamp(edge, 1.0 - edge));
        let z = normal_quantile(0.5 + 0.5 * level_of(level));
        let corrected = |z: f64| {
            let moved = bias + z;
            normal_cdf(bias + moved / (1.0 - self.skew * moved))
        };
        Interval::new(self.at(corrected(-z)), self.at(corrected(z)))
    }
}

/// The acceleration of the ratio, by leaving out each prompt in turn.
fn skew(prompts: &[Sum]) -> f64 {
    let (of, count) =
        prompts.iter().fold((0.0, 0.0), |(of, count), s| (of + s.of, count + s.count));
    let without: Vec<f64> = prompts
        .iter()
        .filter(|sum| count > sum.count)
        .map(|sum| (of - sum.of) / (count - sum.count))
        .collect();
    let Some(mean) = super::mean(&without) else { return 0.0 };
    let (cubes, squares) = without.iter().fold((0.0, 0.0), |(cubes, squares), value| {
        let off = mean - value;
        (cubes + off.powi(3), squares + off * off)
    });
    if squares > 0.0 { cubes / (6.0 * squares.powf(1.5)) } else { 0.0 }
}

/// The ratio of sums with the variance between prompts and a Student quantile. Nothing with fewer than two.
pub fn robust(prompts: &[Sum], level: f64) -> Option<(f64, Interval)> {
    let prompts = usable(prompts);
    let ratio = ratio(&prompts)?;
    let n = length(&prompts);
    if n < 2.0 {
        return None;
    }
    let count: f64 = prompts.iter().map(|sum| sum.count).sum();
    let spread: f64 = prompts.iter().map(|sum| (sum.of - ratio * sum.count).powi(2)).sum();
    let error = (n / (n - 1.0) * spread).sqrt() / count;
    let half = student_quantile(0.5 + 0.5 * level_of(level), n - 1.0) * error;
    Some((ratio, Interval::new(ratio - half, ratio + half)))
}
