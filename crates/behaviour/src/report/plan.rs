//! What a run would be able to tell, before anything is asked.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Question;
use super::data::rounded;
use super::probe::many;
use crate::case::Case;
use crate::stats::Measure;
use crate::stats::power::{Assumed, detects, fails, passes, prompts_for};

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
    /// The same in words.
    pub says: String,
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
            of(question, prompts, calls)
        })
        .collect();
    planned.sort_by(|one, other| one.probe.cmp(&other.probe));
    planned
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
