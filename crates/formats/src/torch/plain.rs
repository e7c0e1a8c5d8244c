//! Which values are plain: whoever loads them runs nothing for it.

use std::collections::HashMap;

use super::names::{self, Callee};
use crate::pickle::{Heap, Value, View};

/// Whether a value is a scalar, text, a constant, or a container of nothing else.
pub(super) struct Plain<'a> {
    heap: &'a Heap,
    known: HashMap<Value, bool>,
}

impl<'a> Plain<'a> {
    pub(super) fn new(heap: &'a Heap) -> Self {
        Self { heap, known: HashMap::new() }
    }

    /// Whether a value is a scalar, text, a constant, or a container of nothing else. What a
    /// container holds by way of itself does not count.
    pub(super) fn holds(&mut self, value: Value) -> bool {
        if let Some(known) = self.quickly(value) {
            return known;
        }
        let children = self.children(value);
        self.known.insert(value, children.is_some());
        let Some(children) = children else { return false };
        let mut stack = vec![(value, children.into_iter())];
        while let Some((_, children)) = stack.last_mut() {
            let Some(child) = children.next() else {
                stack.pop();
                continue;
            };
            let known = match self.quickly(child) {
                Some(known) => known,
                None => match self.children(child) {
                    Some(below) => {
                        self.known.insert(child, true);
                        stack.push((child, below.into_iter()));
                        true
                    }
                    None => false,
                },
            };
            if !known {
                self.known.insert(child, false);
                for (holder, _) in stack {
                    self.known.insert(holder, false);
                }
                return false;
            }
        }
        true
    }

    fn quickly(&self, value: Value) -> Option<bool> {
        match self.heap.view(value) {
            View::None
            | View::Bool(_)
            | View::Int(_)
            | View::BigInt
            | View::Float(_)
            | View::Text(_)
            | View::Bytes(_)
            | View::ByteArray(_) => Some(true),
            View::Global(global) => Some(names::is_constant(global)),
            View::PersistentId(_) | View::Buffer | View::Missing | View::Forgotten => Some(false),
            _ => self.known.get(&value).copied(),
        }
    }

    /// What a container holds; `None` where a call makes more than a plain value.
    fn children(&self, value: Value) -> Option<Vec<Value>> {
        Some(match self.heap.view(value) {
            View::Tuple(items) | View::List(items) | View::Set(items) | View::FrozenSet(items) => {
                items.shown.to_vec()
            }
            View::Dict(pairs) => pairs.shown.iter().flat_map(|(k, v)| [*k, *v]).collect(),
            View::Call(call) => {
                let callee = self.heap.global(call.callee).map(names::callee)?;
                let plain =
                    matches!(callee, Callee::Plain | Callee::OrderedDict | Callee::DefaultDict);
                if !plain || call.left_out > 0 {
                    return None;
                }
                let mut all = vec![call.args];
                all.extend(call.kwargs);
                all.extend(call.states.iter().chain(&call.items));
                all.extend(call.pairs.iter().flat_map(|(k, v)| [*k, *v]));
                all
            }
            _ => return None,
        })
    }
}
