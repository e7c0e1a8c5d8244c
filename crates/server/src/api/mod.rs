//! The API: JSON over HTTP.

mod health;
mod jobs;
mod models;
mod uploads;
pub(crate) mod weighings;

use utoipa_axum::routes;

use crate::routes::{Needs, Route};

pub(crate) fn routes() -> Vec<Route> {
    let mut routes = vec![
        Route::api(Needs::NOTHING, routes!(health::alive)),
        Route::api(Needs::SUBMITTER, routes!(weighings::submit)),
        Route::api(Needs::READER, routes!(weighings::one)),
        Route::api(Needs::READER, routes!(weighings::report)),
        Route::api(Needs::READER, routes!(models::list)),
    ];
    routes.extend(uploads::routes());
    routes.extend(jobs::routes());
    routes
}
