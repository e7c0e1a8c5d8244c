//! The method that fits the numbers.

use super::units::{Fill, Prompt};
use crate::stats::bounded::Bounded;
use crate::stats::gate::Sides;
use crate::stats::paired::Table;
use crate::stats::rank::Ranked;
use crate::stats::rate::{Worth, clustered};
use crate::stats::{Interval, Measure};

/// The numbers of the prompts, in the form of the method that they allow.
#[derive(Debug, Clone)]
pub(super) enum Evidence {
    /// Hits among replies.
    Rate(Worth, bool),
    /// Pairs of yes and no.
    Pairs(Table),
    /// Numbers between two ends.
    Bounded(Bounded),
    /// Numbers without ends.
    Ranked(Ranked),
}

/// How the method is chosen. It is the same for the numbers as they are and for those with the missing ones filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Rate,
    Pairs,
    Bounded,
    Ranked,
}

impl Method {
    /// The method for the prompts of a probe; `any_time` wants one that holds whenever the run stopped.
    pub(super) fn of(measure: Measure, prompts: &[&Prompt], any_time: bool) -> Self {
        match measure {
            Measure::Median => Self::Ranked,
            _ if any_time => Self::Bounded,
            Measure::Rate | Measure::Change => {
                let plain =
                    prompts.iter().all(|prompt| prompt.tally(measure, Fill::High).is_some());
                if plain { Self::Rate } else { Self::Bounded }
            }
            Measure::Difference => {
                let plain = prompts.iter().all(|prompt| prompt.pair(Fill::High).is_some());
                if plain { Self::Pairs } else { Self::Bounded }
            }
        }
    }
}

impl Evidence {
    pub(super) fn new(
        method: Method,
        measure: Measure,
        prompts: &[&Prompt],
        fill: Fill,
        level: f64,
    ) -> Self {
        let values =
            || prompts.iter().filter_map(|prompt| prompt.value(measure, fill)).collect::<Vec<_>>();
        match method {
            Method::Rate => {
                let tallies: Vec<_> =
                    prompts.iter().filter_map(|prompt| prompt.tally(measure, fill)).collect();
                let repeated = prompts.iter().any(|prompt| prompt.repeated());
                Self::Rate(clustered(&tallies, level), repeated)
            }
            Method::Pairs => {
                Self::Pairs(Table::of(prompts.iter().filter_map(|prompt| prompt.pair(fill))))
            }
            Method::Bounded => {
                let (low, high) = measure.range();
                Self::Bounded(Bounded::new(&values(), low, high))
            }
            Method::Ranked => Self::Ranked(Ranked::new(&values())),
        }
    }

    pub(super) fn value(&self) -> Option<f64> {
        match self {
            Self::Rate(worth, _) => worth.rate(),
            Self::Pairs(table) => table.difference(),
            Self::Bounded(data) => data.mean(),
            Self::Ranked(data) => data.median(),
        }
    }

    pub(super) fn interval(&self, level: f64) -> Interval {
        match self {
            Self::Rate(worth, _) => worth.interval(level),
            Self::Pairs(table) => table.tango(level),
            Self::Bounded(data) => data.interval(level),
            Self::Ranked(data) => data.interval(level),
        }
    }

    pub(super) fn sides(&self, value: f64) -> Sides {
        match self {
            Self::Rate(worth, _) => worth.sides(value),
            Self::Pairs(table) => table.sides(value),
            Self::Bounded(data) => data.sides(value),
            Self::Ranked(data) => data.sides(value),
        }
    }

    pub(super) const fn method(&self) -> &'static str {
        match self {
            Self::Rate(_, false) => "clopper-pearson",
            Self::Rate(_, true) => "korn-graubard",
            Self::Pairs(_) => "tango, corrected for continuity",
            Self::Bounded(_) => "betting",
            Self::Ranked(_) => "order statistics",
        }
    }
}
