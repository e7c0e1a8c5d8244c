//! What a journal is worth to a gate. Its word is not taken: the cases are made anew from the packs that the policy
//! names, their replies are looked up, and all of them are judged again.

use std::collections::BTreeMap;
use std::path::Path;

use behaviour::engine::{Attempt, replay};
use behaviour::journal::Journal;
use behaviour::report::{
    About, Beside, JournalRoot, Question, RunReport, Stopping, TargetReport, report, score,
};
use behaviour::stats::{Gate, Judgement};
use behaviour::target::{Identity, Kind};
use vocabulary::BehaviourTerms;

use super::files::Files;
use super::packs::{Loaded, load};
use super::run::{answers, in_packs, root};
use super::{Error, PackSource};

/// The key of what a journal says was found that lists the files which were run: pairs of name and BLAKE3.
pub(super) const FILES: &str = "files";

/// A journal, judged again.
pub(crate) struct Rescored {
    /// The report, as a run on this journal alone would give it.
    pub(crate) report: RunReport,
    /// The root over the journal's lines.
    pub(crate) root: JournalRoot,
    target: Identity,
    files: Vec<(String, String)>,
}

impl Rescored {
    /// What the gates say. A run that is not whole passes nothing.
    pub(crate) fn judgement(&self) -> Judgement {
        match self.report.judgement {
            Some(Judgement::Fail) => Judgement::Fail,
            Some(Judgement::Pass) if self.report.calls.complete() => Judgement::Pass,
            Some(Judgement::Pass | Judgement::Inconclusive) | None => Judgement::Inconclusive,
        }
    }

    /// Whether the files that were run are those of an artifact. The error says why not.
    pub(crate) fn is_of(&self, files: &Files) -> Result<(), String> {
        is_of(&self.target, &self.files, files)
    }
}

/// Whether the files that a journal's target says it ran are those of an artifact.
pub(super) fn is_of(
    target: &Identity,
    ran: &[(String, String)],
    files: &Files,
) -> Result<(), String> {
    if target.kind != Kind::Local {
        return Err("it is of an endpoint or of recorded replies, which do not tell whose files \
                    answered"
            .to_owned());
    }
    if ran.is_empty() || fingerprint(ran) != target.fingerprint {
        return Err("it does not tell which files were run".to_owned());
    }
    files.are(ran)
}

