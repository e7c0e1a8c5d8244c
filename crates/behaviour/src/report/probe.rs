//! What a run says by one probe.

use std::collections::{BTreeMap, BTreeSet};

use vocabulary::Untrusted;

use super::data::{Example, Gap, Power, ProbeReport, rounded, tidy};
use super::evidence::{Evidence, Method};
use super::sweep::{alone, findings};
use super::units::{Fill, Prompt, prompts};
use super::{Came, Judge, Question, Scored};
use crate::stats::corrected::{rogan_gladen, sure};
use crate::stats::gate::{Judged, Sides};
use crate::stats::power::{Assumed, fails};
use crate::stats::rate::clustered;
use crate::stats::{Estimate, Interval, Judgement, Measure, pilot};
use crate::target::Prompt as Asked;

/// How many replies are shown of each probe.
const EXAMPLES: usize = 5;

/// The level of an interval where no gate asks for another.
const LEVEL: f64 = 0.9;

/// A probe before the gates of the run are corrected for each other.
pub(super) struct Looked {
    pub(super) report: ProbeReport,
    pub(super) judged: Option<Judged>,
    /// What the control is at, where it is so little that a gate on what the treatment loses cannot fail.
    pub(super) nothing_to_lose: Option<f64>,
    /// Why its gate decides nothing, where it has one that could.
    pub(super) open: Option<String>,
    pub(super) gaps: Vec<Gap>,
}

/// What the numbers of the prompts say, with the missing ones at either end.
pub(super) struct Weighed {
    pub(super) estimate: Option<Estimate>,
    low: Evidence,
    high: Evidence,
}

impl Weighed {
    pub(super) fn new(
        measure: Measure,
        prompts: &BTreeMap<&str, Prompt>,
        any_time: bool,
        level: f64,
    ) -> Self {
        let list: Vec<&Prompt> = prompts.values().collect();
        let method = Method::of(measure, &list, any_time);
        let made = |fill| Evidence::new(method, measure, &list, fill, level);
        let (seen, low, high) = (made(Fill::Leave), made(Fill::Low), made(Fill::High));
        let units =
            prompts.values().filter(|prompt| prompt.value(measure, Fill::Leave).is_some()).count();
        let estimate = seen.value().and_then(|value| {
            let (low, high) = (low.interval(level).low, high.interval(level).high);
            let method = seen.method().to_owned();
            tidy(Estimate { value, low, high, level, units: many(units), method })
        });
        Self { estimate, low, high }
    }

    /// The evidence for either side, each with the missing ones against it.
    pub(super) fn sides(&self, value: f64) -> Sides {
        Sides { below: self.high.sides(value).below, above: self.low.sides(value).above }
    }
}

