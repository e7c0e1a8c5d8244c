//! What a journal is worth to a gate. Its word is not taken: the cases are made anew from the packs that the policy
//! names, their replies are looked up, and all of them are judged again.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use behaviour::journal::{Held, Id, Journal};
use behaviour::report::{
    About, Answer, Answered, JournalRoot, Question, RunReport, Scored, TargetReport, report, score,
};
use behaviour::stats::{Gate, Judgement};
use behaviour::target::{Identity, Kind};
use vocabulary::{BehaviourTerms, Untrusted};

use super::packs::{Loaded, load};
use super::run::root;
use super::{Error, PackSource};

/// The key of what a journal says was found that lists the files which were run: pairs of name and BLAKE3.
pub(super) const FILES: &str = "files";

/// How the names of files end that hold weights.
const WEIGHTS: [&str; 12] = [
    ".safetensors",
    ".gguf",
    ".bin",
    ".pt",
    ".pth",
    ".ckpt",
    ".h5",
    ".keras",
    ".onnx",
    ".msgpack",
    ".npz",
    ".pkl",
];

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

    /// Whether the files that were run are those of an artifact, of which the BLAKE3 of each file is given. The
    /// error says why not.
    pub(crate) fn is_of(&self, files: &BTreeMap<String, String>) -> Result<(), String> {
        is_of(&self.target, &self.files, files)
    }
}

/// Whether the files that a journal's target says it ran are those of an artifact.
pub(super) fn is_of(
    target: &Identity,
    ran: &[(String, String)],
    files: &BTreeMap<String, String>,
) -> Result<(), String> {
    if target.kind != Kind::Local {
        return Err("it is of an endpoint or of recorded replies, which do not tell whose files \
                    answered"
            .to_owned());
    }
    let name = |name: &str| Untrusted::from(name).to_string();
    if ran.is_empty() || fingerprint(ran) != target.fingerprint {
        return Err("it does not tell which files were run".to_owned());
    }
    for (path, digest) in ran {
        match files.get(path) {
            Some(ours) if ours.eq_ignore_ascii_case(digest) => {}
            Some(_) => {
                return Err(format!("it is of another model: its `{}` differs", name(path)));
            }
            None => {
                return Err(format!("it is of another model, which has a `{}`", name(path)));
            }
        }
    }
    let run = |path: &String| ran.iter().any(|(name, _)| name == path);
    let holds_weights = |path: &&String| {
        let lower = path.to_ascii_lowercase();
        WEIGHTS.iter().any(|ending| lower.ends_with(ending))
    };
    match files.keys().filter(holds_weights).find(|path| !run(path)) {
        Some(path) => Err(format!("`{}` is not among the files that were run", name(path))),
        None => Ok(()),
    }
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
    let kept = Kept::read(called, bytes, &loaded)?;
    let scored = kept.scored(&loaded)?;
    let about = About {
        target: kept.told(),
        packs: loaded.used.clone(),
        seed,
        journal: Some(kept.root.clone()),
        run: None,
    };
    let report = report(about, &loaded.questions, &scored);
    let (root, target) = (kept.root.clone(), kept.target().clone());
    Ok(Rescored { report, root, target, files: kept.files() })
}

/// What a journal holds of the cases of packs.
pub(super) struct Kept {
    journal: Journal,
    held: Vec<Option<Arc<Held>>>,
    pub(super) root: JournalRoot,
}

impl Kept {
    pub(super) fn read(called: &Path, bytes: &[u8], loaded: &Loaded) -> Result<Self, Error> {
        let journal = Journal::of_bytes(called, bytes)?;
        let held = loaded.cases.iter().map(|case| journal.held(&Id::of(journal.target(), case)));
        let held = held.collect();
        Ok(Self { journal, held, root: root(bytes) })
    }

    pub(super) fn target(&self) -> &Identity {
        self.journal.target()
    }

    pub(super) fn told(&self) -> TargetReport {
        let found = self.journal.found().and_then(|found| super::source::found(&found).ok());
        super::source::told(self.target(), found.as_ref())
    }

    /// The files that it says were run, with their BLAKE3.
    pub(super) fn files(&self) -> Vec<(String, String)> {
        let found = self.journal.found();
        let files = found.and_then(|found| serde_json::from_value(found.get(FILES)?.clone()).ok());
        files.unwrap_or_default()
    }

    /// Every case, judged; what the journal does not hold has failed.
    pub(super) fn scored<'a>(&'a self, loaded: &'a Loaded) -> Result<Vec<Scored<'a>>, Error> {
        let cases = loaded.cases.iter().zip(&self.held);
        let answered: Vec<Answered<'a>> = cases
            .map(|(case, held)| {
                let answer = match held.as_deref() {
                    Some(Held::Reply(reply)) => Answer::Reply(reply),
                    Some(Held::Failure(failed)) => Answer::Failed(failed.because.clone()),
                    None => Answer::Failed("the journal holds no reply to it".to_owned()),
                };
                Answered { case, answer }
            })
            .collect();
        score(&loaded.packs, &answered)
            .map_err(|source| Error::Pack { name: "the packs".to_owned(), source })
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

/// Shipped packs by their names.
pub(crate) fn shipped(names: &[String]) -> Vec<PackSource> {
    names.iter().cloned().map(PackSource::Shipped).collect()
}
