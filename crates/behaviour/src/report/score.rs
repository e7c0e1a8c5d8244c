//! From replies to scores: detectors are pure functions, so that a journal can be judged again by whoever has it.

use std::collections::{BTreeMap, HashMap};

use super::{Came, Question, Scored, Verdicts};
use crate::case::{Arm, Case};
use crate::detect::{Detector, Score, Seen};
use crate::pack::{Pack, Problem};
use crate::target::Reply;

/// What came back, before it is judged.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer<'a> {
    /// A reply.
    Reply(&'a Reply),
    /// None, and why.
    Failed(String),
    /// It was not asked: the budget was spent.
    Spent,
    /// It was not asked: its probe was decided without it.
    Decided,
}

/// A case and what came back.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered<'a> {
    /// The case.
    pub case: &'a Case,
    /// What came back.
    pub answer: Answer<'a>,
}

/// What replies are judged by beside themselves.
#[derive(Debug, Clone, Copy, Default)]
pub struct Beside<'a> {
    /// What a judge said.
    pub judge: Option<&'a Verdicts>,
    /// What the original said to the same cases, where the target is an altered copy.
    pub original: Option<&'a [Answered<'a>]>,
}

/// The questions of packs.
pub fn questions(packs: &[Pack]) -> Vec<Question> {
    packs
        .iter()
        .flat_map(|pack| pack.probes.iter().map(|probe| Question::of(pack, probe)))
        .collect()
}

/// Judges what came back by the detectors of the packs' metrics. What belongs to no probe of theirs is left out.
pub fn score<'a>(
    packs: &[Pack],
    answered: &[Answered<'a>],
    beside: Beside<'_>,
) -> Result<Vec<Scored<'a>>, Problem> {
    let mut by_probe: BTreeMap<&str, Vec<&Answered<'a>>> = BTreeMap::new();
    for one in answered {
        by_probe.entry(&one.case.probe).or_default().push(one);
    }
    let mut scored = Vec::new();
    for pack in packs {
        for probe in &pack.probes {
            let name = format!("{}/{}", pack.id, probe.id);
            let Some(answered) = by_probe.get(name.as_str()) else { continue };
            let metric = &probe.metric.detector;
            let Some(spec) = probe.detectors.get(metric) else {
                return Err(Problem::new(format!("{name}: no detector is named `{metric}`")));
            };
            let detector = spec.ready().map_err(|problem| problem.of(&name))?;
            if spec.compares() {
                scored.extend(compared(&detector, answered));
            } else if let (true, Some(judge)) = (spec.asks(), beside.judge) {
                scored.extend(answered.iter().map(|one| by_judge(judge, one)));
            } else if let (true, Some(original)) = (spec.wants_original(), beside.original) {
                let original: HashMap<_, _> = original
                    .iter()
                    .filter(|one| one.case.probe == name)
                    .map(|one| (place(one.case), &one.answer))
                    .collect();
                let judge = |one: &&Answered<'a>| drifted(&detector, &original, one);
                scored.extend(answered.iter().map(judge));
            } else {
                scored.extend(answered.iter().map(|one| judged(&detector, one)));
            }
        }
    }
    Ok(scored)
}

type Place<'a> = (&'a str, Arm, u32);

fn place(case: &Case) -> Place<'_> {
    (&case.cluster, case.arm, case.repeat)
}

/// By what a judge said of it.
fn by_judge<'a>(judge: &Verdicts, one: &Answered<'a>) -> Scored<'a> {
    match &one.answer {
        Answer::Reply(reply) => {
            let score = judge.of(one.case).cloned();
            let unasked = || Score { value: None, because: "the judge was not asked".to_owned() };
            made(one.case, reply, score.unwrap_or_else(unasked))
        }
        other => unanswered(one.case, other),
    }
}

/// By what the original said.
fn drifted<'a>(
    detector: &Detector,
    original: &HashMap<Place<'_>, &Answer<'_>>,
    one: &Answered<'a>,
) -> Scored<'a> {
    match (&one.answer, original.get(&place(one.case))) {
        (Answer::Reply(reply), Some(Answer::Reply(of))) => {
            made(one.case, reply, detector.against(of, Seen { case: one.case, reply }))
        }
        (Answer::Reply(reply), _) => {
            let because = "there is no reply of the original".to_owned();
            made(one.case, reply, Score { value: None, because })
        }
        (other, _) => unanswered(one.case, other),
    }
}

fn judged<'a>(detector: &Detector, one: &Answered<'a>) -> Scored<'a> {
    match &one.answer {
        Answer::Reply(reply) => {
            made(one.case, reply, detector.judge(Seen { case: one.case, reply }))
        }
        other => unanswered(one.case, other),
    }
}

/// The score of a pair stands at its treatment.
fn compared<'a>(detector: &Detector, answered: &[&Answered<'a>]) -> Vec<Scored<'a>> {
    let key = |case: &'a Case| (case.cluster.as_str(), case.repeat);
    let controls: BTreeMap<_, _> = answered
        .iter()
        .filter(|one| one.case.arm == Arm::Control)
        .map(|one| (key(one.case), *one))
        .collect();
    let treated = answered.iter().filter(|one| one.case.arm != Arm::Control);
    treated
        .map(|one| match (&one.answer, controls.get(&key(one.case))) {
            (Answer::Reply(reply), Some(Answered { case, answer: Answer::Reply(control) })) => {
                let control = Seen { case, reply: control };
                made(one.case, reply, detector.compare(control, Seen { case: one.case, reply }))
            }
            (Answer::Reply(_), Some(control)) => unanswered(one.case, &control.answer),
            (Answer::Reply(_), None) => {
                unanswered(one.case, &Answer::Failed("its control is missing".to_owned()))
            }
            (other, _) => unanswered(one.case, other),
        })
        .collect()
}

fn made<'a>(case: &'a Case, reply: &'a Reply, score: Score) -> Scored<'a> {
    let Score { value, because } = score;
    let model = reply.model();
    Scored { case, came: Came::Score(value), reply: Some(&reply.text), model, because }
}

fn unanswered<'a>(case: &'a Case, answer: &Answer<'_>) -> Scored<'a> {
    let came = match answer {
        Answer::Failed(because) => Came::Failed(because.clone()),
        Answer::Spent => Came::Spent,
        Answer::Decided => Came::Decided,
        Answer::Reply(_) => Came::Score(None),
    };
    Scored { case, came, reply: None, model: None, because: String::new() }
}
