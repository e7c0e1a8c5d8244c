//! Taking a journal in.

use std::collections::BTreeMap;
use std::path::Path;

use gate::ledger::{Act, Evaluation, Event, Journal, Ledger, Page, Place, WeighingFilter};
use gate::probe::{self, Evaluated, Handed, PackSource, Wanted};
use gate::record::{EvaluationDocument, EvaluationNamed, evaluation_event};
use tokio::sync::OwnedSemaphorePermit;
use vocabulary::escape;

use super::{Desk, MAX_JOURNAL, NotTaken, index};
use crate::Error;
use crate::app::new_id;
use crate::uploads::{Limits, Store};

/// What whoever hands a journal in says of it.
#[derive(Clone, Debug, Default)]
pub struct HandIn {
    /// The artifact; that whose files were run where none is named.
    pub artifact: Option<String>,
    /// The model; that which the artifact was weighed as last where none is named.
    pub model: Option<String>,
    /// The packs; the shipped ones whose probes the journal holds where none is named.
    pub packs: Vec<PackSource>,
    /// The seed that the cases were made with.
    pub seed: u64,
    /// The evaluation of the original of an altered copy.
    pub original: Option<String>,
    /// By how much the copy may be worse.
    pub margin: f64,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandedIn {
    /// The identifier of the evaluation.
    pub evaluation: String,
    /// The number of its entry.
    pub number: u64,
    /// `pass`, `fail`, `inconclusive` or `none`.
    pub judgement: &'static str,
}

/// Records a run of probes in the ledger of a place, without a server.
pub async fn hand_in(
    place: &Place,
    ledger: &Ledger,
    store: Option<&str>,
    act: Act,
    asked: HandIn,
    journal: Vec<u8>,
) -> Result<HandedIn, NotTaken> {
    let store = std::sync::Arc::new(Store::open(store, &place.data)?);
    let desk = Desk::new(ledger.clone(), store, Limits::default(), &place.data);
    if journal.len() as u64 > MAX_JOURNAL {
        return Err(NotTaken::wrong(format!("a journal of more than {MAX_JOURNAL} bytes")));
    }
    let at = desk.store.put(journal).await?;
    desk.take(act, asked, at).await
}

impl Desk {
    /// Judges a journal whose bytes lie in the store at a place, and records it. Where that fails nothing of it
    /// stays.
    pub(crate) async fn take(
        &self,
        act: Act,
        asked: HandIn,
        place: String,
    ) -> Result<HandedIn, NotTaken> {
        let taken = self.judge_and_record(act, asked, place.clone()).await;
        let kept = taken.as_ref().is_ok_and(|(_, kept)| *kept == place);
        if !kept {
            // It was there before, or it is not wanted; the sweep finds what stays.
            let _ = self.store.delete(&place).await;
        }
        taken.map(|(handed, _)| handed)
    }

    async fn judge_and_record(
        &self,
        act: Act,
        mut asked: HandIn,
        place: String,
    ) -> Result<(HandedIn, String), NotTaken> {
        let evaluation = new_id()?;
        let folder = self.folder_of(&evaluation);
        // Before anything of it is in memory.
        let turn = self.turn().await?;
        let original = self.original(&asked).await?;
        let journal = self.bytes_at(&place, MAX_JOURNAL).await?;
        let (made, id) = (folder.clone(), evaluation.clone());
        let judged = tokio::task::spawn_blocking(move || {
            let judged = judge(&made, &id, &mut asked, &journal, original.as_deref());
            drop(turn);
            judged.map(|judged| (judged, asked, journal))
        });
        let crashed = |_| NotTaken::wrong("the journal cannot be judged");
        let (evaluated, asked, journal) = judged.await.map_err(crashed)??;
        let recorded = self.record(act, asked, &evaluated, (evaluation, &journal), place).await;
        if recorded.is_err() {
            index::remove(&folder);
        }
        recorded
    }

