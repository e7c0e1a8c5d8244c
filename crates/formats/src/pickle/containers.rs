//! Opcodes that make containers and add to them.

use super::EventKind;
use super::heap::{Heap, Members, Node};
use super::machine::Machine;
use super::oddity::PickleOddity;
use super::opcodes as op;
use super::value::{Literal, Unpacked, Value};

/// How an opcode adds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Adding {
    Append,
    AddItems,
}

impl Machine<'_> {
    pub(super) fn empty(&mut self, opcode: u8) {
        let node = match opcode {
            op::EMPTY_LIST => Node::List(Members::default()),
            op::EMPTY_SET => Node::Set(Members::default()),
            _ => Node::Dict(Members::default()),
        };
        let value = self.heap.add(node);
        self.push(value);
    }

    /// Makes a tuple of the last `count` values.
    pub(super) fn tuple_of(&mut self, count: usize) {
        let there = self.context.stack.len().saturating_sub(self.fence());
        if there < count {
            // Underflow: what is not there is missing at the front.
            let mut items: Vec<Value> = (0..count).map(|_| self.pop()).collect();
            items.reverse();
            self.context.stack.extend(items);
        }
        let start = self.context.stack.len().saturating_sub(count);
        let items = self.members(start);
        let value = self.heap.add(Node::Tuple(items));
        self.context.stack.truncate(start);
        self.push(value);
    }

    /// `TUPLE`, `LIST`, `FROZENSET`.
    pub(super) fn collect_marked(&mut self, opcode: u8) {
        let start = self.pop_mark();
        let items = self.members(start);
        let value = if opcode == op::TUPLE && items.total == 0 {
            Value::EMPTY_TUPLE
        } else {
            let node = match opcode {
                op::TUPLE => Node::Tuple(items),
                op::LIST => Node::List(items),
                _ => {
                    self.check_hashable(start, 1);
                    Node::FrozenSet(items)
                }
            };
            self.heap.add(node)
        };
        self.context.stack.truncate(start);
        self.push(value);
    }

    pub(super) fn dict(&mut self) {
        let start = self.pop_mark();
        self.check_hashable(start, 2);
        let mut entries = Members::default();
        add_pairs(&self.heap, &mut entries, self.above(start), self.kept());
        self.check_even(start);
        let value = self.heap.add(Node::Dict(entries));
        self.context.stack.truncate(start);
        self.push(value);
    }

    pub(super) fn append(&mut self) {
        self.pop_for(1, |machine, start| machine.add(start, Adding::Append));
    }

    pub(super) fn appends(&mut self) {
        let start = self.pop_mark();
        self.add(start, Adding::Append);
    }

    pub(super) fn add_items(&mut self) {
        let start = self.pop_mark();
        self.add(start, Adding::AddItems);
    }

    pub(super) fn set_item(&mut self) {
        self.pop_for(2, Self::set);
    }

    pub(super) fn set_items(&mut self) {
        let start = self.pop_mark();
        self.set(start);
    }

    /// Makes sure that `count` values stand above the fence, and says where they start.
    fn pop_for(&mut self, count: usize, then: impl FnOnce(&mut Self, usize)) {
        let there = self.context.stack.len().saturating_sub(self.fence());
        if there < count {
            let mut items: Vec<Value> = (0..count).map(|_| self.pop()).collect();
            items.reverse();
            self.context.stack.extend(items);
        }
        let start = self.context.stack.len().saturating_sub(count);
        then(self, start);
    }

    fn above(&self, start: usize) -> &[Value] {
        self.context.stack.get(start..).unwrap_or_default()
    }

    pub(super) fn members(&self, start: usize) -> Members<Value> {
        let mut members = Members::default();
        add_values(&self.heap, &mut members, self.above(start), self.kept());
        members
    }

    fn add(&mut self, start: usize, adding: Adding) {
        if adding == Adding::AddItems {
            self.check_hashable(start, 1);
        }
        let kept = self.kept();
        let items = self.members(start);
        let count = items.total;
        self.context.stack.truncate(start);
        let target = self.top();
        let before = self.heap.node(target).map_or(0, Node::weight);
        match (self.heap.node_mut(target), adding) {
            (Some(Node::List(m)), Adding::Append) | (Some(Node::Set(m)), Adding::AddItems) => {
                m.impure |= items.impure;
                m.total = m.total.saturating_add(count);
                keep(&mut m.shown, items.shown, kept);
                self.weigh(target, before);
                return;
            }
            (Some(Node::Call(call)), _) => {
                let left = count.saturating_sub(items.shown.len() as u64);
                let left = left.saturating_add(keep(&mut call.items, items.shown.clone(), kept));
                call.left_out = call.left_out.saturating_add(left);
            }
            _ if target.unpack() == Unpacked::ForgottenPlain => return,
            _ => {}
        }
        self.weigh(target, before);
        self.check_target(target, adding == Adding::Append);
        let items = self.heap.add(Node::Tuple(items));
        self.tell(match adding {
            Adding::Append => EventKind::Append { target, count, items },
            Adding::AddItems => EventKind::AddItems { target, count, items },
        });
    }

    fn set(&mut self, start: usize) {
        self.check_even(start);
        let kept = self.kept();
        let mut pairs: Members<(Value, Value)> = Members::default();
        add_pairs(&self.heap, &mut pairs, self.above(start), kept);
        let hashable = self.unhashable(start, 2).is_none();
        self.context.stack.truncate(start);
        let target = self.top();
        let total = pairs.total;
        let before = self.heap.node(target).map_or(0, Node::weight);
        match self.heap.node_mut(target) {
            Some(Node::Dict(m)) => {
                m.impure |= pairs.impure;
                m.total = m.total.saturating_add(total);
                keep(&mut m.shown, pairs.shown, kept);
                self.weigh(target, before);
                if !hashable {
                    self.odd(PickleOddity::Unhashable, || "a key of a dict".into());
                }
                return;
            }
            Some(Node::Call(call)) => {
                let left = total.saturating_sub(pairs.shown.len() as u64);
                let left = left.saturating_add(keep(&mut call.pairs, pairs.shown.clone(), kept));
                call.left_out = call.left_out.saturating_add(left);
            }
            _ if target.unpack() == Unpacked::ForgottenPlain => return,
            _ => self.register_pairs(target, &pairs.shown),
        }
        self.weigh(target, before);
        let is_list = matches!(self.heap.node(target), Some(Node::List(_)));
        self.check_target(target, is_list);
        let entries = self.heap.add(Node::Dict(pairs));
        self.tell(EventKind::SetItems { target, count: total, entries });
    }

    /// Counts what a node gained.
    pub(super) fn weigh(&mut self, target: Value, before: usize) {
        let after = self.heap.node(target).map_or(0, Node::weight);
        self.heap.weight = self.heap.weight.saturating_add(after.saturating_sub(before));
    }

    /// Notes a target that has no method to add with. `mutable_sequence` says that a bytearray
    /// or a list would do.
    fn check_target(&mut self, target: Value, mutable_sequence: bool) {
        let wrong = match target.unpack() {
            Unpacked::Literal(Literal::ByteArray, _) => !mutable_sequence,
            Unpacked::Node(_) => match self.heap.node(target) {
                Some(Node::Global(_) | Node::Call(_) | Node::PersistentId(_)) => false,
                Some(Node::List(_)) => !mutable_sequence,
                _ => true,
            },
            Unpacked::ForgottenObject | Unpacked::ForgottenPlain | Unpacked::Missing => false,
            _ => true,
        };
        if wrong {
            let name = self.opcode_name();
            self.odd(PickleOddity::WrongTarget, || {
                format!("the value that `{name}` adds to takes nothing of the kind")
            });
        }
    }

    fn check_even(&mut self, start: usize) {
        let count = self.above(start).len();
        if !count.is_multiple_of(2) {
            self.odd(PickleOddity::OddItems, || format!("{count} keys and values"));
        }
    }

    fn check_hashable(&mut self, start: usize, step: usize) {
        if self.unhashable(start, step).is_some() {
            let name = self.opcode_name();
            self.odd(PickleOddity::Unhashable, || format!("a key or member of `{name}`"));
        }
    }

    /// The first of every `step` values that cannot be hashed. The inside of tuples is not looked
    /// at.
    fn unhashable(&self, start: usize, step: usize) -> Option<Value> {
        self.above(start).iter().step_by(step).copied().find(|value| match value.unpack() {
            Unpacked::Literal(Literal::ByteArray, _) => true,
            Unpacked::Node(_) => {
                let node = self.heap.node(*value);
                matches!(node, Some(Node::List(_) | Node::Set(_) | Node::Dict(_)))
            }
            _ => false,
        })
    }
}

