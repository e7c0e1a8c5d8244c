//! Dropping what no later opcode can reach.

use super::heap::{Heap, Node};
use super::memo::Memo;
use super::value::{Unpacked, Value};

/// What a collection may forget of the memo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Forget {
    /// Containers of plain values.
    Plain,
    /// All containers, and the calls after the first of them.
    Most,
}

/// How many calls of the memo [`Forget::Most`] keeps.
const KEPT_CALLS: usize = 1 << 14;

/// A collection in progress.
pub(super) struct Collection<'a> {
    heap: &'a mut Heap,
    /// For every node its new index; `DEAD` until it is reached.
    forward: Vec<u32>,
    queue: Vec<u32>,
}

const DEAD: u32 = u32::MAX;
const LIVE: u32 = 0;

impl<'a> Collection<'a> {
    pub(super) fn new(heap: &'a mut Heap) -> Self {
        let forward = vec![DEAD; heap.nodes.len()];
        Self { heap, forward, queue: Vec::new() }
    }

    /// Keeps a value and what it refers to.
    pub(super) fn keep(&mut self, value: Value) {
        self.reach(value);
        while let Some(index) = self.queue.pop() {
            let Some(node) = usize::try_from(index).ok().and_then(|i| self.heap.nodes.get(i))
            else {
                continue;
            };
            let (forward, queue) = (&mut self.forward, &mut self.queue);
            each(node, |child| mark(forward, queue, child));
        }
    }

    fn reach(&mut self, value: Value) {
        mark(&mut self.forward, &mut self.queue, value);
    }

    /// Keeps what a memo refers to, as far as it may not be forgotten.
    pub(super) fn keep_memo(&mut self, memo: &mut Memo, forget: Forget) {
        let mut calls = 0usize;
        let roots: Vec<Value> = memo
            .nodes()
            .filter(|value| match (self.heap.node(*value), forget) {
                (Some(Node::Global(_) | Node::PersistentId(_)), _) => true,
                (Some(Node::Call(_)), Forget::Most) => {
                    calls = calls.saturating_add(1);
                    calls <= KEPT_CALLS
                }
                (Some(node), Forget::Plain) => node.is_impure(),
                _ => false,
            })
            .collect();
        for root in roots {
            self.keep(root);
        }
    }

    /// Drops the rest; gives the new place of every value.
    pub(super) fn finish(self) -> Moved {
        let Self { heap, mut forward, .. } = self;
        let mut next = 0u32;
        let impure: Vec<bool> = heap.nodes.iter().map(Node::is_impure).collect();
        for place in &mut forward {
            if *place == LIVE {
                *place = next;
                next = next.saturating_add(1);
            }
        }
        let moved = Moved { forward, impure };
        let mut places = moved.forward.iter();
        heap.nodes.retain(|_| places.next().is_some_and(|place| *place != DEAD));
        heap.weight = 0;
        for node in &mut heap.nodes {
            rewrite(node, |value| moved.place(value));
            heap.weight = heap.weight.saturating_add(node.weight());
        }
        heap.nodes.shrink_to(heap.nodes.len().saturating_mul(2));
        moved
    }
}

fn mark(forward: &mut [u32], queue: &mut Vec<u32>, value: Value) {
    if let Unpacked::Node(index) = value.unpack()
        && let Ok(place) = usize::try_from(index)
        && let Some(state) = forward.get_mut(place)
        && *state == DEAD
    {
        *state = LIVE;
        queue.push(index);
    }
}

/// Where a collection moved everything.
pub(super) struct Moved {
    forward: Vec<u32>,
    impure: Vec<bool>,
}

impl Moved {
    /// The new place of a value; forgotten where it was dropped.
    pub(super) fn place(&self, value: Value) -> Value {
        let Unpacked::Node(index) = value.unpack() else { return value };
        let Ok(place) = usize::try_from(index) else { return Value::MISSING };
        match self.forward.get(place) {
            Some(&DEAD) | None if self.impure.get(place) == Some(&false) => Value::FORGOTTEN_PLAIN,
            Some(&DEAD) | None => Value::FORGOTTEN_OBJECT,
            Some(new) => Value::node(*new),
        }
    }
}

/// Calls `see` with every value that a node refers to.
fn each(node: &Node, mut see: impl FnMut(Value)) {
    match node {
        Node::Tuple(m) | Node::List(m) | Node::Set(m) | Node::FrozenSet(m) => {
            m.shown.iter().for_each(|value| see(*value));
        }
        Node::Dict(m) => m.shown.iter().for_each(|(key, value)| {
            see(*key);
            see(*value);
        }),
        Node::Global(global) => {
            for name in [&global.module, &global.name] {
                if let super::Name::Computed(value) = name {
                    see(*value);
                }
            }
        }
        Node::Call(call) => {
            [call.callee, call.args].into_iter().chain(call.kwargs).for_each(&mut see);
            call.states.iter().chain(&call.items).for_each(|value| see(*value));
            call.pairs.iter().for_each(|(key, value)| {
                see(*key);
                see(*value);
            });
        }
        Node::PersistentId(id) => see(*id),
    }
}

/// Replaces every value that a node refers to.
fn rewrite(node: &mut Node, new: impl Fn(Value) -> Value) {
    let all = |values: &mut Vec<Value>| values.iter_mut().for_each(|value| *value = new(*value));
    let both = |pairs: &mut Vec<(Value, Value)>| {
        for (key, value) in pairs {
            (*key, *value) = (new(*key), new(*value));
        }
    };
    match node {
        Node::Tuple(m) | Node::List(m) | Node::Set(m) | Node::FrozenSet(m) => all(&mut m.shown),
        Node::Dict(m) => both(&mut m.shown),
        Node::Global(global) => {
            for name in [&mut global.module, &mut global.name] {
                if let super::Name::Computed(value) = name {
                    *value = new(*value);
                }
            }
        }
        Node::Call(call) => {
            call.callee = new(call.callee);
            call.args = new(call.args);
            call.kwargs = call.kwargs.map(&new);
            all(&mut call.states);
            all(&mut call.items);
            both(&mut call.pairs);
        }
        Node::PersistentId(id) => *id = new(*id),
    }
}