    async fn record(
        &self,
        act: Act,
        asked: HandIn,
        evaluated: &Evaluated,
        (evaluation, journal): (String, &[u8]),
        place: String,
    ) -> Result<(HandedIn, String), NotTaken> {
        let artifact = self.artifact(&asked, evaluated).await?;
        let model = match asked.model {
            Some(model) => model,
            None => self.model(&artifact).await?,
        };
        let original = asked.original.unwrap_or_default();
        let judgement = gate::record::judgement_word(evaluated.judgement());
        let named = EvaluationNamed { evaluation: evaluation.clone(), model, artifact, original };
        let (event, documents) = evaluation_event(evaluated, journal, named);
        let Event::Evaluation(told) = event else { unreachable!("it is the event of a run") };
        let room = self.limits.room.caller;
        let journal = Journal { place, room };
        let (number, place) = self.ledger.record_evaluation(act, told, documents, journal).await?;
        Ok((HandedIn { evaluation, number, judgement }, place))
    }

    /// The right to judge: one journal at a time.
    async fn turn(&self) -> Result<OwnedSemaphorePermit, NotTaken> {
        let turn = self.judging.clone().acquire_owned().await;
        turn.map_err(|_| NotTaken::wrong("the server is ending"))
    }

    /// The journal of the original.
    async fn original(&self, asked: &HandIn) -> Result<Option<Vec<u8>>, NotTaken> {
        let Some(name) = &asked.original else { return Ok(None) };
        let found = self.ledger.evaluation(name).await?;
        let found = found.ok_or_else(|| unknown("evaluation", name))?;
        self.journal_of(&found).await.map(Some)
    }

    /// The artifact that is spoken of: that which is named, or that whose files were run. It has to have them.
    async fn artifact(&self, asked: &HandIn, evaluated: &Evaluated) -> Result<String, NotTaken> {
        let local = evaluated.is_local();
        if let Some(artifact) = &asked.artifact {
            self.ledger.artifact(artifact).await?.ok_or_else(|| unknown("artifact", artifact))?;
            if local {
                let files = self.files(artifact).await?;
                evaluated.is_of(&files).map_err(|because| {
                    NotTaken::wrong(format!(
                        "the journal does not speak of `{}`: {because}",
                        escape(artifact)
                    ))
                })?;
            }
            return Ok(artifact.clone());
        }
        let Some((path, blake3)) = evaluated.files.first() else {
            return Err(NotTaken::wrong(
                "the journal does not tell which files answered: name the artifact",
            ));
        };
        let mut because = "it was not weighed".to_owned();
        let known = self.ledger.artifacts_with(&escape(path), &blake3.to_ascii_lowercase()).await?;
        for artifact in known {
            match evaluated.is_of(&self.files(&artifact).await?) {
                Ok(()) => return Ok(artifact),
                Err(said) => because = said,
            }
        }
        Err(NotTaken::wrong(format!(
            "the record knows no artifact with the files that were run: {because}"
        )))
    }

    /// The BLAKE3 of the files of an artifact, by their paths.
    async fn files(&self, artifact: &str) -> Result<BTreeMap<String, String>, NotTaken> {
        let mut files = BTreeMap::new();
        let mut page = Page { skip: 0, take: 1000 };
        loop {
            let rows = self.ledger.files(artifact, page).await?.rows;
            if rows.is_empty() {
                return Ok(files);
            }
            page.skip = page.skip.saturating_add(page.take);
            files.extend(rows.into_iter().map(|file| (file.path, file.blake3)));
        }
    }

    /// The model that an artifact was weighed as last.
    async fn model(&self, artifact: &str) -> Result<String, NotTaken> {
        let of =
            WeighingFilter { artifact: Some(artifact.to_owned()), ..WeighingFilter::default() };
        let last = self.ledger.weighings(&of, Page { skip: 0, take: 1 }).await?.rows;
        let last = last.into_iter().next().ok_or_else(|| unknown("artifact", artifact))?;
        Ok(last.model)
    }

    /// What is shown of an evaluation. Where it is lost it is made again, from the journal and the packs that the
    /// record keeps.
    pub(crate) async fn index(&self, of: &Evaluation) -> Result<index::Index, NotTaken> {
        let folder = self.folder_of(&of.evaluation);
        let there = folder.clone();
        let open = move || index::Index::open(&there);
        if let Some(index) = blocking(open.clone()).await? {
            return Ok(index);
        }
        let turn = self.turn().await?;
        // Somebody else may have made it meanwhile.
        if let Some(index) = blocking(open.clone()).await? {
            return Ok(index);
        }
        let journal = self.journal_of(of).await?;
        let original = match of.original.as_str() {
            "" => None,
            name => {
                let found = self.ledger.evaluation(name).await?;
                let found = found.ok_or_else(|| unknown("evaluation", name))?;
                Some(self.journal_of(&found).await?)
            }
        };
        let (packs, seed) = (self.packs_of(of).await?, of.seed.parse().unwrap_or_default());
        let (made, id) = (folder, of.evaluation.clone());
        let margin = self.margin_of(of).await?;
        let mut asked = HandIn { packs, seed, margin, ..HandIn::default() };
        let judged = tokio::task::spawn_blocking(move || {
            let judged = judge(&made, &id, &mut asked, &journal, original.as_deref());
            drop(turn);
            judged
        });
        judged.await.map_err(|_| NotTaken::wrong("the journal cannot be judged"))??;
        blocking(open).await?.ok_or_else(|| NotTaken::wrong("what was made of the journal is gone"))
    }

