//! A judge: another model that says what a reply shows.
//!
//! It is asked as the target is, through an engine and a journal of its own, so that a run can be judged again. How
//! often it is right is measured in the same run, on the labelled replies of the pack; a judge that was not measured
//! decides nothing.

use std::collections::{BTreeMap, HashMap};

use super::{Answer, Answered, Judge, Question};
use crate::case::{Arm, Case};
use crate::detect::{Detector, Score, Seen};
use crate::pack::{Pack, Probe, Problem};
use crate::stats::corrected::Accuracy;
use crate::target::{Finish, Reply};

/// What a judge is asked: about each reply of probes that want one, and about the labelled replies of their packs.
#[derive(Debug, Default)]
pub struct Examination {
    /// The calls, in the form in which the engine makes them.
    pub cases: Vec<Case>,
    about: Vec<About>,
    /// What could not be asked.
    scores: HashMap<Place, Score>,
    probes: Vec<String>,
}

#[derive(Debug, Clone)]
enum About {
    Reply(Place),
    /// A labelled reply of a probe.
    Example(String, bool),
}

/// Where a reply stands in a run.
type Place = (String, String, Arm, u32);

fn place(case: &Case) -> Place {
    (case.probe.clone(), case.cluster.clone(), case.arm, case.repeat)
}

/// What a judge said.
#[derive(Debug, Clone, Default)]
pub struct Verdicts {
    scores: HashMap<Place, Score>,
    measured: BTreeMap<String, Option<Accuracy>>,
}

impl Examination {
    /// What the judge is to be asked about replies, several lists of them.
    pub fn of(packs: &[Pack], lists: &[&[Answered<'_>]]) -> Result<Self, Problem> {
        let mut all = Self::default();
        for pack in packs {
            for probe in &pack.probes {
                let name = format!("{}/{}", pack.id, probe.id);
                let Some(spec) = probe.detectors.get(&probe.metric.detector) else { continue };
                if !spec.asks() {
                    continue;
                }
                let detector = spec.ready().map_err(|problem| problem.of(&name))?;
                all.probes.push(name.clone());
                all.examples(probe, &name, &detector, lists);
                for one in lists.iter().flat_map(|list| list.iter()) {
                    if let (true, Answer::Reply(reply)) = (one.case.probe == name, &one.answer) {
                        all.ask(&detector, one.case, reply, About::Reply(place(one.case)));
                    }
                }
            }
        }
        Ok(all)
    }

    fn examples(
        &mut self,
        probe: &Probe,
        name: &str,
        detector: &Detector,
        lists: &[&[Answered<'_>]],
    ) {
        let mut cases = lists.iter().flat_map(|list| list.iter()).map(|one| one.case);
        let Some(first) = cases.find(|case| case.probe == name) else { return };
        let own = probe.examples.iter().filter(|one| one.detector == probe.metric.detector);
        for (number, example) in own.enumerate() {
            let mut case = Case { cluster: format!("example {number}"), ..first.clone() };
            case.slots.extend(example.slots.clone());
            let reply = Reply {
                text: example.reply.clone(),
                finish: Finish::Stop,
                tokens: Vec::new(),
                usage: None,
                served_by: None,
            };
            self.ask(detector, &case, &reply, About::Example(name.to_owned(), example.fires));
        }
    }

    fn ask(&mut self, detector: &Detector, case: &Case, reply: &Reply, about: About) {
        match detector.question(Seen { case, reply }) {
            Some(Ok(call)) => {
                self.cases.push(Case { call, ..case.clone() });
                self.about.push(about);
            }
            Some(Err(score)) => {
                if let About::Reply(place) = about {
                    self.scores.insert(place, score);
                }
            }
            None => {}
        }
    }

    /// What the judge's answers say, one for each of the calls, or why there is none.
    pub fn verdicts<'a>(
        self,
        answers: impl IntoIterator<Item = Result<&'a Reply, String>>,
    ) -> Verdicts {
        let mut verdicts = Verdicts { scores: self.scores, measured: BTreeMap::new() };
        let mut measured: BTreeMap<String, Accuracy> = BTreeMap::new();
        for (about, answer) in self.about.into_iter().zip(answers) {
            let score = match answer {
                Ok(reply) => Detector::verdict(reply),
                Err(because) => Score::unknown(format!("the judge gave no answer: {because}")),
            };
            match about {
                About::Reply(place) => drop(verdicts.scores.insert(place, score)),
                About::Example(probe, fires) => {
                    // One that it cannot tell it has got wrong.
                    let right = u64::from(score.fires() == Some(fires));
                    let accuracy = measured.entry(probe).or_default();
                    let (of, hits) = if fires {
                        (&mut accuracy.with, &mut accuracy.called)
                    } else {
                        (&mut accuracy.without, &mut accuracy.let_be)
                    };
                    *of = of.saturating_add(1);
                    *hits = hits.saturating_add(right);
                }
            }
        }
        for probe in self.probes {
            let accuracy = measured.get(&probe).copied();
            let both = accuracy.filter(|accuracy| accuracy.with > 0 && accuracy.without > 0);
            verdicts.measured.insert(probe, both);
        }
        verdicts
    }
}

impl Verdicts {
    /// What it says of the reply to a case.
    pub(super) fn of(&self, case: &Case) -> Option<&Score> {
        self.scores.get(&place(case))
    }

    /// Tells questions how often their judge is right.
    pub fn measure(&self, questions: &mut [Question]) {
        for question in questions {
            let Some(measured) = self.measured.get(&question.probe) else { continue };
            question.accuracy = *measured;
            question.judge = Some(measured.map_or(Judge::Unmeasured, |_| Judge::Measured));
        }
    }
}
