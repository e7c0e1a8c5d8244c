//! What no address leads to.

use vocabulary::Span;

use super::source::Reading;
use super::values;

/// Bytes of free space that are searched for collections of the global heap.
const SEARCHED: u64 = 256 << 20;
/// Ranges that are kept.
const MAX_RANGES: usize = 1 << 16;
const CHUNK: usize = 64 << 10;

/// The ranges before `end` that nothing explains. Only elements lead to collections of the global
/// heap, and those are not read: so they are found by their letters.
pub(super) fn ranges(reading: &mut Reading, end: u64) -> Vec<Span> {
    let base = reading.source.base;
    let mut left = SEARCHED;
    for span in uncovered(reading, base, end) {
        let len = span.len().min(left);
        left = left.saturating_sub(len);
        collections(reading, Span::new(span.start, span.start.saturating_add(len)));
    }
    let mut ranges = uncovered(reading, base, end);
    ranges.truncate(MAX_RANGES);
    ranges
}

fn uncovered(reading: &Reading, base: u64, end: u64) -> Vec<Span> {
    let mut spans: Vec<Span> = reading.regions().iter().map(|region| region.span).collect();
    spans.push(Span::new(0, base));
    Span::uncovered(&spans, end.min(reading.source.blob.len()))
}

fn collections(reading: &mut Reading, range: Span) {
    let base = reading.source.base;
    let mut at = range.start;
    while at < range.end {
        let bytes = reading.source.blob.bytes_at(at, CHUNK);
        let Some(found) = bytes.windows(4).position(|letters| letters == b"GCOL") else {
            // The letters may stand across the border.
            let step = bytes.len().saturating_sub(3).max(1);
            at = at.saturating_add(step as u64);
            continue;
        };
        let start = at.saturating_add(found as u64);
        if start >= range.end || !reading.step(1) {
            return;
        }
        let address = start.saturating_sub(base);
        let len = values::list(&reading.source, address).map_or(4, |heap| heap.len.max(4));
        if len > 4 {
            reading.explain(address, len, "global heap");
        }
        at = start.saturating_add(len);
    }
}