pub(super) fn many(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// Looks at the scores of a probe.
///
/// Where the run may stop early the evidence is one that holds at any time of stopping, also for a probe that went to
/// its end: whoever takes another method for those errs once with each.
pub(super) fn look(
    question: &Question,
    scored: &[&Scored<'_>],
    seed: u64,
    stops_early: bool,
) -> Looked {
    let prompts = prompts(scored.iter().copied());
    let stopped_early = scored.iter().any(|one| one.came == Came::Decided);
    let any_time = stopped_early || (stops_early && question.may_stop());
    let level = question.gate.map_or(LEVEL, |gate| gate.level());
    let weighed = Weighed::new(question.measure, &prompts, any_time, level);
    let slot = question.by.as_deref();
    let one = slot.filter(|_| question.each).and_then(|slot| alone(question, slot, scored, seed));
    let judged = question.gate.map(|gate| {
        let judged = gate.judge(|bound| weighed.sides(bound));
        one.as_ref().map_or(judged, |one| judged.or_by_one(one.q, &gate))
    });
    // Its interval is of a number of prompts that was fixed before.
    let corrected = (!any_time).then(|| corrected(question, &prompts, level)).flatten();
    let open = judged.and_then(|judged| left_open(question, judged, &prompts));
    let judged = judged.filter(|_| open.is_none());
    let scores = prompts
        .values()
        .flat_map(|prompt| prompt.control.values().chain(prompt.treatment.values()));
    let missing = scores.clone().filter(|score| score.is_none()).count();
    let replies = scores.filter(|score| score.is_some()).count();
    let planned: BTreeSet<&str> = scored.iter().map(|one| one.case.cluster.as_str()).collect();
    let report = ProbeReport {
        probe: question.probe.clone(),
        version: question.version,
        hypothesis: question.hypothesis.clone(),
        measure: question.measure,
        prompts: many(planned.len()),
        replies: many(replies),
        missing: many(missing),
        stopped_early,
        decided_after: stopped_early.then(|| many(prompts.len())),
        alike: alike(question.measure, &prompts),
        accuracy: question.accuracy,
        corrected,
        gate: question.gate,
        judgement: judged
            .map(|judged| judged.judgement)
            .or(open.as_ref().map(|_| Judgement::Inconclusive)),
        because: String::new(),
        p_keeps: judged.map(|judged| rounded(judged.keeps)),
        p_breaks: judged.map(|judged| rounded(judged.breaks)),
        power: (!any_time).then(|| power(question, &weighed, &prompts)).flatten(),
        findings: slot.map(|slot| findings(question, slot, scored, seed)).unwrap_or_default(),
        alone: one,
        examples: examples(question.measure, scored),
        estimate: weighed.estimate,
    };
    let nothing_to_lose = nothing_to_lose(question, &prompts);
    Looked { report, judged, nothing_to_lose, open, gaps: gaps(&question.probe, scored) }
}

fn nothing_to_lose(question: &Question, prompts: &BTreeMap<&str, Prompt>) -> Option<f64> {
    let lost = question.gate?.at_least.filter(|_| question.measure == Measure::Difference)?;
    let control: Vec<f64> = prompts.values().filter_map(Prompt::controlled).collect();
    crate::stats::mean(&control).filter(|control| *control < -lost)
}

/// Why what a judge says decides nothing. It counts where its errors are measured, and where the rate behind them
/// says the same as the one that was seen.
fn left_open(
    question: &Question,
    judged: Judged,
    prompts: &BTreeMap<&str, Prompt>,
) -> Option<String> {
    match question.judge? {
        Judge::NotAsked => return Some("could-not-look: no judge was asked: `--judge`".to_owned()),
        Judge::Unmeasured => {
            return Some(
                "the errors of the judge are not measured: the pack has no examples of both kinds"
                    .to_owned(),
            );
        }
        Judge::Measured => {}
    }
    let (gate, accuracy) = (question.gate?, question.accuracy?);
    let seen = |fill| -> Option<_> {
        let tallies = prompts.values().map(|prompt| prompt.tally(question.measure, fill));
        Some(clustered(&tallies.collect::<Option<Vec<_>>>()?, gate.level()))
    };
    let (Measure::Rate, Some(least), Some(most)) =
        (question.measure, seen(Fill::Low), seen(Fill::High))
    else {
        return Some("the errors of a judge are corrected in a `rate` alone".to_owned());
    };
    let Some(Interval { low, high }) = sure(least, most, &accuracy, gate.alpha()) else {
        return Some(
            "the judge may be no better than a coin, as far as it was measured".to_owned(),
        );
    };
    let inside = gate.at_most.is_none_or(|most| high <= most)
        && gate.at_least.is_none_or(|least| low >= least);
    let outside = gate.at_most.is_some_and(|most| low > most)
        || gate.at_least.is_some_and(|least| high < least);
    let agree = match judged.judgement {
        Judgement::Pass => inside,
        Judgement::Fail => outside,
        Judgement::Inconclusive => true,
    };
    (!agree).then(|| {
        format!(
            "with the errors of the judge it is {} to {}, which leaves it open",
            rounded(low),
            rounded(high)
        )
    })
}

fn alike(measure: Measure, prompts: &BTreeMap<&str, Prompt>) -> Option<f64> {
    let tallies: Option<Vec<_>> =
        prompts.values().map(|prompt| prompt.tally(measure, Fill::Leave)).collect();
    pilot::alike(&tallies?).map(|alike| rounded(alike.icc))
}

/// The rate behind the errors of the detector; of rates alone.
fn corrected(
    question: &Question,
    prompts: &BTreeMap<&str, Prompt>,
    level: f64,
) -> Option<Estimate> {
    let accuracy = question.accuracy.as_ref()?;
    if question.measure != Measure::Rate {
        return None;
    }
    let tallies: Option<Vec<_>> =
        prompts.values().map(|prompt| prompt.tally(question.measure, Fill::Leave)).collect();
    let tallies = tallies?;
    let (value, interval) = rogan_gladen(clustered(&tallies, level), accuracy, level)?;
    tidy(interval.around(value, level, many(tallies.len()), "rogan-gladen, lang-reiczigel"))
}

fn power(
    question: &Question,
    weighed: &Weighed,
    prompts: &BTreeMap<&str, Prompt>,
) -> Option<Power> {
    let (gate, wanted) = (question.gate?, question.power?);
    let differing = prompts
        .values()
        .filter_map(|prompt| prompt.pair(Fill::Leave))
        .map(|(treatment, control)| f64::from(u8::from(treatment != control)))
        .collect::<Vec<_>>();
    let assumed = Assumed {
        differing: crate::stats::mean(&differing).unwrap_or(0.1),
        ..Assumed::value(wanted.when)
    };
    let units = weighed.estimate.as_ref().map_or(0, |estimate| estimate.units);
    let noticed = fails(question.measure, &gate, &assumed, units);
    Some(Power { when: wanted.when, noticed: rounded(noticed) })
}

/// Replies of either kind: those that count most first, and no more than two of what counts least.
fn examples(measure: Measure, scored: &[&Scored<'_>]) -> Vec<Example> {
    let mut shown: Vec<(&Scored<'_>, f64)> = scored
        .iter()
        .filter(|one| measure != Measure::Rate || !one.is_control())
        .filter_map(|one| match one.came {
            Came::Score(Some(score)) if score.is_finite() => Some((*one, score)),
            _ => None,
        })
        .collect();
    shown.sort_by(|(one, a), (other, b)| {
        let place = |scored: &Scored<'_>| {
            (scored.case.cluster.clone(), scored.case.arm, scored.case.repeat)
        };
        b.total_cmp(a).then_with(|| place(one).cmp(&place(other)))
    });
    let least = shown.len().saturating_sub(2).max(EXAMPLES.saturating_sub(2));
    let kept = shown
        .iter()
        .enumerate()
        .filter(|(at, _)| *at < EXAMPLES.saturating_sub(2) || *at >= least)
        .map(|(_, shown)| shown);
    kept.map(|(one, score)| Example {
        cluster: one.case.cluster.clone(),
        arm: one.case.arm,
        repeat: one.case.repeat,
        prompt: Untrusted::new(last(&one.case.call.prompt)),
        reply: Untrusted::new(one.reply.unwrap_or_default()),
        score: rounded(*score),
        because: Untrusted::new(one.because.as_str()),
    })
    .collect()
}

/// What a prompt ends with: the last message.
fn last(prompt: &Asked) -> &str {
    match prompt {
        Asked::Text(text) => text,
        Asked::Chat(messages) => messages.last().map_or("", |message| &message.content),
    }
}

/// What is missing, by its reason.
fn gaps(probe: &str, scored: &[&Scored<'_>]) -> Vec<Gap> {
    let mut reasons: BTreeMap<&str, u64> = BTreeMap::new();
    for one in scored {
        let because = match &one.came {
            Came::Failed(because) => because,
            Came::Score(None) => &one.because,
            Came::Score(Some(score)) if !score.is_finite() => "its score is no number",
            Came::Spent => "the budget was spent",
            Came::Score(Some(_)) | Came::Decided => continue,
        };
        let count = reasons.entry(because).or_default();
        *count = count.saturating_add(1);
    }
    let gap = |(because, replies): (&str, u64)| Gap {
        probe: probe.to_owned(),
        because: because.into(),
        replies,
    };
    reasons.into_iter().map(gap).collect()
}
