//! A scan and a gate's decision from the report of a weighing.

use serde_json::Value;

use super::identity::Identity;
use super::spec::{Material, Spec, TestResult};
use super::{Kind, Step};
use crate::statement::DIR_HASH;
use crate::{Error, json};

/// The form of the reports that are read.
const SCHEMA: &str = "weighbridge.report/1";

/// What a report gives.
#[derive(Clone, Debug, PartialEq)]
pub struct FromReport {
    /// The step, as far as the report tells it.
    pub spec: Spec,
    /// The digests by which the report and the artifact are known to be of the same bytes.
    pub same_by: Vec<String>,
}

/// Reads the report of a weighing (`weigh --format json`) for `scan` or `gate`. It has to be about
/// exactly this artifact. A verdict that is not `admit` is no pass.
pub fn from_report(
    what: &str,
    bytes: &[u8],
    step: Step,
    artifact: &Identity,
) -> Result<FromReport, Error> {
    let report = json::parse(what, bytes)?;
    let wrong = |because: String| Error::malformed(what, because);
    let at = |pointer: &str| report.pointer(pointer);
    let text = |pointer: &str| at(pointer).and_then(Value::as_str).map(ToOwned::to_owned);
    if text("/schema").as_deref() != Some(SCHEMA) {
        return Err(wrong(format!("it is no report of the form `{SCHEMA}`")));
    }
    let same_by = same(&report, artifact).map_err(wrong)?;
    let admitted = text("/verdict").as_deref() == Some("admit");
    let mut spec = Spec {
        result: Some(if admitted { TestResult::Passed } else { TestResult::Failed }),
        finished: text("/run/started").and_then(|time| time.parse().ok()),
        ..Spec::default()
    };
    let policy = Material {
        name: text("/policy/name"),
        digest: text("/policy/digest").map(|is| ("sha256".to_owned(), is)).into_iter().collect(),
        ..Material::default()
    };
    match step.kind() {
        Kind::Result => {
            spec.configuration.push(policy);
            let packs = at("/tool/packs").and_then(Value::as_object).into_iter().flatten();
            for (name, digest) in packs {
                let digest = digest.as_str().unwrap_or_default().to_owned();
                spec.configuration.push(Material {
                    name: Some(name.clone()),
                    digest: [("sha256".to_owned(), digest)].into(),
                    ..Material::default()
                });
            }
            for check in at("/checks").and_then(Value::as_array).into_iter().flatten() {
                let field = |name| check.get(name).and_then(Value::as_str).unwrap_or_default();
                let name = field("check").to_owned();
                match field("outcome") {
                    "clear" => spec.passed.push(name),
                    "not-applicable" => {}
                    _ if admitted => spec.warned.push(name),
                    _ => spec.failed.push(name),
                }
            }
            if admitted && !spec.warned.is_empty() {
                spec.result = Some(TestResult::Warned);
            }
        }
        Kind::Decision => spec.policy = Some(policy),
        Kind::Build | Kind::Release | Kind::Place => {
            return Err(wrong(format!("a report tells nothing of `{}`", step.name())));
        }
    }
    Ok(FromReport { spec, same_by })
}

/// By which digests report and artifact are the same. None may differ.
fn same(report: &Value, artifact: &Identity) -> Result<Vec<String>, String> {
    let told = report.pointer("/artifact/digests").and_then(Value::as_object);
    let mut same = Vec::new();
    for (algorithm, value) in told.into_iter().flatten() {
        // The `sha256` of a folder is another thing in a statement; reports tell a folder's `dirHash`.
        if !artifact.digest.contains_key(algorithm) {
            continue;
        }
        if !value.as_str().is_some_and(|value| artifact.is(algorithm, value)) {
            let algorithm = vocabulary::escape(algorithm);
            return Err(format!("it is about another artifact: its `{algorithm}` differs"));
        }
        same.push(algorithm.clone());
    }
    if same.iter().any(|algorithm| algorithm == DIR_HASH || algorithm == "sha256") {
        Ok(same)
    } else {
        Err("it does not tell the artifact's digest, so it may be about another".to_owned())
    }
}
