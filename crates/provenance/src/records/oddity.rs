//! What a record alone tells of a run that did not go straight on.

use std::collections::BTreeMap;

use serde::Serialize;
use vocabulary::Untrusted;

use super::Record;

/// Something in a record that a run without incident does not write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Oddity {
    /// What.
    pub kind: OddityKind,
    /// At which step, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<i64>,
    /// The details, for a person.
    pub detail: Untrusted,
}

/// What is odd about a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OddityKind {
    /// The bytes are not what the library writes.
    Format,
    /// There is more than is kept.
    NotRetained,
    /// The run says that it began again.
    Restart,
    /// The steps of a metric go back: the run was resumed from an earlier checkpoint, or two runs
    /// wrote into one record.
    StepBack,
    /// A metric has two different values at one step.
    Twice,
    /// A value is NaN or infinite.
    NotFinite,
    /// Between two values lies more than twice the usual number of steps.
    Gap,
    /// A total contradicts the values.
    Contradiction,
}

/// Values that it takes to tell what is usual.
const USUAL: usize = 4;

/// Adds what the points of a record tell.
pub(super) fn judge(record: &mut Record) {
    let mut all: BTreeMap<Untrusted, Vec<(i64, f64)>> = BTreeMap::new();
    for point in &record.points {
        all.entry(point.metric.clone()).or_default().push((point.step, point.value));
    }
    for (metric, values) in &all {
        back(record, metric, values);
        twice(record, metric, values);
        not_finite(record, metric, values);
        gap(record, metric, values);
    }
}

fn pairs(values: &[(i64, f64)]) -> impl Iterator<Item = ((i64, f64), (i64, f64))> {
    values.iter().copied().zip(values.iter().copied().skip(1))
}

/// One oddity for all places of a kind in a metric: the first, and how many.
fn tell(record: &mut Record, kind: OddityKind, places: &[i64], detail: &str) {
    let Some(first) = places.first() else { return };
    let more = match places.len().saturating_sub(1) {
        0 => String::new(),
        more => format!(" (and {more} more times)"),
    };
    record.odd(kind, Some(*first), format!("{detail}{more}"));
}

fn back(record: &mut Record, metric: &Untrusted, values: &[(i64, f64)]) {
    let jumps: Vec<_> = pairs(values).filter(|(a, b)| b.0 < a.0).map(|(a, b)| (a.0, b.0)).collect();
    if let Some((from, to)) = jumps.first() {
        let detail = format!("`{}` goes back from step {from} to step {to}", metric.raw());
        let places: Vec<i64> = jumps.iter().map(|(_, to)| *to).collect();
        tell(record, OddityKind::StepBack, &places, &detail);
    }
}

fn twice(record: &mut Record, metric: &Untrusted, values: &[(i64, f64)]) {
    let mut sorted = values.to_vec();
    sorted.sort_by_key(|(step, _)| *step);
    let differs = |a: f64, b: f64| a.to_bits() != b.to_bits();
    let places: Vec<i64> =
        pairs(&sorted).filter(|(a, b)| a.0 == b.0 && differs(a.1, b.1)).map(|(a, _)| a.0).collect();
    if let Some(first) = places.first() {
        let detail = format!("`{}` has two values at step {first}", metric.raw());
        tell(record, OddityKind::Twice, &places, &detail);
    }
}

fn not_finite(record: &mut Record, metric: &Untrusted, values: &[(i64, f64)]) {
    let odd: Vec<_> = values.iter().filter(|(_, value)| !value.is_finite()).collect();
    if let Some((step, value)) = odd.first() {
        let detail = format!("`{}` is {value} at step {step}", metric.raw());
        let places: Vec<i64> = odd.iter().map(|(step, _)| *step).collect();
        tell(record, OddityKind::NotFinite, &places, &detail);
    }
}

fn gap(record: &mut Record, metric: &Untrusted, values: &[(i64, f64)]) {
    let ahead: Vec<_> = pairs(values).filter(|(a, b)| b.0 > a.0).map(|(a, b)| (a.0, b.0)).collect();
    let distance = |(from, to): &(i64, i64)| to.saturating_sub(*from);
    let mut distances: Vec<i64> = ahead.iter().map(distance).collect();
    distances.sort_unstable();
    let Some(usual) = distances.get(distances.len() / 2).filter(|_| distances.len() >= USUAL)
    else {
        return;
    };
    let wide: Vec<_> =
        ahead.iter().filter(|pair| distance(pair) > usual.saturating_mul(2)).collect();
    if let Some((from, to)) = wide.first() {
        let detail = format!(
            "`{}` has no value between step {from} and step {to}; usually there is one every \
             {usual} steps",
            metric.raw()
        );
        let places: Vec<i64> = wide.iter().map(|(from, _)| *from).collect();
        tell(record, OddityKind::Gap, &places, &detail);
    }
}
