//! The memo.

use std::collections::BTreeMap;

use super::value::Value;

/// Indices below this are always kept densely; above it, only while the memo is filled without
/// large gaps.
const DENSE: u64 = 1 << 16;

/// What `PUT` put, by index. An index costs memory by being used, not by being large.
#[derive(Default)]
pub(super) struct Memo {
    dense: Vec<Value>,
    sparse: BTreeMap<u64, Value>,
    entries: u64,
    /// Indices whose value may be a node: the only ones that a collection looks at.
    nodes: Vec<u64>,
}

impl Memo {
    pub(super) fn get(&self, index: u64) -> Option<Value> {
        let dense = usize::try_from(index).ok().and_then(|place| self.dense.get(place)).copied();
        match dense.filter(|value| *value != Value::ABSENT) {
            None if !self.sparse.is_empty() => self.sparse.get(&index).copied(),
            value => value,
        }
    }

    /// Puts a value; gives the one that stood there.
    pub(super) fn put(&mut self, index: u64, value: Value) -> Option<Value> {
        if value.is_node() {
            self.nodes.push(index);
        }
        let before = self.replace(index, value);
        if before.is_none() {
            self.entries = self.entries.saturating_add(1);
        }
        before
    }

    fn replace(&mut self, index: u64, value: Value) -> Option<Value> {
        let dense = index < DENSE || index <= self.entries.saturating_mul(2);
        let place = usize::try_from(index).ok().filter(|_| dense);
        let Some(place) = place.filter(|_| !self.sparse.contains_key(&index)) else {
            return self.sparse.insert(index, value);
        };
        if place >= self.dense.len() {
            self.dense.resize(place.saturating_add(1), Value::ABSENT);
        }
        let slot = self.dense.get_mut(place)?;
        Some(std::mem::replace(slot, value)).filter(|before| *before != Value::ABSENT)
    }

    /// How many entries there are: where `MEMOIZE` puts.
    pub(super) fn len(&self) -> u64 {
        self.entries
    }

    /// Bytes that it takes.
    pub(super) fn weight(&self) -> usize {
        let dense = self.dense.len().saturating_mul(size_of::<Value>());
        let sparse = self.sparse.len().saturating_mul(64);
        dense.saturating_add(sparse).saturating_add(self.nodes.len().saturating_mul(8))
    }

    /// The entries that hold nodes, each once.
    pub(super) fn nodes(&mut self) -> impl Iterator<Item = Value> + '_ {
        self.nodes.sort_unstable();
        self.nodes.dedup();
        self.nodes.iter().filter_map(|index| self.get(*index)).filter(|value| value.is_node())
    }

    /// Replaces every node by what `new` gives for it.
    pub(super) fn rewrite(&mut self, new: impl Fn(Value) -> Value) {
        let mut nodes = std::mem::take(&mut self.nodes);
        nodes.retain(|index| {
            let dense = usize::try_from(*index).ok().and_then(|place| self.dense.get_mut(place));
            let slot = match dense.filter(|value| **value != Value::ABSENT) {
                None => self.sparse.get_mut(index),
                dense => dense,
            };
            let Some(value) = slot.filter(|value| value.is_node()) else { return false };
            *value = new(*value);
            value.is_node()
        });
        self.nodes = nodes;
    }
}
