//! Whether differences have a side: each is as likely to have the other sign where the two arms, or the two
//! models, are alike (R. Fisher 1935). All 2^n signs are tried up to sixteen differences; beyond them so many as
//! are asked for, with the one that was seen counted in, so that no p-value is 0 (B. Phipson, G. Smyth 2010).

use super::random::Random;
use super::special::ln_choose;
use super::{finite, length, real};

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tail {
    /// A mean above 0.
    Above,
    /// A mean below 0.
    Below,
    /// Either.
    Both,
}

/// The p-value of differences, one a prompt. 1 without any, or where all are 0.
pub fn sign_flip(differences: &[f64], tail: Tail, times: u32, random: &mut Random) -> f64 {
    let (mut values, _) = finite(differences);
    values.retain(|value| *value != 0.0);
    if values.is_empty() {
        return 1.0;
    }
    if tail == Tail::Below {
        for value in &mut values {
            *value = -*value;
        }
    }
    let size = |sum: f64| if tail == Tail::Both { sum.abs() } else { sum };
    let seen = size(values.iter().sum());
    // Sums of the same numbers in another order may differ in the last bits.
    let slack = 1e-12 * values.iter().map(|value| value.abs()).sum::<f64>();
    if values.len() <= 16 {
        let all = 1_u64 << values.len();
        let reached = (0..all)
            .filter(|signs| {
                let sum: f64 = values
                    .iter()
                    .enumerate()
                    .map(|(at, value)| if signs >> at & 1 == 1 { -*value } else { *value })
                    .sum();
                size(sum) >= seen - slack
            })
            .count();
        return length(&vec![(); reached]) / real(all);
    }
    let times = times.max(99);
    let mut reached = 1.0;
    for _ in 0..times {
        let (mut bits, mut left) = (0_u64, 0_u32);
        let mut sum = 0.0;
        for value in &values {
            if left == 0 {
                (bits, left) = (random.next(), 64);
            }
            sum += if bits & 1 == 1 { -*value } else { *value };
            bits >>= 1;
            left = left.saturating_sub(1);
        }
        if size(sum) >= seen - slack {
            reached += 1.0;
        }
    }
    reached / (f64::from(times) + 1.0)
}

/// The p-value of the mean of `own` being off that of `others`, by dealing all numbers out anew: exactly (Fisher's
/// test) where each is 0 or 1, and so many times where not. 1 where either is empty.
pub fn shuffled(own: &[f64], others: &[f64], tail: Tail, times: u32, random: &mut Random) -> f64 {
    let ((own, _), (others, _)) = (finite(own), finite(others));
    if own.is_empty() || others.is_empty() {
        return 1.0;
    }
    let mut pool: Vec<f64> = own.iter().chain(&others).copied().collect();
    #[allow(clippy::float_cmp, reason = "detectors give exactly 0 or 1")]
    if pool.iter().all(|value| *value == 0.0 || *value == 1.0) {
        return fisher(own.iter().sum(), length(&own), pool.iter().sum(), length(&pool), tail);
    }
    let expected = pool.iter().sum::<f64>() / length(&pool) * length(&own);
    // The sum of `own` tells all, for the sum of everything stays the same.
    let size = |sum: f64| match tail {
        Tail::Above => sum - expected,
        Tail::Below => expected - sum,
        Tail::Both => (sum - expected).abs(),
    };
    let seen = size(own.iter().sum());
    let slack = 1e-12 * pool.iter().map(|value| value.abs()).sum::<f64>();
    let times = times.max(99);
    let mut reached = 1.0;
    for _ in 0..times {
        let mut sum = 0.0;
        for at in 0..own.len() {
            let left = pool.len().saturating_sub(at);
            let drawn = at.saturating_add(random.below(left));
            pool.swap(at, drawn);
            sum += pool.get(at).copied().unwrap_or(0.0);
        }
        if size(sum) >= seen - slack {
            reached += 1.0;
        }
    }
    reached / (f64::from(times) + 1.0)
}

/// Fisher's exact test: `hits` among `own`, where all have `all_hits` among `all`. Twice the smaller side for both.
fn fisher(hits: f64, own: f64, all_hits: f64, all: f64, tail: Tail) -> f64 {
    let ways = ln_choose(all, own);
    let at = |k: f64| (ln_choose(all_hits, k) + ln_choose(all - all_hits, own - k) - ways).exp();
    let (least, most) = ((own + all_hits - all).max(0.0), own.min(all_hits));
    let sum = |from: f64, to: f64| {
        let (mut k, mut sum) = (from, 0.0);
        while k <= to {
            sum += at(k);
            k += 1.0;
        }
        f64::min(sum, 1.0)
    };
    match tail {
        Tail::Above => sum(hits, most),
        Tail::Below => sum(least, hits),
        Tail::Both => (2.0 * f64::min(sum(hits, most), sum(least, hits))).min(1.0),
    }
}
