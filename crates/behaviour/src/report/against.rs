//! An altered copy against its original, on the same prompts.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::data::{TargetReport, rounded, tidy};
use super::evidence::{Evidence, Method};
use super::probe::Weighed;
use super::run::together;
use super::units::{Fill, Prompt, prompts};
use super::{Question, Scored};
use crate::stats::gate::Gate;
use crate::stats::multiple::holm;
use crate::stats::paired::Table;
use crate::stats::permute::{Tail, sign_flip};
use crate::stats::random::Random;
use crate::stats::{Estimate, Judgement, Measure};

/// What the copy is held to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Against {
    /// The original.
    pub original: TargetReport,
    /// By how much the copy may be worse, in shares of prompts.
    pub margin: f64,
    /// All probes together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judgement: Option<Judgement>,
    /// Each probe that both were asked.
    pub probes: Vec<Paired>,
}

/// A probe, asked of both.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Paired {
    /// `pack/probe`.
    pub probe: String,
    /// The copy less the original, prompt by prompt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub difference: Option<Estimate>,
    /// What is no worse: at most, or at least, so much.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<Gate>,
    /// Pass: no worse than the margin. Fail: worse. Nothing of a probe whose gate names no better side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judgement: Option<Judgement>,
    /// Prompts on which only the copy is a hit, and only the original, where each is a hit or none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<(u64, u64)>,
    /// The exact p-value of McNemar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mcnemar: Option<f64>,
    /// The p-value of signs flipped at random, of whatever numbers.
    pub permutation: f64,
}

