use std::collections::HashSet;

use artifact::{Blob, Budget};
use vocabulary::{Span, Untrusted};

use super::header::{BLOCK, Header, text};
use super::pax::Pax;
use super::{Tape, TarKind, TarMember, TarOddity};
use crate::Region;
use crate::names::{KEPT, folder, leads_out, troubles};

/// How long a long name or a pax header may be to be read.
const EXTENSION: u64 = 1 << 20;
/// Bytes of names that are kept of one archive; after that, 64 of each name.
const NAMES: usize = 48 << 20;
/// Folders of a name that are looked up among the links.
const FOLDERS: usize = 64;

/// Whether a file that starts so is a tape: its first header has a checksum that fits.
pub fn identify(head: &[u8]) -> bool {
    head.first_chunk::<BLOCK>().is_some_and(|block| {
        let header = Header::new(block);
        !header.is_zero() && header.checksum_fits()
    })
}

/// Lists the members of a tape. Members are spent on the budget.
pub fn read(blob: &Blob, budget: &Budget) -> Tape {
    let mut reader = Reader {
        blob,
        budget,
        tape: Tape {
            members: Vec::new(),
            oddities: Vec::new(),
            oddities_left_out: 0,
            regions: Vec::new(),
            exhausted: None,
        },
        global: Pax::default(),
        next: Next::default(),
        seen: HashSet::new(),
        links: HashSet::new(),
        names: 0,
        after_end: false,
    };
    reader.run();
    reader.tape
}

/// What extension headers say of the member after them.
#[derive(Default)]
struct Next {
    name: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    pax: Pax,
    any: bool,
}

struct Reader<'a> {
    blob: &'a Blob,
    budget: &'a Budget,
    tape: Tape,
    global: Pax,
    next: Next,
    /// Names so far.
    seen: HashSet<Vec<u8>>,
    /// Names of symbolic links so far.
    links: HashSet<Vec<u8>>,
    names: usize,
    after_end: bool,
}