/// The digest by which a model that runs in this process names itself.
fn fingerprint(files: &[(String, String)]) -> String {
    let mut hasher = blake3::Hasher::new();
    for (name, digest) in files {
        hasher.update(digest.as_bytes());
        hasher.update(&(name.len() as u64).to_le_bytes());
        hasher.update(name.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

/// Judges a journal again by packs, with a policy's own bounds where it has any.
pub(crate) fn rescore(
    path: &Path,
    packs: &[PackSource],
    terms: &BehaviourTerms,
) -> Result<Rescored, Error> {
    // What is judged and what the root is over are the same bytes.
    rescore_bytes(path, &Journal::bytes(path)?, packs, terms)
}

/// The same of bytes that are at hand; messages call them by a path.
pub(crate) fn rescore_bytes(
    called: &Path,
    bytes: &[u8],
    packs: &[PackSource],
    terms: &BehaviourTerms,
) -> Result<Rescored, Error> {
    let seed = terms.seed.unwrap_or_default();
    let mut loaded = load(packs, seed)?;
    bounds(&mut loaded.questions, terms);
    let kept = Kept::read(called, bytes)?;
    let attempts = kept.attempts(&loaded);
    let scored = score(&loaded.packs, &answers(&attempts), Beside::default()).map_err(in_packs)?;
    let report = report(kept.about(&loaded, seed), &loaded.questions, &scored);
    let (files, target) = (kept.files(), kept.target().clone());
    Ok(Rescored { report, root: kept.root, target, files })
}

/// A journal that is judged.
pub(super) struct Kept {
    pub(super) journal: Journal,
    root: JournalRoot,
}

impl Kept {
    pub(super) fn read(called: &Path, bytes: &[u8]) -> Result<Self, Error> {
        Ok(Self { journal: Journal::of_bytes(called, bytes)?, root: root(bytes) })
    }

    pub(super) fn target(&self) -> &Identity {
        self.journal.target()
    }

    pub(super) fn told(&self) -> TargetReport {
        let found = self.journal.found().and_then(|found| super::source::found(&found).ok());
        super::source::told(self.target(), found.as_ref())
    }

    /// What a report says of it beside the numbers.
    pub(super) fn about(&self, loaded: &Loaded, seed: u64) -> About {
        About {
            target: self.told(),
            packs: loaded.used.clone(),
            seed,
            journal: Some(self.root.clone()),
            stops_early: self.journal.stops_early().map(std::num::NonZeroU32::get),
            run: None,
        }
    }

    /// The files that it says were run, with their BLAKE3.
    pub(super) fn files(&self) -> Vec<(String, String)> {
        let found = self.journal.found();
        let files = found.and_then(|found| serde_json::from_value(found.get(FILES)?.clone()).ok());
        files.unwrap_or_default()
    }

    /// What it holds of every case.
    pub(super) fn attempts<'c>(&self, loaded: &'c Loaded) -> Vec<Attempt<'c>> {
        let stopping = Stopping::new(&loaded.packs, &loaded.questions);
        let decided = |probe: &str, attempts: &[&Attempt<'_>]| {
            let answers: Vec<_> = attempts.iter().map(|attempt| attempt.answer()).collect();
            stopping.decided(probe, &answers)
        };
        replay(&loaded.cases, &self.journal, Some(&decided))
    }
}

/// Puts a policy's bounds in place of the packs'.
fn bounds(questions: &mut [Question], terms: &BehaviourTerms) {
    for question in questions {
        let Some(bound) = terms.gates.get(&question.probe) else { continue };
        let before =
            question.gate.unwrap_or(Gate { at_most: None, at_least: None, ..Gate::at_most(0.0) });
        question.gate = Some(Gate {
            at_most: bound.at_most.map(f64::from).or(before.at_most),
            at_least: bound.at_least.map(f64::from).or(before.at_least),
            ..before
        });
    }
}

/// Whether what a policy says of behaviour can be meant. The error is the key and a sentence.
pub(crate) fn fits(terms: &BehaviourTerms) -> Result<(), (&'static str, String)> {
    let packs = shipped(&terms.packs);
    let mut loaded = load(&packs, 0).map_err(|error| ("packs", error.to_string()))?;
    bounds(&mut loaded.questions, terms);
    for probe in terms.gates.keys() {
        let shown = vocabulary::escape(probe);
        let Some(question) = loaded.questions.iter().find(|question| question.probe == *probe)
        else {
            return Err(("gates", format!("no probe of the packs is named `{shown}`")));
        };
        if let Some(because) = question.gate.and_then(|gate| gate.wrong(question.measure)) {
            return Err(("gates", format!("`{shown}`: {because}")));
        }
    }
    Ok(())
}

/// The most that is permitted, and the least.
type Permitted = (Option<f64>, Option<f64>);

/// What terms permit at most and ask for at least, of each probe with a gate.
pub(crate) fn bounds_of(terms: &BehaviourTerms) -> Result<BTreeMap<String, Permitted>, String> {
    let mut loaded = load(&shipped(&terms.packs), 0).map_err(|error| error.to_string())?;
    bounds(&mut loaded.questions, terms);
    let gated = loaded.questions.into_iter().filter_map(|question| {
        let gate = question.gate?;
        Some((question.probe, (gate.at_most, gate.at_least)))
    });
    Ok(gated.collect())
}

/// Shipped packs by their names.
pub(crate) fn shipped(names: &[String]) -> Vec<PackSource> {
    names.iter().cloned().map(PackSource::Shipped).collect()
}
