//! What follows from an entry: rows of the tables that answer questions.
//!
//! The same function is called when an entry is written and when the tables are made anew, so they
//! cannot say two things. It also refuses what the record does not allow: then nothing is written.

use sqlx::AnyConnection;
use sqlx::Row as _;
use sqlx::any::AnyRow;
use sqlx::query::Query;

use crate::error::{Doing as _, Error};
use crate::event::{Entry, Event, Vote, Weighed};
use crate::report::Report;

/// The tables that follow from the entries, each with the columns that order it.
pub(crate) const MADE_TABLES: &[(&str, &str)] = &[
    ("artifact", "artifact"),
    ("artifact_file", "artifact, path"),
    ("model", "model"),
    ("weighing", "weighing"),
    ("check_outcome", "weighing, name"),
    ("finding", "weighing, position"),
    ("attestation", "number"),
    ("approval", "number"),
    ("waiver", "waiver"),
    ("waiver_vote", "waiver, approver"),
    ("deployment", "deployment"),
    ("observation", "number"),
    ("access", "number"),
    ("token", "token"),
];

const DOING: &str = "write what follows from an entry";

type Sql = Query<'static, sqlx::Any, sqlx::any::AnyArguments>;

/// Applies an entry.
pub(crate) async fn apply(
    connection: &mut AnyConnection,
    number: i64,
    entry: &Entry,
) -> Result<(), Error> {
    let at = entry.at.as_str();
    let by = entry.by.as_str();
    match &entry.event {
        Event::Weighing(weighed) => weighing(connection, number, (at, by), weighed).await,
        Event::Attestation { artifact, document, predicate_type } => {
            let statement =
                sqlx::query("INSERT INTO attestation VALUES ($1, $2, $3, $4, $5, $6)").bind(number);
            run(texts(statement, [artifact, document, predicate_type, at, by]), connection).await
        }
        Event::Owner { model, owner } => {
            named("the owner", owner)?;
            known_or_new_model(connection, model, at).await?;
            let statement = sqlx::query("UPDATE model SET owner = $2 WHERE model = $1");
            run(texts(statement, [model, owner]), connection).await
        }
        Event::Approval { artifact, vote, comment } => {
            approval(connection, number, (at, by), (artifact, *vote, comment)).await
        }
        Event::Waiver { waiver, rule, file, artifact, reason, expires, approvers } => {
            named("the reason", reason)?;
            if !(1..=2).contains(approvers) {
                return Err(Error::refused("a waiver needs one or two approvers"));
            }
            let statement = sqlx::query(
                "INSERT INTO waiver (number, approvers, waiver, rule, file, artifact, reason, expires,
                 requester, at, state) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'asked')",
            )
            .bind(number)
            .bind(i64::from(*approvers));
            let values = [waiver, rule, file, artifact, reason, expires, by, at];
            run(texts(statement, values), connection).await
        }
        Event::WaiverVote { waiver, vote, comment } => {
            waiver_vote(connection, (at, by), (waiver, *vote, comment)).await
        }
        Event::WaiverEnd { waiver, reason } => {
            named("the reason", reason)?;
            let statement = sqlx::query("UPDATE waiver SET state = 'ended' WHERE waiver = $1");
            one(texts(statement, [waiver]), connection, "waiver", waiver).await
        }
        Event::Deployment { deployment, model, artifact, environment, place } => {
            owned(connection, model).await?;
            let statement = sqlx::query(
                "INSERT INTO deployment (number, deployment, model, artifact, environment, place, at,
                 actor, ended) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '')",
            )
            .bind(number);
            let values = [deployment, model, artifact, environment, place, at, by];
            run(texts(statement, values), connection).await
        }
        Event::DeploymentEnd { deployment, reason: _ } => {
            let statement = sqlx::query(
                "UPDATE deployment SET ended = $2 WHERE deployment = $1 AND ended = ''",
            );
            let statement = texts(statement, [deployment, at]);
            one(statement, connection, "running deployment", deployment).await
        }
        Event::Observation { deployment, artifact, method, detail } => {
            let found = sqlx::query("SELECT 1 FROM deployment WHERE deployment = $1");
            exists(texts(found, [deployment]), connection, "deployment", deployment).await?;
            let statement =
                sqlx::query("INSERT INTO observation VALUES ($1, $2, $3, $4, $5, $6, $7)")
                    .bind(number);
            let values = [deployment, artifact, method, detail, at, by];
            run(texts(statement, values), connection).await
        }
        Event::Access { method, path, status, credential, address } => {
            let statement = sqlx::query(
                "INSERT INTO access (number, status, method, path, credential, address, at, actor)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            )
            .bind(number)
            .bind(i64::from(*status));
            run(texts(statement, [method, path, credential, address, at, by]), connection).await
        }
        Event::Token { token, principal, role, expires } => {
            let statement = sqlx::query("INSERT INTO token VALUES ($1, $2, $3, $4, $5, $6, '')");
            run(texts(statement, [token, principal, role, expires, at, by]), connection).await
        }
        Event::TokenEnd { token } => {
            let statement =
                sqlx::query("UPDATE token SET ended = $2 WHERE token = $1 AND ended = ''");
            one(texts(statement, [token, at]), connection, "token", token).await
        }
    }
}