/// Compares the same questions put to a copy and to its original. The copy must be shown to be worse by no more than
/// the margin: "no difference was found" is not enough.
///
/// A prompt that either of them has no reply to counts as the worst that it could be.
pub fn against(
    original: TargetReport,
    margin: f64,
    questions: &[Question],
    copy: &[Scored<'_>],
    of: &[Scored<'_>],
    seed: u64,
) -> Against {
    // One that compares with an original has said already what it found.
    let mut asked: Vec<&Question> =
        questions.iter().filter(|question| !question.wants_original).collect();
    asked.sort_by(|one, other| one.probe.cmp(&other.probe));
    let mut probes: Vec<(Paired, Option<f64>, f64)> =
        asked.iter().map(|question| pair(question, margin, copy, of, seed)).collect();
    let breaks: Vec<f64> = probes.iter().filter_map(|(_, breaks, _)| *breaks).collect();
    let mut corrected = holm(&breaks).into_iter();
    for (paired, breaks, alpha) in &mut probes {
        if breaks.is_some()
            && corrected.next().unwrap_or(1.0) > *alpha
            && paired.judgement == Some(Judgement::Fail)
        {
            paired.judgement = Some(Judgement::Inconclusive);
        }
    }
    let probes: Vec<Paired> = probes.into_iter().map(|(paired, ..)| paired).collect();
    let judgement = together(probes.iter().filter_map(|paired| paired.judgement));
    Against { original, margin, judgement, probes }
}

fn of_probe<'a>(probe: &str, scored: &'a [Scored<'a>]) -> BTreeMap<&'a str, Prompt> {
    prompts(scored.iter().filter(|one| one.case.probe == probe))
}

/// The number of each prompt of both, put side by side as the two arms of one.
fn side_by_side<'a>(
    measure: Measure,
    copy: &BTreeMap<&'a str, Prompt>,
    of: &BTreeMap<&'a str, Prompt>,
) -> BTreeMap<&'a str, Prompt> {
    let clusters: BTreeSet<&str> = copy.keys().chain(of.keys()).copied().collect();
    let value = |prompts: &BTreeMap<&str, Prompt>, cluster: &str| {
        let prompt = prompts.get(cluster)?;
        // Half of a prompt's replies are not its number.
        let whole = prompt.control.values().chain(prompt.treatment.values()).all(Option::is_some);
        if whole { prompt.value(measure, Fill::Leave) } else { None }
    };
    clusters
        .into_iter()
        .map(|cluster| {
            let prompt = Prompt {
                treatment: BTreeMap::from([(0, value(copy, cluster))]),
                control: BTreeMap::from([(0, value(of, cluster))]),
            };
            (cluster, prompt)
        })
        .collect()
}

fn pair(
    question: &Question,
    margin: f64,
    copy: &[Scored<'_>],
    of: &[Scored<'_>],
    seed: u64,
) -> (Paired, Option<f64>, f64) {
    let (copy, of) = (of_probe(&question.probe, copy), of_probe(&question.probe, of));
    let both = side_by_side(question.measure, &copy, &of);
    let gate = question.gate.and_then(|gate| margin_gate(&gate, margin));
    let level = gate.map_or(0.9, |gate| gate.level());
    // Differences of rates lie in -1 to 1; those of differences in -2 to 2, and have no method of their own: halved.
    let measure =
        if question.measure == Measure::Median { Measure::Median } else { Measure::Difference };
    let wide = question.measure == Measure::Difference;
    let both = if wide { halved(both) } else { both };
    let scale = if wide { 2.0 } else { 1.0 };
    let weighed = Weighed::new(measure, &both, false, level);
    let judged = gate.map(|gate| gate.judge(|bound| weighed.sides(bound / scale)));
    let differences: Vec<f64> =
        both.values().filter_map(|prompt| prompt.value(measure, Fill::Leave)).collect();
    let mut random = Random::named(seed, &question.probe);
    let tail = match gate {
        Some(gate) if gate.at_most.is_some() => Tail::Above,
        Some(_) => Tail::Below,
        None => Tail::Both,
    };
    let list: Vec<&Prompt> = both.values().collect();
    let table = (Method::of(measure, &list, false) == Method::Pairs).then(|| {
        match Evidence::new(Method::Pairs, measure, &list, Fill::Leave, level) {
            Evidence::Pairs(table) => table,
            Evidence::Rate(..) | Evidence::Bounded(_) | Evidence::Ranked(_) => Table::default(),
        }
    });
    let estimate = weighed.estimate.and_then(|estimate| {
        tidy(Estimate {
            value: estimate.value * scale,
            low: estimate.low * scale,
            high: estimate.high * scale,
            ..estimate
        })
    });
    let paired = Paired {
        probe: question.probe.clone(),
        difference: estimate,
        gate,
        judgement: judged.map(|judged| judged.judgement),
        only: table.map(|table| (table.first, table.second)),
        mcnemar: table.map(|table| rounded(table.mcnemar().exact)),
        permutation: rounded(sign_flip(&differences, tail, 9_999, &mut random)),
    };
    (paired, judged.map(|judged| judged.breaks), gate.map_or(0.05, |gate| gate.alpha()))
}

/// What is worse, by the gate of the probe itself: more, where it has an upper bound alone; less, where it has a
/// lower one alone; both, where both.
fn margin_gate(gate: &Gate, margin: f64) -> Option<Gate> {
    let margin = margin.abs();
    let at_most = gate.at_most.map(|_| margin);
    let at_least = gate.at_least.map(|_| -margin);
    (margin.is_finite() && (at_most.is_some() || at_least.is_some())).then_some(Gate {
        at_most,
        at_least,
        confidence: gate.confidence,
        expected: Some(0.0),
    })
}

fn halved(prompts: BTreeMap<&str, Prompt>) -> BTreeMap<&str, Prompt> {
    // From -1 to 1 onto 0 to 1, so that their differences lie in -1 to 1, half of what they are.
    let half = |scores: BTreeMap<u32, Option<f64>>| {
        scores
            .into_iter()
            .map(|(repeat, score)| (repeat, score.map(|score| 0.5 * (score + 1.0))))
            .collect()
    };
    prompts
        .into_iter()
        .map(|(cluster, prompt)| {
            (cluster, Prompt { control: half(prompt.control), treatment: half(prompt.treatment) })
        })
        .collect()
}
