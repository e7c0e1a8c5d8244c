use std::cell::RefCell;
use std::io::{self, Read};

use artifact::{Blob, Budget, Cursor, Exhausted};
use bzip2::{Decompress as Bunzip, Status as BzStatus};
use flate2::{Decompress as Inflate, FlushDecompress, Status as ZStatus};
use lzma_rust2::{Action, LzmaStream, Status as LzmaStatus, XzStream};
use vocabulary::Untrusted;

use super::decode::{Progress, Sliced, ends_early};
use super::lz4::Lz4Stage;
use super::{Codec, Stage, StreamOddity, ZstdStage};
use crate::Oddity;

/// What a decoder may hold of history. `xz -9` needs 64 MiB.
pub(crate) const MEMORY_KIB: u32 = 256 << 10;
const ODDITIES: usize = 100;
const GZIP_TEXT: usize = 64 << 10;

/// A decoder of DEFLATE, which the next one of its thread takes over: to make one costs more than most
/// members of a model do.
struct Reused(Option<Inflate>);

thread_local! {
    static IDLE: RefCell<Vec<Inflate>> = const { RefCell::new(Vec::new()) };
}

/// Decoders that a thread keeps.
const MOST_IDLE: usize = 4;

impl Reused {
    fn take() -> Self {
        let mut inflate = IDLE.with_borrow_mut(Vec::pop).unwrap_or_else(|| Inflate::new(false));
        inflate.reset(false);
        Self(Some(inflate))
    }
}

impl Drop for Reused {
    fn drop(&mut self) {
        let idle = self.0.take();
        // A thread that ends keeps none.
        let _ = IDLE.try_with(|kept| {
            if let Ok(mut kept) = kept.try_borrow_mut()
                && kept.len() < MOST_IDLE
            {
                kept.extend(idle);
            }
        });
    }
}

pub(crate) fn raw_deflate_stage() -> impl Stage {
    let mut reused = Reused::take();
    Sliced::new(move |input, out| {
        let inflate = reused.0.get_or_insert_with(|| Inflate::new(false));
        let (before_in, before_out) = (inflate.total_in(), inflate.total_out());
        let status = inflate.decompress(input, out, FlushDecompress::None);
        Progress {
            taken: delta(before_in, inflate.total_in()),
            unused: 0,
            produced: delta(before_out, inflate.total_out()),
            done: matches!(status, Ok(ZStatus::StreamEnd)),
            error: status.err().map(|error| error.to_string()),
        }
    })
}

pub(crate) fn bzip2_stage() -> impl Stage {
    let mut bunzip = Bunzip::new(false);
    Sliced::new(move |input, out| {
        let (before_in, before_out) = (bunzip.total_in(), bunzip.total_out());
        let status = bunzip.decompress(input, out);
        Progress {
            taken: delta(before_in, bunzip.total_in()),
            unused: 0,
            produced: delta(before_out, bunzip.total_out()),
            done: matches!(status, Ok(BzStatus::StreamEnd)),
            error: status.err().map(|error| error.to_string()),
        }
    })
}

pub(crate) fn xz_stage() -> impl Stage {
    let mut stream = XzStream::new_mem_limit(false, MEMORY_KIB);
    Sliced::reluctant(move |input, out| lzma_progress(stream.process(input, out, action(input))))
}

/// `stream` decodes either a file with its 13-byte header or raw LZMA data.
pub(crate) fn lzma_stage(mut stream: LzmaStream) -> impl Stage {
    Sliced::reluctant(move |input, out| {
        let mut progress = lzma_progress(stream.process(input, out, action(input)));
        // It takes its input ahead of what it decodes, at most 40 bytes.
        progress.unused = stream.unused_input().len();
        progress
    })
}

fn action(input: &[u8]) -> Action {
    if input.is_empty() { Action::Finish } else { Action::Run }
}