async fn weighing(
    connection: &mut AnyConnection,
    number: i64,
    (at, by): (&str, &str),
    weighed: &Weighed,
) -> Result<(), Error> {
    let Weighed { weighing, model, version, source, artifact, verdict, report } = weighed;
    named("the model", model)?;
    let bytes = document(connection, report).await?;
    let told = Report::parse(&bytes)?;
    if told.verdict != *verdict || told.artifact.identity().as_ref() != Some(artifact) {
        return Err(Error::refused("the report tells another verdict, or another artifact"));
    }
    known_or_new_model(connection, model, at).await?;
    let statement = sqlx::query(
        "INSERT INTO artifact (files, bytes, artifact, label, first_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (artifact) DO NOTHING",
    )
    .bind(count(told.artifact.files))
    .bind(count(told.artifact.bytes));
    run(texts(statement, [artifact, &told.artifact.label, at]), connection).await?;
    for file in &told.artifact.contents {
        let statement = sqlx::query(
            "INSERT INTO artifact_file (bytes, artifact, path, sha256) VALUES ($1, $2, $3, $4)
             ON CONFLICT (artifact, path) DO NOTHING",
        )
        .bind(count(file.bytes));
        run(texts(statement, [artifact, &file.path, file.sha256()]), connection).await?;
    }
    let worst = told.findings.first().map_or("", |finding| finding.severity.as_str());
    let statement = sqlx::query(
        "INSERT INTO weighing (number, findings, gaps, weighing, model, version, source, artifact,
         verdict, policy, policy_digest, report, at, actor, worst)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
    )
    .bind(number)
    .bind(count(told.findings.len() as u64))
    .bind(count(told.incomplete() as u64));
    let values = [
        weighing,
        model,
        version,
        source,
        artifact,
        verdict,
        &told.policy.name,
        &told.policy.digest,
        report,
        at,
        by,
        worst,
    ];
    run(texts(statement, values), connection).await?;
    for check in &told.checks {
        let statement = sqlx::query("INSERT INTO check_outcome VALUES ($1, $2, $3)");
        run(texts(statement, [weighing, &check.check, &check.outcome]), connection).await?;
    }
    for (position, finding) in (0..).zip(&told.findings) {
        let sha256 = told.artifact.sha256_of(&finding.place.file);
        let statement = sqlx::query(
            "INSERT INTO finding (position, number, severity_rank, excepted, weighing, model, rule,
             severity, file, file_sha256, message)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        )
        .bind::<i64>(position)
        .bind(number)
        .bind(finding.rank())
        .bind(i64::from(finding.excepted.is_some()));
        let values = [
            weighing,
            model,
            &finding.rule,
            &finding.severity,
            &finding.place.file,
            sha256,
            &finding.message,
        ];
        run(texts(statement, values), connection).await?;
    }
    Ok(())
}

