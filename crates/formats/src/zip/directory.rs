//! End records, and the central directories that they point to.

use std::collections::HashSet;

use artifact::{Blob, Budget};
use vocabulary::Untrusted;

use super::local::Local;
use super::wire::{CENTRAL, END, Extra, WIDE, u16_at, u32_at, u64_at};
use super::{Archive, ZipOddity};
use crate::Region;
use crate::names::KEPT;

/// How far from the end loaders look for the end record: its 22 bytes and the longest comment.
const WINDOW: usize = 22 + 0xffff;
/// Bytes of names that are kept of one archive; after that, 64 of each name.
pub(super) const NAMES: usize = 48 << 20;
/// The region of an archive comment, which is searched all the same.
pub(super) const COMMENT: &str = "comment";
/// End records that are looked at.
const ENDS: usize = 64;

/// An end record, its zip64 fields applied.
#[derive(Clone, Debug)]
pub(super) struct End {
    /// Offset of the record.
    pub(super) at: u64,
    /// One past its comment, by its own length.
    pub(super) past_comment: u64,
    comment: Vec<u8>,
    entries: u64,
    size: u64,
    offset: u64,
    disks: bool,
    zip64_at: Option<u64>,
    zip64_fault: Option<&'static str>,
}

impl End {
    /// Where the directory ends if nothing stands between it and the end records.
    fn directory_end(&self) -> u64 {
        self.zip64_at.unwrap_or(self.at)
    }

    fn parse(blob: &Blob, at: u64, record: &[u8]) -> Self {
        let comment_len = usize::from(u16_at(record, 20));
        let rest = record.get(22..).unwrap_or_default();
        let mut end = Self {
            at,
            past_comment: at.saturating_add(22).saturating_add(comment_len as u64),
            comment: rest.get(..comment_len).unwrap_or(rest).to_vec(),
            entries: u64::from(u16_at(record, 10)),
            size: u64::from(u32_at(record, 12)),
            offset: u64::from(u32_at(record, 16)),
            disks: u16_at(record, 4) != 0
                || u16_at(record, 6) != 0
                || u16_at(record, 8) != u16_at(record, 10),
            zip64_at: None,
            zip64_fault: None,
        };
        end.widen(blob);
        end
    }

    /// Applies the zip64 end record, where a locator stands before this one.
    fn widen(&mut self, blob: &Blob) {
        let Some(locator_at) = self.at.checked_sub(20) else { return };
        let Some(locator) = blob.array_at::<20>(locator_at) else { return };
        if !locator.starts_with(b"PK\x06\x07") {
            return;
        }
        let told = u64_at(&locator, 8);
        // Python takes the record before the locator, miniz the one that the locator names.
        let before = locator_at.checked_sub(56);
        let found = [before, Some(told)].into_iter().flatten().find_map(|at| {
            let record = blob.array_at::<56>(at)?;
            record.starts_with(b"PK\x06\x06").then_some((at, record))
        });
        let Some((at, record)) = found else {
            self.zip64_fault = Some("the zip64 locator points to no zip64 end record");
            return;
        };
        let wide = (u64_at(&record, 32), u64_at(&record, 40), u64_at(&record, 48));
        let narrow = (self.entries, self.size, self.offset);
        let agrees = |narrow: u64, wide: u64, sentinel: u64| narrow == sentinel || narrow == wide;
        if u32_at(&locator, 4) != 0 || u32_at(&locator, 16) > 1 || u32_at(&record, 16) != 0 {
            self.disks = true;
        }
        if !agrees(narrow.0, wide.0, 0xffff)
            || !agrees(narrow.1, wide.1, 0xffff_ffff)
            || !agrees(narrow.2, wide.2, 0xffff_ffff)
        {
            self.zip64_fault = Some("the zip64 end record contradicts the end record");
        } else if u64_at(&record, 4) != 44 {
            self.zip64_fault = Some("the zip64 end record has an unusual length");
        } else if at != told && told.checked_add(Self::prefix(at, wide)) != Some(at) {
            self.zip64_fault = Some("the zip64 locator points elsewhere than before itself");
        }
        (self.entries, self.size, self.offset) = wide;
        self.zip64_at = Some(at);
    }

