//! What waits for somebody's decision, and what was decided: waivers.

use axum::extract::Query;
use axum::response::Response;
use gate::ledger::{Listed, Waiver, WaiverFilter, WaiverState};
use jiff::Timestamp;
use maud::{Markup, html};
use serde::Deserialize;

use super::failed::Failed;
use super::frame::{Room, Who};
use super::home::ends;
use super::pager::{address, links, rows};
use super::parts::{facts, form, text, words};
use super::visit::{Shown, Visit};

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    state: String,
    page: Option<u32>,
}

const STATES: [(&str, &str, Option<WaiverState>); 6] = [
    ("", "Waiting", Some(WaiverState::Asked)),
    ("granted", "Granted", Some(WaiverState::Granted)),
    ("rejected", "Rejected", Some(WaiverState::Rejected)),
    ("expired", "Expired", Some(WaiverState::Expired)),
    ("ended", "Taken back", Some(WaiverState::Ended)),
    ("all", "All", None),
];

pub(super) async fn show(visit: Visit, Query(asked): Query<Asked>) -> Response {
    let made = list(&visit, &asked).await;
    visit.show(made)
}

async fn list(visit: &Visit, asked: &Asked) -> Result<Shown, Failed> {
    let chosen = STATES.iter().find(|(word, ..)| *word == asked.state).unwrap_or(&STATES[0]);
    let filter = WaiverFilter { state: chosen.2, ..WaiverFilter::default() };
    let waivers = visit.ledger().waivers(&filter, &visit.today(), rows(asked.page)).await?;
    let main = markup(&waivers, chosen.0, asked.page, visit.now, &visit.who);
    Ok(Shown::new(Room::Decisions, "Waiting for a decision", main))
}

pub(super) fn markup(
    waivers: &Listed<Waiver>,
    state: &str,
    page: Option<u32>,
    now: Timestamp,
    who: &Who,
) -> Markup {
    html! {
        h1 { "Waivers" }
        p.lead { "A waiver lets findings of a rule pass until a day. It has a reason, and one or two people approve it who did not ask for it." }
        nav aria-label="Waivers by how they stand" { ul.tabs { @for (word, name, _) in STATES {
            li { a href=(address("/decisions", &[("state", word)])) aria-current=[(word == state).then_some("page")] { (name) } }
        } } }
        p.small.soft role="status" { (facts::count(waivers.total, "waiver")) }
        @if waivers.rows.is_empty() { div.empty { p { "None. A waiver is asked for at a finding of a decision." } } }
        @for one in &waivers.rows { (waiver(one, now, who)) }
        (links("/decisions", &[("state", state)], page, waivers.total))
    }
}

/// One waiver, with the form of whoever may decide on it.
pub(super) fn waiver(one: &Waiver, now: Timestamp, who: &Who) -> Markup {
    let id = text::query(&one.waiver);
    let open = one.state == WaiverState::Asked;
    let decides = open && who.may_approve && who.principal != one.requester;
    let stands = matches!(one.state, WaiverState::Asked | WaiverState::Granted);
    let approved = one.votes.iter().filter(|vote| vote.vote == "approve").count();
    html! {
        section.card id={ "waiver-" (id) } {
            h3 { code { (text::said(&one.rule)) } " " (words::request(one.state.word())) }
            p { (text::whole(&one.reason)) }
            dl.facts {
                dt { "of" } dd { (facts::digest_to_copy(&one.artifact))
                    @if !one.file.is_empty() { div { (text::mono(&one.file)) } } }
                dt { "asked by" } dd { (text::said(&one.requester)) ", " (facts::moment(&one.at, now)) }
                dt { "last day" } dd { (ends(&one.expires, now)) }
                dt { "approved" } dd { (approved) " of " (one.approvers) }
            }
            @if !one.votes.is_empty() { ul.timeline { @for vote in &one.votes { li {
                (words::request(&vote.vote)) " by " (text::said(&vote.approver))
                span.when { (facts::day(&vote.at, now)) }
                @if !vote.comment.is_empty() { div { (text::whole(&vote.comment)) } }
            } } } }
            @if decides {
                (form::post(&format!("/waivers/{id}/vote"), &who.csrf, &html! {
                    div.field {
                        label for={ "comment-" (id) } { "Your words" }
                        textarea id={ "comment-" (id) } name="comment" rows="2" maxlength="4000" {}
                    }
                    div.buttons {
                        button.go type="submit" name="vote" value="approve" { "Approve the waiver" }
                        button.go.second type="submit" name="vote" value="reject" { "Reject" }
                    }
                }))
            } @else if open && who.may_approve { p.small.soft { "You asked for it: somebody else decides." } }
            @if stands && who.may_approve {
                details { summary { "take it back" }
                    (form::post(&format!("/waivers/{id}/end"), &who.csrf, &html! {
                        div.field {
                            label for={ "reason-" (id) } { "Why" }
                            textarea id={ "reason-" (id) } name="reason" rows="2" maxlength="4000" required {}
                        }
                        button.go.second type="submit" { "Take it back" }
                    }))
                }
            }
        }
    }
}