fn lzma_progress(result: lzma_rust2::Result<lzma_rust2::StreamResult>) -> Progress {
    match result {
        Ok(made) => Progress {
            taken: made.bytes_consumed,
            unused: 0,
            produced: made.bytes_produced,
            done: made.status == LzmaStatus::StreamEnd,
            error: None,
        },
        Err(error) => Progress {
            taken: 0,
            unused: 0,
            produced: 0,
            done: false,
            error: Some(error.to_string()),
        },
    }
}

fn delta(before: u64, after: u64) -> usize {
    usize::try_from(after.saturating_sub(before)).unwrap_or(0)
}

/// What is checked after the data.
enum Check {
    None,
    Gzip { crc: crc32fast::Hasher, len: u32 },
    Adler(Adler),
}

/// The Adler-32 checksum of RFC 1950.
struct Adler {
    a: u32,
    b: u32,
}

impl Adler {
    fn update(&mut self, bytes: &[u8]) {
        // The largest run for which neither sum can pass 32 bits.
        for run in bytes.chunks(5552) {
            for byte in run {
                self.a = self.a.wrapping_add(u32::from(*byte));
                self.b = self.b.wrapping_add(self.a);
            }
            self.a %= 65521;
            self.b %= 65521;
        }
    }

    fn sum(&self) -> u32 {
        (self.b << 16) | self.a
    }
}

/// Decodes all members of a stream, one after another.
pub(super) struct Unpacker<'a> {
    codec: Codec,
    budget: &'a Budget,
    input: Cursor,
    stage: Option<Box<dyn Stage>>,
    check: Check,
    /// Input up to the end of the last complete member.
    complete: u64,
    members: u64,
    declared: Option<u64>,
    name: Option<Untrusted>,
    oddities: Vec<Oddity<StreamOddity>>,
    exhausted: Option<Exhausted>,
    finished: bool,
}

/// What an [`Unpacker`] knows at the end.
pub(super) struct Done {
    pub(super) consumed: u64,
    pub(super) members: u64,
    pub(super) name: Option<Untrusted>,
    pub(super) oddities: Vec<Oddity<StreamOddity>>,
    pub(super) exhausted: Option<Exhausted>,
}

impl<'a> Unpacker<'a> {
    pub(super) fn new(blob: &Blob, codec: Codec, budget: &'a Budget) -> Self {
        Self {
            codec,
            budget,
            input: blob.cursor(0),
            stage: None,
            check: Check::None,
            complete: 0,
            members: 0,
            declared: None,
            name: None,
            oddities: Vec::new(),
            exhausted: None,
            finished: false,
        }
    }

    pub(super) fn finish(mut self, produced: u64) -> Done {
        if let Some(declared) = self.declared
            && declared != produced
        {
            self.odd(
                StreamOddity::BadLength,
                0,
                format!("{declared} bytes are declared, {produced} came out"),
            );
        }
        // A member that broke off explains what its decoder had taken.
        let consumed = if self.finished { self.complete } else { self.input.position() };
        Done {
            consumed,
            members: self.members,
            name: self.name,
            oddities: self.oddities,
            exhausted: self.exhausted,
        }
    }

    fn odd(&mut self, kind: StreamOddity, at: u64, detail: impl Into<Untrusted>) {
        if self.oddities.len() < ODDITIES {
            self.oddities.push(Oddity::new(kind, at, detail));
        }
    }