    /// How many bytes stand before an archive whose directory ends at `end`.
    fn prefix(end: u64, (_, size, offset): (u64, u64, u64)) -> u64 {
        end.saturating_sub(size).saturating_sub(offset)
    }
}

/// A record of a central directory.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) at: u64,
    /// The name, cut.
    pub(super) name: Vec<u8>,
    pub(super) name_len: usize,
    pub(super) is_dir: bool,
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) crc: u32,
    pub(super) compressed: u64,
    pub(super) uncompressed: u64,
    pub(super) local: u64,
    pub(super) mode: u32,
    pub(super) python: bool,
    pub(super) miniz: bool,
}

/// How one loader, or none of the two, reads a directory.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Reading {
    start: u64,
    /// What is added to the offsets of local headers.
    bias: u64,
    python: bool,
    miniz: bool,
}

/// Finds the end records within reach of the end, in order.
fn find_ends(blob: &Blob) -> (Vec<End>, bool) {
    let start = blob.len().saturating_sub(WINDOW as u64);
    let tail = blob.bytes_at(start, WINDOW);
    let mut ends: Vec<End> = Vec::new();
    let mut cut = false;
    let found = tail.windows(4).enumerate().rev().filter(|(_, window)| *window == END);
    for (at, _) in found {
        let record = tail.get(at..).unwrap_or_default();
        if record.len() < 22 {
            continue;
        }
        if ends.len() >= ENDS {
            cut = true;
            break;
        }
        ends.push(End::parse(blob, start.saturating_add(at as u64), record));
    }
    (ends, cut)
}

/// Everything that the central directories list.
pub(super) fn records(blob: &Blob, budget: &Budget, archive: &mut Archive) -> Vec<Record> {
    let (mut ends, cut) = find_ends(blob);
    let Some(first) = ends.first().cloned() else {
        archive.odd(ZipOddity::NoDirectory, blob.len(), "no end record");
        return Vec::new();
    };
    // What `zipfile` and miniz take: the last one that is whole. `zipfile` looks first for one
    // without a comment at the very end.
    let bare = |end: &&End| end.at.checked_add(22) == Some(blob.len()) && end.comment.is_empty();
    let taken = ends.iter().find(bare).cloned().unwrap_or(first);
    archive.comment = Untrusted::from_bytes(&taken.comment);
    let mut walker = Walker { blob, budget, seen: HashSet::new(), names: 0, records: Vec::new() };
    let sound = walker.directory(&taken, true, archive);
    end_oddities(blob, &taken, archive);

    // A further end record is another reading of the archive, unless it stands in the data of a
    // member of an archive that is sound: then it belongs to an archive within.
    ends.retain(|end| end.at != taken.at);
    if sound && !ends.is_empty() {
        walker.records.sort_by_key(|record| record.local);
        ends.retain(|end| !covered(blob, &walker.records, end.at));
        walker.records.sort_by_key(|record| record.at);
    }
    if cut {
        let detail = format!("more than {ENDS} end records; the last {ENDS} were read");
        archive.odd(ZipOddity::SeveralEnds, taken.at, detail);
    }
    for end in &ends {
        let detail = format!("an end record stands at {} besides the one at {}", end.at, taken.at);
        archive.odd(ZipOddity::SeveralEnds, end.at, detail);
        if end.at < taken.at && taken.at < end.past_comment {
            let detail = format!("it stands in the comment of the one at {}", end.at);
            archive.odd(ZipOddity::EndInComment, taken.at, detail);
        } else if taken.at < end.at && end.at < taken.past_comment {
            let detail = format!("it stands in the comment of the one at {}", taken.at);
            archive.odd(ZipOddity::EndInComment, end.at, detail);
        }
        walker.directory(end, false, archive);
    }
    walker.records
}

