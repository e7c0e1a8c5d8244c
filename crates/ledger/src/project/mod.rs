//! What follows from an entry: rows of the tables that answer questions.
//!
//! The same function is called when an entry is written and when the tables are made anew, so they
//! cannot say two things. It also refuses what the record does not allow: then nothing is written.
//! Nothing but the entries and the documents that they name decides, no clock and no other table.

mod decisions;
mod deployments;
mod evaluations;
mod weighings;

use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use crate::error::{Doing as _, Error};
use crate::event::{Entry, Event};
use crate::rows::{self, Value, statement};

/// The tables that follow from the entries, each with the columns that order it.
pub(crate) const MADE_TABLES: &[(&str, &str)] = &[
    ("audit", "number"),
    ("artifact", "artifact"),
    ("artifact_file", "artifact, position"),
    ("model", "model"),
    ("weighing", "weighing"),
    ("check_outcome", "weighing, position"),
    ("finding", "weighing, position"),
    ("attestation", "number"),
    ("evaluation", "evaluation"),
    ("evaluation_file", "evaluation, position"),
    ("approval", "number"),
    ("waiver", "waiver"),
    ("waiver_vote", "waiver, person"),
    ("deployment", "deployment"),
    ("observation", "number"),
    ("token", "token"),
];

const DOING: &str = "write what follows from an entry";

/// The longest name that something may be kept under, in bytes.
pub(crate) const MAX_NAME: usize = 512;

/// An entry that is being applied.
struct Now<'a> {
    number: i64,
    at: &'a str,
    by: &'a str,
}

/// What an entry is about: names by which it is found again.
#[derive(Default)]
struct About {
    model: String,
    artifact: String,
}

impl About {
    fn model(model: &str) -> Self {
        Self { model: model.to_owned(), artifact: String::new() }
    }

    fn artifact(artifact: &str) -> Self {
        Self { model: String::new(), artifact: artifact.to_owned() }
    }
}

/// Applies an entry.
pub(crate) async fn apply(
    connection: &mut AnyConnection,
    number: i64,
    entry: &Entry,
) -> Result<(), Error> {
    named("the actor", &entry.by)?;
    let now = Now { number, at: &entry.at, by: &entry.by };
    let about = follow(connection, &now, &entry.event).await?;
    let row = vec![
        number.into(),
        entry.event.kind().into(),
        now.by.into(),
        (&about.model).into(),
        (&about.artifact).into(),
        now.at.into(),
    ];
    let columns = ["number", "kind", "actor", "model", "artifact", "at"];
    rows::insert(connection, "audit", &columns, vec![row]).await
}

async fn follow(
    connection: &mut AnyConnection,
    now: &Now<'_>,
    event: &Event,
) -> Result<About, Error> {
    match event {
        Event::Weighing(weighed) => weighings::weighing(connection, now, weighed).await,
        Event::Evaluation(told) => evaluations::evaluation(connection, now, told).await,
        Event::Attestation { artifact, document, predicate_type } => {
            weighings::attestation(connection, now, artifact, document, predicate_type).await
        }
        Event::Owner { model, owner } => {
            named("the owner", owner)?;
            model_is_known(connection, model, now.at).await?;
            let sql = "UPDATE model SET owner = $2 WHERE model = $1";
            run(connection, sql, [model.into(), owner.into()]).await?;
            Ok(About::model(model))
        }
        Event::Approval { artifact, vote, comment } => {
            decisions::approval(connection, now, artifact, *vote, comment).await
        }
        Event::Waiver { .. } => decisions::waiver(connection, now, event).await,
        Event::WaiverVote { waiver, vote, comment } => {
            decisions::waiver_vote(connection, now, waiver, *vote, comment).await
        }
        Event::WaiverEnd { waiver, reason } => {
            decisions::waiver_end(connection, waiver, reason).await
        }
        Event::Deployment { .. } => deployments::deployment(connection, now, event).await,
        Event::DeploymentEnd { deployment, reason: _ } => {
            deployments::end(connection, now, deployment).await
        }
        Event::Observation { .. } => deployments::observation(connection, now, event).await,
        Event::Access { .. } => Ok(About::default()),
        Event::Token { token, principal, role, expires } => {
            named("the token", token)?;
            free(connection, ("token", "token"), token).await?;
            let columns = ["token", "principal", "role", "expires", "at", "actor", "ended"];
            let row = [token, principal, role, expires, now.at, now.by, ""];
            let row = row.into_iter().map(Value::from).collect();
            rows::insert(connection, "token", &columns, vec![row]).await?;
            Ok(About::default())
        }
        Event::TokenEnd { token } => {
            let sql = "UPDATE token SET ended = $2 WHERE token = $1 AND ended = ''";
            if run(connection, sql, [token.into(), now.at.into()]).await? == 0 {
                return Err(Error::unknown("token", token));
            }
            Ok(About::default())
        }
    }
}

async fn model_is_known(
    connection: &mut AnyConnection,
    model: &str,
    at: &str,
) -> Result<(), Error> {
    named("the model", model)?;
    let sql = "INSERT INTO model (model, owner, first_at, last, running, idle)
               VALUES ($1, '', $2, -1, 0, 1) ON CONFLICT (model) DO NOTHING";
    run(connection, sql, [model.into(), at.into()]).await?;
    Ok(())
}

/// A person, whatever way the name is written: nobody becomes two people by an upper-case letter.
pub(crate) fn person(name: &str) -> String {
    name.trim().to_lowercase()
}

/// Something that is kept under a name has one, and not too long a one.
fn named(what: &str, name: &str) -> Result<(), Error> {
    if name.trim().is_empty() {
        return Err(Error::refused(format!("{what} is missing")));
    }
    if name.len() > MAX_NAME {
        let because = format!("{what} has a name of {} bytes; {MAX_NAME} have room", name.len());
        return Err(Error::refused(because));
    }
    Ok(())
}

/// A name that nothing of its kind has yet.
async fn free(
    connection: &mut AnyConnection,
    (table, what): (&str, &'static str),
    name: &str,
) -> Result<(), Error> {
    let sql = format!("SELECT 1 FROM {table} WHERE {table} = $1");
    match fetch(connection, &sql, [name.into()]).await? {
        Some(_) => Err(Error::Exists { what, name: vocabulary::escape(name) }),
        None => Ok(()),
    }
}

/// Runs a statement; tells how many rows it changed.
async fn run<const N: usize>(
    connection: &mut AnyConnection,
    sql: &str,
    values: [Value; N],
) -> Result<u64, Error> {
    let done = statement(sql, values).execute(connection).await.doing(DOING)?;
    Ok(done.rows_affected())
}

async fn fetch<const N: usize>(
    connection: &mut AnyConnection,
    sql: &str,
    values: [Value; N],
) -> Result<Option<AnyRow>, Error> {
    statement(sql, values).fetch_optional(connection).await.doing(DOING)
}
