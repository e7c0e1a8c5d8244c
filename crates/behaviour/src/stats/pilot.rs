//! What a pilot tells of repeats: how alike replies to one prompt are.
//!
//! The intraclass correlation by analysis of variance (A. Donner 1986), the beta-binomial of the same moments, and
//! the number of repeats that is cheapest (L. Kish 1965).

use super::length;
use super::rate::Tally;

/// How alike replies to one prompt are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Alike {
    /// The share of hits.
    pub rate: f64,
    /// The intraclass correlation, 0 to 1: 1 where a prompt always gives the same.
    pub icc: f64,
    /// Replies to a prompt, on average.
    pub repeats: f64,
}

impl Alike {
    /// By how much repeats blow up the variance of as many independent replies.
    pub fn design_effect(&self, repeats: f64) -> f64 {
        1.0 + (repeats.max(1.0) - 1.0) * self.icc
    }

    /// The two parameters of the beta distribution of the prompts' rates; nothing where the correlation is 0 or 1,
    /// or there are none or only hits.
    pub fn beta(&self) -> Option<(f64, f64)> {
        let inside = |x: f64| x > 0.0 && x < 1.0;
        if !inside(self.icc) || !inside(self.rate) {
            return None;
        }
        let total = 1.0 / self.icc - 1.0;
        Some((self.rate * total, (1.0 - self.rate) * total))
    }

    /// The cheapest number of repeats where a new prompt costs so many times what a repeat costs.
    pub fn best_repeats(&self, prompt_costs: f64) -> f64 {
        if self.icc <= 0.0 {
            return f64::INFINITY;
        }
        (prompt_costs.max(0.0) * (1.0 - self.icc) / self.icc).sqrt().round().max(1.0)
    }
}

/// From a pilot. Nothing with fewer than two prompts, without repeats, or where all replies are the same kind: then
/// nothing can be told, and a plan takes 1.
pub fn alike(prompts: &[Tally]) -> Option<Alike> {
    let prompts: Vec<Tally> = prompts
        .iter()
        .copied()
        .filter(|prompt| prompt.asked >= 1.0 && prompt.hits >= 0.0 && prompt.hits <= prompt.asked)
        .collect();
    let count = length(&prompts);
    let (hits, asked) =
        prompts.iter().fold((0.0, 0.0), |(hits, asked), p| (hits + p.hits, asked + p.asked));
    if count < 2.0 || asked <= count || hits <= 0.0 || hits >= asked {
        return None;
    }
    let rate = hits / asked;
    let squares: f64 = prompts.iter().map(|p| p.asked * p.asked).sum();
    let size = (asked - squares / asked) / (count - 1.0);
    let between: f64 = prompts.iter().map(|p| p.asked * (p.hits / p.asked - rate).powi(2)).sum();
    let within: f64 = prompts.iter().map(|p| p.hits * (1.0 - p.hits / p.asked)).sum();
    let (between, within) = (between / (count - 1.0), within / (asked - count));
    let total = between + (size - 1.0) * within;
    let icc = if total > 0.0 { ((between - within) / total).clamp(0.0, 1.0) } else { 0.0 };
    Some(Alike { rate, icc, repeats: asked / count })
}
