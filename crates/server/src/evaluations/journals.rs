//! The bytes of kept journals. What the store gives is not taken at its word: it has to have the digest that the
//! record tells.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::TryStreamExt as _;
use gate::ledger::{Evaluation, Ledger, Page, Place};
use gate::provenance::hex;
use gate::{JournalAt, RunJournal};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use vocabulary::Untrusted;

use super::{Desk, NotTaken};
use crate::Error;
use crate::uploads::{Limits, Store};

impl Desk {
    /// The journal of an evaluation.
    pub(super) async fn journal_of(&self, of: &Evaluation) -> Result<Vec<u8>, NotTaken> {
        let place = self.ledger.blob(&of.journal).await?;
        let place = place.ok_or_else(|| NotTaken::wrong(GONE))?;
        let bytes = self.bytes_at(&place, of.bytes).await?;
        if hex::encode(&Sha256::digest(&bytes)) == of.journal {
            Ok(bytes)
        } else {
            Err(NotTaken::wrong(OTHER))
        }
    }

    /// The bytes of an object that has no more than so many.
    pub(super) async fn bytes_at(&self, place: &str, most: u64) -> Result<Vec<u8>, NotTaken> {
        let (_, mut stream) = self.store.read(place).await?;
        let mut bytes = Vec::new();
        while let Some(part) = stream.try_next().await.map_err(|source| Error::Store { source })? {
            bytes.extend_from_slice(&part);
            if bytes.len() as u64 > most {
                return Err(NotTaken::wrong(OTHER));
            }
        }
        Ok(bytes)
    }

    /// Writes the journal of an evaluation to a file. The inner error says why it cannot be had.
    async fn written(&self, of: &Evaluation, path: &Path) -> Result<Result<(), String>, Error> {
        let Some(place) = self.ledger.blob(&of.journal).await? else {
            return Ok(Err(GONE.to_owned()));
        };
        let Ok((bytes, mut stream)) = self.store.read(&place).await else {
            return Ok(Err(GONE.to_owned()));
        };
        if bytes != of.bytes {
            return Ok(Err(OTHER.to_owned()));
        }
        let wrong = |source| Error::Folder { path: path.into(), source };
        let mut digest = Sha256::new();
        let mut file = tokio::fs::File::create(path).await.map_err(wrong)?;
        while let Some(part) = stream.try_next().await.map_err(|source| Error::Store { source })? {
            digest.update(&part);
            file.write_all(&part).await.map_err(wrong)?;
        }
        file.flush().await.map_err(wrong)?;
        let same = hex::encode(&digest.finalize()) == of.journal;
        Ok(if same { Ok(()) } else { Err(OTHER.to_owned()) })
    }
}

const GONE: &str = "its journal is not kept here";
const OTHER: &str = "what is kept of its journal has another SHA-256 than was recorded";

/// The journals that the ledger of a place keeps of an artifact, without a server: those that lie beside it. They are
/// copied to the folder that is given beside them.
pub async fn kept_journals(
    place: &Place,
    ledger: &Ledger,
    artifact: &str,
) -> Result<(Vec<RunJournal>, Option<TempDir>), Error> {
    let store = Arc::new(Store::open(None, &place.data)?);
    let desk = Desk::new(ledger.clone(), store, Limits::default(), &place.data);
    journals(&desk, artifact, &std::env::temp_dir()).await
}

/// The journals that the record keeps of an artifact, as files below a folder that goes with what is given. Each is
/// there once, whoever handed it in.
pub(crate) async fn journals(
    desk: &Desk,
    artifact: &str,
    into: &Path,
) -> Result<(Vec<RunJournal>, Option<TempDir>), Error> {
    let (mut journals, mut seen) = (Vec::new(), Vec::new());
    let mut folder: Option<TempDir> = None;
    let mut page = Page { skip: 0, take: 100 };
    loop {
        let rows = desk.ledger.evaluations_for(artifact, page).await?;
        if rows.is_empty() {
            return Ok((journals, folder));
        }
        page.skip = page.skip.saturating_add(page.take);
        for of in rows {
            if seen.contains(&of.journal) {
                continue;
            }
            seen.push(of.journal.clone());
            let wrong = |source| Error::Folder { path: into.into(), source };
            let below = match &folder {
                Some(folder) => folder.path(),
                None => folder.insert(TempDir::new_in(into).map_err(wrong)?).path(),
            };
            let path: PathBuf = below.join(format!("{}.jsonl", seen.len()));
            let at = match desk.written(&of, &path).await? {
                Ok(()) => JournalAt::File(path),
                Err(because) => {
                    let failed = of.judgement == "fail";
                    JournalAt::Lost { because, failed }
                }
            };
            let name = Untrusted::new(format!("evaluation {}", of.evaluation));
            journals.push(RunJournal { name, at });
        }
    }
}
