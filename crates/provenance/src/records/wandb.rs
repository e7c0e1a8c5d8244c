//! Weights & Biases: the log of a run, or what is left of it without one.

use artifact::Blob;
use artifact::tree::{EntryKind, Tree};
use formats::json::{self, Node, Value};
use formats::{wandb, yaml};

use super::trainer::{float, scalar};
use super::{MAX_TEXT, OddityKind, Point, Record, Source};

pub(super) fn read(blob: &Blob, path: &str) -> Record {
    let log = wandb::read(blob);
    let mut record = Record::new(Source::Wandb, path);
    record.run = if log.name.raw().is_empty() { log.run } else { log.name };
    record.odd_format(&log.oddities);
    record.hyper_parameters = log.config;
    for point in log.points {
        record.point(Point {
            step: point.step,
            epoch: None,
            wall_time: point.wall_time,
            metric: point.metric,
            value: point.value,
        });
    }
    if let Some(code) = log.exit {
        record.totals.push(("exit_code".into(), code.to_string().into()));
    }
    if log.begins > 1 {
        let detail = format!("the run begins {} times", log.begins);
        record.odd(OddityKind::Restart, None, detail);
    }
    record
}

/// `files/wandb-summary.json` and `files/config.yaml` of a run whose log is not there.
pub(super) fn summary(tree: &Tree, blob: &Blob, path: &str) -> Option<Record> {
    let files = super::folder(path);
    let run = files.strip_suffix("files/")?;
    let beside = |path: &str| path.strip_prefix(run).is_some_and(|name| !name.contains('/'));
    let is_log = |path: &str| path.ends_with(".wandb") && beside(path);
    if tree.entries.iter().any(|entry| is_log(entry.path.raw())) {
        return None;
    }
    let json = json::read(&blob.slice(0, MAX_TEXT));
    let root = json.root().filter(|root| matches!(root.value, Value::Object(_)))?;
    let mut record = Record::new(Source::Wandb, run.trim_end_matches('/'));
    record.run = super::base(run.trim_end_matches('/')).into();
    #[allow(clippy::cast_possible_truncation, reason = "a cast from a float saturates")]
    let step = root.get("_step").and_then(float).map_or(0, |step| step as i64);
    let wall_time = root.get("_timestamp").and_then(float);
    for member in root.members() {
        let Some(metric) = member.key.as_str() else { continue };
        if let Some(value) = float(&member.value).filter(|_| !metric.raw().starts_with('_')) {
            let metric = metric.clone();
            record.point(Point { step, epoch: None, wall_time, metric, value });
        }
    }
    let detail = "its log is not there: only the last value of each metric is known";
    record.odd(OddityKind::NotRetained, None, detail);
    config(tree, &format!("{files}config.yaml"), &mut record);
    record.digest = super::digest_of(tree, run.trim_end_matches('/'), |_| true);
    Some(record)
}

/// Each key holds a mapping with a `value`.
fn config(tree: &Tree, path: &str, record: &mut Record) {
    let entry = tree.entries.iter().find(|entry| entry.path.raw() == path);
    let Some(EntryKind::File(file)) = entry.map(|entry| &entry.kind) else { return };
    let Ok(source) = tree.open(file, false) else { return };
    let yaml = yaml::read(&Blob::new(std::sync::Arc::new(source)));
    for member in yaml.documents.first().map(Node::members).unwrap_or_default() {
        if let (Some(name), Some(value)) = (member.key.as_str(), member.value.get("value"))
            && let Some(value) = scalar(value)
            && !name.raw().starts_with('_')
        {
            record.hyper_parameters.push((name.clone(), value));
        }
    }
}
