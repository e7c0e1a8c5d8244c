//! Loops: a few rounds, and what follows from how it grew in them.

use std::collections::BTreeMap;

use formats::jinja::{Stmt, StmtKind};

use super::Growth;
use super::value::{Attributes, Growing, Kind, ORDINARY, SMALL, Size, Value, steps};

/// Rounds of an ordinary loop, and of loops within it.
const ROUNDS: [f64; 4] = [ORDINARY, 8.0, 4.0, 2.0];
/// Rounds of a loop that are gone through at most.
const LONG: f64 = 300.0;

impl<'a> Growth<'a> {
    /// What a loop over something writes.
    pub(super) fn rounds(&mut self, stmt: &'a Stmt, over: Value) -> Size {
        let StmtKind::For { over: expr, .. } = &stmt.kind else {
            return Size::default();
        };
        let ordinary = ROUNDS.get(self.loops).copied().unwrap_or(2.0);
        let count = over.length().unwrap_or(ordinary);
        let item = match over.kind {
            // One of the numbers that a range counts.
            Kind::Items if over.size.chars <= 0.0 => Value::number(count),
            _ => over.item(count),
        };
        let names = self.names();
        let mut seen = Growing(Vec::new());
        let mut written = Size::default();
        let mut done = 0.0;
        self.loops = self.loops.saturating_add(1);
        while done < count.min(LONG) && self.step(self.state.attributes.len().saturating_mul(4)) {
            self.see(&mut seen, written);
            if seen.is_steady() && count - done >= 2.0 {
                written = self.leap(&seen, count - done - 1.0);
                done = count - 1.0;
                // One more, to see whether it goes on so.
                let far = (written, self.state.attributes.clone());
                written = written + self.round(&names, stmt, item);
                self.further(&seen, &far, &mut written, count);
                break;
            }
            written = written + self.round(&names, stmt, item);
            written = self.hold(written, expr.span.start);
            done += 1.0;
        }
        self.whole &= self.found.is_some() || done + 1.0 >= count;
        self.loops = self.loops.saturating_sub(1);
        self.state.names = names;
        let largest = self.state.attributes.values().map(|value| value.size);
        let largest = largest.fold(written, Size::max);
        self.hold(largest, expr.span.start);
        written
    }

    /// One round. What it sets is forgotten in the next; what it sets in a namespace is not.
    fn round(&mut self, names: &BTreeMap<&'a str, Value>, stmt: &'a Stmt, item: Value) -> Size {
        let StmtKind::For { target, filter, body, .. } = &stmt.kind else {
            return Size::default();
        };
        self.step(names.len());
        self.state.names.clone_from(names);
        let around = Value { kind: Kind::Any, given: None, ..item };
        self.state.names.insert("loop", around);
        self.assign(target, item, stmt.span.start);
        if let Some(filter) = filter {
            self.value(filter);
        }
        self.body(body)
    }

    fn see(&mut self, seen: &mut Growing<'a>, written: Size) {
        if seen.0.len() >= 4 {
            seen.0.remove(0);
        }
        seen.0.push((written, self.state.attributes.clone()));
    }

    /// Goes on for so many rounds as it went before.
    fn leap(&mut self, seen: &Growing<'a>, rounds: f64) -> Size {
        let on = |row: &[f64]| {
            let last = row.last().copied().unwrap_or_default();
            let (step, more, _) = steps(row).unwrap_or_default();
            (last + step * rounds + more * rounds * (rounds + 1.0) / 2.0).max(0.0)
        };
        for (key, value) in &mut self.state.attributes {
            let row = |number: fn(&Value) -> f64| -> Vec<f64> {
                let values = seen.0.iter().map(|(_, attributes)| attributes.get(key));
                values.map(|value| value.map_or(0.0, number)).collect()
            };
            value.size.chars = on(&row(|value| value.size.chars));
            value.size.again = on(&row(|value| value.size.again));
            value.count = on(&row(|value| value.count));
        }
        let row = |number: fn(&Size) -> f64| -> Vec<f64> {
            seen.0.iter().map(|(written, _)| number(written)).collect()
        };
        let chars = on(&row(|size| size.chars));
        Size { chars, again: on(&row(|size| size.again)) }
    }

    /// Where the round after a leap makes far more than those before it, all of them may.
    fn further(
        &mut self,
        seen: &Growing<'a>,
        far: &(Size, Attributes<'a>),
        written: &mut Size,
        count: f64,
    ) {
        let more = |row: &[f64], before: f64, now: f64| {
            let (step, more, _) = steps(row).unwrap_or_default();
            let expected = step.max(0.0) + more.max(0.0) * count;
            if now - before > 2.0 * expected + SMALL { (now - before) * count } else { 0.0 }
        };
        for (key, value) in &mut self.state.attributes {
            let before = far.1.get(key).map_or(0.0, |value| value.size.chars);
            let values = seen.0.iter().map(|(_, attributes)| attributes.get(key));
            let row: Vec<f64> =
                values.map(|value| value.map_or(0.0, |value| value.size.chars)).collect();
            value.size.chars += more(&row, before, value.size.chars);
        }
        let row: Vec<f64> = seen.0.iter().map(|(written, _)| written.chars).collect();
        written.chars += more(&row, far.0.chars, written.chars);
    }
}
