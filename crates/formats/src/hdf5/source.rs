//! Numbers and blocks: where everything else of the reader gets its bytes from.

use std::collections::{HashMap, HashSet};

use artifact::Blob;

use super::header::{self, Message};
use super::{Limit, OddityKind, checksum};
use crate::bounded::Oddities;
use crate::{Oddity, Region};

/// The address of what is not there: all bits set, whatever the width.
pub(super) const UNDEFINED: u64 = u64::MAX;
/// The largest block of metadata that is read at once. libhdf5 writes up to 64 KiB.
const MAX_BLOCK: u64 = 16 << 20;
/// Entries of structures that are followed in all.
const MAX_STEPS: u64 = 16 << 20;
/// Structures that are followed in all.
const MAX_STRUCTURES: usize = 2 << 20;
/// Bytes of names, types and unpacked blocks that are kept.
const MAX_KEPT: u64 = 128 << 20;
/// Regions that are kept.
const MAX_REGIONS: usize = 2 << 20;

/// Where a file's bytes are, and how wide its numbers.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) blob: Blob,
    /// Where the superblock stands: every address counts from there.
    pub(super) base: u64,
    /// Bytes of an address.
    pub(super) offset_size: usize,
    /// Bytes of a length.
    pub(super) length_size: usize,
}

impl Source {
    /// An address as an offset in the blob.
    pub(super) fn absolute(&self, address: u64) -> u64 {
        self.base.saturating_add(address)
    }

    /// Whether something stands at an address.
    pub(super) fn holds(&self, address: u64) -> bool {
        address != UNDEFINED && self.absolute(address) < self.blob.len()
    }

    /// The bytes at an address, at most `count`.
    pub(super) fn bytes(&self, address: u64, count: usize) -> Vec<u8> {
        if address == UNDEFINED {
            return Vec::new();
        }
        self.blob.bytes_at(self.absolute(address), count)
    }

    /// The part of the file at an address, cut to what there is.
    pub(super) fn slice(&self, address: u64, len: u64) -> Blob {
        self.blob.slice(self.absolute(address), len)
    }
}

/// Bytes read in order. What is not there is `None`.
#[derive(Clone, Debug)]
pub(super) struct Fields<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Fields<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(super) fn position(&self) -> usize {
        self.at
    }

    pub(super) fn left(&self) -> usize {
        self.bytes.len().saturating_sub(self.at)
    }

    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(count)?;
        let taken = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    pub(super) fn skip(&mut self, count: usize) -> Option<()> {
        self.take(count).map(|_| ())
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes(self.take(2)?.try_into().ok()?))
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    /// A number of any width, least significant byte first. One that does not fit 64 bits is
    /// the largest number.
    pub(super) fn number(&mut self, width: usize) -> Option<u64> {
        let bytes = self.take(width)?;
        let mut low = [0u8; 8];
        let (head, tail) = bytes.split_at_checked(8).unwrap_or((bytes, &[]));
        low.get_mut(..head.len())?.copy_from_slice(head);
        Some(if tail.iter().all(|b| *b == 0) { u64::from_le_bytes(low) } else { u64::MAX })
    }

    /// An address; [`UNDEFINED`] where all its bits are set.
    pub(super) fn offset(&mut self, source: &Source) -> Option<u64> {
        let rest = self.bytes.get(self.at..self.at.checked_add(source.offset_size)?)?;
        if rest.iter().all(|b| *b == 0xff) {
            self.skip(source.offset_size)?;
            return Some(UNDEFINED);
        }
        self.number(source.offset_size)
    }

    pub(super) fn length(&mut self, source: &Source) -> Option<u64> {
        let rest = self.bytes.get(self.at..self.at.checked_add(source.length_size)?)?;
        if rest.iter().all(|b| *b == 0xff) {
            self.skip(source.length_size)?;
            return Some(u64::MAX);
        }
        self.number(source.length_size)
    }

    /// Bytes up to a NUL, which is passed.
    pub(super) fn c_string(&mut self) -> Option<&'a [u8]> {
        let rest = self.bytes.get(self.at..)?;
        let end = rest.iter().position(|b| *b == 0)?;
        let text = rest.get(..end)?;
        self.skip(end.checked_add(1)?)?;
        Some(text)
    }
}

/// How many bytes a number up to `limit` takes, as libhdf5 counts them.
pub(super) fn width_of(limit: u64) -> usize {
    let bits = limit.checked_ilog2().unwrap_or(0) / 8;
    usize::try_from(bits).unwrap_or(0).saturating_add(1)
}

pub(super) fn to_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// A read under way: what was met so far and what it may still cost.
pub(super) struct Reading {
    pub(super) source: Source,
    pub(super) odd: Oddities<OddityKind>,
    regions: Vec<Region>,
    steps: u64,
    bytes: u64,
    kept: u64,
    seen: HashSet<u64>,
    committed: HashMap<(u64, u16), Option<Message>>,
    /// The first limit that was reached.
    pub(super) limit: Option<Limit>,
}

impl Reading {
    pub(super) fn new(source: Source) -> Self {
        // Structures are read once and their parts once more, so a file that is not made to be
        // slow stays far below.
        let bytes = source.blob.len().saturating_mul(4).saturating_add(64 << 20).min(4 << 30);
        Self {
            source,
            odd: Oddities::default(),
            regions: Vec::new(),
            steps: MAX_STEPS,
            bytes,
            kept: MAX_KEPT,
            seen: HashSet::new(),
            committed: HashMap::new(),
            limit: None,
        }
    }

