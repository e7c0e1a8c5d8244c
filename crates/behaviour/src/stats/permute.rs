//! Whether differences have a side: each is as likely to have the other sign where the two arms, or the two
//! models, are alike (R. Fisher 1935). All 2^n signs are tried up to sixteen differences; beyond them so many as
//! are asked for, with the one that was seen counted in, so that no p-value is 0 (B. Phipson, G. Smyth 2010).

use super::random::Random;
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
