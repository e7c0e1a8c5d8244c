//! From scores to a number a prompt.

use std::collections::BTreeMap;

use super::{Came, Scored};
use crate::stats::Measure;
use crate::stats::rate::Tally;

/// What a reply that is missing is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fill {
    /// It is left out.
    Leave,
    /// Whatever makes the measure smallest.
    Low,
    /// Whatever makes it greatest.
    High,
}

/// The scores of a prompt, a repeat each.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Prompt {
    pub(super) control: BTreeMap<u32, Option<f64>>,
    pub(super) treatment: BTreeMap<u32, Option<f64>>,
}

/// The prompts of a probe by their cluster. What was never begun for want of budget, or because the probe was
/// decided, is not among them.
pub(super) fn prompts<'a>(
    scored: impl IntoIterator<Item = &'a Scored<'a>>,
) -> BTreeMap<&'a str, Prompt> {
    let mut prompts: BTreeMap<&str, Prompt> = BTreeMap::new();
    for one in scored {
        let score = match &one.came {
            Came::Score(score) => score.filter(|value| value.is_finite()),
            Came::Failed(_) => None,
            Came::Spent | Came::Decided => continue,
        };
        let prompt = prompts.entry(&one.case.cluster).or_default();
        let arm = if one.is_control() { &mut prompt.control } else { &mut prompt.treatment };
        arm.insert(one.case.repeat, score);
    }
    prompts
}

/// Whether a score is a plain yes or no.
#[allow(clippy::float_cmp, reason = "detectors give exactly 0 or 1")]
fn plain(score: f64) -> bool {
    score == 0.0 || score == 1.0
}

fn fires(score: f64) -> bool {
    score >= 0.5
}

impl Prompt {
    /// The scores of an arm, with the missing ones filled.
    fn arm(scores: &BTreeMap<u32, Option<f64>>, filler: Option<f64>) -> Vec<f64> {
        scores.values().filter_map(|score| score.or(filler)).collect()
    }

    /// The mean of the repeats; nothing where none is left.
    pub(super) fn value(&self, measure: Measure, fill: Fill) -> Option<f64> {
        let mean = |values: Vec<f64>| crate::stats::mean(&values);
        match measure {
            Measure::Rate => mean(Self::arm(&self.treatment, unit(fill))),
            Measure::Change => mean(self.changes(fill)),
            Measure::Difference => {
                let treatment = mean(Self::arm(&self.treatment, unit(fill)))?;
                Some(treatment - mean(Self::arm(&self.control, unit(opposite(fill))))?)
            }
            Measure::Median => self.unbounded(fill),
        }
    }

    /// The mean of the treatment alone.
    pub(super) fn treated(&self) -> Option<f64> {
        crate::stats::mean(&Self::arm(&self.treatment, None))
    }

    /// The mean of the control alone.
    pub(super) fn controlled(&self) -> Option<f64> {
        crate::stats::mean(&Self::arm(&self.control, None))
    }

    /// Of a number without bounds a missing reply leaves nothing.
    fn unbounded(&self, fill: Fill) -> Option<f64> {
        let missing = self.control.values().chain(self.treatment.values()).any(Option::is_none);
        match fill {
            Fill::Low if missing => return Some(f64::NEG_INFINITY),
            Fill::High if missing => return Some(f64::INFINITY),
            Fill::Leave | Fill::Low | Fill::High => {}
        }
        let treatment = self.treated()?;
        if self.control.is_empty() { Some(treatment) } else { Some(treatment - self.controlled()?) }
    }

    /// Whether each pair of repeats changes sides, as 0 or 1.
    fn changes(&self, fill: Fill) -> Vec<f64> {
        let pairs = self.treatment.iter().filter_map(|(repeat, treatment)| {
            let control = self.control.get(repeat)?;
            match (treatment, control) {
                (Some(treatment), Some(control)) => {
                    Some(f64::from(u8::from(fires(*treatment) != fires(*control))))
                }
                _ => unit(fill),
            }
        });
        pairs.collect()
    }

    /// Hits and replies, where every score is 0 or 1.
    pub(super) fn tally(&self, measure: Measure, fill: Fill) -> Option<Tally> {
        let scores = match measure {
            Measure::Rate => Self::arm(&self.treatment, unit(fill)),
            Measure::Change => self.changes(fill),
            Measure::Difference | Measure::Median => return None,
        };
        let all = scores.iter().copied().all(plain);
        all.then(|| Tally { hits: scores.iter().sum(), asked: crate::stats::length(&scores) })
    }

    /// The pair of yes and no, where each arm was asked once and scored 0 or 1.
    pub(super) fn pair(&self, fill: Fill) -> Option<(bool, bool)> {
        let only = |scores: &BTreeMap<u32, Option<f64>>, filler| {
            let values = Self::arm(scores, filler);
            match values.as_slice() {
                [one] if scores.len() == 1 && plain(*one) => Some(fires(*one)),
                _ => None,
            }
        };
        Some((only(&self.treatment, unit(fill))?, only(&self.control, unit(opposite(fill)))?))
    }

    /// Whether it was asked more than once.
    pub(super) fn repeated(&self) -> bool {
        self.control.len().max(self.treatment.len()) > 1
    }
}

const fn unit(fill: Fill) -> Option<f64> {
    match fill {
        Fill::Leave => None,
        Fill::Low => Some(0.0),
        Fill::High => Some(1.0),
    }
}

const fn opposite(fill: Fill) -> Fill {
    match fill {
        Fill::Leave => Fill::Leave,
        Fill::Low => Fill::High,
        Fill::High => Fill::Low,
    }
}
