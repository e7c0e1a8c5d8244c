//! The API: JSON over HTTP. A file a subject.

mod artifacts;
mod deployments;
mod evaluations;
mod findings;
mod health;
mod jobs;
mod log;
mod models;
mod record;
mod report;
mod tokens;
mod uploads;
mod waivers;
pub(crate) mod weighings;

use gate::ledger::{Act, Event};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::app::{App, new_id};
use crate::auth::Caller;
use crate::error::Problem;
use crate::routes::{Needs, Route};

pub(crate) use report::forms;

pub(crate) fn routes() -> Vec<Route> {
    let mut routes = vec![
        Route::api(Needs::NOTHING, routes!(health::alive)),
        Route::api(Needs::NOTHING, routes!(health::ready)),
        Route::api(Needs::NOTHING, routes!(health::openapi)),
        Route::api(Needs::READER.unrecorded(), routes!(health::metrics)),
        Route::api(Needs::READER, routes!(weighings::list)),
        Route::api(Needs::SUBMITTER, routes!(weighings::submit)),
        Route::api(Needs::READER, routes!(weighings::one)),
        Route::api(Needs::READER, routes!(report::report)),
        Route::api(Needs::READER, routes!(evaluations::list)),
        Route::api(Needs::SUBMITTER, routes!(evaluations::submit)),
        Route::api(Needs::READER, routes!(evaluations::one)),
        Route::api(Needs::READER, routes!(evaluations::report)),
        Route::api(Needs::READER, routes!(evaluations::replies)),
        Route::api(Needs::READER, routes!(models::list)),
        Route::api(Needs::READER, routes!(models::one)),
        Route::api(Needs::APPROVER, routes!(models::owner)),
        Route::api(Needs::READER, routes!(artifacts::list)),
        Route::api(Needs::READER, routes!(artifacts::one)),
        Route::api(Needs::READER, routes!(artifacts::files)),
        Route::api(Needs::READER, routes!(artifacts::attestations)),
        Route::api(Needs::SUBMITTER, routes!(artifacts::attest)),
        Route::api(Needs::READER, routes!(artifacts::approvals)),
        Route::api(Needs::APPROVER, routes!(artifacts::approve)),
        Route::api(Needs::READER, routes!(artifacts::document)),
        Route::api(Needs::READER, routes!(findings::list)),
        Route::api(Needs::READER, routes!(findings::tally)),
        Route::api(Needs::READER, routes!(findings::blast)),
        Route::api(Needs::READER, routes!(findings::search)),
        Route::api(Needs::READER, routes!(waivers::list)),
        Route::api(Needs::SUBMITTER, routes!(waivers::ask)),
        Route::api(Needs::READER, routes!(waivers::one)),
        Route::api(Needs::APPROVER, routes!(waivers::vote)),
        Route::api(Needs::SUBMITTER, routes!(waivers::end)),
        Route::api(Needs::READER, routes!(deployments::list)),
        Route::api(Needs::SUBMITTER, routes!(deployments::deploy)),
        Route::api(Needs::READER, routes!(deployments::one)),
        Route::api(Needs::SUBMITTER, routes!(deployments::end)),
        Route::api(Needs::READER, routes!(deployments::observations)),
        Route::api(Needs::SUBMITTER, routes!(deployments::observe)),
        Route::api(Needs::READER, routes!(record::audit)),
        Route::api(Needs::READER, routes!(record::entries)),
        Route::api(Needs::READER, routes!(record::me)),
        Route::api(Needs::ADMIN, routes!(tokens::list)),
        Route::api(Needs::ADMIN, routes!(tokens::make)),
        Route::api(Needs::ADMIN, routes!(tokens::end)),
        Route::api(Needs::ADMIN, routes!(tokens::end_sessions)),
        Route::api(Needs::READER, routes!(log::key)),
        Route::api(Needs::READER, routes!(log::checkpoint)),
        Route::api(Needs::READER, routes!(log::tile)),
    ];
    routes.extend(uploads::routes());
    routes.extend(jobs::routes());
    routes
}

/// What was recorded.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Done {
    /// The number of the entry.
    number: u64,
    /// The identifier of what was made; empty where nothing has one.
    #[serde(skip_serializing_if = "String::is_empty")]
    id: String,
}

type Made = (axum::http::StatusCode, axum::Json<Done>);

/// Records an event of somebody who calls.
async fn record(app: &App, caller: &Caller, id: String, event: Event) -> Result<Made, Problem> {
    let number = app.ledger.record(act(app, caller), event).await?;
    Ok((axum::http::StatusCode::CREATED, axum::Json(Done { number, id })))
}

pub(crate) fn act(app: &App, caller: &Caller) -> Act {
    Act::new(caller.principal.clone(), (app.world.now)())
}