    pub(super) fn add(&mut self, kind: OddityKind, address: u64, detail: impl FnOnce() -> String) {
        let at = if address == UNDEFINED { 0 } else { self.source.absolute(address) };
        self.odd.add(kind, at, detail);
    }

    /// Counts entries of a structure; false where enough were followed.
    pub(super) fn step(&mut self, count: u64) -> bool {
        let left = self.steps.checked_sub(count);
        if left.is_none() {
            self.stop(Limit::Entries);
        }
        self.steps = left.unwrap_or(0);
        left.is_some()
    }

    /// Counts bytes that are read; false where enough were.
    pub(super) fn spend(&mut self, count: u64) -> bool {
        let left = self.bytes.checked_sub(count);
        if left.is_none() {
            self.stop(Limit::Bytes);
        }
        self.bytes = left.unwrap_or(0);
        left.is_some()
    }

    /// Counts bytes that are kept; false where enough are. Small things are bounded by how many
    /// there are.
    pub(super) fn keep(&mut self, count: usize) -> bool {
        let count = if count > 64 { count as u64 } else { 0 };
        let left = self.kept.checked_sub(count);
        if left.is_none() {
            self.stop(Limit::Bytes);
        }
        self.kept = left.unwrap_or(0);
        left.is_some()
    }

    /// Notes that not everything is read.
    pub(super) fn stop(&mut self, limit: Limit) {
        if self.limit.is_none() {
            self.limit = Some(limit);
        }
    }

    /// Whether a structure is met for the first time. No two things share one.
    pub(super) fn enter(&mut self, address: u64, what: &'static str) -> bool {
        if self.seen.len() >= MAX_STRUCTURES {
            self.stop(Limit::Entries);
            return false;
        }
        if self.seen.insert(address) {
            return true;
        }
        self.add(OddityKind::Shared, address, || format!("{what} is used twice"));
        false
    }

    /// Marks bytes as explained, cut to what there is.
    pub(super) fn explain(&mut self, address: u64, len: u64, what: &'static str) {
        let start = self.source.absolute(address);
        self.explain_absolute(start, start.saturating_add(len), what);
    }

    /// The same by offsets in the blob.
    pub(super) fn explain_absolute(&mut self, start: u64, end: u64, what: &'static str) {
        let end = end.min(self.source.blob.len());
        if start >= end {
            return;
        }
        if let Some(last) = self.regions.last_mut()
            && last.what == what
            && last.span.end == start
        {
            last.span.end = end;
            return;
        }
        if self.regions.len() >= MAX_REGIONS {
            self.stop(Limit::Regions);
            return;
        }
        self.regions.push(Region::new(start, end, what));
    }

    /// A block of metadata of a known length: marked as explained, and as much of it as is there.
    pub(super) fn block(&mut self, address: u64, len: u64, what: &'static str) -> Option<Vec<u8>> {
        if !self.source.holds(address) {
            self.add(OddityKind::BadAddress, address, || format!("{what} at {address}"));
            return None;
        }
        self.explain(address, len, what);
        let there = self.source.blob.len().saturating_sub(self.source.absolute(address));
        if len > there {
            self.add(OddityKind::Truncated, address, || format!("{what} of {len} bytes"));
        }
        let len = len.min(there);
        if len > MAX_BLOCK {
            self.add(OddityKind::TooLarge, address, || format!("{what} of {len} bytes"));
        }
        let len = len.min(MAX_BLOCK);
        self.spend(len).then_some(())?;
        Some(self.source.bytes(address, to_usize(len)))
    }

    /// Compares the last four bytes of a block with the checksum of what stands before them.
    pub(super) fn verify(&mut self, block: &[u8], address: u64, what: &'static str) {
        let Some((body, told)) = block.split_last_chunk::<4>() else { return };
        if checksum::lookup3(body) != u32::from_le_bytes(*told) {
            self.add(OddityKind::BadChecksum, address, || what.into());
        }
    }

    /// Checks the four letters that a block begins with.
    pub(super) fn signed(
        &mut self,
        block: &[u8],
        letters: [u8; 4],
        address: u64,
        what: &'static str,
    ) -> bool {
        let is = block.starts_with(&letters);
        if !is {
            self.add(OddityKind::BadSignature, address, || what.into());
        }
        is
    }

    /// The message of a kind that stands in a header of its own.
    pub(super) fn committed(&mut self, address: u64, kind: u16) -> Option<Message> {
        if let Some(known) = self.committed.get(&(address, kind)) {
            return known.clone();
        }
        let header = header::read(self, address);
        let message = header.and_then(|header| header.first(kind).cloned());
        if message.is_none() {
            self.add(OddityKind::BadMessage, address, || "nothing to be shared".into());
        }
        self.committed.insert((address, kind), message.clone());
        message
    }

    /// What was met, in the order of the file.
    pub(super) fn finish(self) -> (Vec<Oddity<OddityKind>>, Vec<Region>) {
        let mut oddities = self.odd.finish();
        oddities.sort_by_key(|odd| odd.at);
        let mut regions = self.regions;
        regions.sort_by_key(|region| region.span);
        (oddities, regions)
    }

    pub(super) fn regions(&self) -> &[Region] {
        &self.regions
    }
}
