//! Who answers for which model.

use axum::Form;
use axum::extract::Query;
use axum::response::Response;
use gate::ledger::{Event, Listed, Model, ModelFilter};
use maud::{Markup, html};
use serde::Deserialize;

use super::failed::Failed;
use super::frame::{Room, Who};
use super::pager::{address, links, place_of, rows};
use super::parts::{facts, form, text, words};
use super::visit::{Shown, Visit};

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    name: String,
    page: Option<u32>,
}

pub(super) async fn show(visit: Visit, Query(asked): Query<Asked>) -> Response {
    let made = list(&visit, &asked).await;
    visit.show(made)
}

async fn list(visit: &Visit, asked: &Asked) -> Result<Shown, Failed> {
    let name = (!asked.name.is_empty()).then(|| asked.name.clone());
    let filter = ModelFilter { name, ..ModelFilter::default() };
    let models = visit.ledger().models_with(&filter, rows(asked.page)).await?;
    Ok(Shown::new(Room::Owners, "Owners", markup(&models, asked, &visit.who)))
}

pub(super) fn markup(models: &Listed<Model>, asked: &Asked, who: &Who) -> Markup {
    html! {
        h1 { "Owners" }
        p.lead { "Every model in production has somebody who answers for it. A model without an owner cannot be deployed." }
        form.filters method="get" action="/settings/owners" {
            (form::filter("name", "Name contains", &asked.name))
            div.buttons { button.go.second type="submit" { "Filter" } }
        }
        p.small.soft role="status" { (facts::count(models.total, "model")) }
        table.cards {
            thead { tr { th scope="col" { "model" } th scope="col" { "runs" } th scope="col" { "owner" } } }
            tbody { @for (n, model) in models.rows.iter().enumerate() { tr {
                th scope="row" { a href=(place_of(&model.model)) data-row { (text::said(&model.model)) } }
                td.fixed data-label="runs" { @if model.deployments > 0 { (facts::count(model.deployments, "deployment")) } @else { span.soft { "–" } } }
                td data-label="owner" { div {
                    @if model.owner.is_empty() { (words::missing("nobody")) } @else { (text::said(&model.owner)) }
                    @if who.may_administer { details { summary { "change" }
                        (form::post(&address("/settings/owners", &[("model", &model.model)]), &who.csrf, &html! {
                            div.field {
                                label for={ "owner-" (n) } { "Who answers for it" }
                                input type="text" id={ "owner-" (n) } name="owner" required maxlength="200" autocomplete="off";
                            }
                            (form::button("Record the owner"))
                        }))
                    } }
                } }
            } } }
        }
        (links("/settings/owners", &[("name", &asked.name)], asked.page, models.total))
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Of {
    model: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    owner: String,
}

pub(super) async fn set(
    visit: Visit,
    Query(Of { model }): Query<Of>,
    Form(wanted): Form<Wanted>,
) -> Response {
    let done = async {
        if visit.ledger().model(&model).await?.is_none() {
            return Err(Failed::Missing("model", model));
        }
        let owner = wanted.owner.trim().to_owned();
        let event = Event::Owner { model: model.clone(), owner };
        visit.ledger().record(visit.act(), event).await?;
        Ok(place_of(&model))
    };
    visit.go(done.await)
}
