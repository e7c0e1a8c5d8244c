//! Who may call: tokens, and the sessions of browsers.
//!
//! That a token was made, for whom, with which role, and that it was taken back, stands in the
//! record. Its secret does not: only the secret's SHA-256 is kept, beside the record, so that neither
//! a copy of the record nor one of the database lets anybody in. Sessions are kept the same way and
//! are no part of the record; that somebody signed in is, as a call.

use jiff::{SignedDuration, Timestamp};
use provenance::hex;
use provenance::keys::{random, sha256};
use serde::{Deserialize, Serialize};
use sqlx::Row as _;
use sqlx::any::AnyRow;
use subtle::ConstantTimeEq as _;

use crate::error::{Doing as _, Error};
use crate::event::{Act, Event, stamp};
use crate::read::{Ask, Listed, Page, text};
use crate::write::{Ledger, append};

const DOING: &str = "look up a credential";
/// What the text of a token begins with, so that a search for leaked secrets finds it.
const PREFIX: &str = "wb_";
/// Characters of a token's public identifier.
const PUBLIC: usize = 16;
/// The longest name of a principal.
const MAX_PRINCIPAL: usize = 200;
/// Last use is written at most this often.
const NOTED: SignedDuration = SignedDuration::from_secs(60);

/// What somebody may do. Each may do what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Look at everything that is recorded.
    Reader,
    /// Have artifacts weighed, tell what is deployed and what was observed, ask for waivers.
    Submitter,
    /// Decide on artifacts and waivers, name owners.
    Approver,
    /// Make and end tokens.
    Admin,
}

impl Role {
    /// All, in order.
    pub const ALL: [Self; 4] = [Self::Reader, Self::Submitter, Self::Approver, Self::Admin];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Submitter => "submitter",
            Self::Approver => "approver",
            Self::Admin => "admin",
        }
    }

    /// The role of a word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }
}

/// Whom a credential stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Holder {
    /// The name under which what they do is recorded.
    pub principal: String,
    /// What they may do.
    pub role: Role,
    /// The public name of the credential: a token's identifier, `oidc`, `environment`.
    pub credential: String,
}

/// What came of looking at a token that somebody shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// It counts.
    Valid(Holder),
    /// It was taken back.
    Ended,
    /// Its time is over.
    Expired,
    /// There is no such token.
    Unknown,
}

/// A token that was just made. Its text is told once and kept nowhere.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// Its public identifier.
    pub token: String,
    /// What its holder shows.
    pub text: String,
}

/// A token, as the record knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Token {
    /// Its public identifier.
    pub token: String,
    /// For whom it was made.
    pub principal: String,
    /// What it may: `reader`, `submitter`, `approver`, `admin`.
    pub role: String,
    /// When it ends by itself; empty for never.
    pub expires: String,
    /// When it was made.
    pub at: String,
    /// By whom.
    pub actor: String,
    /// When it was taken back; empty where it was not.
    pub ended: String,
    /// When it was last used, to the minute; empty for never.
    pub used: String,
}

impl Ledger {
    /// Makes a token.
    pub async fn make_token(
        &self,
        act: Act,
        principal: &str,
        role: Role,
        expires: Option<Timestamp>,
    ) -> Result<NewToken, Error> {
        let fits = !principal.trim().is_empty() && principal.len() <= MAX_PRINCIPAL;
        if !fits || vocabulary::escape(principal) != principal {
            let because = format!("a principal is a printable name of 1 to {MAX_PRINCIPAL} bytes");
            return Err(Error::refused(because));
        }
        let token: String = secret()?.chars().take(PUBLIC).collect();
        let secret = secret()?;
        let text = format!("{PREFIX}{token}_{secret}");
        let event = Event::Token {
            token: token.clone(),
            principal: principal.to_owned(),
            role: role.word().to_owned(),
            expires: expires.map(stamp).unwrap_or_default(),
        };
        let id = token.clone();
        self.transact(move |connection| {
            Box::pin(async move {
                append(connection, &act, event).await?;
                sqlx::query("INSERT INTO token_secret (token, hash, used) VALUES ($1, $2, '')")
                    .bind(id)
                    .bind(digest(&secret))
                    .execute(connection)
                    .await
                    .doing("keep a token")
                    .map(|_| ())
            })
        })
        .await?;
        Ok(NewToken { token, text })
    }

