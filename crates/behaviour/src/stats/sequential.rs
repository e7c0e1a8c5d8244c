//! Looking again and again: e-processes, which may be looked at after every prompt and stopped at will.
//!
//! Fair bets that are settled prompt by prompt (see [`super::bounded`]); the capital is the evidence. A level is
//! broken with a probability of at most α over all time (J. Ville 1939; V. Vovk, R. Wang 2021).

use super::Judgement;
use super::bounded::log_mean;
use super::gate::{Gate, Measure};

const BETS: u32 = 24;

/// A bet against "the mean lies on this side of the bound", kept up as numbers come in.
#[derive(Debug, Clone)]
pub struct Bet {
    low: f64,
    high: f64,
    bound: f64,
    against_most: bool,
    logs: Vec<f64>,
    best: f64,
    seen: u64,
}

impl Bet {
    /// Against "the mean is at most `bound`": grows where it is more. Numbers lie in `low` to `high`.
    pub fn above(bound: f64, low: f64, high: f64) -> Self {
        Self::new(bound, low, high, true)
    }

    /// Against "the mean is at least `bound`": grows where it is less.
    pub fn below(bound: f64, low: f64, high: f64) -> Self {
        Self::new(bound, low, high, false)
    }

    fn new(bound: f64, low: f64, high: f64, against_most: bool) -> Self {
        let logs = (0..BETS).map(|_| 0.0).collect();
        Self { low, high, bound, against_most, logs, best: 0.0, seen: 0 }
    }

    /// Settles the bets on one prompt's number. What is no number is passed over.
    pub fn push(&mut self, value: f64) {
        if !value.is_finite() {
            return;
        }
        let value = value.clamp(self.low, self.high);
        let (room, off) = if self.against_most {
            (self.bound - self.low, value - self.bound)
        } else {
            (self.high - self.bound, self.bound - value)
        };
        let mut at = 0.5;
        for log in &mut self.logs {
            let share: f64 = at / f64::from(BETS);
            let stake = share * share * (3.0 - 2.0 * share);
            *log += if room > 0.0 {
                (stake * off / room).ln_1p()
            } else if off > 0.0 {
                f64::INFINITY
            } else {
                0.0
            };
            at += 1.0;
        }
        self.seen = self.seen.saturating_add(1);
        self.best = self.best.max(log_mean(&self.logs));
    }

    /// The capital now, of a stake of 1: the e-value.
    pub fn capital(&self) -> f64 {
        log_mean(&self.logs).exp()
    }

    /// A p-value that holds at all times: one over the most that the capital ever was.
    pub fn p(&self) -> f64 {
        (-self.best).exp().min(1.0)
    }

    /// How many numbers came in.
    pub const fn seen(&self) -> u64 {
        self.seen
    }
}

/// A gate that may be asked after every prompt.
#[derive(Debug, Clone)]
pub struct Sequential {
    alpha: f64,
    /// For each bound: evidence that it is kept, and that it is broken.
    bets: Vec<(Bet, Bet)>,
}

impl Sequential {
    /// Nothing where the numbers of the measure have no bounds, and nothing can be bet on them.
    pub fn new(measure: Measure, gate: &Gate) -> Option<Self> {
        let (low, high) = measure.range();
        if !low.is_finite() {
            return None;
        }
        let most =
            gate.at_most.map(|most| (Bet::below(most, low, high), Bet::above(most, low, high)));
        let least =
            gate.at_least.map(|least| (Bet::above(least, low, high), Bet::below(least, low, high)));
        Some(Self { alpha: gate.alpha(), bets: most.into_iter().chain(least).collect() })
    }

    /// A further prompt's number.
    pub fn push(&mut self, value: f64) {
        for (keeps, breaks) in &mut self.bets {
            keeps.push(value);
            breaks.push(value);
        }
    }

    /// What it says by now. Whoever stops at the first pass or fail errs no more often than the gate permits.
    pub fn judgement(&self) -> Judgement {
        if !self.bets.is_empty() && self.bets.iter().all(|(keeps, _)| keeps.p() <= self.alpha) {
            Judgement::Pass
        } else if self.bets.iter().any(|(_, breaks)| breaks.p() <= self.alpha) {
            Judgement::Fail
        } else {
            Judgement::Inconclusive
        }
    }
}
