//! A value that is small as long as its shared parts are one object each, and larger than any memory
//! to whoever walks through it: the pickle of a "billion laughs" document.

use std::collections::BTreeMap;

use formats::pickle::{Heap, Stream, Value, View};

/// Containers of one value that are counted. Where there are more, the file itself is large.
const VALUES: usize = 1 << 16;
/// Containers that a walk would meet, from which on it would not end.
const ENDLESS: u64 = 1 << 28;
/// How many a walk would meet for every opcode of the stream. Data shares its parts, but not so.
const TIMES: u64 = 1 << 16;

/// How many containers a walk through the result would meet, where that is out of all proportion.
pub(crate) fn expansion(heap: &Heap, stream: &Stream) -> Option<u64> {
    let root = stream.result?;
    // What a walk would meet in each container, itself included; zero while it is open, so that a
    // circle counts nothing.
    let mut sizes: BTreeMap<Value, u64> = BTreeMap::new();
    let mut open: Vec<(Value, usize)> = Vec::new();
    sizes.insert(root, 0);
    open.push((root, 0));
    while let Some((value, next)) = open.last_mut() {
        let (value, n) = (*value, *next);
        let Some(child) = part(heap, value, n) else {
            let below = (0..n).filter_map(|n| sizes.get(&part(heap, value, n)?));
            let size = below.fold(0u64, |sum, size| sum.saturating_add(*size));
            // Of a long container the first members are kept; the others are taken to be like them.
            let times = members(heap, value).checked_div(n as u64).unwrap_or(1);
            sizes.insert(value, size.saturating_mul(times).saturating_add(1));
            open.pop();
            continue;
        };
        *next = n.saturating_add(1);
        if part(heap, child, 0).is_some() && !sizes.contains_key(&child) {
            if sizes.len() >= VALUES {
                return None;
            }
            sizes.insert(child, 0);
            open.push((child, 0));
        }
    }
    let size = *sizes.get(&root)?;
    (size >= ENDLESS && size.checked_div(stream.opcodes)? >= TIMES).then_some(size)
}

/// How many members a container has, kept or not; keys and values each count.
fn members(heap: &Heap, value: Value) -> u64 {
    match heap.view(value) {
        View::Tuple(items) | View::List(items) | View::Set(items) | View::FrozenSet(items) => {
            items.total
        }
        View::Dict(pairs) => pairs.total.saturating_mul(2),
        _ => 0,
    }
}

/// The member number `n` of a container; nothing of anything else.
fn part(heap: &Heap, value: Value, n: usize) -> Option<Value> {
    match heap.view(value) {
        View::Tuple(items) | View::List(items) | View::Set(items) | View::FrozenSet(items) => {
            items.shown.get(n).copied()
        }
        View::Dict(pairs) => {
            let (key, value) = pairs.shown.get(n / 2)?;
            Some(if n.is_multiple_of(2) { *key } else { *value })
        }
        _ => None,
    }
}
