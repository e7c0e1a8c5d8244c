//! Uploads: begun, filled file by file, and weighed.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::http::header::{
    CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::{IntoResponse, Response};
use gate::ledger::{Act, Upload, UploadedFile};
use utoipa_axum::routes;

use super::new_id;
use crate::app::App;
use crate::auth::Caller;
use crate::error::Problem;
use crate::routes::{Needs, Route};
use crate::uploads::{checked, claimed};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::api(Needs::SUBMITTER, routes!(begin)),
        Route::api(Needs::SUBMITTER, routes!(one)),
        Route::api(Needs::SUBMITTER, routes!(put)),
        Route::api(Needs::SUBMITTER, routes!(drop_it)),
        Route::api(Needs::APPROVER, routes!(blob)),
    ]
}

fn now(app: &App, caller: Caller) -> Act {
    Act::new(caller.principal, (app.world.now)())
}

/// Begins an upload.
#[utoipa::path(post, path = "/api/v1/uploads", tag = "uploads", responses((status = 201, description = "files may be put into it")))]
async fn begin(State(app): State<Arc<App>>, caller: Caller) -> Result<Response, Problem> {
    let id = new_id()?;
    app.ledger.begin_upload(now(&app, caller), &id).await?;
    let place = [("location", format!("/api/v1/uploads/{id}"))];
    let upload = app.ledger.upload(&id).await?;
    Ok((StatusCode::CREATED, place, Json(upload)).into_response())
}

/// An upload of the caller's.
#[utoipa::path(get, path = "/api/v1/uploads/{upload}", tag = "uploads", responses((status = 200, description = "how much is in it")))]
async fn one(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Upload>, Problem> {
    own(&app, &caller.principal, &id).await.map(Json)
}

async fn own(app: &App, principal: &str, id: &str) -> Result<Upload, Problem> {
    let upload = app.ledger.upload(id).await?.filter(|upload| upload.actor == principal);
    upload.ok_or_else(|| Problem::not_found("upload", id))
}

/// Puts a file into an upload, in place of one of the same path.
#[utoipa::path(put, path = "/api/v1/uploads/{upload}/files/{*path}", tag = "uploads", responses((status = 201, description = "it is kept")))]
async fn put(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((id, path)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    let file = take_in(&app, &now(&app, caller), &id, &path, request).await?;
    Ok((StatusCode::CREATED, Json(file)).into_response())
}

/// Takes the body of a request in as a file of an upload.
pub(super) async fn take_in(
    app: &App,
    act: &Act,
    id: &str,
    path: &str,
    request: Request,
) -> Result<UploadedFile, Problem> {
    let path = checked(path).map_err(|because| {
        let because = format!("`{}` is no path for an upload: {because}", vocabulary::escape(path));
        Problem::new(StatusCode::BAD_REQUEST, because)
    })?;
    let upload = own(app, &act.actor, id).await?;
    if !upload.hash.is_empty() {
        return Err(Problem::new(StatusCode::CONFLICT, "the upload is sealed"));
    }
    let limits = &app.workers.work.limits;
    let room = limits.room;
    let most =
        room.bytes.saturating_sub(upload.bytes).min(room.caller.saturating_sub(upload.of_owner));
    let (parts, body) = request.into_parts();
    let claims = claimed(&parts.headers)?;
    let announced = parts.headers.get(CONTENT_LENGTH);
    let announced = announced.and_then(|length| length.to_str().ok()?.parse().ok());
    let store = &app.workers.store;
    let received = store.receive(body, (announced, most), &claims, limits).await?;
    let place = received.place.clone();
    let file = UploadedFile {
        path: path.to_owned(),
        sha256: received.sha256,
        bytes: received.bytes,
        place: received.place,
    };
    let added = app.ledger.add_to_upload(act.clone(), id, file.clone(), room).await;
    if added.as_ref().ok() != Some(&place) {
        // It was there before, or it is not wanted; the sweep finds what stays.
        let _ = store.delete(&place).await;
    }
    added?;
    Ok(file)
}

/// Drops an upload that is open.
#[utoipa::path(delete, path = "/api/v1/uploads/{upload}", tag = "uploads", responses((status = 204, description = "it is gone")))]
async fn drop_it(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    app.ledger.drop_upload(now(&app, caller), &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Bytes that were uploaded, by their SHA-256: as a file to be kept, never as a page.
#[utoipa::path(get, path = "/api/v1/blobs/{sha256}", tag = "uploads", responses((status = 200, description = "the bytes")))]
async fn blob(
    State(app): State<Arc<App>>,
    _caller: Caller,
    Path(sha256): Path<String>,
) -> Result<Response, Problem> {
    let place = app.ledger.blob(&sha256).await?;
    let place = place.ok_or_else(|| Problem::not_found("upload with the SHA-256", &sha256))?;
    let gone = |_| Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the store does not answer");
    let (bytes, stream) = app.workers.store.read(&place).await.map_err(gone)?;
    let headers = [
        (CONTENT_TYPE, "application/octet-stream".to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{sha256}\"")),
        (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (CONTENT_LENGTH, bytes.to_string()),
    ];
    Ok((headers, Body::from_stream(stream)).into_response())
}
