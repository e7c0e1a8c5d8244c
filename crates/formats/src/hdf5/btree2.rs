//! Version 2 B-trees: of links, attributes, chunks and large objects.

use super::OddityKind as K;
use super::source::{Fields, Reading, UNDEFINED, to_usize, width_of};

/// Levels of a tree.
const MAX_DEPTH: u16 = 64;
/// Letters, version, kind; and the checksum.
const OVERHEAD: u64 = 10;

/// What is done with every record: its kind, its bytes.
pub(super) type Record<'a> = &'a mut dyn FnMut(&mut Reading, u8, &[u8]);

/// What a node of a level can hold, and how it writes that down.
#[derive(Clone, Copy, Default)]
struct Level {
    /// Bytes of the count of all records below a child.
    total_len: usize,
    /// Records of a whole subtree at most.
    most: u64,
}

/// Goes through all records of the tree whose header stands at an address.
pub(super) fn records(reading: &mut Reading, address: u64, act: Record<'_>) {
    let _ = walk(reading, address, act);
}

fn walk(reading: &mut Reading, address: u64, act: Record<'_>) -> Option<()> {
    let source = reading.source.clone();
    let len = source.offset_size.saturating_add(source.length_size).saturating_add(22);
    let block = reading.block(address, len as u64, "B-tree")?;
    if !reading.signed(&block, *b"BTHD", address, "B-tree") || !reading.enter(address, "a B-tree") {
        return None;
    }
    reading.verify(&block, address, "B-tree");
    let mut fields = Fields::new(&block);
    fields.skip(5)?;
    let kind = fields.u8()?;
    let node_size = u64::from(fields.u32()?);
    let record_size = u64::from(fields.u16()?);
    let depth = fields.u16()?;
    fields.skip(2)?;
    let root = fields.offset(&source)?;
    let root_count = u64::from(fields.u16()?);
    let total = fields.length(&source)?;
    if record_size == 0 || depth > MAX_DEPTH || node_size < OVERHEAD.saturating_add(record_size) {
        reading.add(K::BadSize, address, || {
            format!("a B-tree of nodes of {node_size}, records of {record_size} bytes")
        });
        return None;
    }
    let leaf_most = node_size.saturating_sub(OVERHEAD).checked_div(record_size)?;
    let count_len = width_of(leaf_most);
    let mut levels = vec![Level { total_len: 0, most: leaf_most }];
    for _ in 0..depth {
        let below = *levels.last()?;
        let pointer = source.offset_size.saturating_add(count_len).saturating_add(below.total_len);
        let room = node_size.saturating_sub(OVERHEAD).saturating_sub(pointer as u64);
        let most = room.checked_div(record_size.saturating_add(pointer as u64))?;
        let all = most.saturating_add(1).saturating_mul(below.most).saturating_add(most);
        levels.push(Level { total_len: width_of(all), most: all });
    }
    let mut met = 0u64;
    let mut waiting = vec![(root, root_count, depth)];
    while let Some((address, count, level)) = waiting.pop() {
        if address == UNDEFINED {
            continue;
        }
        if !reading.enter(address, "a node of a B-tree") {
            continue;
        }
        let Some(block) = reading.block(address, node_size, "B-tree") else { continue };
        let letters = if level == 0 { *b"BTLF" } else { *b"BTIN" };
        if !reading.signed(&block, letters, address, "B-tree") {
            continue;
        }
        let mut fields = Fields::new(&block);
        fields.skip(5)?;
        if fields.u8() != Some(kind) {
            reading.add(K::BadMessage, address, || "a B-tree node of another kind".into());
        }
        for _ in 0..count {
            let Some(record) = fields.take(to_usize(record_size)) else {
                reading.add(K::BadSize, address, || format!("a B-tree node of {count} records"));
                break;
            };
            if !reading.step(1) {
                return None;
            }
            met = met.saturating_add(1);
            act(reading, kind, record);
        }
        let first = waiting.len();
        if let Some(below) = level.checked_sub(1) {
            let total_len = levels.get(usize::from(below)).map_or(0, |level| level.total_len);
            for _ in 0..=count {
                let Some(child) = fields.offset(&source) else { break };
                let Some(count) = fields.number(count_len) else { break };
                if fields.skip(total_len).is_none() {
                    break;
                }
                waiting.push((child, count, below));
            }
        }
        // The checksum follows what is in use, wherever the node ends.
        let used = fields.position().saturating_add(4);
        reading.verify(block.get(..used).unwrap_or_default(), address, "B-tree");
        if let Some(fresh) = waiting.get_mut(first..) {
            fresh.reverse();
        }
    }
    if met != total {
        reading.add(K::BadSize, address, || format!("{met} of {total} records in a B-tree"));
    }
    Some(())
}