/// Whether an offset is within the data of one of the members, which are sorted by offset.
fn covered(blob: &Blob, records: &[Record], at: u64) -> bool {
    let before = records.partition_point(|record| record.local <= at);
    let Some(record) = before.checked_sub(1).and_then(|last| records.get(last)) else {
        return false;
    };
    Local::parse(blob, record.local)
        .is_some_and(|local| at < local.data.saturating_add(record.compressed))
}

fn end_oddities(blob: &Blob, end: &End, archive: &mut Archive) {
    if end.disks {
        archive.odd(ZipOddity::MultiDisk, end.at, "the end record speaks of several disks");
    }
    if let Some(fault) = end.zip64_fault {
        archive.odd(ZipOddity::Zip64, end.at, fault);
    }
    if !end.comment.is_empty() {
        let detail = Untrusted::from_bytes(&end.comment).shortened(80);
        archive.odd(ZipOddity::Comment, end.at, detail);
    }
    if end.past_comment > blob.len() {
        archive.odd(ZipOddity::Truncated, end.at, "the archive comment is cut");
    }
}

struct Walker<'a> {
    blob: &'a Blob,
    budget: &'a Budget,
    /// Records that were read, by offset and bias.
    seen: HashSet<(u64, u64)>,
    /// Bytes of names that are kept.
    names: usize,
    records: Vec<Record>,
}

impl Walker<'_> {
    /// Reads the directory of an end record both ways. True where both are one and it is sound.
    fn directory(&mut self, end: &End, taken: bool, archive: &mut Archive) -> bool {
        let past_record = end.at.saturating_add(22);
        archive.regions.push(Region::new(end.at, past_record, "end record"));
        if !end.comment.is_empty() {
            let past = end.past_comment.min(self.blob.len());
            archive.regions.push(Region::new(past_record, past, COMMENT));
        }
        if let Some(at) = end.zip64_at {
            archive.regions.push(Region::new(at, at.saturating_add(56), "zip64 end record"));
            let locator = end.at.saturating_sub(20);
            archive.regions.push(Region::new(locator, end.at, "zip64 locator"));
        }
        let computed = end.directory_end().checked_sub(end.size);
        let corrected = computed.and_then(|start| {
            let bias = start.checked_sub(end.offset)?;
            Some(Reading { start, bias, python: taken, miniz: taken && bias == 0 })
        });
        let declared = Reading { start: end.offset, bias: 0, python: false, miniz: taken };
        let at_declared = self.blob.array_at::<4>(declared.start) == Some(CENTRAL);
        let Some(reading) = corrected else {
            archive.odd(
                ZipOddity::WrongCount,
                end.at,
                "the directory is larger than what is before it",
            );
            self.walk(end, declared, archive);
            return false;
        };
        let mut sound = self.walk(end, reading, archive);
        if reading.start != declared.start && at_declared {
            let detail = format!(
                "a directory stands at {} as declared, and one at {} by its size",
                declared.start, reading.start
            );
            archive.odd(ZipOddity::OffsetBias, end.at, detail);
            self.walk(end, declared, archive);
            sound = false;
        }
        sound
    }

    /// Reads records from a start on, for as long as there are any. True where they are as many
    /// and as long as the end record says.
    fn walk(&mut self, end: &End, reading: Reading, archive: &mut Archive) -> bool {
        let mut cursor = self.blob.cursor(reading.start);
        let stop = reading.start.saturating_add(end.size);
        let mut count = 0u64;
        let mut broken = false;
        loop {
            let at = cursor.position();
            let head = cursor.peek_bytes(46);
            if !head.starts_with(&CENTRAL) || head.len() < 46 {
                // A directory may end before its size only where the record is broken.
                broken = at < stop;
                break;
            }
            let Ok(()) = self.budget.spend_entries(1).map_err(|limit| {
                archive.exhausted = Some(limit);
            }) else {
                break;
            };
            if !self.seen.insert((at, reading.bias)) {
                break;
            }
            let head: [u8; 46] = cursor.array().unwrap_or([0; 46]);
            let name_len = usize::from(u16_at(&head, 28));
            let extra_len = usize::from(u16_at(&head, 30));
            let comment_len = u64::from(u16_at(&head, 32));
            let (Some(name), Some(extra)) = (
                cursor.exact(name_len).map(<[u8]>::to_vec),
                cursor.exact(extra_len).map(Extra::parse),
            ) else {
                archive.odd(ZipOddity::BrokenRecord, at, "the record is cut");
                broken = true;
                break;
            };
            if !cursor.skip(comment_len) {
                archive.odd(ZipOddity::BrokenRecord, at, "the comment of the record is cut");
            }
            let inside = (at < stop, count < end.entries);
            let mut record = record(at, &head, name, &extra, reading, inside, archive);
            let max = if self.names > NAMES { 64 } else { KEPT };
            record.name.truncate(max);
            record.name.shrink_to_fit();
            self.names = self.names.saturating_add(record.name.len());
            self.records.push(record);
            count = count.saturating_add(1);
        }
        let reached = cursor.position();
        if reached > reading.start {
            archive.regions.push(Region::new(reading.start, reached, "central directory"));
        }
        if broken {
            let kind = if count == 0 { ZipOddity::NoDirectory } else { ZipOddity::BrokenRecord };
            archive.odd(kind, reached, "the directory ends before its declared size");
        } else if archive.exhausted.is_none() && (reached != stop || count != end.entries) {
            let detail = format!(
                "{} records and {} bytes are declared, {count} and {} are there",
                end.entries,
                end.size,
                reached.saturating_sub(reading.start)
            );
            archive.odd(ZipOddity::WrongCount, end.at, detail);
        } else {
            return reached == end.directory_end();
        }
        false
    }
}

