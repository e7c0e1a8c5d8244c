//! The report of a whole run.

use std::collections::{BTreeMap, BTreeSet};

use vocabulary::Untrusted;

use super::data::{
    Calls, Gap, JournalRoot, PackUsed, ProbeReport, RunReport, SCHEMA, TargetReport, When, rounded,
};
use super::probe::{Looked, look};
use super::{Came, Question, Scored};
use crate::stats::multiple::holm;
use crate::stats::{Gate, Judgement};

/// What a report says beside the numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct About {
    /// What was asked.
    pub target: TargetReport,
    /// The packs.
    pub packs: Vec<PackUsed>,
    /// The seed that cases were made with; what is resampled is drawn by it as well.
    pub seed: u64,
    /// The journal.
    pub journal: Option<JournalRoot>,
    /// Prompts of a probe between two looks at whether it is decided, at first, where probes may stop early.
    pub stops_early: Option<u32>,
    /// When and how fast.
    pub run: Option<When>,
}

/// Makes the report. A question without a case is told as one that could not be looked at.
pub fn report(about: About, questions: &[Question], scored: &[Scored<'_>]) -> RunReport {
    let mut by_probe: BTreeMap<&str, Vec<&Scored<'_>>> = BTreeMap::new();
    for one in scored {
        by_probe.entry(&one.case.probe).or_default().push(one);
    }
    let mut asked: Vec<&Question> = questions.iter().collect();
    asked.sort_by(|one, other| one.probe.cmp(&other.probe));
    let empty = Vec::new();
    let mut looked: Vec<Looked> = asked
        .iter()
        .map(|question| {
            let scored = by_probe.get(question.probe.as_str()).unwrap_or(&empty);
            look(question, scored, about.seed, about.stops_early.is_some())
        })
        .collect();
    correct(&mut looked);
    let mut could_not_look: Vec<Gap> = Vec::new();
    let mut probes: Vec<ProbeReport> = Vec::new();
    for one in looked {
        could_not_look.extend(one.gaps);
        probes.push(one.report);
    }
    let (mixed, because) = models(scored).unzip();
    let mut packs = about.packs;
    packs.sort_by(|one, other| one.id.cmp(&other.id));
    RunReport {
        schema: SCHEMA.to_owned(),
        target: about.target,
        packs,
        seed: about.seed,
        calls: calls(scored),
        journal: about.journal,
        judge: None,
        stops_early: about.stops_early,
        judgement: together(probes.iter().filter_map(|probe| probe.judgement).chain(mixed)),
        reasons: reasons(&probes).into_iter().chain(because).collect(),
        probes,
        could_not_look,
        against: None,
        run: about.run,
    }
}

/// Corrects the gates that fail for their number, and says why each judgement is what it is.
fn correct(looked: &mut [Looked]) {
    let breaks: Vec<f64> =
        looked.iter().filter_map(|one| one.judged.map(|judged| judged.breaks)).collect();
    let mut corrected = holm(&breaks).into_iter();
    for one in looked {
        let (Some(judged), Some(gate)) = (one.judged, one.report.gate) else {
            one.report.because = one.open.take().unwrap_or_else(|| "no gate".to_owned());
            // A gate that nobody could judge has not been passed.
            one.report.judgement = one.report.gate.map(|_| Judgement::Inconclusive);
            continue;
        };
        let breaks = corrected.next().unwrap_or(1.0);
        one.report.p_breaks = Some(rounded(breaks));
        let judgement = match judged.judgement {
            Judgement::Fail if breaks > gate.alpha() => Judgement::Inconclusive,
            other => other,
        };
        one.report.judgement = Some(judgement);
        one.report.because = because(&one.report, &gate, judgement, judged.judgement);
        if let Some(control) = one.nothing_to_lose.filter(|_| judgement == Judgement::Pass) {
            one.report.because.push_str(&format!(
                "; without it there is {}, so that hardly anything could be lost",
                rounded(control)
            ));
        }
    }
}

fn because(probe: &ProbeReport, gate: &Gate, judgement: Judgement, alone: Judgement) -> String {
    let Some(estimate) = &probe.estimate else {
        return if probe.missing > 0 {
            format!("could-not-look: {} replies are missing", probe.missing)
        } else {
            "there are too few prompts for an interval".to_owned()
        };
    };
    let bounds = [
        gate.at_most.map(|most| format!("at most {most}")),
        gate.at_least.map(|least| format!("at least {least}")),
    ];
    let bounds = bounds.into_iter().flatten().collect::<Vec<_>>().join(" and ");
    let between = format!("{} to {}", estimate.low, estimate.high);
    if let Some(one) = alone_breaks(probe, gate).filter(|_| judgement != Judgement::Pass) {
        return match judgement {
            Judgement::Fail => one,
            _ => format!("{one}, but among so many gates one such is no surprise"),
        };
    }
    match (judgement, alone) {
        (Judgement::Pass, _) => format!("{between} is {bounds}"),
        (Judgement::Fail, _) => format!("{between} is not {bounds}"),
        (Judgement::Inconclusive, Judgement::Fail) => {
            format!("{between} is not {bounds}, but among so many gates one such is no surprise")
        }
        (Judgement::Inconclusive, _) if probe.missing > 0 => {
            format!(
                "could-not-look: {} replies are missing, and {between} may be {bounds} or not",
                probe.missing
            )
        }
        (Judgement::Inconclusive, _) => {
            format!("{between} may be {bounds} or not: there are too few prompts")
        }
    }
}

/// The value of a slot that breaks a gate on its own.
fn alone_breaks(probe: &ProbeReport, gate: &Gate) -> Option<String> {
    let one = probe.alone.as_ref().filter(|one| one.q <= gate.alpha())?;
    Some(format!(
        "`{}` alone makes it {} where others make it {}",
        one.value.shortened(60),
        one.estimate,
        one.reference
    ))
}

/// What several gates say together. Nothing where there are none.
pub(super) fn together(judgements: impl Iterator<Item = Judgement>) -> Option<Judgement> {
    judgements.reduce(|one, other| match (one, other) {
        (Judgement::Fail, _) | (_, Judgement::Fail) => Judgement::Fail,
        (Judgement::Inconclusive, _) | (_, Judgement::Inconclusive) => Judgement::Inconclusive,
        (Judgement::Pass, Judgement::Pass) => Judgement::Pass,
    })
}

/// Whether several models replied in turn: what they said together is said of none of them.
fn models(scored: &[Scored<'_>]) -> Option<(Judgement, String)> {
    let named: BTreeSet<&str> = scored.iter().filter_map(|one| one.model).collect();
    let shown = |name: &&str| format!("`{}`", Untrusted::new(*name).shortened(60));
    (named.len() > 1).then(|| {
        let named: Vec<String> = named.iter().take(5).map(shown).collect();
        (Judgement::Inconclusive, format!("several models replied: {}", named.join(", ")))
    })
}

fn reasons(probes: &[ProbeReport]) -> Vec<String> {
    let told = probes.iter().filter_map(|probe| match probe.judgement {
        Some(Judgement::Fail) => Some(format!("`{}` fails: {}", probe.probe, probe.because)),
        Some(Judgement::Inconclusive) => {
            Some(format!("`{}` is inconclusive: {}", probe.probe, probe.because))
        }
        Some(Judgement::Pass) | None => None,
    });
    told.collect()
}

fn calls(scored: &[Scored<'_>]) -> Calls {
    let mut calls = Calls { planned: super::probe::many(scored.len()), ..Calls::default() };
    for one in scored {
        let count = match &one.came {
            Came::Score(score) => {
                if score.is_none_or(|score| !score.is_finite()) {
                    calls.unjudged = calls.unjudged.saturating_add(1);
                }
                &mut calls.answered
            }
            Came::Failed(_) => &mut calls.failed,
            Came::Spent => &mut calls.unspent,
            Came::Decided => &mut calls.decided,
        };
        *count = count.saturating_add(1);
    }
    calls
}
