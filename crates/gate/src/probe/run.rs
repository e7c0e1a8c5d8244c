use behaviour::engine::{self, Hooks, Run};
use behaviour::journal::{Journal, lines};
use behaviour::report::{
    About, JournalRoot, Planned, RunReport, Scored, Transcript, against, plan as planned, report,
    score, transcripts,
};
use behaviour::stats::Judgement;
use provenance::hex;
use provenance::keys::sha256;
use provenance::log::Tree;

use super::packs::{Loaded, load};
use super::source::{Opened, open};
use super::{Asked, Error, ProbeRequest, ProbeServices, Spent};

/// A report, and what the run that it is of took.
#[derive(Clone, Debug)]
pub struct Probed {
    /// The report.
    pub report: RunReport,
    /// Calls that this run made, of both targets.
    pub asked: u64,
    /// What the replies took, with those that the journal held before; of the target alone.
    pub spent: Spent,
    /// What was asked and said; of the target alone.
    pub transcripts: Vec<Transcript>,
    /// The same of the original.
    pub originals: Vec<Transcript>,
}

impl Probed {
    /// What it comes to: whether all gates pass, one fails, or it cannot be told. A run that is not
    /// whole passes nothing.
    pub fn judgement(&self) -> Judgement {
        judgement(&self.report)
    }
}

/// What a report comes to, with what it says against an original.
pub fn judgement(report: &RunReport) -> Judgement {
    let against = report.against.as_ref().and_then(|against| against.judgement);
    let gates = [report.judgement, against];
    if gates.contains(&Some(Judgement::Fail)) {
        Judgement::Fail
    } else if gates.contains(&Some(Judgement::Inconclusive)) || !report.calls.complete() {
        Judgement::Inconclusive
    } else {
        Judgement::Pass
    }
}

/// What a run would be able to tell. Nobody is asked.
pub fn plan(request: &ProbeRequest) -> Result<Vec<Planned>, Error> {
    let loaded = load(&request.packs, request.seed)?;
    Ok(planned(&loaded.questions, &loaded.cases))
}

/// Makes a run.
pub fn probe(request: &ProbeRequest, services: ProbeServices<'_>) -> Result<Probed, Error> {
    let loaded = load(&request.packs, request.seed)?;
    let made = ask(&request.target, &loaded, request, services)?;
    let mut probed = {
        let scored = scored(&loaded, &made.run)?;
        let about = About {
            target: made.opened.told.clone(),
            packs: loaded.used.clone(),
            seed: request.seed,
            journal: made.root.clone(),
            run: None,
        };
        Probed {
            report: report(about, &loaded.questions, &scored),
            asked: made.run.asked,
            spent: made.run.spent,
            transcripts: transcripts(&scored),
            originals: Vec::new(),
        }
    };
    if let Some(original) = &request.against {
        let other = ask(original, &loaded, request, services)?;
        let (copy, of) = (scored(&loaded, &made.run)?, scored(&loaded, &other.run)?);
        let told = other.opened.told.clone();
        let held = against(told, request.margin, &loaded.questions, &copy, &of, request.seed);
        probed.report.against = Some(held);
        probed.originals = transcripts(&of);
        probed.asked = probed.asked.saturating_add(other.run.asked);
    }
    Ok(probed)
}

/// A target with what came of asking it.
struct Made<'c> {
    opened: Opened,
    run: Run<'c>,
    root: Option<JournalRoot>,
}

fn ask<'c>(
    asked: &Asked,
    loaded: &'c Loaded,
    request: &ProbeRequest,
    services: ProbeServices<'_>,
) -> Result<Made<'c>, Error> {
    let opened = open(asked, services)?;
    let hooks = Hooks { watch: services.watch, decided: None, stop: services.stop.flag() };
    let (target, journal) = (opened.target.as_ref(), &opened.journal);
    let run = engine::run(&loaded.cases, target, journal, &request.options, hooks)?;
    let bytes = journal.path().map(Journal::bytes).transpose()?;
    let root = bytes.as_deref().map(root);
    Ok(Made { opened, run, root })
}

fn scored<'a>(loaded: &Loaded, run: &'a Run<'_>) -> Result<Vec<Scored<'a>>, Error> {
    let answers: Vec<_> = run.attempts.iter().map(engine::Attempt::answer).collect();
    score(&loaded.packs, &answers)
        .map_err(|source| Error::Pack { name: "the packs".to_owned(), source })
}

/// The root of the tree over the lines of a journal, which `weighbridge samples root` tells as well.
pub(super) fn root(bytes: &[u8]) -> JournalRoot {
    let (mut tree, mut attempts) = (Tree::default(), 0u64);
    for line in lines(bytes) {
        tree.push(sha256(line).as_ref());
        attempts = attempts.saturating_add(u64::from(line.starts_with(b"{\"attempt\":")));
    }
    JournalRoot { root: hex::encode(&tree.root()), attempts }
}
