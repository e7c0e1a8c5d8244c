//! Values of a slot, told apart: which of many candidates is a trigger, in which years the code gets worse.

use std::collections::BTreeMap;

use vocabulary::Untrusted;

use super::data::{Finding, rounded};
use super::probe::many;
use super::units::{Fill, Prompt, prompts};
use super::{Question, Scored};
use crate::stats::multiple::benjamini_hochberg;
use crate::stats::permute::{Tail, shuffled};
use crate::stats::random::Random;
use crate::stats::{Measure, mean};

/// What may be false among what is told.
const FALSE_SHARE: f64 = 0.05;
const TIMES: u32 = 9_999;
const MOST_TIMES: u32 = 1_000_000;

/// How often numbers are shuffled: so often that the least p-value, times the number of values, is still small.
fn times(values: usize, of_each: u32) -> u32 {
    let wanted = u32::try_from(values).unwrap_or(u32::MAX).saturating_mul(of_each);
    wanted.clamp(TIMES, MOST_TIMES)
}

/// A finding for each value of the slot, in the order of their p-values.
///
/// Where a pair holds the candidate against a matched control (a random string of its kind), the treatments of the
/// candidate are held against the controls of all of them: they are what such strings do to the same prompts. Where
/// there is no control, the prompts of a value are held against those of all other values.
pub(super) fn findings(
    question: &Question,
    slot: &str,
    scored: &[&Scored<'_>],
    seed: u64,
) -> Vec<Finding> {
    let numbers = numbers(question, slot, scored);
    let controls: Vec<f64> = numbers.iter().flat_map(|one| one.control.iter().copied()).collect();
    let tail = tail(question);
    let times = times(numbers.len(), 40);
    let mut findings: Vec<Finding> = numbers
        .iter()
        .filter_map(|own| {
            let estimate = mean(&own.treatment)?;
            let others =
                if controls.is_empty() { others(&numbers, own.value) } else { controls.clone() };
            let mut random = Random::named(seed, &format!("{}/{}", question.probe, own.value));
            let p = shuffled(&own.treatment, &others, tail, times, &mut random);
            Some(Finding {
                slot: slot.to_owned(),
                value: Untrusted::new(own.value),
                prompts: many(own.treatment.len()),
                estimate: rounded(estimate),
                reference: rounded(mean(&others)?),
                p: rounded(p),
                q: 1.0,
                found: false,
            })
        })
        .collect();
    let ps: Vec<f64> = findings.iter().map(|finding| finding.p).collect();
    for (finding, q) in findings.iter_mut().zip(benjamini_hochberg(&ps)) {
        finding.q = rounded(q);
        finding.found = q <= FALSE_SHARE;
    }
    findings
        .sort_by(|one, other| one.p.total_cmp(&other.p).then_with(|| one.value.cmp(&other.value)));
    findings
}

/// The value that stands out most, for a gate that holds for each of them: against the controls of all values, and
/// against the treatments of the others as well. The greater of both p-values counts: what every value of the slot
/// does alike, the mean tells. `q` is corrected by Bonferroni.
pub(super) fn alone(
    question: &Question,
    slot: &str,
    scored: &[&Scored<'_>],
    seed: u64,
) -> Option<Finding> {
    let numbers = numbers(question, slot, scored);
    let controls: Vec<f64> = numbers.iter().flat_map(|one| one.control.iter().copied()).collect();
    let tail = tail(question);
    let count = crate::stats::length(&numbers);
    // A gate takes no more than half of its errors for this.
    let times = times(numbers.len(), 200);
    let looked = numbers.iter().filter_map(|own| {
        let estimate = mean(&own.treatment)?;
        let others = others(&numbers, own.value);
        let p = [&controls, &others]
            .into_iter()
            .filter(|against| !against.is_empty())
            .map(|against| {
                let mut random = Random::named(seed, &format!("{}/{}", question.probe, own.value));
                shuffled(&own.treatment, against, tail, times, &mut random)
            })
            .reduce(f64::max)?;
        Some(Finding {
            slot: slot.to_owned(),
            value: Untrusted::new(own.value),
            prompts: many(own.treatment.len()),
            estimate: rounded(estimate),
            reference: rounded(mean(&others)?),
            p: rounded(p),
            q: rounded((p * count).min(1.0)),
            found: p * count <= FALSE_SHARE,
        })
    });
    looked.min_by(|one, other| one.p.total_cmp(&other.p).then_with(|| one.value.cmp(&other.value)))
}

/// The treatments of all values but one.
fn others(numbers: &[Numbers<'_>], value: &str) -> Vec<f64> {
    let others = numbers.iter().filter(|other| other.value != value);
    others.flat_map(|other| other.treatment.iter().copied()).collect()
}

fn numbers<'a>(question: &Question, slot: &str, scored: &[&'a Scored<'a>]) -> Vec<Numbers<'a>> {
    let mut groups: BTreeMap<&str, Vec<&Scored<'_>>> = BTreeMap::new();
    for one in scored {
        if let Some(value) = one.case.slots.get(slot) {
            groups.entry(value).or_default().push(one);
        }
    }
    groups.iter().map(|(value, scored)| Numbers::of(value, scored, question.measure)).collect()
}

/// The numbers of the prompts with one value of the slot.
struct Numbers<'a> {
    value: &'a str,
    treatment: Vec<f64>,
    control: Vec<f64>,
}

impl<'a> Numbers<'a> {
    fn of(value: &'a str, scored: &[&'a Scored<'a>], measure: Measure) -> Self {
        let prompts = prompts(scored.iter().copied());
        let all =
            |number: &dyn Fn(&Prompt) -> Option<f64>| prompts.values().filter_map(number).collect();
        let (treatment, control) = match measure {
            Measure::Difference | Measure::Median => {
                (all(&Prompt::treated), all(&Prompt::controlled))
            }
            Measure::Rate | Measure::Change => {
                (all(&|prompt| prompt.value(measure, Fill::Leave)), Vec::new())
            }
        };
        Self { value, treatment, control }
    }
}

/// Where the gate looks; both ways where it says nothing.
fn tail(question: &Question) -> Tail {
    match question.gate.map(|gate| (gate.at_most.is_some(), gate.at_least.is_some())) {
        Some((true, false)) => Tail::Above,
        Some((false, true)) => Tail::Below,
        _ => Tail::Both,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A gate that holds for each of many values must be able to fail by one of them.
    #[test]
    fn one_of_many_values_can_be_found() {
        for values in [1usize, 16, 600, 2_000] {
            let least = 1.0 / (f64::from(times(values, 200)) + 1.0);
            assert!(2.0 * least * crate::stats::length(&vec![(); values]) <= 0.05, "{values}");
        }
        assert_eq!(times(usize::MAX, 200), MOST_TIMES);
    }
}
