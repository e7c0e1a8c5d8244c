//! What follows from runs of probes.

use std::collections::BTreeSet;

use sqlx::AnyConnection;

use super::weighings::{document, kept, known_artifact};
use super::{About, Now, fetch, free, named};
use crate::error::Error;
use crate::event::Evaluated;
use crate::report::{Evaluation, RunFile};
use crate::rows::{self, Value};

/// What the gates of a run may say.
const JUDGEMENTS: [&str; 4] = ["pass", "fail", "inconclusive", "none"];

pub(super) async fn evaluation(
    connection: &mut AnyConnection,
    now: &Now<'_>,
    told: &Evaluated,
) -> Result<About, Error> {
    named("the evaluation", &told.evaluation)?;
    free(connection, ("evaluation", "evaluation"), &told.evaluation).await?;
    let found = Evaluation::parse(&document(connection, &told.document).await?)?;
    if !says(&found, told) {
        return Err(Error::refused("the document tells of another run than the entry"));
    }
    for pack in &told.packs {
        kept(connection, pack).await?;
    }
    known_artifact(connection, &told.artifact).await?;
    weighed_as(connection, &told.artifact, &told.model).await?;
    if !told.original.is_empty() {
        let original = "SELECT 1 FROM evaluation WHERE evaluation = $1";
        let original = fetch(connection, original, [(&told.original).into()]).await?;
        original.ok_or_else(|| Error::unknown("evaluation", &told.original))?;
    }
    // The largest file tells most artifacts apart: by it a run is found again.
    let mut largest = (0, "");
    for file in &found.files {
        let bytes = belongs(connection, &told.artifact, file).await?;
        largest = largest.max((bytes, file.blake3.as_str()));
    }
    row(connection, now, told, (&found, largest.1)).await?;
    let columns = ["evaluation", "position", "path", "blake3"];
    let files = (0i64..).zip(&found.files).map(|(position, file)| {
        let (path, blake3) = ((&file.path).into(), (&file.blake3).into());
        vec![(&told.evaluation).into(), position.into(), path, blake3]
    });
    rows::insert(connection, "evaluation_file", &columns, files.collect()).await?;
    Ok(About { model: told.model.clone(), artifact: told.artifact.clone() })
}

/// Whether the document tells what the entry does.
fn says(found: &Evaluation, told: &Evaluated) -> bool {
    let run = &found.report;
    let root = run.journal.as_ref();
    let packs: BTreeSet<&str> = run.packs.iter().map(|pack| pack.digest.as_str()).collect();
    JUDGEMENTS.contains(&told.judgement.as_str())
        && found.judgement == told.judgement
        && run.seed.to_string() == told.seed
        && packs == told.packs.iter().map(String::as_str).collect()
        && root.is_some_and(|root| root.root == told.root && root.attempts == told.attempts)
}

async fn weighed_as(
    connection: &mut AnyConnection,
    artifact: &str,
    model: &str,
) -> Result<(), Error> {
    let weighed = "SELECT 1 FROM weighing WHERE artifact = $1 AND model = $2 LIMIT 1";
    if fetch(connection, weighed, [artifact.into(), model.into()]).await?.is_some() {
        return Ok(());
    }
    let (artifact, model) = (vocabulary::escape(artifact), vocabulary::escape(model));
    Err(Error::refused(format!("`{artifact}` was never weighed as `{model}`")))
}

/// A file that was run has to be one of the artifact, byte for byte. Gives its size.
async fn belongs(
    connection: &mut AnyConnection,
    artifact: &str,
    file: &RunFile,
) -> Result<u64, Error> {
    let own = "SELECT bytes FROM artifact_file WHERE artifact = $1 AND path = $2 AND blake3 = $3";
    let values = [artifact.into(), (&file.path).into(), (&file.blake3).into()];
    if let Some(row) = fetch(connection, own, values).await? {
        return rows::number(&row, 0);
    }
    let path = vocabulary::escape(&file.path);
    Err(Error::refused(format!("the `{path}` that was run is none of the artifact's files")))
}

async fn row(
    connection: &mut AnyConnection,
    now: &Now<'_>,
    told: &Evaluated,
    (found, largest): (&Evaluation, &str),
) -> Result<(), Error> {
    let run = &found.report;
    let packs: Vec<&str> = run.packs.iter().map(|pack| pack.id.as_str()).collect();
    let columns: [(&str, Value); 25] = [
        ("evaluation", (&told.evaluation).into()),
        ("number", now.number.into()),
        ("model", (&told.model).into()),
        ("artifact", (&told.artifact).into()),
        ("judgement", (&told.judgement).into()),
        ("kind", (&run.target.kind).into()),
        ("name", (&run.target.name).into()),
        ("fingerprint", (&run.target.fingerprint).into()),
        ("bound", (!found.files.is_empty()).into()),
        ("largest", largest.into()),
        ("packs", packs.join(", ").as_str().into()),
        ("seed", (&told.seed).into()),
        ("planned", run.calls.planned.into()),
        ("answered", run.calls.answered.into()),
        ("passes", found.ended("pass").into()),
        ("fails", found.ended("fail").into()),
        ("unsure", found.ended("inconclusive").into()),
        ("journal", (&told.journal).into()),
        ("bytes", told.bytes.into()),
        ("attempts", told.attempts.into()),
        ("root", (&told.root).into()),
        ("document", (&told.document).into()),
        ("original", (&told.original).into()),
        ("at", now.at.into()),
        ("actor", now.by.into()),
    ];
    let (names, values): (Vec<&str>, Vec<Value>) = columns.into_iter().unzip();
    rows::insert(connection, "evaluation", &names, vec![values]).await
}