    /// Takes a token back, and the sessions that were begun with it. One that ended already is not
    /// known.
    pub async fn end_token(&self, act: Act, token: &str) -> Result<(), Error> {
        let token = token.to_owned();
        self.transact(move |connection| {
            Box::pin(async move {
                append(connection, &act, Event::TokenEnd { token: token.clone() }).await?;
                for statement in [
                    "DELETE FROM token_secret WHERE token = $1",
                    "DELETE FROM session WHERE credential = $1",
                ] {
                    let done = sqlx::query(statement).bind(&token).execute(&mut *connection).await;
                    done.doing("end a token")?;
                }
                Ok(())
            })
        })
        .await
    }

    /// Looks at a token that somebody shows.
    pub async fn look_at_token(&self, shown: &str, now: Timestamp) -> Result<Shown, Error> {
        let parts = shown.strip_prefix(PREFIX).and_then(|rest| rest.split_once('_'));
        let Some((token, secret)) = parts else { return Ok(Shown::Unknown) };
        let row = sqlx::query(
            "SELECT t.principal, t.role, t.expires, t.ended, s.hash, s.used
             FROM token t JOIN token_secret s ON s.token = t.token WHERE t.token = $1",
        )
        .bind(token)
        .fetch_optional(self.pool())
        .await
        .doing(DOING)?;
        let Some(row) = row else { return Ok(Shown::Unknown) };
        let known = text(&row, 4)?;
        if !bool::from(digest(secret).as_bytes().ct_eq(known.as_bytes())) {
            return Ok(Shown::Unknown);
        }
        let (expires, ended, used) = (text(&row, 2)?, text(&row, 3)?, text(&row, 5)?);
        if !ended.is_empty() {
            return Ok(Shown::Ended);
        }
        if !expires.is_empty() && expires <= stamp(now) {
            return Ok(Shown::Expired);
        }
        let Some(role) = Role::of(&text(&row, 1)?) else { return Ok(Shown::Unknown) };
        if used <= stamp(before(now, NOTED)) {
            self.note("UPDATE token_secret SET used = $2 WHERE token = $1", token, now).await?;
        }
        let holder = Holder { principal: text(&row, 0)?, role, credential: token.to_owned() };
        Ok(Shown::Valid(holder))
    }

    /// Whether some token may do everything.
    pub async fn has_admin(&self, now: Timestamp) -> Result<bool, Error> {
        let found = sqlx::query(
            "SELECT 1 FROM token t JOIN token_secret s ON s.token = t.token
             WHERE t.role = 'admin' AND t.ended = '' AND (t.expires = '' OR t.expires > $1) LIMIT 1",
        )
        .bind(stamp(now))
        .fetch_optional(self.pool())
        .await;
        Ok(found.doing(DOING)?.is_some())
    }

    /// Tokens, the newest first.
    pub async fn tokens(&self, page: Page) -> Result<Listed<Token>, Error> {
        let columns = "t.token, t.principal, t.role, t.expires, t.at, t.actor, t.ended, s.used";
        let from = "token t LEFT JOIN token_secret s ON s.token = t.token";
        Ask::new(columns, from, "t.at DESC, t.token").listed(self, page, token).await
    }