fn record(
    at: u64,
    head: &[u8; 46],
    name: Vec<u8>,
    extra: &Extra,
    reading: Reading,
    (in_size, in_count): (bool, bool),
    archive: &mut Archive,
) -> Record {
    let mut compressed = u64::from(u32_at(head, 20));
    let mut uncompressed = u64::from(u32_at(head, 24));
    let mut offset = u64::from(u32_at(head, 42));
    let narrow = (compressed, uncompressed, offset);
    let complete =
        extra.widen(&mut [(&mut uncompressed, WIDE), (&mut compressed, WIDE), (&mut offset, WIDE)]);
    if !complete || extra.repeated {
        archive.odd(ZipOddity::Zip64, at, "a zip64 field is missing or comes twice");
    } else if extra.zip64.is_some() && narrow == (compressed, uncompressed, offset) {
        // Python's writer leaves no such field; a reader that prefers it sees other sizes.
        let same = extra.zip64.as_deref().is_some_and(|field| {
            field.is_empty()
                || (u64_at(field, 0) == uncompressed
                    && (field.len() < 16 || u64_at(field, 8) == compressed))
        });
        if !same {
            archive.odd(ZipOddity::Zip64, at, "the zip64 field contradicts the sizes");
        }
    }
    if extra.broken {
        archive.odd(ZipOddity::Extra, at, "the extra fields of the record are broken");
    }
    if u16_at(head, 34) != 0 {
        archive.odd(ZipOddity::MultiDisk, at, "the record speaks of another disk");
    }
    if let Some((_, other)) = &extra.unicode_path
        && *other != name
    {
        let detail = Untrusted::from_bytes(other).shortened(80);
        archive.odd(ZipOddity::UnicodePath, at, format!("the Unicode path field says `{detail}`"));
    }
    // The upper half is the Unix mode, whatever system is named: readers do not agree on which
    // systems count.
    let mode = u32_at(head, 38) >> 16;
    Record {
        at,
        name_len: name.len(),
        is_dir: name.ends_with(b"/"),
        name,
        flags: u16_at(head, 8),
        method: u16_at(head, 10),
        crc: u32_at(head, 16),
        compressed,
        uncompressed,
        local: offset.saturating_add(reading.bias),
        mode,
        python: reading.python && in_size,
        miniz: reading.miniz && in_count,
    }
}