impl Reader<'_> {
    fn run(&mut self) {
        let mut at = 0u64;
        let mut cursor = self.blob.cursor(0);
        let mut ended = false;
        // Where bytes that are no header began.
        let mut astray: Option<u64> = None;
        loop {
            cursor.seek(at);
            let Some(block) = cursor.array::<BLOCK>() else { break };
            let header = Header::new(&block);
            let block_end = at.saturating_add(BLOCK as u64);
            if header.is_zero() {
                if let Err(limit) = self.budget.check_time() {
                    self.tape.exhausted = Some(limit);
                    return;
                }
                match self.tape.regions.last_mut() {
                    Some(last) if last.span.end == at && last.what == "end mark" => {
                        last.span.end = block_end;
                    }
                    _ => self.tape.regions.push(Region::new(at, block_end, "end mark")),
                }
                ended = true;
                at = block_end;
                continue;
            }
            let fits = header.checksum_fits();
            // Once astray only a header that is whole counts, or any text with `ustar` in it would.
            if !fits && (astray.is_some() || !header.has_magic()) {
                if astray.is_none() && self.tape.members.is_empty() && !ended {
                    self.tape.odd(TarOddity::BadChecksum, at, "the first header is none");
                }
                astray.get_or_insert(at);
                if let Err(limit) = self.budget.check_time() {
                    self.tape.exhausted = Some(limit);
                    return;
                }
                at = block_end;
                continue;
            }
            if let Some(start) = astray.take() {
                let kind = if ended { TarOddity::Trailing } else { TarOddity::Gap };
                let detail = format!("{} bytes that are no header", at.saturating_sub(start));
                self.tape.odd(kind, start, detail);
                self.after_end = true;
            }
            if !fits {
                self.tape.odd(TarOddity::BadChecksum, at, "the checksum of the header is wrong");
                self.after_end = true;
            }
            if std::mem::take(&mut ended) {
                self.tape.odd(TarOddity::SeveralArchives, at, "a member after the end mark");
                self.after_end = true;
                self.global = Pax::default();
            }
            if let Err(limit) = self.budget.spend_entries(1) {
                self.tape.exhausted = Some(limit);
                return;
            }
            at = self.header(at, &header).max(block_end);
        }
        self.finish(at.min(self.blob.len()), ended, astray);
    }

    fn finish(&mut self, at: u64, ended: bool, astray: Option<u64>) {
        let len = self.blob.len();
        let start = astray.unwrap_or(at);
        if start < len {
            let kind = if ended { TarOddity::Trailing } else { TarOddity::Gap };
            let rest = self.blob.bytes_at(start, BLOCK);
            if astray.is_some() || rest.iter().any(|byte| *byte != 0) {
                let detail = format!("{} bytes that are no member", len.saturating_sub(start));
                self.tape.odd(kind, start, detail);
            } else {
                self.tape.regions.push(Region::new(start, len, "end mark"));
            }
        }
        if !ended && astray.is_none() && !self.tape.members.is_empty() {
            self.tape.odd(TarOddity::NoEndMark, len, "the archive has no end mark");
        }
        if self.next.any {
            let detail = "an extension header without a member after it";
            self.tape.odd(TarOddity::Pax, len, detail);
        }
    }

    /// Reads one header and what belongs to it. Gives the offset of the next.
    fn header(&mut self, at: u64, header: &Header<'_>) -> u64 {
        let data = at.saturating_add(BLOCK as u64);
        let size = header.size().unwrap_or_else(|| {
            self.tape.odd(TarOddity::BadNumber, at, "the size is no number");
            0
        });
        match header.type_flag() {
            flag @ (b'L' | b'K' | b'x' | b'X' | b'g') => {
                self.extension(at, flag, data, size);
                self.tape.regions.push(Region::new(at, self.clip(after(data, size)), "header"));
                after(data, size)
            }
            flag => self.member(at, header, flag, data, size),
        }
    }

    fn clip(&self, at: u64) -> u64 {
        at.min(self.blob.len())
    }

    fn extension(&mut self, at: u64, flag: u8, data: u64, size: u64) {
        let is_pax = !matches!(flag, b'L' | b'K');
        let kind = if is_pax { TarOddity::Pax } else { TarOddity::LongName };
        if size > EXTENSION {
            let detail = format!("an extension header of {size} bytes is not read");
            self.tape.odd(kind, at, detail);
            return;
        }
        let bytes = self.blob.bytes_at(data, usize::try_from(size).unwrap_or(0));
        if (bytes.len() as u64) < size {
            self.tape.odd(TarOddity::Truncated, at, "the extension header is cut");
        }
        match flag {
            b'L' => self.next.name = Some(text(&bytes).to_vec()),
            b'K' => self.next.link = Some(text(&bytes).to_vec()),
            b'g' => {
                self.global.absorb(&bytes);
                if self.global.path.is_some() || self.global.size.is_some() {
                    let detail = "a global pax header names or measures every member";
                    self.tape.odd(TarOddity::Pax, at, detail);
                }
                return;
            }
            _ => self.next.pax.absorb(&bytes),
        }
        self.next.any = true;
    }

    fn member(&mut self, at: u64, header: &Header<'_>, flag: u8, mut data: u64, size: u64) -> u64 {
        let next = std::mem::take(&mut self.next);
        let pax = next.pax.over(&self.global);
        if let Some(fault) = pax.fault {
            self.tape.odd(TarOddity::Pax, at, fault);
        }
        let size = match pax.size {
            Some(told) => {
                if told != size && size != 0 {
                    let detail = format!("{size} bytes in the header, {told} in pax");
                    self.tape.odd(TarOddity::SizeLie, at, detail);
                }
                told
            }
            None => size,
        };
        let name = pax.path.or(next.name).unwrap_or_else(|| header.name());
        let kind = match flag {
            // v7 marks a folder by its slash.
            0 | b'0' | b'7' if name.ends_with(b"/") => TarKind::Folder,
            0 | b'0' | b'7' if pax.sparse => TarKind::Sparse,
            0 | b'0' | b'7' => TarKind::File,
            b'1' => TarKind::HardLink,
            b'2' => TarKind::Symlink,
            b'3' => TarKind::CharDevice,
            b'4' => TarKind::BlockDevice,
            b'5' => TarKind::Folder,
            b'6' => TarKind::Fifo,
            b'S' => TarKind::Sparse,
            other => TarKind::Other(other),
        };
        if flag == b'S' {
            data = self.sparse_map(header, data);
        }
        let has_data = matches!(kind, TarKind::File | TarKind::Sparse | TarKind::Other(_));
        let end = if has_data { after(data, size) } else { data };
        let span = Span::new(self.clip(data), self.clip(data.saturating_add(size)));
        self.tape.regions.push(Region::new(at, self.clip(data), "header"));
        if has_data {
            self.tape.regions.push(Region { span, what: "member" });
            self.tape.regions.push(Region::new(span.end, self.clip(end), "padding"));
            if span.len() < size {
                self.tape.odd(TarOddity::Truncated, at, "the content goes on past the end");
            }
        } else if size > 0 {
            let detail = format!("no content is due, {size} bytes are declared");
            self.tape.odd(TarOddity::SizeLie, at, detail);
        }
        let link = matches!(kind, TarKind::HardLink | TarKind::Symlink)
            .then(|| pax.link.or(next.link).unwrap_or_else(|| header.link().to_vec()));
        self.judge(at, &name, kind, link.as_deref());
        let name = self.kept(&name);
        let link = link.map(|link| Untrusted::from_bytes(&self.kept(&link)));
        let member = TarMember {
            name: Untrusted::from_bytes(&name),
            kind,
            link,
            size,
            data: span,
            header_at: at,
            after_end: self.after_end,
        };
        self.tape.members.push(member);
        if kind == TarKind::Symlink {
            self.links.insert(name.strip_suffix(b"/").unwrap_or(&name).to_vec());
        }
        self.seen.insert(name);
        end
    }

    /// Passes over the further blocks of an old GNU sparse map.
    fn sparse_map(&mut self, header: &Header<'_>, mut at: u64) -> u64 {
        let mut more = header.sparse_goes_on();
        while more && let Some(block) = self.blob.array_at::<BLOCK>(at) {
            more = Header::new(&block).sparse_block_goes_on();
            at = at.saturating_add(BLOCK as u64);
        }
        at
    }

    fn kept(&mut self, name: &[u8]) -> Vec<u8> {
        let max = if self.names > NAMES { 64 } else { KEPT };
        let kept = name.get(..max).unwrap_or(name).to_vec();
        self.names = self.names.saturating_add(kept.len());
        kept
    }

    fn judge(&mut self, at: u64, name: &[u8], kind: TarKind, link: Option<&[u8]>) {
        let shown = Untrusted::from_bytes(name).shortened(80);
        let tape = &mut self.tape;
        let mut odd = |kind, detail: String| tape.odd(kind, at, detail);
        for trouble in troubles(name) {
            odd(TarOddity::Name(trouble), format!("`{shown}` {trouble}"));
        }
        let kept = name.get(..KEPT).unwrap_or(name);
        if self.seen.contains(kept) && kind != TarKind::Folder {
            odd(TarOddity::DuplicateName, format!("`{shown}` comes twice"));
        }
        if !self.links.is_empty() {
            let folders = kept.iter().enumerate().filter(|(_, byte)| **byte == b'/').take(FOLDERS);
            let ancestors = folders.filter_map(|(at, _)| kept.get(..at));
            if ancestors.into_iter().any(|folder| self.links.contains(folder)) {
                odd(TarOddity::ThroughLink, format!("`{shown}` goes through a link"));
            }
        }
        if let Some(link) = link {
            let base = if kind == TarKind::Symlink { folder(name) } else { b"" };
            if leads_out(base, link) {
                let target = Untrusted::from_bytes(link).shortened(80);
                odd(TarOddity::LinkOutside, format!("`{shown}` leads out, to `{target}`"));
            }
        }
        match kind {
            TarKind::CharDevice | TarKind::BlockDevice | TarKind::Fifo => {
                odd(TarOddity::Special, format!("`{shown}` is a device or a FIFO"));
            }
            TarKind::Sparse => odd(TarOddity::Sparse, format!("`{shown}` has holes")),
            TarKind::Other(flag) => {
                odd(TarOddity::UnknownType, format!("`{shown}` has the type {flag:#04x}"));
            }
            _ => {}
        }
    }
}

/// The offset of the block after `size` bytes at `data`.
fn after(data: u64, size: u64) -> u64 {
    let blocks = size.div_ceil(BLOCK as u64);
    data.saturating_add(blocks.saturating_mul(BLOCK as u64))
}
