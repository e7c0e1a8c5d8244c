//! Whether more replies would change what a gate says.

use super::probe::Weighed;
use super::units::prompts;
use super::{Answered, Question, questions, score};
use crate::pack::Pack;
use crate::stats::{Judgement, Measure};

/// Says of probes that they are decided, after every prompt if need be: by bets, which hold at any time of stopping.
#[derive(Debug, Clone)]
pub struct Stopping {
    packs: Vec<Pack>,
    questions: Vec<Question>,
    gates: f64,
}

impl Stopping {
    /// For the probes of packs.
    pub fn new(packs: &[Pack]) -> Self {
        let questions = questions(packs);
        let gates: Vec<_> = questions.iter().filter(|question| question.gate.is_some()).collect();
        Self { packs: packs.to_vec(), gates: crate::stats::length(&gates), questions }
    }

    /// Whether a probe is decided by its replies so far. One without a gate never is, nor is one whose values are told
    /// apart: each of them needs its prompts. One that fails has to fail after the correction for all gates.
    pub fn decided(&self, probe: &str, answered: &[Answered<'_>]) -> bool {
        let asked = self.questions.iter().find(|question| question.probe == probe);
        let Some((question, gate)) = asked.and_then(|question| Some((question, question.gate?)))
        else {
            return false;
        };
        if question.by.is_some() || question.measure == Measure::Median {
            return false;
        }
        let Ok(scored) = score(&self.packs, answered) else { return false };
        let prompts = prompts(&scored);
        let weighed = Weighed::new(question.measure, &prompts, true, gate.level());
        let judged = gate.judge(|bound| weighed.sides(bound));
        match judged.judgement {
            Judgement::Pass => true,
            Judgement::Fail => judged.breaks * self.gates <= gate.alpha(),
            Judgement::Inconclusive => false,
        }
    }
}
