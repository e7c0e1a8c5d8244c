//! What forms do: one entry of the record each, by the name of whoever sends them.

use axum::Form;
use axum::extract::Path;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Redirect, Response};
use gate::ledger::{Event, Vote};
use serde::Deserialize;

use super::failed::Failed;
use super::parts::text;
use super::report::Report;
use super::visit::{THEME, Visit};
use crate::app::new_id;
use crate::extract::sentence;

#[derive(Debug, Deserialize)]
pub(super) struct Themed {
    theme: String,
    #[serde(default)]
    back: String,
}

/// Remembers light or dark for a year.
pub(super) async fn theme(Form(asked): Form<Themed>) -> Response {
    let word = match asked.theme.as_str() {
        word @ ("light" | "dark") => word,
        _ => "system",
    };
    let cookie = format!("{THEME}={word}; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax");
    ([(SET_COOKIE, cookie)], Redirect::to(local(&asked.back))).into_response()
}

/// A place of this server, and of no other.
fn local(path: &str) -> &str {
    let local = path.starts_with('/')
        && !path.starts_with("//")
        && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if local { path } else { "/" }
}

#[derive(Debug, Deserialize)]
pub(super) struct Voted {
    vote: String,
    #[serde(default)]
    comment: String,
}

impl Voted {
    /// The vote, and what is said of it.
    fn read(&self) -> Result<(Vote, String), Failed> {
        let vote = match self.vote.as_str() {
            "approve" => Vote::Approve,
            "reject" => Vote::Reject,
            _ => return Err(Failed::Wrong("say `approve` or `reject`".into())),
        };
        Ok((vote, said("the comment", &self.comment)?))
    }
}

/// What somebody wrote, where it is of a length that the API takes as well.
pub(super) fn said(what: &str, text: &str) -> Result<String, Failed> {
    let text = text.trim();
    sentence(what, text).map_err(|problem| Failed::field(&problem))?;
    Ok(text.to_owned())
}

pub(super) async fn vote(
    visit: Visit,
    Path(weighing): Path<String>,
    Form(voted): Form<Voted>,
) -> Response {
    let done = async {
        let found = visit.ledger().weighing(&weighing).await?;
        let found = found.ok_or_else(|| Failed::Missing("weighing", weighing.clone()))?;
        let (vote, comment) = voted.read()?;
        let event = Event::Approval { artifact: found.artifact, vote, comment };
        visit.ledger().record(visit.act(), event).await?;
        Ok(format!("/weighings/{}", text::query(&weighing)))
    };
    visit.go(done.await)
}

#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    finding: usize,
    reason: String,
    expires: String,
    approvers: u8,
}

/// Asks for a waiver of a finding: of its rule, in exactly the content of its file where that is known.
pub(super) async fn ask(
    visit: Visit,
    Path(weighing): Path<String>,
    Form(wanted): Form<Wanted>,
) -> Response {
    let done = async {
        let found = visit.ledger().weighing(&weighing).await?;
        let found = found.ok_or_else(|| Failed::Missing("weighing", weighing.clone()))?;
        let document = visit.ledger().document(&found.report).await?;
        let report = document.as_deref().and_then(Report::read).unwrap_or_default();
        let finding = report.findings.get(wanted.finding);
        let number = || Failed::Missing("finding", format!("#{}", wanted.finding));
        let finding = finding.ok_or_else(number)?;
        let file = report.artifact.contents.iter().find(|one| one.path == finding.place.file);
        let sha256 = file.and_then(|file| file.digests.get("sha256"));
        let artifact = sha256.map_or(found.artifact, |sha256| format!("sha256:{sha256}"));
        if wanted.expires.parse::<gate::Date>().is_err() || wanted.expires < visit.today() {
            return Err(Failed::Wrong("the last day is a day from today on, `2027-01-31`".into()));
        }
        let waiver = new_id()?;
        let event = Event::Waiver {
            waiver: waiver.clone(),
            rule: finding.rule.clone(),
            file: finding.place.file.clone(),
            artifact,
            reason: said("the reason", &wanted.reason)?,
            expires: wanted.expires.clone(),
            approvers: wanted.approvers,
        };
        visit.ledger().record(visit.act(), event).await?;
        Ok(format!("/decisions#waiver-{waiver}"))
    };
    visit.go(done.await)
}

pub(super) async fn waiver_vote(
    visit: Visit,
    Path(waiver): Path<String>,
    Form(voted): Form<Voted>,
) -> Response {
    let done = async {
        let (vote, comment) = voted.read()?;
        let event = Event::WaiverVote { waiver: waiver.clone(), vote, comment };
        visit.ledger().record(visit.act(), event).await?;
        Ok(format!("/decisions?state=all#waiver-{}", text::query(&waiver)))
    };
    visit.go(done.await)
}

#[derive(Debug, Deserialize)]
pub(super) struct Because {
    reason: String,
}

pub(super) async fn waiver_end(
    visit: Visit,
    Path(waiver): Path<String>,
    Form(because): Form<Because>,
) -> Response {
    let done = async {
        let reason = said("the reason", &because.reason)?;
        let event = Event::WaiverEnd { waiver: waiver.clone(), reason };
        visit.ledger().record(visit.act(), event).await?;
        Ok(format!("/decisions?state=ended#waiver-{}", text::query(&waiver)))
    };
    visit.go(done.await)
}

#[cfg(test)]
mod tests {
    use super::local;

    #[test]
    fn forms_lead_back_to_this_server_alone() {
        assert_eq!(local("/findings?rule=a"), "/findings?rule=a");
        for away in ["https://a.test/", "//a.test", "/\\a.test", "/a\r\nb", "", "a", "/\u{e9}"] {
            assert_eq!(local(away), "/", "{away:?}");
        }
    }
}
