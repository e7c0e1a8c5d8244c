//! Messages that several objects share: committed ones, and the heaps of shared messages.

use artifact::Blob;

use super::OddityKind as K;
use super::fractal::{self, FractalHeap};
use super::source::{Fields, Reading, UNDEFINED};

/// The heaps of shared messages, each with the kinds of message that stand in it.
#[derive(Debug, Default)]
pub(super) struct SharedHeaps {
    heaps: Vec<(u16, FractalHeap)>,
}

impl SharedHeaps {
    /// Reads the table at an address. Its indexes only find duplicates when a file is written, so
    /// they are explained and not followed.
    pub(super) fn read(reading: &mut Reading, table: Option<(u64, u8)>) -> Self {
        let mut out = Self::default();
        let Some((address, count)) = table.filter(|(address, _)| *address != UNDEFINED) else {
            return out;
        };
        let source = reading.source.clone();
        let width = source.offset_size.saturating_mul(2).saturating_add(14);
        let len = width.saturating_mul(usize::from(count)).saturating_add(8) as u64;
        let Some(block) = reading.block(address, len, "shared messages") else { return out };
        if !reading.signed(&block, *b"SMTB", address, "shared messages") {
            return out;
        }
        reading.verify(&block, address, "shared messages");
        let mut fields = Fields::new(block.get(4..).unwrap_or_default());
        for _ in 0..count {
            let row = (|| {
                fields.skip(1)?;
                let kind = fields.u8()?;
                let kinds = fields.u16()?;
                fields.skip(4)?;
                let most = u64::from(fields.u16()?);
                fields.skip(2)?;
                fields.skip(2)?;
                Some((kind, kinds, most, fields.offset(&source)?, fields.offset(&source)?))
            })();
            let Some((kind, kinds, most, index, heap)) = row else { break };
            if index != UNDEFINED && kind == 0 {
                // Letters, then messages of a place, a hash and an id, then a checksum.
                let message = source.offset_size.saturating_add(7).max(16) as u64;
                reading.explain(index, most.saturating_mul(message).saturating_add(8), "shared");
            } else if index != UNDEFINED {
                super::btree2::records(reading, index, &mut |_, _, _| {});
            }
            if heap != UNDEFINED
                && let Some(heap) = fractal::open(reading, heap)
            {
                out.heaps.push((kinds, heap));
            }
        }
        out
    }

    pub(super) fn get(&self, reading: &mut Reading, kind: u16, id: &[u8]) -> Option<Blob> {
        let bit = 1u16.checked_shl(u32::from(kind)).unwrap_or(0);
        let Some((_, heap)) = self.heaps.iter().find(|(kinds, _)| kinds & bit != 0) else {
            reading.add(K::BadMessage, 0, || format!("no heap holds shared messages {kind}"));
            return None;
        };
        heap.object(reading, id)
    }
}
