//! A call for a page: who asks, when, and how the answer is dressed.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::COOKIE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use gate::ledger::{Act, Ledger, Role};
use jiff::{SignedDuration, Timestamp};
use maud::Markup;

use super::failed::Failed;
use super::frame::{self, Frame, Room, Theme, Who};
use crate::app::App;
use crate::auth::Caller;
use crate::evaluations::Desk;

/// The cookie that holds the theme.
pub(super) const THEME: &str = "weighbridge-theme";

/// A call for a page.
#[derive(Debug)]
pub(crate) struct Visit {
    app: Arc<App>,
    pub(super) who: Who,
    pub(super) now: Timestamp,
    theme: Theme,
    here: String,
}

/// What a page wants of its frame, and what stands in it.
#[derive(Debug, Default)]
pub(super) struct Shown {
    pub(super) title: String,
    pub(super) room: Room,
    pub(super) crumbs: Vec<(String, String)>,
    pub(super) sought: String,
    pub(super) main: Option<Markup>,
}

impl Shown {
    /// A page of a room.
    pub(super) fn new(room: Room, title: &str, main: Markup) -> Self {
        let crumbs = vec![(title.to_owned(), String::new())];
        Self { title: title.to_owned(), room, crumbs, sought: String::new(), main: Some(main) }
    }

    /// What the way to the page calls it, where that is not its title.
    pub(super) fn here(mut self, word: &str) -> Self {
        self.crumbs = vec![(word.to_owned(), String::new())];
        self
    }

    /// The page stands below another.
    pub(super) fn below(mut self, title: &str, path: &str) -> Self {
        let place = self.crumbs.len().saturating_sub(1);
        self.crumbs.insert(place, (title.to_owned(), path.to_owned()));
        self
    }
}

impl Visit {
    pub(super) fn ledger(&self) -> &Ledger {
        &self.app.ledger
    }

    /// The desk of runs of probes.
    pub(super) fn desk(&self) -> &Desk {
        &self.app.workers.desk
    }

    /// There is a new job.
    pub(super) fn wake(&self) {
        self.app.workers.wake();
    }

    pub(super) fn act(&self) -> Act {
        Act::new(self.who.principal.clone(), self.now)
    }

    /// Today, as waivers count days.
    pub(super) fn today(&self) -> String {
        (self.app.world.today)().to_string()
    }

    /// A day from now, as waivers count days.
    pub(super) fn in_days(&self, days: i64) -> String {
        let then = self.now.saturating_add(SignedDuration::from_hours(days.saturating_mul(24)));
        then.unwrap_or(self.now).strftime("%Y-%m-%d").to_string()
    }

    fn frame(&self, shown: &Shown) -> Frame {
        Frame {
            who: self.who.clone(),
            theme: self.theme,
            room: shown.room,
            title: shown.title.clone(),
            crumbs: shown.crumbs.clone(),
            here: self.here.clone(),
            sought: shown.sought.clone(),
        }
    }

    /// The answer to a call for a page.
    pub(super) fn show(&self, result: Result<Shown, Failed>) -> Response {
        let (status, shown, cause) = match result {
            Ok(shown) => (StatusCode::OK, shown, None),
            Err(failed) => {
                let (status, shown) = failed.shown();
                (status, shown, failed.cause())
            }
        };
        let page = match &shown.main {
            Some(main) => frame::page(&self.frame(&shown), main),
            None => return status.into_response(),
        };
        let mut answer = html(status, &page);
        if let Some(cause) = cause {
            answer.extensions_mut().insert(cause);
        }
        answer
    }

    /// The answer to a form: the place where what it did is seen, or why it was not done.
    pub(super) fn go(&self, result: Result<String, Failed>) -> Response {
        match result {
            Ok(path) => Redirect::to(&path).into_response(),
            Err(failed) => self.show(Err(failed)),
        }
    }
}

/// An answer of HTML.
pub(crate) fn html(status: StatusCode, page: &Markup) -> Response {
    (status, Html(page.clone().into_string())).into_response()
}

/// The theme that a browser asks for.
pub(crate) fn theme(headers: &HeaderMap) -> Theme {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs =
        cookies.flat_map(|value| value.split(';')).filter_map(|p| p.trim().split_once('='));
    pairs.find(|(name, _)| *name == THEME).map_or(Theme::System, |(_, word)| Theme::named(word))
}

fn who(caller: &Caller) -> Who {
    let role = caller.role;
    Who {
        principal: caller.principal.clone(),
        role: role.word(),
        may_submit: role >= Role::Submitter,
        may_approve: role >= Role::Approver,
        may_administer: role >= Role::Admin,
        csrf: caller.csrf.clone().unwrap_or_default(),
    }
}

impl FromRequestParts<Arc<App>> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Infallible> {
        // The guard has looked already: without a caller only what is open to everybody comes here.
        let who = parts.extensions.get::<Caller>().map(who).unwrap_or_default();
        let here = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let theme = theme(&parts.headers);
        Ok(Self { app: app.clone(), who, now: (app.world.now)(), theme, here })
    }
}
