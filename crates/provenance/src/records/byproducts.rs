//! Records as by-products of a training attestation.

use serde_json::{Map, Value, json};

use super::{Checkpoint, Point, Record, series};
use crate::{hex, json as written, keys::sha256};

/// Values that an attestation holds in full. Of a longer record it holds those at the checkpoints and
/// the last of each metric.
const IN_FULL: usize = 4096;

/// One `ResourceDescriptor` of in-toto for each record and for each checkpoint that has a digest.
///
/// The digest is that of the record's bytes. The annotation tells what they say, so that a reader of
/// the statement needs no reader of the format; `pointsDigest` is the SHA-256 of every value as
/// canonical JSON, for those that are left out. All text is escaped, and credentials are masked.
pub fn byproducts(records: &[Record]) -> Vec<Value> {
    let mut out = Vec::new();
    for record in records {
        out.push(json!({
            "name": record.path,
            "digest": record.digest,
            "annotations": { "weighbridge_trainingRecord": annotation(record) },
        }));
        let there = record.checkpoints.iter().filter(|one| !one.digest.is_empty());
        out.extend(there.map(|checkpoint| of_checkpoint(record, checkpoint)));
    }
    out
}

fn named(pairs: &[(vocabulary::Untrusted, vocabulary::Untrusted)]) -> Value {
    let mut map = Map::new();
    for (name, value) in pairs {
        map.insert(name.to_string(), json!(value));
    }
    Value::Object(map)
}

fn annotation(record: &Record) -> Value {
    let all: Vec<&Point> = record.points.iter().collect();
    let kept = kept(record);
    json!({
        "source": record.source,
        "run": record.run,
        "hyperParameters": named(&record.hyper_parameters),
        "totals": named(&record.totals),
        "metrics": series(record),
        "points": kept,
        "pointsOmitted": all.len().saturating_sub(kept.len()),
        "pointsDigest": { "sha256": digest(&all) },
        "checkpoints": record.checkpoints,
        "oddities": record.oddities,
    })
}

fn digest(points: &[&Point]) -> String {
    // Points hold only what JSON can hold.
    let bytes = written::canonical(&points).unwrap_or_default();
    hex::encode(sha256(&bytes).as_ref())
}

fn kept(record: &Record) -> Vec<&Point> {
    if record.points.len() <= IN_FULL {
        return record.points.iter().collect();
    }
    let mut last = std::collections::BTreeMap::new();
    for (n, point) in record.points.iter().enumerate() {
        last.insert(&point.metric, n);
    }
    let is_last = |n: usize| last.values().any(|last| *last == n);
    let steps: std::collections::BTreeSet<i64> =
        record.checkpoints.iter().map(|checkpoint| checkpoint.step).collect();
    let kept = record.points.iter().enumerate();
    kept.filter(|(n, point)| steps.contains(&point.step) || is_last(*n))
        .map(|(_, point)| point)
        .take(IN_FULL)
        .collect()
}

fn of_checkpoint(record: &Record, checkpoint: &Checkpoint) -> Value {
    let mut metrics = Map::new();
    for point in record.points.iter().filter(|point| point.step == checkpoint.step) {
        metrics.insert(point.metric.to_string(), super::series::number(point.value));
    }
    let mut annotations = Map::new();
    annotations.insert("weighbridge_optimizerStep".to_owned(), checkpoint.step.into());
    for (field, metric) in [("trainLoss", "loss"), ("evalLoss", "eval_loss")] {
        if let Some(value) = metrics.get(metric) {
            annotations.insert(format!("weighbridge_{field}"), value.clone());
        }
    }
    annotations.insert("weighbridge_metrics".to_owned(), metrics.into());
    json!({"name": checkpoint.path, "digest": checkpoint.digest, "annotations": annotations})
}
