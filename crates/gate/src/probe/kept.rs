//! A journal that is handed in to be kept: judged by us, with what a page shows of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use behaviour::journal::lines;
use behaviour::report::{Beside, RunReport, Transcript, against, report, score, transcripts};
use behaviour::stats::Judgement;
use behaviour::target::{Identity, Kind};
use serde::Deserialize;

use super::files::Files;
use super::packs::{load, text};
use super::rescore::{Kept, is_of};
use super::run::{answers, in_packs, judgement};
use super::{Error, PackSource};

/// The bytes of a journal, and what messages call it.
#[derive(Clone, Copy, Debug)]
pub struct Handed<'a> {
    /// What it is called.
    pub name: &'a str,
    /// Its bytes.
    pub bytes: &'a [u8],
}

/// What is to be made of a journal.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The packs that judge it.
    pub packs: &'a [PackSource],
    /// The seed that their cases were made with.
    pub seed: u64,
    /// The journal of the original of an altered copy.
    pub original: Option<Handed<'a>>,
    /// By how much a copy may be worse, in shares of prompts.
    pub margin: f64,
}

/// A journal, judged by packs.
#[derive(Clone, Debug)]
pub struct Evaluated {
    /// The report, as `probe` gives it of this journal.
    pub report: RunReport,
    /// The files that it says were run, with their BLAKE3; none where it is not of a model that ran here.
    pub files: Vec<(String, String)>,
    /// The texts of the packs.
    pub packs: Vec<String>,
    target: Identity,
}

impl Evaluated {
    /// What the gates say together, where there is one. A run that is not whole passes nothing.
    pub fn judgement(&self) -> Option<Judgement> {
        judged(&self.report)
    }

    /// Whether a model that ran here answered: it has to tell which files it is made of.
    pub fn is_local(&self) -> bool {
        self.target.kind == Kind::Local
    }

    /// Whether the files that were run are those of an artifact, of which the BLAKE3 of each file is given by its
    /// path, as reports tell it. The error says why not.
    pub fn is_of(&self, files: &BTreeMap<String, String>) -> Result<(), String> {
        is_of(&self.target, &self.files, &Files::recorded(files, &self.files))
    }
}

/// What the gates of a report say together, where it has one.
pub fn judged(report: &RunReport) -> Option<Judgement> {
    let against = report.against.as_ref().and_then(|against| against.judgement);
    report.judgement.or(against).map(|_| judgement(report))
}

/// Judges a journal, and shows each case with what came of it, beside that of the original where there is one, in
/// the order of the cases.
pub fn evaluate(
    journal: Handed<'_>,
    wanted: Wanted<'_>,
    show: &mut dyn FnMut(Transcript, Option<Transcript>),
) -> Result<Evaluated, Error> {
    let loaded = load(wanted.packs, wanted.seed)?;
    let (packs, questions) = (&loaded.packs, &loaded.questions);
    let kept = Kept::read(Path::new(journal.name), journal.bytes)?;
    let other = wanted.original.map(|other| Kept::read(Path::new(other.name), other.bytes));
    let other = other.transpose()?;
    let stops = |kept: &Kept| kept.journal.stops_early().is_some();
    if other.as_ref().is_some_and(|other| stops(other) || stops(&kept)) {
        return Err(Error::StopsEarly { path: journal.name.into() });
    }
    let attempts = kept.attempts(&loaded);
    let of_other = other.as_ref().map(|other| other.attempts(&loaded));
    let (said, of) = (answers(&attempts), of_other.as_deref().map(answers));
    let beside = Beside { judge: None, original: of.as_deref() };
    let scored = score(packs, &said, beside).map_err(in_packs)?;
    let of = of.map(|of| score(packs, &of, Beside::default()).map_err(in_packs)).transpose()?;
    let mut report = report(kept.about(&loaded, wanted.seed), questions, &scored);
    if let (Some(other), Some(of)) = (&other, &of) {
        let held = against(other.told(), wanted.margin, questions, &scored, of, wanted.seed);
        report.against = Some(held);
    }
    // The same packs and seed make the same cases in one order, so that the two stand side by side.
    let mut others = of.iter().flatten();
    let one = |scored| transcripts(std::slice::from_ref(scored)).pop();
    for scored in &scored {
        let original = others.next().and_then(one);
        if let Some(transcript) = one(scored) {
            show(transcript, original);
        }
    }
    let texts = wanted.packs.iter().map(|source| Ok(text(source)?.1.to_owned()));
    let packs = texts.collect::<Result<_, Error>>()?;
    let target = kept.target().clone();
    // What another kind of target says of files is nothing that it could know.
    let files = if target.kind == Kind::Local { kept.files() } else { Vec::new() };
    Ok(Evaluated { report, files, packs, target })
}

/// The packs whose probes a journal holds, by what its lines say.
pub fn packs_of(journal: &[u8]) -> BTreeSet<String> {
    #[derive(Deserialize)]
    struct Line<'a> {
        #[serde(borrow)]
        attempt: Attempt<'a>,
    }
    #[derive(Deserialize)]
    struct Attempt<'a> {
        #[serde(borrow)]
        probe: std::borrow::Cow<'a, str>,
    }
    let mut packs = BTreeSet::new();
    for line in lines(journal) {
        let Ok(line) = serde_json::from_slice::<Line<'_>>(line) else { continue };
        let probe = line.attempt.probe;
        let pack = probe.split_once('/').map_or(probe.as_ref(), |(pack, _)| pack);
        if !packs.contains(pack) {
            packs.insert(pack.to_owned());
        }
    }
    packs
}