    /// Begins a session; gives what the browser shows from now on. It ends at a moment, whatever
    /// happens.
    pub async fn begin_session(
        &self,
        holder: &Holder,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<String, Error> {
        let shown = secret()?;
        let (session, holder) = (digest(&shown), holder.clone());
        self.transact(move |connection| {
            Box::pin(async move {
                sqlx::query("DELETE FROM session WHERE until <= $1")
                    .bind(stamp(now))
                    .execute(&mut *connection)
                    .await
                    .doing("begin a session")?;
                sqlx::query(
                    "INSERT INTO session (session, credential, principal, role, used, until)
                     VALUES ($1, $2, $3, $4, $5, $6)",
                )
                .bind(session)
                .bind(holder.credential)
                .bind(holder.principal)
                .bind(holder.role.word())
                .bind(stamp(now))
                .bind(stamp(until))
                .execute(connection)
                .await
                .doing("begin a session")
                .map(|_| ())
            })
        })
        .await?;
        Ok(shown)
    }

    /// Whom a session stands for. It counts while its token does, until its end, and while it was
    /// used a while ago at most.
    pub async fn session(
        &self,
        shown: &str,
        now: Timestamp,
        idle: SignedDuration,
    ) -> Result<Option<Holder>, Error> {
        let session = digest(shown);
        let row = sqlx::query(
            "SELECT s.principal, s.role, s.credential, s.used, s.until, t.expires, t.ended
             FROM session s LEFT JOIN token t ON t.token = s.credential WHERE s.session = $1",
        )
        .bind(&session)
        .fetch_optional(self.pool())
        .await
        .doing(DOING)?;
        let Some(row) = row else { return Ok(None) };
        let (used, until, expires) = (text(&row, 3)?, text(&row, 4)?, text(&row, 5)?);
        let moment = stamp(now);
        let over = until <= moment
            || used <= stamp(before(now, idle))
            || (!expires.is_empty() && expires <= moment)
            || !text(&row, 6)?.is_empty();
        let Some(role) = Role::of(&text(&row, 1)?).filter(|_| !over) else { return Ok(None) };
        if used <= stamp(before(now, NOTED)) {
            self.note("UPDATE session SET used = $2 WHERE session = $1", &session, now).await?;
        }
        Ok(Some(Holder { principal: text(&row, 0)?, role, credential: text(&row, 2)? }))
    }

    /// Ends a session.
    pub async fn end_session(&self, shown: &str) -> Result<(), Error> {
        self.end_sessions("DELETE FROM session WHERE session = $1", digest(shown)).await
    }

    /// Ends every session that was begun with a credential.
    pub async fn end_sessions_of(&self, credential: &str) -> Result<(), Error> {
        let statement = "DELETE FROM session WHERE credential = $1";
        self.end_sessions(statement, credential.to_owned()).await
    }

    /// Ends every session of a principal.
    pub async fn end_sessions_of_principal(&self, principal: &str) -> Result<(), Error> {
        let statement = "DELETE FROM session WHERE principal = $1";
        self.end_sessions(statement, principal.to_owned()).await
    }

    async fn end_sessions(&self, statement: &'static str, which: String) -> Result<(), Error> {
        self.transact(move |connection| {
            Box::pin(async move {
                let done = sqlx::query(statement).bind(which).execute(connection).await;
                done.doing("end a session").map(|_| ())
            })
        })
        .await
    }

    async fn note(&self, statement: &'static str, name: &str, now: Timestamp) -> Result<(), Error> {
        let name = name.to_owned();
        self.transact(move |connection| {
            Box::pin(async move {
                let noted = sqlx::query(statement).bind(name).bind(stamp(now));
                noted.execute(connection).await.doing("note a use").map(|_| ())
            })
        })
        .await
    }
}

fn token(row: &AnyRow) -> Result<Token, Error> {
    Ok(Token {
        token: text(row, 0)?,
        principal: text(row, 1)?,
        role: text(row, 2)?,
        expires: text(row, 3)?,
        at: text(row, 4)?,
        actor: text(row, 5)?,
        ended: text(row, 6)?,
        used: row.try_get::<Option<String>, _>(7).doing(DOING)?.unwrap_or_default(),
    })
}

/// 32 random bytes, hex.
fn secret() -> Result<String, Error> {
    Ok(hex::encode(&random()?))
}

fn digest(secret: &str) -> String {
    hex::encode(sha256(secret.as_bytes()).as_ref())
}

fn before(now: Timestamp, while_ago: SignedDuration) -> Timestamp {
    now.saturating_sub(while_ago).unwrap_or(now)
}
