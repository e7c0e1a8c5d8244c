//! Values of one metric in a line.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use vocabulary::Untrusted;

use super::Record;

/// What a metric did over a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Series {
    /// What was measured.
    pub metric: Untrusted,
    /// How many values there are.
    pub count: u64,
    /// The smallest step.
    pub first_step: i64,
    /// The largest step.
    pub last_step: i64,
    /// The value that was written last.
    pub last: Value,
    /// The smallest finite value.
    pub min: Value,
    /// The largest finite value.
    pub max: Value,
}

/// A number as JSON has it; what JSON cannot hold is a text.
pub(super) fn number(value: f64) -> Value {
    serde_json::Number::from_f64(value)
        .map_or_else(|| Value::String(value.to_string()), Value::Number)
}

/// Each metric of a record, in the order of their names.
pub fn series(record: &Record) -> Vec<Series> {
    let mut all: BTreeMap<&Untrusted, Vec<(i64, f64)>> = BTreeMap::new();
    for point in &record.points {
        all.entry(&point.metric).or_default().push((point.step, point.value));
    }
    let mut out = Vec::with_capacity(all.len());
    for (metric, values) in all {
        let steps = values.iter().map(|(step, _)| *step);
        let finite = || values.iter().map(|(_, value)| *value).filter(|value| value.is_finite());
        out.push(Series {
            metric: metric.clone(),
            count: values.len() as u64,
            first_step: steps.clone().min().unwrap_or_default(),
            last_step: steps.max().unwrap_or_default(),
            last: values.last().map_or(Value::Null, |(_, value)| number(*value)),
            min: finite().reduce(f64::min).map_or(Value::Null, number),
            max: finite().reduce(f64::max).map_or(Value::Null, number),
        });
    }
    out
}
