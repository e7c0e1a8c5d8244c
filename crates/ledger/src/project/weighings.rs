//! What follows from weighings and attestations.

use sqlx::{AnyConnection, Row as _};

use super::{About, DOING, Now, fetch, free, model_is_known, named, person, run};
use crate::error::{Doing as _, Error};
use crate::event::Weighed;
use crate::report::{Artifact, Report};
use crate::rows::{self, Value};

/// How many characters of a path findings are looked for by.
const FILE_END: usize = 200;

pub(super) async fn weighing(
    connection: &mut AnyConnection,
    now: &Now<'_>,
    weighed: &Weighed,
) -> Result<About, Error> {
    named("the weighing", &weighed.weighing)?;
    free(connection, ("weighing", "weighing"), &weighed.weighing).await?;
    let told = Report::parse(&document(connection, &weighed.report).await?)?;
    if told.verdict != weighed.verdict
        || told.artifact.identity().as_ref() != Some(&weighed.artifact)
    {
        return Err(Error::refused("the report tells another verdict, or another artifact"));
    }
    model_is_known(connection, &weighed.model, now.at).await?;
    artifact(connection, now, &weighed.artifact, &told.artifact).await?;
    no_longer_the_latest(connection, weighed).await?;
    row(connection, now, weighed, &told).await?;
    outcomes(connection, &weighed.weighing, &told).await?;
    findings(connection, now, weighed, &told).await?;
    let sql = "UPDATE model SET last = $2 WHERE model = $1";
    run(connection, sql, [(&weighed.model).into(), now.number.into()]).await?;
    Ok(About { model: weighed.model.clone(), artifact: weighed.artifact.clone() })
}

/// What is known of an artifact stands in the report that told of it first; its digest says that
/// every later one tells the same.
async fn artifact(
    connection: &mut AnyConnection,
    now: &Now<'_>,
    name: &str,
    told: &Artifact,
) -> Result<(), Error> {
    let sql = "INSERT INTO artifact (artifact, number, label, files, bytes, first_at)
               VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (artifact) DO NOTHING";
    let values = [
        name.into(),
        now.number.into(),
        (&told.label).into(),
        told.files.into(),
        told.bytes.into(),
        now.at.into(),
    ];
    if run(connection, sql, values).await? == 0 {
        return Ok(());
    }
    let columns = ["artifact", "position", "path", "bytes", "sha256", "blake3"];
    let files = (0i64..).zip(&told.contents).map(|(position, file)| {
        let digest = |algorithm| Value::from(file.digest(algorithm));
        vec![
            name.into(),
            position.into(),
            (&file.path).into(),
            file.bytes.into(),
            digest("sha256"),
            digest("blake3"),
        ]
    });
    rows::insert(connection, "artifact_file", &columns, files.collect()).await
}

/// Earlier weighings of the same artifact of the same model count no more.
async fn no_longer_the_latest(
    connection: &mut AnyConnection,
    weighed: &Weighed,
) -> Result<(), Error> {
    let latest = "SELECT weighing FROM weighing WHERE latest = 1 AND model = $1 AND artifact = $2";
    let names = || [(&weighed.model).into(), (&weighed.artifact).into()];
    let Some(before) = fetch(connection, latest, names()).await? else { return Ok(()) };
    let before = rows::text(&before, 0)?;
    for table in ["weighing", "finding"] {
        let sql = format!("UPDATE {table} SET latest = 0 WHERE weighing = $1");
        run(connection, &sql, [(&before).into()]).await?;
    }
    Ok(())
}

async fn row(
    connection: &mut AnyConnection,
    now: &Now<'_>,
    weighed: &Weighed,
    told: &Report,
) -> Result<(), Error> {
    let worst = told.findings.iter().max_by_key(|finding| finding.rank());
    let columns = [
        "weighing",
        "number",
        "model",
        "version",
        "source",
        "artifact",
        "verdict",
        "policy",
        "policy_digest",
        "report",
        "at",
        "actor",
        "person",
        "worst",
        "findings",
        "gaps",
        "latest",
    ];
    let row = vec![
        (&weighed.weighing).into(),
        now.number.into(),
        (&weighed.model).into(),
        (&weighed.version).into(),
        (&weighed.source).into(),
        (&weighed.artifact).into(),
        (&weighed.verdict).into(),
        (&told.policy.name).into(),
        (&told.policy.digest).into(),
        (&weighed.report).into(),
        now.at.into(),
        now.by.into(),
        (&person(now.by)).into(),
        worst.map_or("", |finding| finding.severity.as_str()).into(),
        (told.findings.len() as u64).into(),
        (told.incomplete() as u64).into(),
        true.into(),
    ];
    rows::insert(connection, "weighing", &columns, vec![row]).await
}

