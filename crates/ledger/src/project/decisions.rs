//! What follows from approvals and waivers.

use std::str::FromStr as _;

use jiff::ToSpan as _;
use jiff::civil;
use sqlx::AnyConnection;
use vocabulary::Date;

use super::weighings::known_artifact;
use super::{About, Now, fetch, free, named, person, run};
use crate::error::Error;
use crate::event::{Event, Vote};
use crate::rows::{self, Value};

/// How many days a waiver may stand.
pub(crate) const MAX_WAIVER_DAYS: i64 = 90;

pub(super) async fn approval(
    connection: &mut AnyConnection,
    now: &Now<'_>,
    artifact: &str,
    vote: Vote,
    comment: &str,
) -> Result<About, Error> {
    known_artifact(connection, artifact).await?;
    let person = person(now.by);
    let own = "SELECT 1 FROM weighing WHERE artifact = $1 AND person = $2 LIMIT 1";
    let own = fetch(connection, own, [artifact.into(), (&person).into()]).await?;
    if vote == Vote::Approve && own.is_some() {
        return Err(Error::refused("whoever asked for the weighing cannot approve it as well"));
    }
    let columns = ["number", "artifact", "approver", "person", "vote", "comment", "at"];
    let texts = [artifact, now.by, &person, vote.word(), comment, now.at];
    let row = std::iter::once(now.number.into()).chain(texts.into_iter().map(Value::from));
    rows::insert(connection, "approval", &columns, vec![row.collect()]).await?;
    Ok(About::artifact(artifact))
}

pub(super) async fn waiver(
    connection: &mut AnyConnection,
    now: &Now<'_>,
    event: &Event,
) -> Result<About, Error> {
    let Event::Waiver { waiver, rule, file, artifact, reason, expires, approvers } = event else {
        return Ok(About::default());
    };
    named("the waiver", waiver)?;
    named("the rule", rule)?;
    if reason.trim().is_empty() {
        return Err(Error::refused("the reason is missing"));
    }
    if !(1..=2).contains(approvers) {
        return Err(Error::refused("a waiver needs one or two approvers"));
    }
    fits(expires, now.at)?;
    free(connection, ("waiver", "waiver"), waiver).await?;
    weighed(connection, artifact).await?;
    let columns = [
        "waiver",
        "rule",
        "file",
        "artifact",
        "reason",
        "expires",
        "requester",
        "person",
        "at",
        "state",
        "number",
        "approvers",
    ];
    let person = person(now.by);
    let texts = [waiver, rule, file, artifact, reason, expires, now.by, &person, now.at, "asked"];
    let numbers = [now.number.into(), i64::from(*approvers).into()];
    let row = texts.into_iter().map(Value::from).chain(numbers).collect();
    rows::insert(connection, "waiver", &columns, vec![row]).await?;
    Ok(About::artifact(artifact))
}

/// The last day of a waiver: not gone by when it is asked for, and not too far.
fn fits(expires: &str, at: &str) -> Result<(), Error> {
    let wrong = |_| Error::refused(format!("`{}` is no date", vocabulary::escape(expires)));
    Date::from_str(expires).map_err(wrong)?;
    let asked = at.get(..10).unwrap_or_default();
    let last = civil::Date::from_str(asked)
        .and_then(|asked| asked.checked_add(MAX_WAIVER_DAYS.days()))
        .map_err(|_| Error::damaged("the moment of an entry is no moment"))?;
    if expires < asked {
        return Err(Error::refused(format!("a waiver until {expires} would have ended already")));
    }
    if expires > last.to_string().as_str() {
        let because = format!(
            "a waiver stands for {MAX_WAIVER_DAYS} days at most: until {last}, not {expires}"
        );
        return Err(Error::refused(because));
    }
    Ok(())
}

/// An artifact that was weighed, or a file of one.
async fn weighed(connection: &mut AnyConnection, artifact: &str) -> Result<(), Error> {
    if let Some(sha256) = artifact.strip_prefix("sha256:") {
        let file = "SELECT 1 FROM artifact_file WHERE sha256 = $1 LIMIT 1";
        if fetch(connection, file, [sha256.into()]).await?.is_some() {
            return Ok(());
        }
    }
    known_artifact(connection, artifact).await
}

pub(super) async fn waiver_vote(
    connection: &mut AnyConnection,
    now: &Now<'_>,
    waiver: &str,
    vote: Vote,
    comment: &str,
) -> Result<About, Error> {
    let row = "SELECT person, state, expires, artifact, approvers FROM waiver WHERE waiver = $1";
    let row = fetch(connection, row, [waiver.into()]).await?;
    let row = row.ok_or_else(|| Error::unknown("waiver", waiver))?;
    let person = person(now.by);
    if rows::text(&row, 0)? == person {
        return Err(Error::refused("whoever asked for a waiver cannot decide on it"));
    }
    let state = rows::text(&row, 1)?;
    if state != "asked" {
        return Err(Error::refused(format!("the waiver is decided: {state}")));
    }
    let expires = rows::text(&row, 2)?;
    if expires.as_str() < now.at.get(..10).unwrap_or_default() {
        return Err(Error::refused(format!(
            "the waiver has expired: it was asked until {expires}"
        )));
    }
    let cast = "INSERT INTO waiver_vote (waiver, person, approver, vote, comment, at)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (waiver, person) DO UPDATE
        SET approver = excluded.approver, vote = excluded.vote, comment = excluded.comment,
            at = excluded.at";
    let values = [waiver, &person, now.by, vote.word(), comment, now.at].map(Value::from);
    run(connection, cast, values).await?;
    let yes = "SELECT COUNT(*) FROM waiver_vote WHERE waiver = $1 AND vote = 'approve'";
    let yes = fetch(connection, yes, [waiver.into()]).await?;
    let yes = yes.map(|row| rows::number(&row, 0)).transpose()?.unwrap_or_default();
    let state = match vote {
        Vote::Reject => "rejected",
        Vote::Approve if yes >= rows::number(&row, 4)? => "granted",
        Vote::Approve => "asked",
    };
    let sql = "UPDATE waiver SET state = $2 WHERE waiver = $1";
    run(connection, sql, [waiver.into(), state.into()]).await?;
    Ok(About::artifact(&rows::text(&row, 3)?))
}

pub(super) async fn waiver_end(
    connection: &mut AnyConnection,
    waiver: &str,
    reason: &str,
) -> Result<About, Error> {
    if reason.trim().is_empty() {
        return Err(Error::refused("the reason is missing"));
    }
    let row =
        fetch(connection, "SELECT artifact, state FROM waiver WHERE waiver = $1", [waiver.into()]);
    let row = row.await?.ok_or_else(|| Error::unknown("waiver", waiver))?;
    let state = rows::text(&row, 1)?;
    if state != "asked" && state != "granted" {
        return Err(Error::refused(format!("the waiver is {state} already")));
    }
    run(connection, "UPDATE waiver SET state = 'ended' WHERE waiver = $1", [waiver.into()]).await?;
    Ok(About::artifact(&rows::text(&row, 0)?))
}
