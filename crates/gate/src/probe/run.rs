use behaviour::engine::{self, Attempt, Hooks, Run};
use behaviour::journal::{Journal, lines};
use behaviour::report::{
    About, Answered, Beside, Examination, JournalRoot, JudgeReport, Planned, RunReport, Scored,
    Stopping, Transcript, Verdicts, against, plan as planned, report, score, transcripts,
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
    /// Calls that this run made, of all targets.
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
    } else if gates.contains(&Some(Judgement::Inconclusive))
        || gates == [None, None]
        || !report.calls.complete()
    {
        // What nothing was held to has passed nothing.
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
    let other = match &request.against {
        Some(original) => Some(ask(original, &loaded, request, services)?),
        None => None,
    };
    let answers = answers(&made.run.attempts);
    let of = other.as_ref().map(|other| self::answers(&other.run.attempts));
    let lists: Vec<&[Answered<'_>]> =
        [Some(answers.as_slice()), of.as_deref()].into_iter().flatten().collect();
    let judged = match &request.judge {
        Some(judge) => examine(judge, &loaded, &lists, request, services)?,
        None => None,
    };
    let mut questions = loaded.questions.clone();
    let verdicts = judged.as_ref().map(|judged| &judged.verdicts);
    if let Some(verdicts) = verdicts {
        verdicts.measure(&mut questions);
    }
    let beside = Beside { judge: verdicts, original: of.as_deref() };
    let copy = scored(&loaded, &answers, beside)?;
    let about = About {
        target: made.opened.told.clone(),
        packs: loaded.used.clone(),
        seed: request.seed,
        journal: made.root.clone(),
        stops_early: made.opened.journal.stops_early().map(std::num::NonZeroU32::get),
        run: None,
    };
    let mut probed = Probed {
        report: report(about, &questions, &copy),
        asked: made.run.asked,
        spent: made.run.spent,
        transcripts: transcripts(&copy),
        originals: Vec::new(),
    };
    if let (Some(other), Some(of)) = (&other, &of) {
        let of = scored(&loaded, of, Beside { judge: verdicts, original: None })?;
        let told = other.opened.told.clone();
        let held = against(told, request.margin, &questions, &copy, &of, request.seed);
        probed.report.against = Some(held);
        probed.originals = transcripts(&of);
        probed.asked = probed.asked.saturating_add(other.run.asked);
    }
    if let Some(judged) = judged {
        probed.report.judge = Some(judged.report);
        probed.asked = probed.asked.saturating_add(judged.asked);
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
    let journal = &opened.journal;
    if request.stop_early {
        journal.stop_early(super::LOOK)?;
    }
    if let (Some(path), true) = (journal.path(), request.against.is_some())
        && journal.stops_early().is_some()
    {
        return Err(Error::StopsEarly { path: path.into() });
    }
    let stopping = Stopping::new(&loaded.packs, &loaded.questions);
    let decided = |probe: &str, attempts: &[&Attempt<'_>]| {
        let answers: Vec<_> = attempts.iter().map(|attempt| attempt.answer()).collect();
        stopping.decided(probe, &answers)
    };
    let mut options = request.options.clone();
    let mut hooks = Hooks { watch: services.watch, decided: None, stop: services.stop.flag() };
    if let Some(every) = journal.stops_early() {
        options.look = usize::try_from(every.get()).unwrap_or(usize::MAX);
        hooks.decided = Some(&decided);
    }
    let run = engine::run(&loaded.cases, opened.target.as_ref(), journal, &options, hooks)?;
    let root = kept(journal)?;
    Ok(Made { opened, run, root })
}

/// What a judge said, and what is told of it.
struct Judged {
    verdicts: Verdicts,
    report: JudgeReport,
    asked: u64,
}

/// Asks a judge about replies; nothing where no probe wants one.
fn examine(
    judge: &Asked,
    loaded: &Loaded,
    lists: &[&[Answered<'_>]],
    request: &ProbeRequest,
    services: ProbeServices<'_>,
) -> Result<Option<Judged>, Error> {
    let mut examination = Examination::of(&loaded.packs, lists).map_err(in_packs)?;
    let cases = std::mem::take(&mut examination.cases);
    if cases.is_empty() {
        (services.notes)("no probe of these packs asks a judge: it was not called");
        return Ok(None);
    }
    let opened = open(judge, services)?;
    let hooks = Hooks { watch: services.watch, decided: None, stop: services.stop.flag() };
    let (target, journal) = (opened.target.as_ref(), &opened.journal);
    let run = engine::run(&cases, target, journal, &request.options, hooks)?;
    let answers = run.attempts.iter().map(|one| one.outcome().map_err(|why| why.because()));
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    Ok(Some(Judged {
        verdicts: examination.verdicts(answers),
        report: JudgeReport {
            target: opened.told.clone(),
            planned: count(cases.len()),
            answered: count(run.attempts.iter().filter(|one| one.reply().is_some()).count()),
            journal: kept(journal)?,
        },
        asked: run.asked,
    }))
}

pub(super) fn answers<'a>(attempts: &'a [Attempt<'_>]) -> Vec<Answered<'a>> {
    attempts.iter().map(Attempt::answer).collect()
}

fn scored<'a>(
    loaded: &Loaded,
    answers: &[Answered<'a>],
    beside: Beside<'_>,
) -> Result<Vec<Scored<'a>>, Error> {
    score(&loaded.packs, answers, beside).map_err(in_packs)
}

pub(super) fn in_packs(source: behaviour::pack::Problem) -> Error {
    Error::Pack { name: "the packs".to_owned(), source }
}

/// The root over a journal that is kept in a file.
pub(super) fn kept(journal: &Journal) -> Result<Option<JournalRoot>, Error> {
    let bytes = journal.path().map(Journal::bytes).transpose()?;
    Ok(bytes.as_deref().map(root))
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
