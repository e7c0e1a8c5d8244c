//! A journal that is handed in to be kept: judged by us, with what a page shows of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use behaviour::journal::lines;
use behaviour::report::{About, Beside, RunReport, Transcript, against, report, transcripts};
use behaviour::stats::Judgement;
use behaviour::target::{Identity, Kind};
use serde::Deserialize;
use vocabulary::escape;

use super::files::Files;
use super::packs::{load, text};
use super::rescore::{Kept, is_of};
use super::run::judgement;
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
        let mut files = files.clone();
        for (path, _) in &self.files {
            // A report escapes what would act on a terminal.
            if let Some(digest) = files.remove(&escape(path)) {
                files.insert(path.clone(), digest);
            }
        }
        is_of(&self.target, &self.files, &Files::listed(files))
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
    let kept = Kept::read(Path::new(journal.name), journal.bytes, &loaded)?;
    let other = wanted
        .original
        .map(|original| Kept::read(Path::new(original.name), original.bytes, &loaded));
    let other = other.transpose()?;
    let said = other.as_ref().map(Kept::answers);
    if wanted.original.is_some() && kept.stops_early().is_some() {
        return Err(Error::StopsEarly { path: journal.name.into() });
    }
    let scored = kept.scored(&loaded, Beside { judge: None, original: said.as_deref() })?;
    let about = About {
        target: kept.told(),
        packs: loaded.used.clone(),
        seed: wanted.seed,
        journal: Some(kept.root.clone()),
        stops_early: kept.stops_early(),
        run: None,
    };
    let mut report = report(about, &loaded.questions, &scored);
    let of = other.as_ref().map(|other| other.scored(&loaded, Beside::default())).transpose()?;
    if let (Some(other), Some(of)) = (&other, &of) {
        let (questions, seed) = (&loaded.questions, wanted.seed);
        report.against = Some(against(other.told(), wanted.margin, questions, &scored, of, seed));
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
