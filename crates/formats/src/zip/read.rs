use std::collections::{HashMap, HashSet};
use std::fmt;

use artifact::{Blob, Budget};
use vocabulary::{Span, Untrusted};

use super::directory::{COMMENT, NAMES, Record, records};
use super::local::{Local, STREAMED, descriptor};
use super::names;
use super::wire::{CENTRAL, END, LOCAL};
use super::{Archive, Member, Method, Seen, Views, ZipOddity};
use crate::Region;
use crate::names::KEPT;

/// Lists everything that any loader could read from an archive.
///
/// Members are spent on the budget. The bytes that no central directory explains are searched for
/// local headers, in one pass.
pub fn read(blob: &Blob, budget: &Budget) -> Archive {
    let mut archive = Archive {
        members: Vec::new(),
        oddities: Vec::new(),
        oddities_left_out: 0,
        regions: Vec::new(),
        comment: Untrusted::default(),
        exhausted: None,
    };
    let records = records(blob, budget, &mut archive);
    let mut reader = Reader {
        blob,
        budget,
        archive,
        locals: HashMap::new(),
        spans: Vec::new(),
        follow: Vec::new(),
        names: 0,
    };
    for record in records {
        if let Err(limit) = budget.check_time() {
            reader.archive.exhausted = Some(limit);
            break;
        }
        reader.listed(&record);
    }
    reader.overlaps();
    reader.sequence();
    reader.search();
    names::duplicates(&mut reader.archive);
    reader.archive
}

/// What is known of a local header that was read.
struct Known {
    /// The member that stands for what a sequential reader sees.
    member: usize,
    /// Where a sequential reader goes next.
    next: Option<u64>,
}

struct Reader<'a> {
    blob: &'a Blob,
    budget: &'a Budget,
    archive: Archive,
    locals: HashMap<u64, Known>,
    /// Header, data and descriptor of each listed member, with the offset of its record.
    spans: Vec<(Span, u64)>,
    /// Ends of members: a sequential reader looks there.
    follow: Vec<u64>,
    names: usize,
}

