//! What a run would be able to tell, before anything is asked.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Question;
use super::data::rounded;
use super::probe::many;
use crate::case::Case;
use crate::stats::permute::{Tail, shuffled};
use crate::stats::power::{Assumed, detects, fails, passes, prompts_for};
use crate::stats::random::Random;
use crate::stats::{Measure, length};

/// What a probe would be able to tell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Planned {
    /// `pack/probe`.
    pub probe: String,
    /// Prompts.
    pub prompts: u64,
    /// Calls.
    pub calls: u64,
    /// What a model that is as it should be would have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<f64>,
    /// How often such a model passes, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passes: Option<f64>,
    /// A value that must not go unnoticed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<f64>,
    /// How often the gate fails then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noticed: Option<f64>,
    /// The worst value that still passes four times out of five.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tells: Option<f64>,
    /// Prompts that a model as it should be needs to pass four times out of five.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needs: Option<u64>,
    /// Of how many prompts with one value of the slot so many must show it, for that value alone to fail the gate;
    /// where the others show nothing, and the gate holds for each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alone: Option<Alone>,
    /// The same in words.
    pub says: String,
}

/// What one value of many needs to be noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Alone {
    /// Values of the slot.
    pub values: u64,
    /// Prompts of each.
    pub prompts: u64,
    /// Those of them that must show it; nothing where all of them are too few.
    pub needs: Option<u64>,
}

/// How often a good model is to pass.
const POWER: f64 = 0.8;
/// Beyond so many prompts nobody asks.
const MOST: u64 = 20_000;

/// What cases would be able to tell. Repeats of a prompt are taken to be all alike, which asks for no fewer prompts
/// than they need: how alike they are only a pilot tells.
pub fn plan(questions: &[Question], cases: &[Case]) -> Vec<Planned> {
    let mut sizes: BTreeMap<&str, (BTreeSet<&str>, u64)> = BTreeMap::new();
    for case in cases {
        let (prompts, calls) = sizes.entry(&case.probe).or_default();
        prompts.insert(&case.cluster);
        *calls = calls.saturating_add(1);
    }
    let mut planned: Vec<Planned> = questions
        .iter()
        .map(|question| {
            let (prompts, calls) = sizes
                .get(question.probe.as_str())
                .map_or((0, 0), |(prompts, calls)| (many(prompts.len()), *calls));
            let mut planned = of(question, prompts, calls);
            alone(question, cases, &mut planned);
            planned
        })
        .collect();
    planned.sort_by(|one, other| one.probe.cmp(&other.probe));
    planned
}

/// By Fisher's exact test, as the gate does it: against the treatments of the other values.
fn alone(question: &Question, cases: &[Case], planned: &mut Planned) {
    let Some((slot, gate)) = question.by.as_ref().filter(|_| question.each).zip(question.gate)
    else {
        return;
    };
    let mut values: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for case in cases.iter().filter(|case| case.probe == question.probe) {
        if let Some(value) = case.slots.get(slot) {
            values.entry(value).or_default().insert(&case.cluster);
        }
    }
    let sizes: Vec<usize> = values.values().map(BTreeSet::len).collect();
    let Some(prompts) = sizes.iter().copied().min() else { return };
    let all = sizes.iter().copied().fold(0, usize::saturating_add);
    let others = vec![0.0; all.saturating_sub(prompts)];
    let times = 2.0 * length(&sizes);
    let needs = (1..=prompts).find(|hits| {
        let own: Vec<f64> = (0..prompts).map(|at| f64::from(u8::from(at < *hits))).collect();
        let mut random = Random::new(0);
        shuffled(&own, &others, Tail::Above, 99, &mut random) * times <= gate.alpha()
    });
    let found =
        Alone { values: many(values.len()), prompts: many(prompts), needs: needs.map(many) };
    planned.says.push_str(&match needs {
        Some(needs) => format!(
            "; one of {} values alone fails it where {needs} of its {prompts} prompts show it",
            values.len()
        ),
        None => format!("; {prompts} prompts are too few for one of {} values alone", values.len()),
    });
    planned.alone = Some(found);
}

fn of(question: &Question, prompts: u64, calls: u64) -> Planned {
    let mut planned = Planned {
        probe: question.probe.clone(),
        prompts,
        calls,
        expected: None,
        passes: None,
        when: None,
        noticed: None,
        tells: None,
        needs: None,
        alone: None,
        says: String::new(),
    };
    let Some(gate) = question.gate else {
        planned.says = format!("{prompts} prompts, no gate");
        return planned;
    };
    let measure = question.measure;
    // Of a median the power is told in shares of prompts beyond the bound: a tenth for a good model.
    let good = match measure {
        Measure::Median => Some(if gate.at_most.is_some() { 0.1 } else { 0.9 }),
        Measure::Difference => Some(gate.expected.unwrap_or(0.0)),
        Measure::Rate | Measure::Change => {
            Some(gate.expected.unwrap_or(if gate.at_most.is_some() {
                gate.at_least.unwrap_or(0.0)
            } else {
                1.0
            }))
        }
    };
    let assumed = Assumed::value(good.unwrap_or(0.0));
    let often = passes(measure, &gate, &assumed, prompts);
    let needs = prompts_for(measure, &gate, &assumed, POWER, MOST);
    let tells = detects(measure, &gate, &assumed, POWER, prompts);
    planned.expected = good.map(rounded);
    planned.passes = Some(rounded(often));
    planned.needs = needs;
    planned.tells = tells.map(rounded);
    let mut says = format!(
        "{prompts} prompts: a model at {} passes {:.0} % of the time",
        good.unwrap_or(0.0),
        100.0 * often
    );
    if let Some(power) = question.power.filter(|_| measure != Measure::Median) {
        let differing = power.when.abs().max(assumed.differing);
        let noticed =
            fails(measure, &gate, &Assumed { differing, ..Assumed::value(power.when) }, prompts);
        planned.when = Some(power.when);
        planned.noticed = Some(rounded(noticed));
        says.push_str(&format!(", and one at {} fails {:.0} %", power.when, 100.0 * noticed));
    }
    match needs {
        Some(needs) if often < POWER => {
            says.push_str(&format!("; needs {needs} prompts to pass 80 %"));
        }
        None => says.push_str("; no number of prompts is enough, for the gate is too near"),
        Some(_) => {}
    }
    planned.says = says;
    planned
}