async fn outcomes(
    connection: &mut AnyConnection,
    weighing: &str,
    told: &Report,
) -> Result<(), Error> {
    let columns = ["weighing", "position", "name", "outcome", "because"];
    let outcomes = (0i64..).zip(&told.checks).map(|(position, check)| {
        vec![
            weighing.into(),
            position.into(),
            (&check.name).into(),
            (&check.outcome).into(),
            check.because.as_deref().unwrap_or_default().into(),
        ]
    });
    rows::insert(connection, "check_outcome", &columns, outcomes.collect()).await
}

async fn findings(
    connection: &mut AnyConnection,
    now: &Now<'_>,
    weighed: &Weighed,
    told: &Report,
) -> Result<(), Error> {
    let columns = [
        "weighing",
        "position",
        "number",
        "model",
        "artifact",
        "rule",
        "severity",
        "severity_rank",
        "file",
        "file_end",
        "file_sha256",
        "message",
        "excepted",
        "latest",
    ];
    let digests = told.artifact.sha256_by_path();
    let findings = (0i64..).zip(&told.findings).map(|(position, finding)| {
        let file = finding.place.file.as_str();
        vec![
            (&weighed.weighing).into(),
            position.into(),
            now.number.into(),
            (&weighed.model).into(),
            (&weighed.artifact).into(),
            (&finding.rule).into(),
            (&finding.severity).into(),
            finding.rank().into(),
            file.into(),
            (&end(file)).into(),
            digests.get(file).copied().unwrap_or_default().into(),
            (&finding.message).into(),
            finding.excepted.is_some().into(),
            true.into(),
        ]
    });
    rows::insert(connection, "finding", &columns, findings.collect()).await
}

/// The end of a path, short enough for an index, in lower case: what findings are looked for by.
fn end(path: &str) -> String {
    let before = path.chars().count().saturating_sub(FILE_END);
    path.chars().skip(before).collect::<String>().to_ascii_lowercase()
}

pub(super) async fn attestation(
    connection: &mut AnyConnection,
    now: &Now<'_>,
    artifact: &str,
    document: &str,
    predicate_type: &str,
) -> Result<About, Error> {
    known_artifact(connection, artifact).await?;
    kept(connection, document).await?;
    let columns = ["number", "artifact", "document", "predicate_type", "at", "actor"];
    let texts = [artifact, document, predicate_type, now.at, now.by];
    let row = std::iter::once(now.number.into()).chain(texts.into_iter().map(Value::from));
    rows::insert(connection, "attestation", &columns, vec![row.collect()]).await?;
    Ok(About::artifact(artifact))
}

/// A document has to be kept.
pub(super) async fn kept(connection: &mut AnyConnection, document: &str) -> Result<(), Error> {
    let kept = "SELECT 1 FROM document WHERE sha256 = $1";
    match fetch(connection, kept, [document.into()]).await? {
        Some(_) => Ok(()),
        None => Err(Error::unknown("document", document)),
    }
}

/// An artifact that was weighed.
pub(super) async fn known_artifact(
    connection: &mut AnyConnection,
    artifact: &str,
) -> Result<(), Error> {
    let known = "SELECT 1 FROM artifact WHERE artifact = $1";
    match fetch(connection, known, [artifact.into()]).await? {
        Some(_) => Ok(()),
        None => Err(Error::unknown("artifact", artifact)),
    }
}

/// A document that is kept.
pub(super) async fn document(
    connection: &mut AnyConnection,
    sha256: &str,
) -> Result<Vec<u8>, Error> {
    let sql = "SELECT bytes FROM document WHERE sha256 = $1";
    let row = fetch(connection, sql, [sha256.into()]).await?;
    row.ok_or_else(|| Error::unknown("document", sha256))?.try_get(0).doing(DOING)
}
