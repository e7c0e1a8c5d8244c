use std::collections::{BTreeMap, HashSet};
use std::io::{self, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};

use artifact::{Blob, Budget, Cursor, Spool};
use sevenz_rust2::{Archive, ArchiveEntry, Block, BlockDecoder, Password};
use vocabulary::{Span, Untrusted};

use super::header::{START, measure};
use super::{SevenMember, SevenZ, SevenZOddity};
use crate::names::{KEPT, troubles};
use crate::stream::MEMORY_KIB;
use crate::{Oddity, Region};

const ODDITIES: usize = 10_000;

/// A blob with a position.
struct Source(Cursor);

impl Read for Source {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.0.read(out)
    }
}

impl Seek for Source {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.0.blob().len().checked_add_signed(by),
            SeekFrom::Current(by) => self.0.position().checked_add_signed(by),
        };
        let at = at.ok_or(io::ErrorKind::InvalidInput)?;
        self.0.seek(at);
        Ok(at)
    }
}

/// Reads the last byte of a member by itself. The decoder compares the checksum in the call that
/// gives the last byte, and where it is wrong, what that call decoded is lost.
struct Last<R> {
    reader: R,
    left: u64,
}

impl<R: Read> Read for Last<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let room = usize::try_from(self.left.saturating_sub(1)).unwrap_or(usize::MAX).max(1);
        let room = room.min(out.len());
        let count = self.reader.read(out.get_mut(..room).unwrap_or_default())?;
        self.left = self.left.saturating_sub(count as u64);
        Ok(count)
    }
}

/// What was decoded: the content of all members, and which part is which member's.
struct Made<'a> {
    spool: Spool<'a>,
    spans: BTreeMap<usize, Span>,
}

/// Lists and decodes the members of an archive that starts at the first byte of `blob`.
///
/// Members and their bytes are spent on the budget.
pub fn read(blob: &Blob, budget: &Budget) -> SevenZ {
    let mut seven = SevenZ {
        members: Vec::new(),
        oddities: Vec::new(),
        regions: Vec::new(),
        exhausted: None,
        fault: None,
    };
    let start = match measure(blob) {
        Ok(start) => start,
        Err(fault) => {
            seven.fault = Some(fault);
            return seven;
        }
    };
    seven.regions.push(Region::new(0, START, "signature header"));
    seven.regions.push(Region::new(start.header_at, start.header_end, "header"));
    let mut made = Made { spool: Spool::new(blob.len(), budget), spans: BTreeMap::new() };
    // After a panic nothing of the decoder is used again.
    let result = catch_unwind(AssertUnwindSafe(|| unpack(blob, budget, &mut seven, &mut made)));
    let content = made.spool.finish();
    for (member, span) in made.spans {
        if let Some(member) = seven.members.get_mut(member) {
            member.blob = Some(content.slice(span.start, span.len()));
        }
    }
    match result {
        Ok(Ok(())) => {}
        Ok(Err(fault)) => seven.fault = Some(fault),
        Err(_) => seven.fault = Some("the decoder panicked".to_owned()),
    }
    if seven.fault.is_none() && seven.exhausted.is_none() {
        gaps(blob, start.header_end, &mut seven);
    }
    seven
}

fn gaps(blob: &Blob, end: u64, seven: &mut SevenZ) {
    let spans: Vec<Span> = seven.regions.iter().map(|region| region.span).collect();
    for gap in Span::uncovered(&spans, blob.len()) {
        let kind = if gap.start >= end { SevenZOddity::Suffix } else { SevenZOddity::Gap };
        let detail = format!("{} bytes up to {} belong to nothing", gap.len(), gap.end);
        odd(seven, kind, gap.start, detail);
    }
}

/// Tells something of a member, which has no place of its own but in the header.
fn odd_member(seven: &mut SevenZ, kind: SevenZOddity, detail: String) {
    let header_at = seven.regions.get(1).map_or(0, |region| region.span.start);
    odd(seven, kind, header_at, detail);
}

fn odd(seven: &mut SevenZ, kind: SevenZOddity, at: u64, detail: String) {
    if seven.oddities.len() < ODDITIES {
        seven.oddities.push(Oddity::new(kind, at, detail));
    }
}

