//! Pages for people: HTML over the same record that the API tells.
//!
//! A page is a folder or a file: a handler asks the ledger, and functions make the markup of what it
//! answered. Every page reads and every form works without script; htmx replaces a part of a page where
//! that saves a load, and a small module of ours knows some keys. Nothing comes from another host, and
//! the policy of each answer forbids inline script and style.
//!
//! Text that others wrote goes through [`parts::text`].

mod about;
mod assets;
mod behaviour;
mod calls;
mod decision;
mod decisions;
mod deployments;
mod dossier;
mod failed;
mod findings;
mod forms;
mod frame;
mod home;
mod jobs;
mod lineage;
mod matrix;
mod owners;
mod pager;
mod parts;
mod policies;
mod record;
mod report;
mod rules;
mod search;
mod sign_in;
mod tokens;
mod visit;

use axum::http::Method;

use crate::routes::{Needs, Route};

pub(crate) use failed::as_page;
pub(crate) use sign_in::sign_in;

/// Every page and every form.
pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::page(Method::GET, "/assets/{name}", Needs::NOTHING, assets::serve),
        Route::page(Method::POST, "/theme", Needs::READER.unrecorded(), forms::theme),
        Route::page(Method::GET, "/", Needs::READER, home::show),
        Route::page(Method::GET, "/model", Needs::READER, dossier::show),
        Route::page(Method::GET, "/models/{model}", Needs::READER, dossier::of),
        Route::page(Method::GET, "/weighings/{weighing}", Needs::READER, decision::show),
        Route::page(Method::POST, "/weighings/{weighing}/vote", Needs::APPROVER, forms::vote),
        Route::page(Method::POST, "/weighings/{weighing}/waivers", Needs::SUBMITTER, forms::ask),
        Route::page(
            Method::POST,
            "/weighings/{weighing}/deployments",
            Needs::SUBMITTER,
            deployments::deploy,
        ),
        Route::page(
            Method::POST,
            "/deployments/{deployment}/end",
            Needs::SUBMITTER,
            deployments::end,
        ),
        Route::page(
            Method::POST,
            "/deployments/{deployment}/recheck",
            Needs::SUBMITTER,
            deployments::recheck,
        ),
        Route::page(Method::GET, "/jobs", Needs::READER, jobs::show),
        Route::page(Method::POST, "/jobs/{job}/cancel", Needs::SUBMITTER, jobs::cancel),
        Route::page(Method::POST, "/jobs/{job}/again", Needs::SUBMITTER, jobs::again),
        Route::page(Method::GET, "/decisions", Needs::READER, decisions::show),
        Route::page(Method::POST, "/waivers/{waiver}/vote", Needs::APPROVER, forms::waiver_vote),
        Route::page(Method::POST, "/waivers/{waiver}/end", Needs::APPROVER, forms::waiver_end),
        Route::page(Method::GET, "/findings", Needs::READER, findings::show),
        Route::page(Method::GET, "/behaviour", Needs::READER, behaviour::list),
        Route::page(Method::GET, "/behaviour/{evaluation}", Needs::READER, behaviour::run),
        Route::page(
            Method::GET,
            "/behaviour/{evaluation}/replies",
            Needs::READER,
            behaviour::replies,
        ),
        Route::page(
            Method::GET,
            "/behaviour/{evaluation}/replies/{number}",
            Needs::READER,
            behaviour::reply,
        ),
        Route::page(Method::GET, "/blast", Needs::READER, findings::blast),
        Route::page(Method::GET, "/record", Needs::READER, record::show),
        Route::page(Method::GET, "/record/{number}", Needs::READER, record::entry),
        Route::page(Method::GET, "/record/{number}/entry", Needs::READER, record::body),
        Route::page(Method::GET, "/record/{number}/proof", Needs::READER, record::proof),
        Route::page(Method::GET, "/calls", Needs::READER, calls::show),
        Route::page(Method::GET, "/rules", Needs::READER, rules::list),
        Route::page(Method::GET, "/rules/{rule}", Needs::READER, rules::show),
        Route::page(Method::GET, "/policies", Needs::READER, policies::list),
        Route::page(Method::GET, "/policies/{policy}", Needs::READER, policies::show),
        Route::page(Method::GET, "/search", Needs::READER, search::show),
        Route::page(Method::GET, "/settings/tokens", Needs::ADMIN, tokens::show),
        Route::page(Method::POST, "/settings/tokens", Needs::ADMIN, tokens::make),
        Route::page(Method::POST, "/settings/tokens/{token}/end", Needs::ADMIN, tokens::end),
        Route::page(Method::GET, "/settings/owners", Needs::READER, owners::show),
        Route::page(Method::POST, "/settings/owners", Needs::ADMIN, owners::set),
        Route::page(Method::GET, "/settings/about", Needs::READER, about::show),
    ]
}
