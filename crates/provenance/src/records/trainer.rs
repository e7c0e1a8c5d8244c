//! `trainer_state.json` of Hugging Face's `Trainer`.
//!
//! Source: <https://github.com/huggingface/transformers/blob/main/src/transformers/trainer_callback.py>,
//! `TrainerState`. Python writes `NaN` and `Infinity` as they stand here, which is no JSON.

use artifact::Blob;
use formats::json::{self, Node, OddityKind as JsonOddity, Value};
use vocabulary::Untrusted;

use super::{Checkpoint, MAX_TEXT, OddityKind, Point, Record, Source};

/// What the user asked for.
const ASKED: [&str; 8] = [
    "max_steps",
    "num_train_epochs",
    "train_batch_size",
    "logging_steps",
    "eval_steps",
    "save_steps",
    "trial_name",
    "is_hyper_param_search",
];
/// What came of it.
const TOTALS: [&str; 8] = [
    "global_step",
    "epoch",
    "best_metric",
    "best_global_step",
    "best_model_checkpoint",
    "num_input_tokens_seen",
    "total_flos",
    "num_input_tokens",
];

/// Reads it; nothing where the file is no object.
pub(super) fn read(blob: &Blob, path: &str) -> Option<Record> {
    let json = json::read(&blob.slice(0, MAX_TEXT));
    let root = json.root().filter(|root| matches!(root.value, Value::Object(_)))?;
    let mut record = Record::new(Source::HuggingFace, path);
    // Python writes numbers that are none, and that is told of the values themselves.
    let odd: Vec<_> =
        json.oddities.iter().filter(|odd| odd.kind != JsonOddity::NonFinite).cloned().collect();
    record.odd_format(&odd);
    let text = |node: &Node| scalar(node).filter(|text| !text.raw().is_empty());
    for (names, list) in [(&ASKED, &mut record.hyper_parameters), (&TOTALS, &mut record.totals)] {
        for name in names {
            if let Some(value) = root.get(name).and_then(text) {
                list.push(((*name).into(), value));
            }
        }
    }
    for member in root.get("trial_params").map(Node::members).unwrap_or_default() {
        if let (Some(name), Some(value)) = (member.key.as_str(), text(&member.value)) {
            record.hyper_parameters.push((name.clone(), value));
        }
    }
    record.run = root.get("trial_name").and_then(Node::as_str).cloned().unwrap_or_default();
    for entry in root.get("log_history").map(Node::items).unwrap_or_default() {
        points(&mut record, entry);
    }
    if let Some(best) = root.get("best_model_checkpoint").and_then(Node::as_str)
        && let Some(step) = best.raw().rsplit("checkpoint-").next().and_then(|n| n.parse().ok())
        && best.raw().contains("checkpoint-")
    {
        let digest = super::DigestSet::new();
        record.checkpoints.push(Checkpoint { step, path: best.clone(), digest });
    }
    let last = record.points.iter().map(|point| point.step).max();
    if let (Some(total), Some(last)) = (root.get("global_step").and_then(Node::as_u64), last)
        && i64::try_from(total).is_ok_and(|total| total < last)
    {
        let detail = format!("`global_step` is {total}, and there are values of step {last}");
        record.odd(OddityKind::Contradiction, Some(last), detail);
    }
    Some(record)
}

/// The values of one line of the history.
fn points(record: &mut Record, entry: &Node) {
    let number = |name: &str| entry.get(name).and_then(float);
    #[allow(clippy::cast_possible_truncation, reason = "a cast from a float saturates")]
    let step = number("step").map_or(0, |step| step as i64);
    let epoch = number("epoch");
    for member in entry.members() {
        let Some(metric) = member.key.as_str() else { continue };
        if matches!(metric.raw(), "step" | "epoch") {
            continue;
        }
        if let Some(value) = float(&member.value) {
            let metric = metric.clone();
            record.point(Point { step, epoch, wall_time: None, metric, value });
        }
    }
}

/// A number, `NaN` and infinities among them.
pub(super) fn float(node: &Node) -> Option<f64> {
    match &node.value {
        Value::Number(text) => text.raw().parse().ok(),
        _ => None,
    }
}

/// A text, a number or a truth, as it is written.
pub(super) fn scalar(node: &Node) -> Option<Untrusted> {
    match &node.value {
        Value::Number(text) | Value::String(text) => Some(text.clone()),
        Value::Bool(value) => Some(value.to_string().into()),
        _ => None,
    }
}
