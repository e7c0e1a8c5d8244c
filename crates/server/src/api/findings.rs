use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use gate::ledger::{Blast, Finding, FindingFilter, Listed, Match, Tally, Touched};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::App;
use crate::error::Problem;
use crate::extract::{Paging, Query};

/// Which findings.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Of a rule.
    rule: Option<String>,
    /// `critical`, `high`, `medium`, `low`, `info`.
    severity: Option<String>,
    /// In a model.
    model: Option<String>,
    /// In an artifact.
    artifact: Option<String>,
    /// Of a weighing.
    weighing: Option<String>,
    /// In a file of this SHA-256.
    file_sha256: Option<String>,
    /// In a file with this in its path.
    file: Option<String>,
    /// Only those that an exception covers, or only the others.
    excepted: Option<bool>,
    /// Those of earlier weighings of the same artifact as well.
    #[serde(default)]
    earlier: bool,
}

/// Findings, the worst first.
#[utoipa::path(get, path = "/api/v1/findings", tag = "findings", params(Which, Paging),
    responses((status = 200, description = "the findings", body = Listed<Finding>)))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Query(which): Query<Which>,
    Query(paging): Query<Paging>,
) -> Result<axum::Json<Listed<Finding>>, Problem> {
    let filter = FindingFilter {
        rule: which.rule,
        severity: which.severity,
        model: which.model,
        artifact: which.artifact,
        weighing: which.weighing,
        file_sha256: which.file_sha256,
        file: which.file,
        excepted: which.excepted,
        earlier: which.earlier,
    };
    Ok(axum::Json(app.ledger.findings(&filter, paging.into()).await?))
}

/// How often each rule was found.
#[utoipa::path(get, path = "/api/v1/findings/tally", tag = "findings",
    responses((status = 200, description = "the worst first", body = Vec<Tally>)))]
pub(super) async fn tally(State(app): State<Arc<App>>) -> Result<axum::Json<Vec<Tally>>, Problem> {
    Ok(axum::Json(app.ledger.tally().await?))
}

/// Whose reach: exactly one of the two.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Whose {
    /// The SHA-256 of a file, hex.
    file: Option<String>,
    /// A rule that was found.
    rule: Option<String>,
}

/// Which deployments a file or a finding reaches.
#[utoipa::path(get, path = "/api/v1/blast", tag = "findings", params(Whose, Paging),
    responses((status = 200, description = "the deployments", body = Listed<Touched>)))]
pub(super) async fn blast(
    State(app): State<Arc<App>>,
    Query(whose): Query<Whose>,
    Query(paging): Query<Paging>,
) -> Result<axum::Json<Listed<Touched>>, Problem> {
    let blast = match (whose.file, whose.rule) {
        (Some(file), None) => Blast::File(file),
        (None, Some(rule)) => Blast::Rule(rule),
        _ => {
            let because = "name either a `file` or a `rule`";
            return Err(Problem::new(StatusCode::BAD_REQUEST, because));
        }
    };
    Ok(axum::Json(app.ledger.blast(&blast, paging.into()).await?))
}

/// Which digest.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Digest {
    /// At least six of its first hex digits, with the scheme or without.
    digest: String,
}

/// Where a digest stands: artifacts, files, weighings, attestations.
#[utoipa::path(get, path = "/api/v1/search", tag = "findings", params(Digest),
    responses((status = 200, description = "where it stands", body = Vec<Match>)))]
pub(super) async fn search(
    State(app): State<Arc<App>>,
    Query(Digest { digest }): Query<Digest>,
) -> Result<axum::Json<Vec<Match>>, Problem> {
    Ok(axum::Json(app.ledger.search(&digest).await?))
}