fn unpack(
    blob: &Blob,
    budget: &Budget,
    seven: &mut SevenZ,
    made: &mut Made<'_>,
) -> Result<(), String> {
    let mut source = Source(blob.cursor(0));
    let archive = Archive::read(&mut source, &Password::empty()).map_err(|e| e.to_string())?;
    packed(blob, &archive, seven);
    if let Err(limit) = budget.spend_entries(archive.files.len() as u64) {
        seven.exhausted = Some(limit);
        return Ok(());
    }
    let mut seen = HashSet::new();
    for entry in &archive.files {
        let member = member(entry, seven, &mut seen);
        seven.members.push(member);
    }
    for (index, block) in archive.blocks.iter().enumerate() {
        let first = archive.stream_map.block_first_file_index.get(index).copied();
        let mut at = first.unwrap_or(usize::MAX);
        if let Some(fault) = refusal(block) {
            mark(seven, made, &archive, index, &fault);
            seven.fault.get_or_insert(fault);
            continue;
        }
        let mut exhausted = None;
        let mut broken = Vec::new();
        let password = Password::empty();
        let decoder = BlockDecoder::new(1, index, &archive, &password, &mut source);
        let members = &mut seven.members;
        let result = decoder.for_each_entries(&mut |entry, reader| {
            let slot = at;
            at = at.saturating_add(1);
            let taken = made.spool.take(Last { reader, left: entry.size });
            exhausted = taken.exhausted;
            let lost = made.spool.trouble().is_some();
            let short = exhausted.is_none() && taken.span.len() != entry.size;
            if !lost && (taken.fault.is_some() || short) {
                broken.push(slot);
            }
            if let Some(member) = members.get_mut(slot) {
                made.spans.insert(slot, taken.span);
                member.fault = taken.fault;
            }
            Ok(exhausted.is_none() && !lost)
        });
        for slot in broken {
            let name = seven.members.get(slot).map(|member| member.name.shortened(80));
            let detail = format!("`{}` is cut or its checksum is wrong", name.unwrap_or_default());
            odd_member(seven, SevenZOddity::BrokenContent, detail);
        }
        if let Err(error) = result {
            let fault = error.to_string();
            mark(seven, made, &archive, index, &fault);
            seven.fault.get_or_insert(fault);
        }
        if let Some(trouble) = made.spool.trouble() {
            return Err(trouble.to_string());
        }
        if exhausted.is_some() {
            seven.exhausted = exhausted;
            return Ok(());
        }
    }
    Ok(())
}

/// Marks what the decoder did not reach in a block.
fn mark(seven: &mut SevenZ, made: &Made<'_>, archive: &Archive, block: usize, fault: &str) {
    let blocks = &archive.stream_map.file_block_index;
    for (slot, (member, of)) in seven.members.iter_mut().zip(blocks).enumerate() {
        if *of == Some(block) && member.blob.is_none() && !made.spans.contains_key(&slot) {
            member.fault = Some(fault.to_owned());
        }
    }
}

/// Why a block is not decoded: its dictionary is larger than what may be held in memory.
fn refusal(block: &Block) -> Option<String> {
    let limit = u64::from(MEMORY_KIB) << 10;
    block.coders.iter().find_map(|coder| {
        let dictionary = match (coder.encoder_method_id(), coder.properties()) {
            ([3, 1, 1], [_, size @ ..]) => u64::from(u32::from_le_bytes(*size.first_chunk::<4>()?)),
            // LZMA2: 2 or 3, shifted.
            ([0x21], [bits, ..]) => {
                let shift = u32::from(bits >> 1).saturating_add(11);
                u64::from(2 | (bits & 1)).checked_shl(shift).unwrap_or(u64::MAX)
            }
            _ => return None,
        };
        // What no stream of the block can fill is not allocated.
        let held = dictionary.min(block.get_unpack_size());
        (held > limit).then(|| format!("a dictionary of {dictionary} bytes is too large"))
    })
}

/// The bytes of the packed streams.
fn packed(blob: &Blob, archive: &Archive, seven: &mut SevenZ) {
    let mut at = START.saturating_add(archive.pack_pos());
    for size in archive.pack_sizes() {
        let end = at.saturating_add(*size);
        let region = Region::new(at.min(blob.len()), end.min(blob.len()), "packed streams");
        match seven.regions.last_mut() {
            Some(last) if last.span.end == region.span.start && last.what == region.what => {
                last.span.end = region.span.end;
            }
            _ => seven.regions.push(region),
        }
        at = end;
    }
    if archive.files.is_empty() {
        return;
    }
    // A packed header stands between the packed streams and the header, and is not listed.
    let end = at;
    let header_at = seven.regions.get(1).map_or(end, |region| region.span.start);
    if header_at > end && blob.array_at::<1>(header_at) == Some([0x17]) {
        seven.regions.push(Region::new(end, header_at, "packed header"));
    }
}

fn member(entry: &ArchiveEntry, seven: &mut SevenZ, seen: &mut HashSet<Vec<u8>>) -> SevenMember {
    let raw = entry.name.as_bytes();
    let kept = raw.get(..KEPT).unwrap_or(raw);
    let shown = Untrusted::from_bytes(kept).shortened(80);
    for trouble in troubles(raw) {
        odd_member(seven, SevenZOddity::Name(trouble), format!("`{shown}` {trouble}"));
    }
    if !seen.insert(kept.to_vec()) {
        odd_member(seven, SevenZOddity::DuplicateName, format!("`{shown}` comes twice"));
    }
    // p7zip puts the Unix mode in the upper half.
    let mode = if entry.has_windows_attributes { entry.windows_attributes >> 16 } else { 0 };
    let is_symlink = mode & 0o170_000 == 0o120_000;
    if is_symlink {
        odd_member(seven, SevenZOddity::Symlink, format!("`{shown}` is a symbolic link"));
    }
    if entry.is_anti_item {
        odd_member(seven, SevenZOddity::AntiItem, format!("`{shown}` is an anti-item"));
    }
    let is_empty = !entry.has_stream || entry.size == 0;
    SevenMember {
        name: Untrusted::from_bytes(kept),
        size: entry.size,
        is_dir: entry.is_directory,
        is_symlink,
        blob: is_empty.then(|| Blob::from_vec(Vec::new())),
        fault: None,
    }
}
