//! How the model answers probes: by the journals of runs, which are judged again, and by what somebody whose
//! signature counts states of an evaluation.

use std::collections::BTreeMap;
use std::path::Path;

use behaviour::journal::Journal;
use behaviour::stats::Judgement;
use jiff::{SignedDuration, Timestamp};
use provenance::attest::{Identity, Step};
use provenance::bom;
use vocabulary::Requirement::Required;
use vocabulary::{BehaviourTerms, Coverage, Finding, Outcome, Untrusted};

use super::{BEHAVIOUR, Context, lineage};
use crate::probe::{Files, Rescored, Stated, Word, rescore_bytes, shipped};
use crate::{JournalAt, rules, signers};

/// What one piece of evidence says.
enum Verdict {
    /// All gates pass.
    Passes,
    /// Some fail.
    Fails(Vec<Finding>),
    /// It does not count, or cannot tell.
    Nothing(String),
    /// It is known to have failed, and cannot be judged again.
    Lost(String),
}

pub(super) fn run(context: &Context<'_>) -> Outcome {
    let terms = &context.policy.behaviour;
    if terms.packs.is_empty() {
        return absent(context, "the policy names no packs of probes: `[behaviour] packs`");
    }
    let identity = match lineage::artifact(context) {
        Ok(identity) => identity,
        Err(error) => return could_not(error.to_string()),
    };
    let stated = match stated(context, &identity) {
        Ok(stated) => stated,
        Err(because) => return could_not(because),
    };
    if context.probed.is_empty() && stated.is_empty() {
        return absent(context, "no run of probes was given");
    }
    let label = Untrusted::new(identity.name.clone());
    let mut words = journals(context, &label, &stated);
    words.extend(newest(context, &label, &stated));
    conclude(words, identity.files)
}

/// A failure stands whatever else is there; one piece of evidence is enough to pass.
fn conclude(words: Vec<Verdict>, files: u64) -> Outcome {
    let coverage = Coverage { files, ..Coverage::default() };
    let (mut findings, mut because) = (Vec::new(), Vec::new());
    let (mut passes, mut lost) = (false, false);
    for word in words {
        match word {
            Verdict::Passes => passes = true,
            Verdict::Fails(found) => findings.extend(found),
            Verdict::Nothing(said) => because.push(said),
            Verdict::Lost(said) => {
                because.push(said);
                lost = true;
            }
        }
    }
    if findings.is_empty() && (lost || !passes) {
        return Outcome::CouldNotLook { because: because.join("; "), coverage };
    }
    findings.sort_by(Finding::order);
    findings.dedup();
    Outcome::of(findings, coverage)
}

fn could_not(because: String) -> Outcome {
    Outcome::CouldNotLook { because, coverage: Coverage::default() }
}

fn absent(context: &Context<'_>, because: &str) -> Outcome {
    let because = because.to_owned();
    let required = context.policy.requirement(&BEHAVIOUR.into()) == Required;
    if required { could_not(because) } else { Outcome::NotApplicable { because } }
}

/// The evaluations of this artifact that were signed by somebody who may.
fn stated(context: &Context<'_>, identity: &Identity) -> Result<Vec<Stated>, String> {
    if context.policy.signers.is_empty() {
        return Ok(Vec::new());
    }
    let given = lineage::attestations(context)?;
    let trust = signers::trust(context.policy).map_err(|fault| fault.because)?;
    let mut attested = bom::look_at(&given.collection, &trust, context.now);
    let counting = attested.iter_mut().filter_map(|one| {
        one.bind(Some(identity), context.tree.single);
        let counts = one.counts() && one.step == Step::Evaluation.name();
        counts.then(|| one.statement.as_ref().map(Stated::of)).flatten()
    });
    Ok(counting.collect())
}

/// What the journals say.
fn journals(context: &Context<'_>, label: &Untrusted, stated: &[Stated]) -> Vec<Verdict> {
    let terms = &context.policy.behaviour;
    let files = Files::of(context.tree, &digests(context));
    let words = context.probed.iter().map(|one| {
        let nothing = |because: String| Verdict::Nothing(format!("`{}`: {because}", one.name));
        let path = match &one.at {
            JournalAt::File(path) => path,
            JournalAt::Lost { because, failed: false } => return nothing(because.clone()),
            JournalAt::Lost { because, failed: true } => {
                let told = format!("`{}`, which failed: {because}", one.name);
                return Verdict::Lost(told);
            }
        };
        // Messages call it by its name: where it lies for now is nobody's.
        let called = Path::new(one.name.raw());
        let rescored = Journal::bytes(path)
            .map_err(crate::probe::Error::from)
            .and_then(|bytes| rescore_bytes(called, &bytes, &shipped(&terms.packs), terms));
        let rescored = match rescored {
            Ok(rescored) => rescored,
            // It may quote the journal.
            Err(error) => return nothing(vocabulary::escape(&error.to_string())),
        };
        if let Err(because) = rescored.is_of(&files) {
            return nothing(because);
        }
        match rescored.judgement() {
            Judgement::Fail => Verdict::Fails(failed(label, &rescored)),
            Judgement::Inconclusive => nothing(inconclusive(&rescored, &context.policy.behaviour)),
            Judgement::Pass => match vouched(context, &rescored, stated) {
                Ok(()) => Verdict::Passes,
                Err(because) => nothing(because),
            },
        }
    });
    words.collect()
}

