use gate::ledger::{
    Blast, DeploymentFilter, EntryFilter, Error, EvaluationFilter, Ledger, Page, WaiverFilter,
    WeighingFilter,
};
use serde_json::{Value, json};
use vocabulary::escape;

use super::with;
use crate::args::DataFormat;
use crate::args::ledger::{Show, What};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::{output, world};

pub(super) fn show(args: &Show) -> Result<Exit, Failure> {
    let page = Page { skip: args.skip, take: args.take };
    let what = &args.what;
    let found = with(&args.place, |ledger| async move { ask(&ledger, what, page).await })?;
    let text = match args.format {
        DataFormat::Json => format!("{found:#}\n"),
        DataFormat::Text => told(&found),
    };
    output::write(&text, None)?;
    Ok(Exit::Fine)
}

/// What was asked for: names of lists, each with its rows.
async fn ask(ledger: &Ledger, what: &What, page: Page) -> Result<Value, Error> {
    let today = world::today().to_string();
    if let Some(name) = &what.model {
        let model = ledger.model(name).await?;
        let model = model.ok_or_else(|| unknown("model", name))?;
        let of = WeighingFilter { model: Some(name.clone()), ..WeighingFilter::default() };
        let runs = DeploymentFilter { model: Some(name.clone()), ..DeploymentFilter::default() };
        let versions = WeighingFilter { latest: true, ..of.clone() };
        let asked = EvaluationFilter { model: Some(name.clone()), ..EvaluationFilter::default() };
        return Ok(json!({
            "model": [model],
            "deployments": ledger.deployments(&runs, page).await?.rows,
            "versions": ledger.weighings(&versions, page).await?.rows,
            "weighings": ledger.weighings(&of, page).await?.rows,
            "evaluations": ledger.evaluations(&asked, page).await?.rows,
        }));
    }
    if let Some(name) = &what.artifact {
        let artifact = ledger.artifact(name).await?;
        let artifact = artifact.ok_or_else(|| unknown("artifact", name))?;
        let of = WeighingFilter { artifact: Some(name.clone()), ..WeighingFilter::default() };
        let runs = DeploymentFilter { artifact: Some(name.clone()), ..DeploymentFilter::default() };
        let waivers = WaiverFilter { artifact: Some(name.clone()), ..WaiverFilter::default() };
        return Ok(json!({
            "artifact": [artifact],
            "files": ledger.files(name, page).await?.rows,
            "weighings": ledger.weighings(&of, page).await?.rows,
            "evaluations": ledger.evaluations_for(name, page).await?,
            "approvals": ledger.approvals(Some(name), page).await?.rows,
            "waivers": ledger.waivers(&waivers, &today, page).await?.rows,
            "attestations": ledger.attestations(name, page).await?.rows,
            "deployments": ledger.deployments(&runs, page).await?.rows,
        }));
    }
    if let Some(digest) = &what.digest {
        let hex = digest.rsplit(':').next().unwrap_or_default();
        let touched = ledger.blast(&Blast::File(hex.to_owned()), page).await?;
        return Ok(json!({ "found": ledger.search(digest).await?, "running": touched.rows }));
    }
    if let Some(rule) = &what.rule {
        let touched = ledger.blast(&Blast::Rule(rule.clone()), page).await?;
        return Ok(json!({ "running": touched.rows }));
    }
    if what.evaluations {
        let listed = ledger.evaluations(&EvaluationFilter::default(), page).await?;
        return Ok(json!({ "evaluations": listed.rows }));
    }
    if what.waivers {
        let listed = ledger.waivers(&WaiverFilter::default(), &today, page).await?;
        return Ok(json!({ "waivers": listed.rows }));
    }
    if what.entries {
        let listed = ledger.audit(&EntryFilter::default(), page).await?;
        return Ok(json!({ "entries": listed.rows }));
    }
    if what.models {
        return Ok(json!({ "models": ledger.models(page).await?.rows }));
    }
    let mut production = Vec::new();
    for deployment in ledger.deployments(&DeploymentFilter::default(), page).await?.rows {
        let standing = ledger.standing(&deployment.artifact).await?;
        let checks = ledger.checks(&deployment.weighing).await?;
        let mut row = json!(deployment);
        let by: Vec<&str> = standing.approved.iter().map(|one| one.approver.as_str()).collect();
        row["approved_by"] = json!(by);
        row["checks"] = json!(checks);
        production.push(row);
    }
    Ok(json!({ "production": production }))
}

fn unknown(what: &'static str, name: &str) -> Error {
    Error::Unknown { what, name: escape(name) }
}

/// Every row as its names and values; what is empty is left out.
fn told(found: &Value) -> String {
    let mut text = String::new();
    for (name, rows) in found.as_object().into_iter().flatten() {
        let rows = rows.as_array().map(Vec::as_slice).unwrap_or_default();
        text.push_str(&format!("{name}: {}\n", rows.len()));
        for row in rows {
            let mut mark = "  - ";
            for (key, value) in row.as_object().into_iter().flatten() {
                let Some(value) = shown(value) else { continue };
                text.push_str(&format!("{mark}{key}: {value}\n"));
                mark = "    ";
            }
        }
    }
    text
}

fn shown(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some(escape(text)),
        Value::Array(items) if items.is_empty() => None,
        Value::Array(items) => Some(items.iter().filter_map(shown).collect::<Vec<_>>().join("; ")),
        Value::Object(object) => {
            let pairs =
                object.iter().filter_map(|(key, value)| Some(format!("{key} {}", shown(value)?)));
            Some(pairs.collect::<Vec<_>>().join(", "))
        }
        other => Some(other.to_string()),
    }
}
