//! The policies that are shipped, as they are.

use axum::extract::Path;
use axum::response::Response;
use gate::Policy;
use gate::policy::{SHIPPED, text as text_of};
use maud::{Markup, html};

use super::failed::Failed;
use super::frame::Room;
use super::parts::{facts, text, words};
use super::visit::{Shown, Visit};

pub(super) async fn list(visit: Visit) -> Response {
    visit.show(Ok(Shown::new(Room::Policies, "Policies", table())))
}

fn table() -> Markup {
    let policies = SHIPPED.iter().filter_map(|(name, _)| Some((name, Policy::shipped(name).ok()?)));
    html! {
        h1 { "Policies" }
        p.lead { "A policy says which checks must have looked, what refuses, and which exceptions stand. These are shipped; each weighing names the one that it was judged by, with its digest." }
        table.cards {
            thead { tr { th scope="col" { "policy" } th scope="col" { "refuses from" }
                th scope="col" { "asks a person from" } th scope="col" { "must have looked" } } }
            tbody { @for (name, policy) in policies { tr {
                th scope="row" { a href={ "/policies/" (name) } data-row { (name) }
                    span.sub { (text::sentence(&policy.terms.description)) } }
                td.fixed data-label="refuses" { (words::severity(policy.terms.refuse.name())) }
                td.fixed data-label="asks" { (words::severity(policy.terms.review.name())) }
                td data-label="required" { div { (required(&policy)) } }
            } } }
        }
    }
}

fn required(policy: &Policy) -> Markup {
    let checks = policy.terms.checks.iter();
    let required: Vec<&str> = checks
        .filter(|(_, need)| **need == vocabulary::Requirement::Required)
        .map(|(check, _)| check.0.as_ref())
        .collect();
    html! { @for (n, check) in required.iter().enumerate() { @if n > 0 { ", " } code { (check) } } }
}

pub(super) async fn show(visit: Visit, Path(name): Path<String>) -> Response {
    let made =
        match (text_of(&name), Policy::shipped(&name)) {
            (Ok(text), Ok(policy)) => Ok(Shown::new(Room::Policies, &name, page(&policy, text))
                .below("Policies", "/policies")),
            _ => Err(Failed::Missing("policy", name)),
        };
    visit.show(made)
}

fn page(policy: &Policy, text: &str) -> Markup {
    html! {
        h1 { (policy.terms.name) }
        p.lead { (text::sentence(&policy.terms.description)) }
        dl.facts {
            dt { "refuses from" } dd { (words::severity(policy.terms.refuse.name())) }
            dt { "asks a person from" } dd { (words::severity(policy.terms.review.name())) }
            dt { "must have looked" } dd { (required(policy)) }
            dt { "SHA-256" } dd { (facts::whole_digest(&policy.digest)) }
        }
        h2 { "Its text" }
        pre tabindex="0" { (text) }
    }
}