fn add_values(heap: &Heap, to: &mut Members<Value>, items: &[Value], kept: usize) {
    to.total = to.total.saturating_add(items.len() as u64);
    to.impure |= items.iter().any(|item| heap.is_impure(*item));
    let room = kept.saturating_sub(to.shown.len()).min(items.len());
    to.shown.extend_from_slice(items.get(..room).unwrap_or_default());
}

/// A key without a value is left with a missing one.
fn add_pairs(heap: &Heap, to: &mut Members<(Value, Value)>, items: &[Value], kept: usize) {
    let pairs = items.chunks(2);
    to.total = to.total.saturating_add(pairs.len() as u64);
    to.impure |= items.iter().any(|item| heap.is_impure(*item));
    let room = kept.saturating_sub(to.shown.len());
    to.shown.reserve(room.min(pairs.len()));
    for pair in pairs.take(room) {
        if let [key, rest @ ..] = pair {
            to.shown.push((*key, rest.first().copied().unwrap_or(Value::MISSING)));
        }
    }
}

/// Adds as many as there is room for; how many were left out.
pub(super) fn keep<T>(to: &mut Vec<T>, items: Vec<T>, kept: usize) -> u64 {
    let room = kept.saturating_sub(to.len());
    let left = items.len().saturating_sub(room);
    if to.is_empty() && left == 0 {
        *to = items;
    } else {
        to.extend(items.into_iter().take(room));
    }
    left as u64
}
