use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use gate::ledger::{Approval, Artifact, ArtifactFile, Attestation, Event, Listed, Standing, Vote};
use gate::provenance::hex;
use gate::provenance::keys::sha256;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Done, Made, act, record};
use crate::app::App;
use crate::auth::Caller;
use crate::error::Problem;
use crate::extract::{Json, Named, Paging, Query, name, sentence};

/// The longest document, in bytes.
const MAX_DOCUMENT: usize = 1 << 20;

/// Artifacts, the newest first.
#[utoipa::path(get, path = "/api/v1/artifacts", tag = "artifacts", params(Paging),
    responses((status = 200, description = "the artifacts", body = Listed<Artifact>)))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Query(paging): Query<Paging>,
) -> Result<axum::Json<Listed<Artifact>>, Problem> {
    Ok(axum::Json(app.ledger.artifacts(paging.into()).await?))
}

/// An artifact, and what was said of it last.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Whole {
    #[serde(flatten)]
    artifact: Artifact,
    standing: Standing,
}

/// One artifact.
#[utoipa::path(get, path = "/api/v1/artifacts/{artifact}", tag = "artifacts",
    params(("artifact" = String, Path, description = "`dirHash:…` or `sha256:…`")),
    responses((status = 200, description = "the artifact", body = Whole)))]
pub(super) async fn one(
    State(app): State<Arc<App>>,
    Named(artifact): Named,
) -> Result<axum::Json<Whole>, Problem> {
    let found = app.ledger.artifact(&artifact).await?;
    let found = found.ok_or_else(|| Problem::not_found("artifact", &artifact))?;
    let standing = app.ledger.standing(&artifact).await?;
    Ok(axum::Json(Whole { artifact: found, standing }))
}

/// The files of an artifact.
#[utoipa::path(get, path = "/api/v1/artifacts/{artifact}/files", tag = "artifacts",
    params(("artifact" = String, Path, description = "`dirHash:…` or `sha256:…`"), Paging),
    responses((status = 200, description = "the files", body = Listed<ArtifactFile>)))]
pub(super) async fn files(
    State(app): State<Arc<App>>,
    Named(artifact): Named,
    Query(paging): Query<Paging>,
) -> Result<axum::Json<Listed<ArtifactFile>>, Problem> {
    Ok(axum::Json(app.ledger.files(&artifact, paging.into()).await?))
}

/// The signed statements about an artifact.
#[utoipa::path(get, path = "/api/v1/artifacts/{artifact}/attestations", tag = "artifacts",
    params(("artifact" = String, Path, description = "`dirHash:…` or `sha256:…`"), Paging),
    responses((status = 200, description = "the attestations", body = Listed<Attestation>)))]
pub(super) async fn attestations(
    State(app): State<Arc<App>>,
    Named(artifact): Named,
    Query(paging): Query<Paging>,
) -> Result<axum::Json<Listed<Attestation>>, Problem> {
    Ok(axum::Json(app.ledger.attestations(&artifact, paging.into()).await?))
}

/// What form a statement has.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Form {
    /// The type of its predicate, a URI.
    predicate_type: String,
}

/// Takes a signed statement in, as it is. Whether it counts is told by a weighing, when it has
/// verified the signature.
#[utoipa::path(post, path = "/api/v1/artifacts/{artifact}/attestations", tag = "artifacts",
    params(("artifact" = String, Path, description = "`dirHash:…` or `sha256:…`"), Form),
    request_body(content = String, content_type = "application/octet-stream"),
    responses((status = 201, description = "it is recorded", body = Done)))]
pub(super) async fn attest(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named(artifact): Named,
    Query(Form { predicate_type }): Query<Form>,
    document: Bytes,
) -> Result<Made, Problem> {
    name("the type", &predicate_type)?;
    if document.is_empty() || document.len() > MAX_DOCUMENT {
        let because = format!("a document has 1 to {MAX_DOCUMENT} bytes");
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, because));
    }
    let id = hex::encode(sha256(&document).as_ref());
    let event = Event::Attestation { artifact, document: id.clone(), predicate_type };
    let number = app.ledger.record_with(act(&app, &caller), event, vec![document.to_vec()]).await?;
    Ok((StatusCode::CREATED, axum::Json(Done { number, id })))
}

/// Who decided on an artifact, and how.
#[utoipa::path(get, path = "/api/v1/artifacts/{artifact}/approvals", tag = "artifacts",
    params(("artifact" = String, Path, description = "`dirHash:…` or `sha256:…`"), Paging),
    responses((status = 200, description = "the approvals", body = Listed<Approval>)))]
pub(super) async fn approvals(
    State(app): State<Arc<App>>,
    Named(artifact): Named,
    Query(paging): Query<Paging>,
) -> Result<axum::Json<Listed<Approval>>, Problem> {
    Ok(axum::Json(app.ledger.approvals(Some(&artifact), paging.into()).await?))
}

/// Yes or no.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Decision {
    pub(super) vote: Vote,
    /// In your words.
    #[serde(default)]
    pub(super) comment: String,
}

/// Decides on an artifact's going into production. Whoever asked for its weighing cannot.
#[utoipa::path(post, path = "/api/v1/artifacts/{artifact}/approvals", tag = "artifacts",
    params(("artifact" = String, Path, description = "`dirHash:…` or `sha256:…`")),
    request_body = Decision,
    responses((status = 201, description = "it is recorded", body = Done)))]
pub(super) async fn approve(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named(artifact): Named,
    Json(Decision { vote, comment }): Json<Decision>,
) -> Result<Made, Problem> {
    sentence("the comment", &comment)?;
    record(&app, &caller, String::new(), Event::Approval { artifact, vote, comment }).await
}

/// A document that the record names: a report, an attestation.
#[utoipa::path(get, path = "/api/v1/documents/{sha256}", tag = "artifacts",
    params(("sha256" = String, Path, description = "the SHA-256 of its bytes, hex")),
    responses((status = 200, description = "its bytes", body = String,
        content_type = "application/octet-stream")))]
pub(super) async fn document(
    State(app): State<Arc<App>>,
    Named(digest): Named,
) -> Result<Response, Problem> {
    let found = app.ledger.document(&digest).await?;
    let bytes = found.ok_or_else(|| Problem::not_found("document", &digest))?;
    // What somebody uploaded is data and never a page.
    Ok(([(CONTENT_TYPE, "application/octet-stream")], bytes).into_response())
}
