use serde::Serialize;
use sqlx::any::AnyRow;

use super::{Ask, DOING, Listed, Page};
use crate::error::{Doing as _, Error};
use crate::rows::{number, statement, text};
use crate::write::Ledger;

/// How a waiver stands on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum WaiverState {
    /// Somebody asked; too few have approved.
    Asked,
    /// It stands.
    Granted,
    /// Somebody said no.
    Rejected,
    /// It was taken back.
    Ended,
    /// Its last day has gone by.
    Expired,
}

impl WaiverState {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Granted => "granted",
            Self::Rejected => "rejected",
            Self::Ended => "ended",
            Self::Expired => "expired",
        }
    }
}

/// A waiver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Waiver {
    /// Its identifier.
    pub waiver: String,
    /// The number of its entry.
    pub number: u64,
    /// The rule.
    pub rule: String,
    /// The file that it speaks of; empty for every file.
    pub file: String,
    /// The artifact, or the SHA-256 of the file.
    pub artifact: String,
    /// Why.
    pub reason: String,
    /// The last day on which it stands.
    pub expires: String,
    /// How many others have to approve.
    pub approvers: u64,
    /// Who asked.
    pub requester: String,
    /// When.
    pub at: String,
    /// How it stands.
    pub state: WaiverState,
    /// What others said.
    pub votes: Vec<WaiverVote>,
}

/// What somebody said to a waiver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WaiverVote {
    /// Who.
    pub approver: String,
    /// `approve` or `reject`.
    pub vote: String,
    /// In their words.
    pub comment: String,
    /// When.
    pub at: String,
}

/// Which waivers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WaiverFilter {
    /// That stand so.
    pub state: Option<WaiverState>,
    /// Of a rule.
    pub rule: Option<String>,
    /// Of an artifact or of a file, as the waiver names it.
    pub artifact: Option<String>,
    /// Asked for by somebody.
    pub requester: Option<String>,
    /// Whose last day is this one at the latest, `YYYY-MM-DD`.
    pub expiring: Option<String>,
}

const COLUMNS: &str =
    "waiver, number, rule, file, artifact, reason, expires, approvers, requester, at,
    state";

impl Ledger {
    /// Waivers as they stand on a day (`YYYY-MM-DD`): where expiring ones are asked for, those that
    /// end first come first, else the newest.
    pub async fn waivers(
        &self,
        filter: &WaiverFilter,
        today: &str,
        page: Page,
    ) -> Result<Listed<Waiver>, Error> {
        let order = match filter.expiring {
            Some(_) => "expires, number",
            None => "number DESC",
        };
        let ask = Ask::new(COLUMNS, "waiver", order)
            .with_some("rule = ?", filter.rule.as_deref())
            .with_some("artifact = ?", filter.artifact.as_deref())
            .with_some("requester = ?", filter.requester.as_deref())
            .with_some("expires <= ?", filter.expiring.as_deref());
        let ask = match filter.state {
            None => ask,
            Some(WaiverState::Expired) => {
                ask.holds("state IN ('asked', 'granted')").with("expires < ?", today)
            }
            Some(state @ (WaiverState::Asked | WaiverState::Granted)) => {
                ask.with("state = ?", state.word()).with("expires >= ?", today)
            }
            Some(state @ (WaiverState::Rejected | WaiverState::Ended)) => {
                ask.with("state = ?", state.word())
            }
        };
        let mut listed = ask.listed(self, page, |row| waiver(row, today)).await?;
        for waiver in &mut listed.rows {
            waiver.votes = self.waiver_votes(&waiver.waiver).await?;
        }
        Ok(listed)
    }

    /// One waiver, as it stands on a day.
    pub async fn waiver(&self, name: &str, today: &str) -> Result<Option<Waiver>, Error> {
        let ask = Ask::new(COLUMNS, "waiver", "number").with("waiver = ?", name);
        let Some(mut waiver) = ask.first(self, |row| waiver(row, today)).await? else {
            return Ok(None);
        };
        waiver.votes = self.waiver_votes(name).await?;
        Ok(Some(waiver))
    }

    /// The waivers that stand on a day and speak of an artifact or of one of its files, whose SHA-256
    /// the caller tells.
    pub async fn waivers_that_stand(
        &self,
        artifact: &str,
        files: &[&str],
        today: &str,
    ) -> Result<Vec<Waiver>, Error> {
        let speaks = |waiver: &Waiver| {
            let of_file =
                || waiver.artifact.strip_prefix("sha256:").is_some_and(|it| files.contains(&it));
            waiver.artifact == artifact || of_file()
        };
        let granted = WaiverFilter { state: Some(WaiverState::Granted), ..WaiverFilter::default() };
        let mut stand = Vec::new();
        let mut page = Page { skip: 0, take: 1000 };
        loop {
            let listed = self.waivers(&granted, today, page).await?;
            if listed.rows.is_empty() {
                return Ok(stand);
            }
            stand.extend(listed.rows.into_iter().filter(speaks));
            page.skip = page.skip.saturating_add(page.take);
        }
    }

    async fn waiver_votes(&self, waiver: &str) -> Result<Vec<WaiverVote>, Error> {
        let sql = "SELECT approver, vote, comment, at FROM waiver_vote WHERE waiver = $1
                   ORDER BY at, person";
        let rows = statement(sql, [waiver.into()]).fetch_all(self.pool()).await.doing(DOING)?;
        let vote = |row: &AnyRow| {
            Ok(WaiverVote {
                approver: text(row, 0)?,
                vote: text(row, 1)?,
                comment: text(row, 2)?,
                at: text(row, 3)?,
            })
        };
        rows.iter().map(vote).collect()
    }
}

fn waiver(row: &AnyRow, today: &str) -> Result<Waiver, Error> {
    let expires = text(row, 6)?;
    let state = match text(row, 10)?.as_str() {
        "asked" | "granted" if expires.as_str() < today => WaiverState::Expired,
        "asked" => WaiverState::Asked,
        "granted" => WaiverState::Granted,
        "rejected" => WaiverState::Rejected,
        "ended" => WaiverState::Ended,
        _ => return Err(Error::damaged("a waiver stands in a way that is unknown")),
    };
    Ok(Waiver {
        waiver: text(row, 0)?,
        number: number(row, 1)?,
        rule: text(row, 2)?,
        file: text(row, 3)?,
        artifact: text(row, 4)?,
        reason: text(row, 5)?,
        expires,
        approvers: number(row, 7)?,
        requester: text(row, 8)?,
        at: text(row, 9)?,
        state,
        votes: Vec::new(),
    })
}