    /// Reads the header of the next member. `Ok(false)` where no further member starts here.
    fn begin(&mut self) -> io::Result<bool> {
        let first = self.members == 0;
        self.check = Check::None;
        let stage: Box<dyn Stage> = match self.codec {
            Codec::Gzip => {
                if !first {
                    self.skip_zeros();
                }
                if !self.starts_with(&[0x1f, 0x8b]) {
                    return refuse(first, "no gzip header");
                }
                self.gzip_header()?;
                self.check = Check::Gzip { crc: crc32fast::Hasher::new(), len: 0 };
                Box::new(raw_deflate_stage())
            }
            Codec::Zlib | Codec::JoblibZf => {
                if !first {
                    return Ok(false);
                }
                if self.codec == Codec::JoblibZf {
                    self.zf_header()?;
                }
                self.zlib_header()?;
                self.check = Check::Adler(Adler { a: 1, b: 0 });
                Box::new(raw_deflate_stage())
            }
            Codec::Bzip2 => {
                if !self.starts_with(b"BZh") {
                    return refuse(first, "no bzip2 header");
                }
                Box::new(bzip2_stage())
            }
            Codec::Xz => {
                if !first {
                    self.skip_zeros();
                }
                if !self.starts_with(b"\xfd7zXZ\0") {
                    return refuse(first, "no xz header");
                }
                Box::new(xz_stage())
            }
            Codec::LzmaAlone => {
                if !first {
                    return Ok(false);
                }
                Box::new(lzma_stage(LzmaStream::new_mem_limit(MEMORY_KIB, None)))
            }
            Codec::Lz4 | Codec::Zstd => {
                self.skippable_frames();
                let magic = self.input.peek_bytes(4);
                if self.codec == Codec::Zstd && magic == [0x28, 0xb5, 0x2f, 0xfd] {
                    Box::new(ZstdStage::new())
                } else if self.codec == Codec::Lz4
                    && (magic == [0x04, 0x22, 0x4d, 0x18] || magic == [0x02, 0x21, 0x4c, 0x18])
                {
                    Box::new(Lz4Stage::new(&mut self.input))
                } else {
                    return refuse(first && self.complete == 0, "no frame header");
                }
            }
        };
        self.stage = Some(stage);
        self.members = self.members.saturating_add(1);
        Ok(true)
    }

    fn starts_with(&mut self, magic: &[u8]) -> bool {
        self.input.peek_bytes(magic.len()) == magic
    }

    /// gzip and xz allow padding with zeros between and after members.
    fn skip_zeros(&mut self) {
        while self.input.peek() == Some(0) {
            self.input.skip(1);
        }
        if self.input.remaining() == 0 {
            self.complete = self.input.position();
        }
    }

    fn gzip_header(&mut self) -> io::Result<()> {
        let at = self.input.position();
        let header: [u8; 10] = self.input.array().ok_or_else(ends_early)?;
        let [_, _, method, flags, ..] = header;
        if method != 8 {
            return Err(io::Error::other(format!("gzip method {method}, only 8 exists")));
        }
        if flags & 0xe0 != 0 {
            self.odd(StreamOddity::Header, at, format!("reserved gzip flags {flags:#04x}"));
        }
        if flags & 4 != 0 {
            let len = self.input.u16_le().ok_or_else(ends_early)?;
            if !self.input.skip(u64::from(len)) {
                return Err(ends_early());
            }
        }
        for (bit, is_name) in [(8, true), (16, false)] {
            if flags & bit != 0 {
                let text = self.gzip_text()?;
                if is_name && self.name.is_none() {
                    self.name = Some(Untrusted::from_bytes(&text));
                }
            }
        }
        if flags & 2 != 0 && !self.input.skip(2) {
            return Err(ends_early());
        }
        Ok(())
    }

