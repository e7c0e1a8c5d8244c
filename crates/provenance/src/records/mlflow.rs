//! The file store of `MLflow`: `mlruns/<experiment>/<run>/` with `meta.yaml`, a file for each
//! parameter and tag, and for each metric a file with the lines `<milliseconds> <value> <step>`.
//!
//! Source: <https://github.com/mlflow/mlflow/blob/master/mlflow/store/tracking/file_store.py>.

use std::sync::Arc;

use artifact::Blob;
use artifact::tree::{EntryKind, FileEntry, Tree};
use formats::yaml;
use vocabulary::Untrusted;

use super::trainer::scalar;
use super::{OddityKind, Point, Record, Source};

/// Bytes of a parameter or a tag that are kept.
const TEXT: usize = 8 << 10;
/// Bytes of a line of a metric.
const LINE: usize = 1 << 10;

/// Reads the run that a `meta.yaml` belongs to; nothing where it is that of an experiment or of
/// something else.
pub(super) fn read(
    tree: &Tree,
    meta: &Blob,
    path: &str,
    unread: &mut Vec<(Untrusted, String)>,
) -> Option<Record> {
    let yaml = yaml::read(meta);
    let root = yaml.documents.first()?;
    let run = root.get("run_id").or_else(|| root.get("run_uuid")).and_then(scalar)?;
    root.get("lifecycle_stage").or_else(|| root.get("artifact_uri"))?;
    let folder = super::folder(path);
    let mut record = Record::new(Source::Mlflow, folder.trim_end_matches('/'));
    record.odd_format(&yaml.oddities);
    let named = root.get("run_name").and_then(scalar).filter(|name| !name.raw().is_empty());
    record.run = named.unwrap_or(run);
    for name in ["status", "start_time", "end_time"] {
        if let Some(value) = root.get(name).and_then(scalar) {
            record.totals.push((name.into(), value));
        }
    }
    if root.get("end_time").is_none_or(|end| matches!(end.value, formats::json::Value::Null)) {
        record.odd(
            OddityKind::Contradiction,
            None,
            "the run has no end: it was cut off or goes on",
        );
    }
    for entry in &tree.entries {
        let Some(inner) = entry.path.raw().strip_prefix(folder) else { continue };
        let Some((kind, name)) = inner.split_once('/') else { continue };
        let EntryKind::File(file) = &entry.kind else { continue };
        let result = match kind {
            "params" => parameter(tree, file, name, &mut record),
            "metrics" => metric(tree, file, name, &mut record),
            _ => Ok(()),
        };
        if let Err(because) = result {
            unread.push((entry.path.clone(), because));
        }
    }
    // What the run made stands in the same folder and is not of the record.
    let ours = |inner: &str| {
        inner == "meta.yaml" || ["params/", "metrics/"].iter().any(|kind| inner.starts_with(kind))
    };
    record.digest = super::digest_of(tree, folder.trim_end_matches('/'), ours);
    Some(record)
}

fn open(tree: &Tree, file: &FileEntry) -> Result<Blob, String> {
    let source = tree.open(file, false).map_err(|trouble| trouble.to_string())?;
    Ok(Blob::new(Arc::new(source)))
}

fn parameter(tree: &Tree, file: &FileEntry, name: &str, to: &mut Record) -> Result<(), String> {
    let blob = open(tree, file)?;
    let value = Untrusted::from_bytes(&blob.bytes_at(0, TEXT));
    if blob.len() > TEXT as u64 {
        let detail = format!("the parameter `{name}` is longer than is kept");
        to.odd(OddityKind::NotRetained, None, detail);
    }
    to.hyper_parameters.push((name.into(), value));
    Ok(())
}

fn metric(tree: &Tree, file: &FileEntry, name: &str, to: &mut Record) -> Result<(), String> {
    let blob = open(tree, file)?;
    let mut cursor = blob.cursor(0);
    let mut broken = 0u64;
    loop {
        let at = cursor.position();
        let line = match cursor.line(LINE) {
            Some(line) => line.to_vec(),
            None if at >= blob.len() => break,
            None => {
                // The last line without its end, or one that is no line of a metric.
                let rest = blob.bytes_at(at, LINE);
                cursor.seek(at.saturating_add(rest.len().max(1) as u64));
                rest
            }
        };
        match point(&line, name) {
            Some(point) => to.point(point),
            None => broken = broken.saturating_add(1),
        }
    }
    if broken > 0 {
        let detail = format!("{broken} lines of the metric `{name}` cannot be read");
        to.odd(OddityKind::Format, None, detail);
    }
    Ok(())
}

/// `<milliseconds> <value> [<step>]`; a dataset's name and digest may follow.
fn point(line: &[u8], name: &str) -> Option<Point> {
    let line = std::str::from_utf8(line).ok()?;
    let mut words = line.split_ascii_whitespace();
    let time: f64 = words.next()?.parse().ok()?;
    let value = words.next()?.parse().ok()?;
    let step = match words.next() {
        Some(step) => step.parse().ok()?,
        None => 0,
    };
    let wall_time = Some(time / 1000.0);
    Some(Point { step, epoch: None, wall_time, metric: name.into(), value })
}
