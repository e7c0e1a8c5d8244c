//! Tokens: who may speak to this server, and how far.

use axum::Form;
use axum::extract::{Path, Query};
use axum::response::Response;
use gate::ledger::{Listed, NewToken, Role, Token};
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use serde::Deserialize;

use super::failed::Failed;
use super::frame::{Room, Who};
use super::pager::{links, rows};
use super::parts::{facts, form, text, words};
use super::visit::{Shown, Visit};

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    page: Option<u32>,
}

pub(super) async fn show(visit: Visit, Query(asked): Query<Asked>) -> Response {
    let made = list(&visit, asked.page, None).await;
    visit.show(made)
}

async fn list(visit: &Visit, page: Option<u32>, made: Option<&NewToken>) -> Result<Shown, Failed> {
    let tokens = visit.ledger().tokens(rows(page)).await?;
    let main = markup(&tokens, (page, made), visit.now, &visit.who);
    Ok(Shown::new(Room::Tokens, "Tokens", main))
}

pub(super) fn markup(
    tokens: &Listed<Token>,
    (page, made): (Option<u32>, Option<&NewToken>),
    now: Timestamp,
    who: &Who,
) -> Markup {
    let roles = [
        ("reader", "reader: look at everything".to_owned()),
        ("submitter", "submitter: have things weighed, ask for waivers".to_owned()),
        ("approver", "approver: decide".to_owned()),
        ("admin", "admin: tokens and owners".to_owned()),
    ];
    html! {
        h1 { "Tokens" }
        p.lead { "A program shows its token with each call, a person signs in with it. The secret is shown once and kept nowhere." }
        @if let Some(made) = made {
            div.note.good role="status" {
                p { strong { "The token was made. Copy it now: it is shown only here." } }
                p { span.digest.whole data-copy=(made.text) data-copy-name="the token" { (made.text) } }
            }
        }
        div.columns {
            div {
                table.cards {
                    thead { tr { th scope="col" { "for" } th scope="col" { "role" } th scope="col" { "made" }
                        th scope="col" { "used" } th scope="col" { "ends" } th scope="col" { span.hidden { "end it" } } } }
                    tbody { @for token in &tokens.rows { (row(token, now, who)) } }
                }
                (links("/settings/tokens", &[], page, tokens.total))
            }
            aside.card {
                h2 { "Make a token" }
                (form::post("/settings/tokens", &who.csrf, &html! {
                    (form::line("principal", "For whom", "", "The name under which what they do is recorded.", true))
                    div.field { (form::select("role", "Role", "reader", &roles)) }
                    div.field {
                        label for="days" { "Days until it ends" }
                        input type="number" id="days" name="days" min="1" max="3650" value="90" required;
                    }
                    (form::button("Make the token"))
                }))
            }
        }
    }
}

fn row(token: &Token, now: Timestamp, who: &Who) -> Markup {
    let ended = !token.ended.is_empty();
    html! { tr {
        th scope="row" { (text::said(&token.principal)) span.sub { code { (text::said(&token.token)) } } }
        td.fixed data-label="role" { (text::said(&token.role)) }
        td data-label="made" { div { (facts::moment(&token.at, now)) span.sub { "by " (text::said(&token.actor)) } } }
        td.fixed data-label="used" { (facts::moment(&token.used, now)) }
        td data-label="ends" { div {
            @if ended { (words::missing("taken back")) span.sub { (facts::moment(&token.ended, now)) } }
            @else if token.expires.is_empty() { "never" }
            @else { (facts::moment(&token.expires, now)) }
        } }
        td.fixed.bare[ended] data-label="" { @if !ended {
            (form::post(&format!("/settings/tokens/{}/end", text::query(&token.token)), &who.csrf, &html! {
                button.plain type="submit" aria-label={ "take back the token of " (text::plain(&token.principal)) } { "take back" }
            }))
        } }
    } }
}

#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    principal: String,
    role: String,
    days: i64,
}

pub(super) async fn make(visit: Visit, Form(wanted): Form<Wanted>) -> Response {
    let made = async {
        let role = Role::of(&wanted.role);
        let role = role.ok_or_else(|| Failed::Wrong("there is no such role".into()))?;
        if !(1..=3650).contains(&wanted.days) {
            return Err(Failed::Wrong("a token ends after 1 to 3650 days".into()));
        }
        let ends = visit.now.saturating_add(SignedDuration::from_hours(wanted.days * 24)).ok();
        let principal = wanted.principal.trim();
        let made = visit.ledger().make_token(visit.act(), principal, role, ends).await?;
        list(&visit, None, Some(&made)).await
    };
    let made = made.await;
    visit.show(made)
}

pub(super) async fn end(visit: Visit, Path(token): Path<String>) -> Response {
    let ended = visit.ledger().end_token(visit.act(), &token).await;
    visit.go(ended.map(|()| "/settings/tokens".to_owned()).map_err(Failed::from))
}