    /// By how much the copy might be worse.
    async fn margin_of(&self, of: &Evaluation) -> Result<f64, NotTaken> {
        let document = self.ledger.document(&of.document).await?;
        let document = document.as_deref().and_then(EvaluationDocument::read);
        Ok(document.and_then(|document| document.margin).unwrap_or_default())
    }

    /// The packs of an evaluation, as the record keeps them.
    async fn packs_of(&self, of: &Evaluation) -> Result<Vec<PackSource>, NotTaken> {
        let entry = self.ledger.entries(of.number, 1).await?.into_iter().next();
        let Some(Event::Evaluation(told)) = entry.map(|entry| entry.entry.event) else {
            return Err(unknown("evaluation", &of.evaluation));
        };
        let mut packs = Vec::new();
        for digest in told.packs {
            let text = self.ledger.document(&digest).await?;
            let text = text.ok_or_else(|| unknown("pack", &digest))?;
            let text = String::from_utf8_lossy(&text).into_owned();
            packs.push(PackSource::Text { label: format!("the pack {digest}"), text });
        }
        Ok(packs)
    }
}

fn unknown(what: &'static str, name: &str) -> NotTaken {
    NotTaken::Ledger(gate::ledger::Error::Unknown { what, name: escape(name) })
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, NotTaken> {
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.map_err(|_| NotTaken::wrong("what is shown cannot be read"))??)
}

/// Judges a journal, and writes what is shown of it.
fn judge(
    folder: &Path,
    evaluation: &str,
    asked: &mut HandIn,
    journal: &[u8],
    original: Option<&[u8]>,
) -> Result<Evaluated, NotTaken> {
    if asked.packs.is_empty() {
        asked.packs = packs(journal)?;
    }
    let called = format!("the journal of {evaluation}");
    let handed = |bytes| Handed { name: &called, bytes };
    let wanted = Wanted {
        packs: &asked.packs,
        seed: asked.seed,
        original: original.map(handed),
        margin: asked.margin,
    };
    let mut writer = index::Writer::new(folder)?;
    let judged = probe::evaluate(handed(journal), wanted, &mut |transcript, original| {
        writer.add(&transcript, original.as_ref());
    });
    let evaluated = judged.map_err(|error| {
        let hint = error.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
        NotTaken::wrong(format!("{}{hint}", told(&error)))
    })?;
    if evaluated.report.calls.answered == 0 {
        return Err(NotTaken::wrong(format!(
            "the journal holds no reply that these packs ask for with the seed {}: name the packs and the seed of \
             the run",
            asked.seed
        )));
    }
    let named = EvaluationNamed::default();
    let (event, _) = evaluation_event(&evaluated, journal, named);
    let Event::Evaluation(told) = event else { unreachable!("it is the event of a run") };
    writer.end(&told.document)?;
    Ok(evaluated)
}

/// The shipped packs whose probes a journal holds.
fn packs(journal: &[u8]) -> Result<Vec<PackSource>, NotTaken> {
    let mut packs = Vec::new();
    for pack in probe::packs_of(journal) {
        if !probe::builtin().any(|shipped| shipped == pack) {
            return Err(NotTaken::wrong(format!(
                "the journal holds probes of `{}`, which is no shipped pack: name the packs that judge it",
                escape(&pack)
            )));
        }
        packs.push(PackSource::Shipped(pack));
    }
    if packs.is_empty() {
        return Err(NotTaken::wrong("it is no journal, or holds no attempt"));
    }
    Ok(packs)
}

/// An error and what led to it.
fn told(error: &dyn std::error::Error) -> String {
    escape(&crate::error::Cause::of(error).0)
}
