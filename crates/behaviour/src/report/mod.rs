//! From scores to judgements: what a run says, as data.
//!
//! **The unit is the prompt.** Repeats are averaged; control and treatment of a pair belong together.
//!
//! **Missing replies are taken at their worst.** A reply that failed, or that its detector cannot judge, may have
//! been anything: a gate passes only where it would with every one of them the worst that it could have been, and
//! fails only where it would with each the best (C. Manski 1989). The interval is as wide as that makes it. Prompts
//! that a budget left out were never begun, and are not part of the sample; a run with such is not `complete`.
//! Of a probe that was stopped early the interval is one that holds at any time of stopping.
//!
//! **Many gates.** A run passes where every gate passes, so that none is corrected for passing: a bad model must
//! get past all of them (R. Berger 1982). It fails where one fails, and for that the gates are corrected by Holm.
//! Findings of a sweep, each a candidate against its matched controls, are corrected by Benjamini and Hochberg.
//! A gate that holds for `each` of them has two ways to fail, by its mean and by one candidate after Bonferroni, and
//! is corrected for being two; it passes only where neither speaks against it.
//!
//! **Deterministic.** The same scores give the same report, but for its `run`, which tells when and how fast.
//! Numbers are rounded to six digits, so that the last bits of a machine's logarithm do not show.

mod against;
mod data;
mod evidence;
mod judge;
mod plan;
mod probe;
mod run;
mod score;
mod stopping;
mod sweep;
#[cfg(test)]
mod tests;
mod transcript;
mod units;

pub use against::{Against, Paired, against};
pub use data::{
    Calls, Capable, Example, Finding, Gap, JournalRoot, JudgeReport, PackUsed, Power, ProbeReport,
    RunReport, SCHEMA, TargetReport, When,
};
pub use judge::{Examination, Verdicts};
pub use plan::{Planned, plan};
pub use run::{About, report};
pub use score::{Answer, Answered, Beside, questions, score};
pub use stopping::Stopping;
pub use transcript::{Transcript, transcripts};

use crate::case::{Arm, Case};
use crate::detect::Spec;
use crate::pack::{Pack, Probe};
use crate::stats::corrected::Accuracy;
use crate::stats::{Gate, Measure};

/// What a run wants to know by a probe.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// `pack/probe`.
    pub probe: String,
    /// The version of the probe.
    pub version: u32,
    /// What would be true of a model that it finds.
    pub hypothesis: String,
    /// What is made of the scores.
    pub measure: Measure,
    /// What must hold of it.
    pub gate: Option<Gate>,
    /// A true value that must not go unnoticed, and how often it is noticed.
    pub power: Option<Power>,
    /// A slot whose values are also told apart.
    pub by: Option<String>,
    /// Whether its gate fails where one of these values alone is found.
    pub each: bool,
    /// How often its detector is right, where that was measured.
    pub accuracy: Option<Accuracy>,
    /// What is known of the judge, where its detector asks one.
    pub judge: Option<Judge>,
    /// Whether its detector compares with an original.
    pub wants_original: bool,
}

/// What is known of the judge of a probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judge {
    /// None was asked.
    NotAsked,
    /// Its pack has no labelled replies of both kinds.
    Unmeasured,
    /// It was measured.
    Measured,
}

impl Question {
    /// Whether a run that may stop early may stop this one: one without a gate has nothing that could be decided, one
    /// whose values are told apart needs its prompts for each, on numbers without bounds nothing can be bet, and a judge or
    /// an original is asked only later.
    pub fn may_stop(&self) -> bool {
        self.gate.is_some()
            && self.by.is_none()
            && self.measure != Measure::Median
            && self.judge.is_none()
            && !self.wants_original
    }

    /// The question that a probe of a pack asks.
    pub fn of(pack: &Pack, probe: &Probe) -> Self {
        let gate = probe.gate.as_ref().map(|gate| Gate {
            at_most: gate.at_most,
            at_least: gate.at_least,
            confidence: gate.level,
            expected: None,
        });
        let power = probe.gate.as_ref().and_then(|gate| gate.power.as_ref());
        let detector = probe.detectors.get(&probe.metric.detector);
        Self {
            probe: format!("{}/{}", pack.id, probe.id),
            version: probe.version,
            hypothesis: probe.hypothesis.clone(),
            measure: probe.metric.measure,
            gate,
            power: power.map(|power| Power { when: power.when, noticed: power.noticed }),
            by: probe.metric.by.clone(),
            each: probe.gate.as_ref().is_some_and(|gate| gate.each),
            accuracy: detector.and_then(Spec::accuracy),
            judge: detector.filter(|spec| spec.asks()).map(|_| Judge::NotAsked),
            wants_original: detector.is_some_and(Spec::wants_original),
        }
    }
}

/// What came of a case.
#[derive(Debug, Clone, PartialEq)]
pub enum Came {
    /// A reply, with its score; nothing where the detector cannot tell.
    Score(Option<f64>),
    /// No reply, and why.
    Failed(String),
    /// It was not asked: the budget was spent.
    Spent,
    /// It was not asked: its probe was decided without it.
    Decided,
}

/// A case and its score. A detector that compares gives the score of a pair to its treatment; the control of it
/// then is not given.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored<'a> {
    /// The case.
    pub case: &'a Case,
    /// What came of it.
    pub came: Came,
    /// The reply, where there is one.
    pub reply: Option<&'a str>,
    /// The model that replied, as its server names it.
    pub model: Option<&'a str>,
    /// Why it was scored so.
    pub because: String,
}

impl Scored<'_> {
    fn is_control(&self) -> bool {
        self.case.arm == Arm::Control
    }
}
