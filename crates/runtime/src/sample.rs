//! Choosing tokens by logits, and numbers that depend on a seed alone.

use crate::decoder::sum_of_exponentials;
use crate::number::{id, index};

/// A generator of numbers: `SplitMix64` (Steele, Lea and Flood, 2014). The same seed gives the same
/// numbers on every machine; nothing here has to be unpredictable.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// The numbers of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 up to 1, which is not reached: a multiple of 2⁻⁵³.
    #[allow(clippy::cast_precision_loss, reason = "53 bits fit")]
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// How a token is chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct Sampling {
    /// Tokens that are made at most.
    pub max_tokens: usize,
    /// 0 takes the most probable token each time.
    pub temperature: f64,
    /// The share of the probability that is sampled from: the fewest of the most probable tokens that
    /// reach it. 1 is all.
    pub top_p: f64,
    /// The seed of the sampling.
    pub seed: u64,
    /// Texts that end a reply. They are not in it.
    pub stop: Vec<String>,
    /// How many of the most probable tokens are told for each token.
    pub top_logprobs: usize,
}

impl Default for Sampling {
    fn default() -> Self {
        Self {
            max_tokens: 256,
            temperature: 0.0,
            top_p: 1.0,
            seed: 0,
            stop: Vec::new(),
            top_logprobs: 0,
        }
    }
}

/// The natural logarithms of the probabilities of logits.
pub fn log_probabilities(logits: &[f32]) -> Vec<f64> {
    let all = Logits::new(logits);
    logits.iter().map(|logit| f64::from(*logit) - all.whole).collect()
}

/// The most probable tokens, the first of equal ones first.
pub fn top(logprobs: &[f64], count: usize) -> Vec<(u32, f64)> {
    best(logprobs.iter().copied(), count)
}

fn best(values: impl Iterator<Item = f64>, count: usize) -> Vec<(u32, f64)> {
    let mut best: Vec<(u32, f64)> = Vec::with_capacity(count.saturating_add(1));
    if count == 0 {
        return best;
    }
    for (token, value) in values.enumerate() {
        if best.len() == count && best.last().is_some_and(|(_, least)| *least >= value) {
            continue;
        }
        let at = best.partition_point(|(_, other)| *other >= value);
        best.insert(at, (id(token), value));
        best.truncate(count);
    }
    best
}

/// The logits of all tokens in one place.
pub(crate) struct Logits<'a> {
    each: &'a [f32],
    most: f32,
    /// The logarithm of the sum of their exponentials, which makes them probabilities.
    whole: f64,
}

impl<'a> Logits<'a> {
    pub(crate) fn new(logits: &'a [f32]) -> Self {
        let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let whole = f64::from(most) + sum_of_exponentials(logits, most).ln();
        Self { each: logits, most, whole }
    }

    /// Whether they are numbers, all of them.
    pub(crate) fn are_numbers(&self) -> bool {
        !self.whole.is_nan()
    }

    /// The natural logarithm of the probability of a token, where there is one.
    pub(crate) fn logprob(&self, token: u32) -> Option<f64> {
        self.each.get(index(token)).map(|logit| f64::from(*logit) - self.whole)
    }

    /// The most probable tokens with theirs.
    pub(crate) fn top(&self, count: usize) -> Vec<(u32, f64)> {
        let logprobs = self.each.iter().map(|logit| f64::from(*logit) - self.whole);
        best(logprobs, count)
    }
}

/// Chooses a token; none where the logits are no numbers.
pub(crate) fn choose(all: &Logits<'_>, sampling: &Sampling, rng: &mut Rng) -> Option<u32> {
    if !all.are_numbers() {
        return None;
    }
    if sampling.temperature <= 0.0 {
        let first = all.each.iter().position(|logit| *logit >= all.most);
        return first.map(id);
    }
    let weight = |logit: f32| (f64::from(logit - all.most) / sampling.temperature).exp();
    let mut weights: Vec<(usize, f64)> =
        all.each.iter().map(|logit| weight(*logit)).enumerate().collect();
    let mut sum: f64 = weights.iter().map(|(_, weight)| weight).sum();
    if sampling.top_p < 1.0 {
        weights.sort_by(|(a, x), (b, y)| y.total_cmp(x).then(a.cmp(b)));
        let enough = sampling.top_p.max(0.0) * sum;
        let mut reached = 0.0;
        let mut kept = 0usize;
        for (_, weight) in &weights {
            reached += weight;
            kept = kept.saturating_add(1);
            if reached >= enough {
                break;
            }
        }
        weights.truncate(kept.max(1));
        sum = reached;
    }
    let mut left = rng.unit() * sum;
    for (token, weight) in &weights {
        left -= weight;
        if left < 0.0 {
            return Some(id(*token));
        }
    }
    // Rounding alone leads here.
    weights.iter().rev().find(|(_, weight)| *weight > 0.0).map(|(token, _)| id(*token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_the_published_one() {
        // The first outputs for the seed 1234567, as in the reference implementation.
        let mut rng = Rng::new(1_234_567);
        let expected = [6_457_827_717_110_365_317, 3_203_168_211_198_807_973];
        assert_eq!(expected.map(|_| rng.next_u64()), expected);
    }

    #[test]
    fn the_most_probable_come_first() {
        let logprobs = [-3.0, -1.0, -2.0, -1.0, f64::NEG_INFINITY];
        assert_eq!(top(&logprobs, 3), [(1, -1.0), (3, -1.0), (2, -2.0)]);
        assert_eq!(top(&logprobs, 0), []);
        assert_eq!(top(&logprobs, 9).len(), 5);
    }

    #[test]
    fn probabilities_are_those_of_exponentials() {
        let mut rng = Rng::new(3);
        let logits: Vec<f32> =
            (0..50_000).map(|_| crate::number::single((rng.unit() - 0.5) * 60.0)).collect();
        let sum: f64 = logits.iter().map(|logit| f64::from(*logit).exp()).sum();
        for (logprob, logit) in log_probabilities(&logits).iter().zip(&logits).step_by(999) {
            assert!((logprob - (f64::from(*logit) - sum.ln())).abs() < 1e-6, "{logprob}");
        }
    }

    #[test]
    fn samples_follow_the_probabilities() {
        let logits = [1.0, 2.0, 0.0, -50.0];
        let logits = Logits::new(&logits);
        let mut sampling = Sampling { temperature: 0.5, ..Sampling::default() };
        let draw = |sampling: &Sampling| {
            let mut rng = Rng::new(7);
            let mut counts = [0u32; 4];
            for _ in 0..20_000 {
                counts[choose(&logits, sampling, &mut rng).unwrap() as usize] += 1;
            }
            counts
        };
        let counts = draw(&sampling);
        // At half the temperature the odds are squared: e², e⁴, 1.
        let sum = 2f64.exp() + 4f64.exp() + 1.0;
        for (count, expected) in counts.iter().zip([2f64.exp(), 4f64.exp(), 1.0, 0.0]) {
            let difference = f64::from(*count) / 20_000.0 - expected / sum;
            assert!(difference.abs() < 0.012, "{counts:?}");
        }
        sampling.top_p = 0.5;
        assert_eq!(draw(&sampling), [0, 20_000, 0, 0]);
        sampling.temperature = 0.0;
        assert_eq!(draw(&sampling), [0, 20_000, 0, 0]);
        for none in [[f32::NAN, 0.0], [f32::INFINITY, 0.0], [f32::NEG_INFINITY; 2]] {
            assert_eq!(choose(&Logits::new(&none), &sampling, &mut Rng::new(0)), None);
        }
    }
}