impl Reader<'_> {
    fn kept(&mut self, name: &[u8]) -> Vec<u8> {
        let max = if self.names > NAMES { 64 } else { KEPT };
        let kept = name.get(..max).unwrap_or(name).to_vec();
        self.names = self.names.saturating_add(kept.len());
        kept
    }

    /// A member of a central directory.
    fn listed(&mut self, record: &Record) {
        let raw_name = record.name.clone();
        let local = Local::parse(self.blob, record.local);
        let flags = record.flags | local.as_ref().map_or(0, |local| local.flags);
        let mut member = Member {
            name: Untrusted::from_bytes(&raw_name),
            raw_name,
            seen: if local.is_some() { Seen::Both } else { Seen::Central },
            views: Views { python: record.python, miniz: record.miniz, sequential: false },
            method: Method::new(record.method),
            flags: record.flags,
            compressed: record.compressed,
            uncompressed: record.uncompressed,
            crc: record.crc,
            central_at: Some(record.at),
            local_at: local.as_ref().map(|local| local.at),
            data: Span::new(record.local.min(self.blob.len()), 0),
            unsized_data: false,
            is_dir: record.is_dir,
            is_symlink: record.mode & 0o170_000 == 0o120_000,
            encrypted: flags & 1 != 0,
        };
        names::judge(&mut self.archive, record.at, &record.name, record.name_len);
        self.member_oddities(&member, flags, record.at);
        let Some(local) = local else {
            let detail = format!("no local header at {} for `{}`", record.local, shown(&member));
            self.archive.odd(ZipOddity::CentralOnly, record.at, detail);
            self.archive.members.push(member);
            return;
        };
        let end = local.data.saturating_add(record.compressed);
        member.data = Span::new(local.data.min(self.blob.len()), end.min(self.blob.len()));
        if end > self.blob.len() {
            let detail = format!("`{}` goes on past the end of the file", shown(&member));
            self.archive.odd(ZipOddity::Truncated, local.at, detail);
        }
        let differs = self.compare(record, &local);
        let tail = self.tail(&local, end, record.crc, (record.compressed, record.uncompressed));
        let end = end.saturating_add(tail);
        self.spans.push((Span::new(local.at, end.min(self.blob.len())), record.at));
        self.regions(&local, member.data, tail);
        self.follow.push(end);
        let index = self.archive.members.len();
        self.archive.members.push(member);
        if self.locals.contains_key(&local.at) {
            return;
        }
        if differs {
            // A sequential reader sees a member of its own.
            self.local_member(&local, None);
        } else {
            self.locals.insert(local.at, Known { member: index, next: Some(end) });
        }
    }

    /// The bytes of a member.
    fn regions(&mut self, local: &Local, data: Span, tail: u64) {
        let clip = |at: u64| at.min(self.blob.len());
        let header = Region::new(clip(local.at), clip(local.data), "local header");
        let descriptor =
            Region::new(data.end, clip(data.end.saturating_add(tail)), "data descriptor");
        let data = Region { span: data, what: "member" };
        self.archive.regions.extend(
            [header, data, descriptor].into_iter().filter(|region| !region.span.is_empty()),
        );
    }

    /// The length of the data descriptor at `at`.
    fn tail(&mut self, local: &Local, at: u64, crc: u32, sizes: (u64, u64)) -> u64 {
        if local.flags & STREAMED == 0 {
            return 0;
        }
        let found = descriptor(self.blob, at, crc, sizes, local.zip64);
        // Python and Java write none for a directory.
        let is_folder = local.name.ends_with(b"/") && sizes.0 == 0;
        if !found.fits && !is_folder {
            let detail =
                if found.len == 0 { "no data descriptor" } else { "the data descriptor differs" };
            self.archive.odd(ZipOddity::Descriptor, at, detail);
        }
        found.len
    }

    /// What is unusual in a member by itself.
    fn member_oddities(&mut self, member: &Member, flags: u16, at: u64) {
        // Written where something is odd alone.
        let name = fmt::from_fn(|f| f.write_str(&shown(member)));
        let mut odd = |kind, detail: String| self.archive.odd(kind, at, detail);
        if flags & 1 != 0 {
            odd(ZipOddity::EncryptedFlag, format!("`{name}` has the encryption flag"));
        }
        if flags & 0x2060 != 0 {
            odd(ZipOddity::ReservedFlag, format!("`{name}` has the flags {flags:#06x}"));
        }
        if !member.method.is_supported() {
            odd(ZipOddity::UnsupportedMethod, format!("`{name}` has {:?}", member.method));
        }
        if member.method == Method::Stored
            && member.compressed != member.uncompressed
            && flags & 1 == 0
        {
            odd(
                ZipOddity::SizeLie,
                format!(
                    "`{name}` is stored: {} bytes as {}",
                    member.uncompressed, member.compressed
                ),
            );
        }
        if member.is_symlink {
            odd(ZipOddity::Symlink, format!("`{name}` is a symbolic link"));
        }
        if member.is_dir && member.uncompressed > 0 {
            odd(ZipOddity::DirectoryWithContent, format!("`{name}` has content"));
        }
    }

    /// Compares a record with its local header. True where a reader of local headers would read
    /// something else.
    fn compare(&mut self, record: &Record, local: &Local) -> bool {
        let name =
            fmt::from_fn(|f| f.write_str(&Untrusted::from_bytes(&record.name).shortened(80)));
        let at = local.at;
        let mut differs = false;
        let archive = &mut self.archive;
        if local.name.len() != record.name_len || !local.name.starts_with(&record.name) {
            let other = Untrusted::from_bytes(&local.name).shortened(80);
            let detail = format!("`{name}` is `{other}` in its local header");
            archive.odd(ZipOddity::NameMismatch, at, detail);
            differs = true;
        }
        if local.method != record.method {
            let detail = format!("`{name}`: method {} and {}", record.method, local.method);
            archive.odd(ZipOddity::MethodMismatch, at, detail);
            differs = true;
        }
        if local.flags != record.flags {
            let detail = format!("`{name}`: flags {:#06x} and {:#06x}", record.flags, local.flags);
            archive.odd(ZipOddity::FlagsMismatch, at, detail);
        }
        let streamed = local.flags & STREAMED != 0;
        // A writer to a pipe leaves out what it does not know yet; Info-ZIP knows one of the two.
        let contradicts = |here: u64, there: u64| here != there && !(streamed && here == 0);
        if contradicts(local.compressed, record.compressed)
            || contradicts(local.uncompressed, record.uncompressed)
        {
            let detail = format!(
                "`{name}`: {} bytes of {} and {} of {}",
                record.compressed, record.uncompressed, local.compressed, local.uncompressed
            );
            archive.odd(ZipOddity::SizeMismatch, at, detail);
            differs |= contradicts(local.compressed, record.compressed);
        }
        if local.crc != record.crc && !(streamed && local.crc == 0) {
            archive.odd(ZipOddity::CrcMismatch, at, format!("`{name}` has two CRCs"));
        }
        if let Some(fault) = local.extra_fault {
            archive.odd(ZipOddity::Extra, at, format!("`{name}`: {fault}"));
        }
        if let Some(path) = &local.unicode_path
            && *path != local.name
        {
            let other = Untrusted::from_bytes(path).shortened(80);
            let detail = format!("`{name}`: the Unicode path field says `{other}`");
            archive.odd(ZipOddity::UnicodePath, at, detail);
        }
        differs
    }

    /// A member as its local header has it. `limit` is where a search found the next header.
    fn local_member(&mut self, local: &Local, limit: Option<u64>) {
        let raw_name = self.kept(&local.name);
        let unsized_data = local.is_unsized();
        let declared = local.data.saturating_add(local.compressed);
        let end = if unsized_data { limit.unwrap_or(self.blob.len()) } else { declared };
        let data = Span::new(local.data.min(self.blob.len()), end.min(self.blob.len()));
        let next = (!unsized_data).then(|| {
            let sizes = (local.compressed, local.uncompressed);
            let streamed = local.flags & STREAMED != 0;
            let tail = if streamed {
                descriptor(self.blob, declared, local.crc, sizes, local.zip64).len
            } else {
                0
            };
            declared.saturating_add(tail)
        });
        self.follow.extend(next);
        self.locals.insert(local.at, Known { member: self.archive.members.len(), next });
        self.archive.members.push(Member {
            name: Untrusted::from_bytes(&raw_name),
            raw_name,
            seen: Seen::Local,
            views: Views::default(),
            method: Method::new(local.method),
            flags: local.flags,
            compressed: if unsized_data { data.len() } else { local.compressed },
            uncompressed: local.uncompressed,
            crc: local.crc,
            central_at: None,
            local_at: Some(local.at),
            data,
            unsized_data,
            is_dir: local.name.ends_with(b"/"),
            is_symlink: false,
            encrypted: local.flags & 1 != 0,
        });
    }

    /// A local header that no directory lists. False where the budget is spent.
    fn unlisted(&mut self, local: &Local, limit: Option<u64>) -> bool {
        if let Err(exhausted) = self.budget.spend_entries(1) {
            self.archive.exhausted = Some(exhausted);
            return false;
        }
        let index = self.archive.members.len();
        self.local_member(local, limit);
        let Some(member) = self.archive.members.get(index).cloned() else { return false };
        let detail = format!("`{}` is in no central directory", shown(&member));
        self.archive.odd(ZipOddity::LocalOnly, local.at, detail);
        names::judge(&mut self.archive, local.at, &local.name, local.name.len());
        self.member_oddities(&member, local.flags, local.at);
        let next = self.locals.get(&local.at).and_then(|known| known.next);
        let tail = next.map_or(0, |next| next.saturating_sub(member.data.end));
        self.regions(local, member.data, tail);
        true
    }

    /// Members that share bytes, as bombs do (David Fifield, "A better zip bomb", 2019).
    fn overlaps(&mut self) {
        self.spans.sort_unstable();
        let mut reached = 0u64;
        let mut previous = u64::MAX;
        for (span, record) in &self.spans {
            // Two readings of one record are one record.
            if span.start < reached && *record != previous {
                let detail = "the member shares bytes with another";
                self.archive.odd(ZipOddity::Overlap, span.start, detail);
            }
            reached = reached.max(span.end);
            previous = *record;
        }
    }

    /// Follows the local headers as a sequential reader does, then from the end of every member.
    fn sequence(&mut self) {
        let first = self.spans.first().map(|(span, _)| span.start);
        let zero = self.blob.array_at::<4>(0) == Some(LOCAL);
        let mut next = if zero { Some(0) } else { first };
        let mut visited = HashSet::new();
        while let Some(at) = next {
            if !visited.insert(at) {
                break;
            }
            if !self.locals.contains_key(&at) {
                let Some(local) = Local::parse(self.blob, at) else { break };
                if !self.unlisted(&local, None) {
                    return;
                }
            }
            let Some(known) = self.locals.get(&at) else { break };
            next = known.next;
            if let Some(member) = self.archive.members.get_mut(known.member) {
                member.views.sequential = true;
            }
        }
        while let Some(at) = self.follow.pop() {
            if self.locals.contains_key(&at) || !visited.insert(at) {
                continue;
            }
            if let Some(local) = Local::parse(self.blob, at)
                && !self.unlisted(&local, None)
            {
                return;
            }
        }
    }

    fn uncovered(&self, with_comments: bool) -> Vec<Span> {
        let regions = self.archive.regions.iter();
        let spans: Vec<Span> = regions
            .filter(|region| with_comments || region.what != COMMENT)
            .map(|region| region.span)
            .collect();
        Span::uncovered(&spans, self.blob.len())
    }

    /// Searches the bytes that belong to nothing for headers, and tells what remains.
    fn search(&mut self) {
        for gap in self.uncovered(false) {
            if self.archive.exhausted.is_some() || !self.search_gap(gap) {
                break;
            }
        }
        let has_members = !self.archive.members.is_empty();
        for gap in self.uncovered(true) {
            let kind = match (gap.start, gap.end) {
                (0, _) if has_members => ZipOddity::Prefix,
                (_, end) if end == self.blob.len() => ZipOddity::Suffix,
                _ => ZipOddity::Gap,
            };
            let detail = format!("{} bytes up to {} belong to nothing", gap.len(), gap.end);
            self.archive.odd(kind, gap.start, detail);
        }
    }

    /// One pass over a gap. A header whose data has no declared length is kept until the next
    /// header tells where the data ends at the latest. False where a limit is reached.
    fn search_gap(&mut self, gap: Span) -> bool {
        const CHUNK: usize = 1 << 20;
        let mut open: Option<Local> = None;
        let mut at = gap.start;
        let (mut chunk, mut chunk_at) = (Vec::new(), gap.start);
        while at < gap.end {
            if let Err(limit) = self.budget.check_time() {
                self.archive.exhausted = Some(limit);
                return false;
            }
            let left = usize::try_from(gap.end.saturating_sub(at)).unwrap_or(usize::MAX);
            let skip = usize::try_from(at.saturating_sub(chunk_at)).unwrap_or(usize::MAX);
            let rest = chunk.get(skip..).unwrap_or_default();
            let Some((ahead, magic)) = find(rest) else {
                if rest.len() >= left {
                    break;
                }
                // The last three bytes may begin a signature. What is left of a chunk is read
                // again with the next one, so that no byte is read more than twice.
                let kept = rest.len().min(3);
                at = at.saturating_add(rest.len().saturating_sub(kept) as u64);
                chunk_at = at;
                chunk = self.blob.bytes_at(at, CHUNK.min(left));
                if chunk.len() <= kept {
                    break;
                }
                continue;
            };
            let found = at.saturating_add(ahead as u64);
            at = found.saturating_add(4);
            if let Some(local) = open.take()
                && !self.unlisted(&local, Some(found))
            {
                return false;
            }
            if magic == END {
                let detail = "an end record that no loader takes";
                self.archive.odd(ZipOddity::SeveralEnds, found, detail);
            }
            if magic != LOCAL || self.locals.contains_key(&found) {
                continue;
            }
            let Some(local) = Local::parse(self.blob, found) else { continue };
            if local.is_unsized() {
                at = local.data.max(at);
                open = Some(local);
                continue;
            }
            if !self.unlisted(&local, None) {
                return false;
            }
            let next = self.locals.get(&found).and_then(|known| known.next);
            at = next.filter(|next| *next <= gap.end).unwrap_or(local.data).max(at);
        }
        open.is_none_or(|local| self.unlisted(&local, Some(gap.end)))
    }
}

fn shown(member: &Member) -> String {
    member.name.shortened(80)
}

/// The first signature in `bytes`.
fn find(bytes: &[u8]) -> Option<(usize, [u8; 4])> {
    let mut from = 0usize;
    loop {
        let rest = bytes.get(from..)?;
        let ahead = rest.iter().position(|byte| *byte == b'P')?;
        let magic = *rest.get(ahead..)?.first_chunk::<4>()?;
        let at = from.saturating_add(ahead);
        if [LOCAL, CENTRAL, END].contains(&magic) {
            return Some((at, magic));
        }
        from = at.saturating_add(1);
    }
}