    /// A text up to a NUL. Kept up to a bound, passed over whole.
    fn gzip_text(&mut self) -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        loop {
            match self.input.byte().ok_or_else(ends_early)? {
                0 => return Ok(text),
                byte if text.len() < GZIP_TEXT => text.push(byte),
                _ => {}
            }
        }
    }

    /// `ZF`, then 19 characters of length; joblib up to 0.8.4 on Python 2 wrote one space more.
    fn zf_header(&mut self) -> io::Result<()> {
        let header: [u8; 21] = self.input.array().ok_or_else(ends_early)?;
        let digits = header.strip_prefix(b"ZF").and_then(|rest| std::str::from_utf8(rest).ok());
        let digits = digits.map(str::trim).map(|text| text.strip_prefix("0x").unwrap_or(text));
        match digits.and_then(|text| u64::from_str_radix(text.trim_end_matches('L'), 16).ok()) {
            Some(length) => self.declared = Some(length),
            None => self.odd(StreamOddity::Header, 2, "the `ZF` length is no hexadecimal number"),
        }
        if self.input.peek() == Some(b' ') {
            self.input.skip(1);
        }
        Ok(())
    }

    fn zlib_header(&mut self) -> io::Result<()> {
        let [cmf, flg] = self.input.array().ok_or_else(ends_early)?;
        if cmf & 0x0f != 8 || u16::from_be_bytes([cmf, flg]) % 31 != 0 {
            return Err(io::Error::other("no zlib header"));
        }
        if flg & 0x20 != 0 {
            return Err(io::Error::other("the zlib stream wants a preset dictionary"));
        }
        Ok(())
    }

    /// Passes over skippable frames: a magic of `0x184d2a50` to `5f`, a length, and anything.
    fn skippable_frames(&mut self) {
        while let Some(magic) = self.input.peek_bytes(4).first_chunk::<4>().copied()
            && u32::from_le_bytes(magic) & 0xffff_fff0 == 0x184d_2a50
        {
            let at = self.input.position();
            self.input.skip(4);
            let Some(len) = self.input.u32_le() else { break };
            let whole = self.input.skip(u64::from(len));
            self.odd(StreamOddity::SkippableFrame, at, format!("a skippable frame of {len} bytes"));
            if !whole {
                self.odd(
                    StreamOddity::Truncated,
                    at,
                    "the skippable frame is longer than the file",
                );
            }
            self.complete = self.input.position();
        }
    }

    /// Reads and compares what stands after the data of a member.
    fn end(&mut self) -> io::Result<()> {
        self.stage = None;
        let at = self.input.position();
        match std::mem::replace(&mut self.check, Check::None) {
            Check::None => {}
            Check::Gzip { crc, len } => {
                let (Some(said_crc), Some(said_len)) = (self.input.u32_le(), self.input.u32_le())
                else {
                    return Err(ends_early());
                };
                if said_crc != crc.finalize() {
                    self.odd(StreamOddity::BadChecksum, at, "the gzip CRC does not fit the data");
                }
                if said_len != len {
                    self.odd(StreamOddity::BadLength, at, "the gzip length does not fit the data");
                }
            }
            Check::Adler(adler) => {
                let sum = self.input.array().map(u32::from_be_bytes).ok_or_else(ends_early)?;
                if sum != adler.sum() {
                    self.odd(StreamOddity::BadChecksum, at, "the Adler-32 does not fit the data");
                }
            }
        }
        self.complete = self.input.position();
        Ok(())
    }

    fn next(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            let Some(stage) = &mut self.stage else {
                if let Err(limit) = self.budget.check_time() {
                    self.exhausted = Some(limit);
                    return Err(io::Error::other(limit.to_string()));
                }
                if self.begin()? {
                    continue;
                }
                self.finished = true;
                return Ok(0);
            };
            let step = stage.run(&mut self.input, out)?;
            let made = out.get(..step.produced).unwrap_or_default();
            match &mut self.check {
                Check::None => {}
                Check::Gzip { crc, len } => {
                    crc.update(made);
                    // The field is the length modulo 2^32.
                    let count = u32::try_from(made.len()).unwrap_or(u32::MAX);
                    *len = len.wrapping_add(count);
                }
                Check::Adler(adler) => adler.update(made),
            }
            if step.done
                && let Err(error) = self.end()
            {
                self.odd(StreamOddity::Truncated, self.input.position(), error.to_string());
                self.finished = true;
                self.complete = self.input.position();
                return Ok(step.produced);
            }
            if step.produced > 0 {
                return Ok(step.produced);
            }
        }
    }
}

fn refuse(is_first: bool, because: &str) -> io::Result<bool> {
    if is_first { Err(io::Error::other(because.to_owned())) } else { Ok(false) }
}

impl Read for Unpacker<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() || self.finished {
            return Ok(0);
        }
        let result = self.next(out);
        if let Err(error) = &result
            && error.kind() == io::ErrorKind::UnexpectedEof
        {
            self.odd(StreamOddity::Truncated, self.input.position(), error.to_string());
        }
        result
    }
}
