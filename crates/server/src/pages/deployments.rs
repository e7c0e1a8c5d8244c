//! Forms about deployments: that an artifact goes into production, that it ends, that it is looked at.

use axum::Form;
use axum::extract::Path;
use axum::response::Response;
use gate::ledger::{Deployment, Event, Weighing};
use maud::{Markup, html};
use serde::Deserialize;

use super::failed::Failed;
use super::forms::said;
use super::frame::Who;
use super::pager::place_of;
use super::parts::{form, text};
use super::visit::Visit;
use crate::app::new_id;

/// The form that tells that what was weighed goes somewhere.
pub(super) fn deploy_form(weighing: &Weighing, who: &Who) -> Markup {
    let action = format!("/weighings/{}/deployments", text::query(&weighing.weighing));
    html! {
        details {
            summary { "tell that it is deployed" }
            (form::post(&action, &who.csrf, &html! {
                (form::line("environment", "Environment", "production", "", true))
                (form::line("place", "Where", "", "A host, a cluster, an address. Where it is a path that this server may read, what lies there is read again.", true))
                (form::button("Record the deployment"))
            }))
        }
    }
}

/// What may be done with a deployment that runs.
pub(super) fn change_form(one: &Deployment, who: &Who) -> Markup {
    let id = text::query(&one.deployment);
    let at = text::plain(&one.place);
    html! {
        div.row {
            (form::post(&format!("/deployments/{id}/recheck"), &who.csrf, &html! {
                button.plain type="submit" aria-label={ "look again at " (at) } { "look again" }
            }))
            details { summary aria-label={ "it ended: " (at) } { "it ended" }
                (form::post(&format!("/deployments/{id}/end"), &who.csrf, &html! {
                    div.field {
                        label for={ "why-" (id) } { "Why" }
                        input id={ "why-" (id) } type="text" name="reason" maxlength="4000" required autocomplete="off";
                    }
                    button.go.second type="submit" { "Record that it ended" }
                }))
            }
        }
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Where {
    environment: String,
    place: String,
}

pub(super) async fn deploy(
    visit: Visit,
    Path(weighing): Path<String>,
    Form(Where { environment, place }): Form<Where>,
) -> Response {
    let done = async {
        let found = visit.ledger().weighing(&weighing).await?;
        let found = found.ok_or_else(|| Failed::Missing("weighing", weighing.clone()))?;
        let to = place_of(&found.model);
        let event = Event::Deployment {
            deployment: new_id()?,
            model: found.model,
            artifact: found.artifact,
            environment: named(&environment, "the environment")?,
            place: named(&place, "the place")?,
        };
        visit.ledger().record(visit.act(), event).await?;
        Ok(to)
    };
    visit.go(done.await)
}

fn named(text: &str, what: &str) -> Result<String, Failed> {
    let text = text.trim();
    crate::extract::name(what, text).map_err(|problem| Failed::field(&problem))?;
    Ok(text.to_owned())
}

#[derive(Debug, Deserialize)]
pub(super) struct Because {
    reason: String,
}

pub(super) async fn end(
    visit: Visit,
    Path(deployment): Path<String>,
    Form(Because { reason }): Form<Because>,
) -> Response {
    let done = async {
        let to = dossier_of(&visit, &deployment).await?;
        let reason = said("the reason", &reason)?;
        visit.ledger().record(visit.act(), Event::DeploymentEnd { deployment, reason }).await?;
        Ok(to)
    };
    visit.go(done.await)
}

pub(super) async fn recheck(visit: Visit, Path(deployment): Path<String>) -> Response {
    let done = async {
        dossier_of(&visit, &deployment).await?;
        let job = new_id()?;
        visit.ledger().recheck(visit.act(), &deployment, &job).await?;
        visit.wake();
        Ok(format!("/jobs#job-{job}"))
    };
    visit.go(done.await)
}

async fn dossier_of(visit: &Visit, deployment: &str) -> Result<String, Failed> {
    let found = visit.ledger().deployment(deployment).await?;
    let found = found.ok_or_else(|| Failed::Missing("deployment", deployment.to_owned()))?;
    Ok(place_of(&found.model))
}
