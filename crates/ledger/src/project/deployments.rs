//! What follows from deployments and what was observed of them.

use sqlx::AnyConnection;

use super::{About, Now, fetch, free, named, run};
use crate::error::Error;
use crate::event::Event;
use crate::rows::{self, Value};

pub(super) async fn deployment(
    connection: &mut AnyConnection,
    now: &Now<'_>,
    event: &Event,
) -> Result<About, Error> {
    let Event::Deployment { deployment, model, artifact, environment, place } = event else {
        return Ok(About::default());
    };
    named("the deployment", deployment)?;
    named("the environment", environment)?;
    free(connection, ("deployment", "deployment"), deployment).await?;
    owned(connection, model).await?;
    let weighed = "SELECT 1 FROM weighing WHERE artifact = $1 AND model = $2 LIMIT 1";
    if fetch(connection, weighed, [artifact.into(), model.into()]).await?.is_none() {
        let because = format!(
            "`{}` was never weighed as `{}`",
            vocabulary::escape(artifact),
            vocabulary::escape(model)
        );
        return Err(Error::refused(because));
    }
    let columns = [
        "number",
        "differs",
        "deployment",
        "model",
        "artifact",
        "environment",
        "place",
        "at",
        "actor",
        "ended",
        "seen",
        "seen_at",
        "seen_by",
    ];
    let numbers = [now.number.into(), false.into()];
    let texts = [deployment, model, artifact, environment, place, now.at, now.by, "", "", "", ""];
    let row = numbers.into_iter().chain(texts.into_iter().map(Value::from)).collect();
    rows::insert(connection, "deployment", &columns, vec![row]).await?;
    running(connection, model).await?;
    Ok(About { model: model.clone(), artifact: artifact.clone() })
}

pub(super) async fn end(
    connection: &mut AnyConnection,
    now: &Now<'_>,
    deployment: &str,
) -> Result<About, Error> {
    let about = runs(connection, deployment).await?;
    let sql = "UPDATE deployment SET ended = $2 WHERE deployment = $1";
    run(connection, sql, [deployment.into(), now.at.into()]).await?;
    running(connection, &about.model).await?;
    Ok(about)
}

pub(super) async fn observation(
    connection: &mut AnyConnection,
    now: &Now<'_>,
    event: &Event,
) -> Result<About, Error> {
    let Event::Observation { deployment, artifact, method, detail } = event else {
        return Ok(About::default());
    };
    let about = runs(connection, deployment).await?;
    let columns = ["number", "deployment", "artifact", "method", "detail", "at", "actor"];
    let texts = [deployment, artifact, method, detail, now.at, now.by];
    let row = std::iter::once(now.number.into()).chain(texts.into_iter().map(Value::from));
    rows::insert(connection, "observation", &columns, vec![row.collect()]).await?;
    // That it could not be told is no sign that it differs, and does not take one back.
    let sql = "UPDATE deployment SET seen = $2, seen_at = $3, seen_by = $4,
                   differs = CASE WHEN $2 = '' THEN differs WHEN $2 = artifact THEN 0 ELSE 1 END
               WHERE deployment = $1";
    let values = [deployment.into(), artifact.into(), now.at.into(), method.into()];
    run(connection, sql, values).await?;
    Ok(about)
}

/// The model and the artifact of a deployment that has not ended.
async fn runs(connection: &mut AnyConnection, deployment: &str) -> Result<About, Error> {
    let sql = "SELECT model, artifact FROM deployment WHERE deployment = $1 AND ended = ''";
    let row = fetch(connection, sql, [deployment.into()]).await?;
    let row = row.ok_or_else(|| Error::unknown("running deployment", deployment))?;
    Ok(About { model: rows::text(&row, 0)?, artifact: rows::text(&row, 1)? })
}

/// Counts the running deployments of a model.
async fn running(connection: &mut AnyConnection, model: &str) -> Result<(), Error> {
    let sql = "SELECT COUNT(*) FROM deployment WHERE model = $1 AND ended = ''";
    let row = fetch(connection, sql, [model.into()]).await?;
    let count = row.map(|row| rows::number(&row, 0)).transpose()?.unwrap_or_default();
    let sql = "UPDATE model SET running = $2, idle = $3 WHERE model = $1";
    run(connection, sql, [model.into(), count.into(), (count == 0).into()]).await?;
    Ok(())
}

/// A model that runs has an owner.
async fn owned(connection: &mut AnyConnection, model: &str) -> Result<(), Error> {
    let row = fetch(connection, "SELECT owner FROM model WHERE model = $1", [model.into()]).await?;
    let row = row.ok_or_else(|| Error::unknown("model", model))?;
    if rows::text(&row, 0)?.is_empty() {
        let because =
            format!("`{}` has no owner; somebody has to answer for it", vocabulary::escape(model));
        return Err(Error::refused(because));
    }
    Ok(())
}