async fn approval(
    connection: &mut AnyConnection,
    number: i64,
    (at, by): (&str, &str),
    (artifact, vote, comment): (&str, Vote, &str),
) -> Result<(), Error> {
    let found = sqlx::query("SELECT 1 FROM artifact WHERE artifact = $1");
    exists(texts(found, [artifact]), connection, "artifact", artifact).await?;
    let own = sqlx::query("SELECT 1 FROM weighing WHERE artifact = $1 AND actor = $2 LIMIT 1");
    if vote == Vote::Approve && fetch(texts(own, [artifact, by]), connection).await?.is_some() {
        return Err(Error::refused("whoever asked for the weighing cannot approve it as well"));
    }
    let statement = sqlx::query(
        "INSERT INTO approval (number, artifact, approver, vote, comment, at)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(number);
    run(texts(statement, [artifact, by, vote.word(), comment, at]), connection).await
}

async fn waiver_vote(
    connection: &mut AnyConnection,
    (at, by): (&str, &str),
    (waiver, vote, comment): (&str, Vote, &str),
) -> Result<(), Error> {
    let row = sqlx::query("SELECT requester, state, approvers FROM waiver WHERE waiver = $1");
    let row = fetch(texts(row, [waiver]), connection).await?;
    let row = row.ok_or_else(|| Error::unknown("waiver", waiver))?;
    let requester: String = row.try_get(0).doing(DOING)?;
    let state: String = row.try_get(1).doing(DOING)?;
    let needed: i64 = row.try_get(2).doing(DOING)?;
    if requester == by {
        return Err(Error::refused("whoever asked for a waiver cannot decide on it"));
    }
    if state != "asked" {
        return Err(Error::refused(format!("the waiver is decided: {state}")));
    }
    let statement = sqlx::query(
        "INSERT INTO waiver_vote (waiver, approver, vote, comment, at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (waiver, approver) DO UPDATE
         SET vote = excluded.vote, comment = excluded.comment, at = excluded.at",
    );
    run(texts(statement, [waiver, by, vote.word(), comment, at]), connection).await?;
    let yes =
        sqlx::query("SELECT COUNT(*) FROM waiver_vote WHERE waiver = $1 AND vote = 'approve'");
    let yes = fetch(texts(yes, [waiver]), connection).await?;
    let yes: i64 = yes.map(|row| row.try_get(0)).transpose().doing(DOING)?.unwrap_or_default();
    let state = match vote {
        Vote::Reject => "rejected",
        Vote::Approve if yes >= needed => "granted",
        Vote::Approve => return Ok(()),
    };
    let statement = sqlx::query("UPDATE waiver SET state = $2 WHERE waiver = $1");
    run(texts(statement, [waiver, state]), connection).await
}

/// A model in production has an owner.
async fn owned(connection: &mut AnyConnection, model: &str) -> Result<(), Error> {
    let owner = sqlx::query("SELECT owner FROM model WHERE model = $1");
    let row = fetch(texts(owner, [model]), connection).await?;
    let row = row.ok_or_else(|| Error::unknown("model", model))?;
    let owner: String = row.try_get(0).doing(DOING)?;
    if owner.is_empty() {
        let because =
            format!("`{}` has no owner; somebody has to answer for it", vocabulary::escape(model));
        return Err(Error::refused(because));
    }
    Ok(())
}

async fn known_or_new_model(
    connection: &mut AnyConnection,
    model: &str,
    at: &str,
) -> Result<(), Error> {
    named("the model", model)?;
    let statement = sqlx::query(
        "INSERT INTO model (model, owner, first_at) VALUES ($1, '', $2)
         ON CONFLICT (model) DO NOTHING",
    );
    run(texts(statement, [model, at]), connection).await
}

fn named(what: &str, text: &str) -> Result<(), Error> {
    if text.trim().is_empty() {
        return Err(Error::refused(format!("{what} is missing")));
    }
    Ok(())
}

/// A document that is kept.
async fn document(connection: &mut AnyConnection, sha256: &str) -> Result<Vec<u8>, Error> {
    let row = sqlx::query("SELECT bytes FROM document WHERE sha256 = $1");
    let row = fetch(texts(row, [sha256]), connection).await?;
    let row = row.ok_or_else(|| Error::unknown("document", sha256))?;
    row.try_get(0).doing(DOING)
}

fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Binds texts. PostgreSQL knows no NUL in a text: it is written as its picture.
fn texts<'a>(statement: Sql, values: impl IntoIterator<Item = impl AsRef<str> + 'a>) -> Sql {
    values.into_iter().fold(statement, |statement, value| {
        statement.bind(value.as_ref().replace('\0', "\u{2400}"))
    })
}

async fn run(statement: Sql, connection: &mut AnyConnection) -> Result<(), Error> {
    statement.execute(connection).await.doing(DOING).map(|_| ())
}

async fn fetch(statement: Sql, connection: &mut AnyConnection) -> Result<Option<AnyRow>, Error> {
    statement.fetch_optional(connection).await.doing(DOING)
}

/// Runs a statement that changes one row: that of something which stands in the record.
async fn one(
    statement: Sql,
    connection: &mut AnyConnection,
    what: &'static str,
    name: &str,
) -> Result<(), Error> {
    match statement.execute(connection).await.doing(DOING)?.rows_affected() {
        0 => Err(Error::unknown(what, name)),
        _ => Ok(()),
    }
}

async fn exists(
    statement: Sql,
    connection: &mut AnyConnection,
    what: &'static str,
    name: &str,
) -> Result<(), Error> {
    fetch(statement, connection).await?.map(|_| ()).ok_or_else(|| Error::unknown(what, name))
}