/// The BLAKE3 of each file, as the scan computed it.
fn digests(context: &Context<'_>) -> BTreeMap<String, String> {
    let scanned =
        context.scanned.as_ref().map(|scanned| scanned.files.as_slice()).unwrap_or_default();
    let known = scanned
        .iter()
        .filter_map(|file| Some((file.path.raw().to_owned(), file.digests.get("blake3")?.clone())));
    known.collect()
}

fn failed(label: &Untrusted, rescored: &Rescored) -> Vec<Finding> {
    let failing =
        rescored.report.probes.iter().filter(|probe| probe.judgement == Some(Judgement::Fail));
    failing.map(|probe| rules::behaviour_failed(label, &probe.probe, &probe.because)).collect()
}

fn inconclusive(rescored: &Rescored, terms: &BehaviourTerms) -> String {
    let calls = rescored.report.calls;
    if calls.failed == calls.planned {
        return format!(
            "it has none of the replies that the policy asks for: `probe --packs {} --seed {}`",
            terms.packs.join(","),
            terms.seed.unwrap_or_default()
        );
    }
    if calls.failed > 0 {
        return format!(
            "it is not whole: {} of {} replies are missing",
            calls.failed, calls.planned
        );
    }
    match rescored.report.reasons.first() {
        Some(reason) => reason.clone(),
        None => "none of its probes has a gate".to_owned(),
    }
}

/// Whether somebody vouches for a journal, where the policy asks for that: the root over it is signed, and recently.
fn vouched(context: &Context<'_>, rescored: &Rescored, stated: &[Stated]) -> Result<(), String> {
    let terms = &context.policy.behaviour;
    if terms.signed != Some(true) && terms.max_age_days.is_none() {
        return Ok(());
    }
    let of_it = stated.iter().filter(|one| one.root.as_deref() == Some(&rescored.root.root));
    let mut because = "nobody whose signature counts states its root".to_owned();
    for one in of_it {
        match fresh(context, one) {
            Ok(()) => return Ok(()),
            Err(said) => because = said,
        }
    }
    Err(because)
}

/// What the newest statement says; of a journal that is at hand the journal itself tells. A statement passes that is
/// by the policy's packs and seed; one that fails stands until such a one is newer. Who says that it ended after now
/// is not heard.
fn newest(context: &Context<'_>, label: &Untrusted, stated: &[Stated]) -> Option<Verdict> {
    let terms = &context.policy.behaviour;
    let ended = |one: &&Stated| one.finished.is_none_or(|at| at <= soon(context.now));
    let failed = |one: &&Stated| one.word == Word::Failed && one.concerns(&terms.packs);
    let passed = |one: &&Stated| one.word == Word::Passed && one.is_by(terms).is_ok();
    let newest = |which: &dyn Fn(&&Stated) -> bool| {
        stated.iter().filter(ended).filter(which).max_by_key(|one| one.finished)
    };
    let (fails, passes) = (newest(&failed), newest(&passed));
    let untimed = stated.iter().any(|one| failed(&one) && one.finished.is_none());
    if let Some(fails) = fails
        && (untimed || passes.is_none_or(|passes| passes.finished <= fails.finished))
    {
        let because = "a signed evaluation of the model is `FAILED`, and none that passed is newer";
        return Some(Verdict::Fails(vec![rules::behaviour_failed(label, "evaluation", because)]));
    }
    if !context.probed.is_empty() {
        return None;
    }
    let said = match passes {
        Some(passes) => fresh(context, passes),
        None => Err(unheard(context, stated)),
    };
    Some(match said {
        Ok(()) => Verdict::Passes,
        Err(because) => Verdict::Nothing(format!("the signed evaluation: {because}")),
    })
}

/// Why no statement passes, of the newest.
fn unheard(context: &Context<'_>, stated: &[Stated]) -> String {
    let Some(one) = stated.iter().max_by_key(|one| one.finished) else { return String::new() };
    match &one.word {
        Word::Passed => match one.is_by(&context.policy.behaviour) {
            Err(because) => because,
            Ok(()) => "it ended after now, as it says".to_owned(),
        },
        Word::Failed => "it is of other packs, and `FAILED`".to_owned(),
        Word::Other(word) if word.is_empty() => "it tells no result".to_owned(),
        Word::Other(word) => format!("its result is `{}`", vocabulary::escape(word)),
    }
}

/// Whether a statement is as new as the policy asks for.
fn fresh(context: &Context<'_>, stated: &Stated) -> Result<(), String> {
    let Some(days) = context.policy.behaviour.max_age_days else { return Ok(()) };
    let Some(finished) = stated.finished else {
        return Err("it does not tell when it ended".to_owned());
    };
    if finished > soon(context.now) {
        return Err("it ended after now, as it says".to_owned());
    }
    let age = context.now.duration_since(finished);
    if age > SignedDuration::from_hours(i64::from(days).saturating_mul(24)) {
        return Err(format!("it is older than {days} days"));
    }
    Ok(())
}

/// Clocks differ a little.
fn soon(now: Timestamp) -> Timestamp {
    now.saturating_add(SignedDuration::from_mins(10)).unwrap_or(now)
}
