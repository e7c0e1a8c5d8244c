//! Whether more replies would change what a gate says.

use super::probe::Weighed;
use super::units::prompts;
use super::{Answer, Answered, Beside, Question, score};
use crate::pack::Pack;
use crate::stats::Judgement;

/// Says of probes that they are decided, after every prompt if need be: by bets, which hold at any time of stopping.
#[derive(Debug, Clone)]
pub struct Stopping {
    packs: Vec<Pack>,
    questions: Vec<Question>,
    gates: f64,
}

impl Stopping {
    /// For the probes of packs, with the questions that are asked by them.
    pub fn new(packs: &[Pack], questions: &[Question]) -> Self {
        let gates: Vec<_> = questions.iter().filter(|question| question.gate.is_some()).collect();
        Self {
            packs: packs.to_vec(),
            gates: crate::stats::length(&gates),
            questions: questions.to_vec(),
        }
    }

    /// Whether a probe is decided by its replies so far, with every missing one against it. One that fails has to
    /// fail after the correction for all gates. Where a budget left out some, whoever has more may go on.
    pub fn decided(&self, probe: &str, answered: &[Answered<'_>]) -> bool {
        let asked = self.questions.iter().find(|question| question.probe == probe);
        let Some((question, gate)) = asked
            .filter(|question| question.may_stop())
            .and_then(|question| Some((question, question.gate?)))
        else {
            return false;
        };
        if answered.iter().any(|one| one.answer == Answer::Spent) {
            return false;
        }
        let Ok(scored) = score(&self.packs, answered, Beside::default()) else { return false };
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
