//! Version 1 B-trees: of the links of old groups and of the chunks of old data sets.

use super::OddityKind as K;
use super::source::{Fields, Reading, UNDEFINED};

/// Links.
pub(super) const GROUP: u8 = 0;
/// Chunks.
pub(super) const CHUNKS: u8 = 1;
/// Levels of a tree; each has at least twice the entries of the one below.
const MAX_LEVEL: u8 = 64;

/// What is done with every leaf: its key, and the address it leads to.
pub(super) type Leaf<'a> = &'a mut dyn FnMut(&mut Reading, &[u8], u64);

/// Goes through a tree from left to right. A node takes room for `rank` × 2 entries.
pub(super) fn walk(
    reading: &mut Reading,
    root: u64,
    kind: u8,
    key_len: usize,
    rank: u64,
    leaf: Leaf<'_>,
) {
    let source = reading.source.clone();
    let prefix = source.offset_size.saturating_mul(2).saturating_add(8);
    let pair = source.offset_size.saturating_add(key_len) as u64;
    let room = rank.saturating_mul(2).saturating_mul(pair);
    let len = (prefix as u64).saturating_add(room).saturating_add(key_len as u64);
    let mut waiting = vec![(root, None)];
    while let Some((address, level)) = waiting.pop() {
        if !reading.enter(address, "a node of a B-tree") {
            continue;
        }
        let Some(block) = reading.block(address, len, "B-tree") else { continue };
        if !reading.signed(&block, *b"TREE", address, "B-tree") {
            continue;
        }
        let mut fields = Fields::new(&block);
        let head = (|| {
            fields.skip(4)?;
            let head = (fields.u8()?, fields.u8()?, fields.u16()?);
            fields.skip(prefix.checked_sub(fields.position())?)?;
            Some(head)
        })();
        let Some((found, at_level, count)) = head else { continue };
        if found != kind || at_level > MAX_LEVEL || level.is_some_and(|level| level != at_level) {
            reading.add(K::BadMessage, address, || {
                format!("a B-tree node of kind {found}, level {at_level}")
            });
        }
        if found != kind || level.is_some_and(|level| at_level > level) || at_level > MAX_LEVEL {
            continue;
        }
        if u64::from(count) > rank.saturating_mul(2) {
            reading.add(K::BadSize, address, || format!("a B-tree node of {count} entries"));
        }
        let first = waiting.len();
        for _ in 0..count {
            let Some(key) = fields.take(key_len) else { break };
            let Some(child) = fields.offset(&source) else { break };
            if !reading.step(1) {
                return;
            }
            if at_level == 0 {
                leaf(reading, key, child);
            } else if child != UNDEFINED {
                waiting.push((child, at_level.checked_sub(1)));
            }
        }
        // Last in, first out.
        if let Some(fresh) = waiting.get_mut(first..) {
            fresh.reverse();
        }
    }
}
