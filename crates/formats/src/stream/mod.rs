//! Compressed streams: gzip, zlib, bzip2, xz, LZMA alone, LZ4 frames, Zstandard, and the `ZF`
//! files of old joblib.
//!
//! [`identify`] names the codec from the first bytes, [`open`] decodes. A stream that is cut or
//! broken gives what stands before the break, down to the granule that the common decoders hand to
//! their callers, because an unpickler runs on those bytes before anybody sees the error.

mod decode;
mod identify;
mod lz4;
mod unpack;
mod zstd;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::fmt;

use artifact::{Blob, Budget, Exhausted, spool};
use vocabulary::{Span, Untrusted};

use crate::Oddity;
pub(crate) use decode::{Guarded, Stage, Step};
pub use identify::identify;
use unpack::Unpacker;
pub(crate) use unpack::{MEMORY_KIB, bzip2_stage, lzma_stage, raw_deflate_stage, xz_stage};
pub(crate) use zstd::ZstdStage;

/// How a stream is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// RFC 1952.
    Gzip,
    /// RFC 1950, as joblib and `zlib.compress` write it.
    Zlib,
    /// bzip2.
    Bzip2,
    /// The `.xz` container with LZMA2.
    Xz,
    /// The older `.lzma` format: a 13-byte header and LZMA data.
    LzmaAlone,
    /// LZ4 frames, as `lz4.frame` writes them, and the legacy frame.
    Lz4,
    /// RFC 8878, with skippable frames.
    Zstd,
    /// joblib up to 0.9: `ZF`, the length in hexadecimal, a zlib stream.
    JoblibZf,
}

impl Codec {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zlib => "zlib",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
            Self::LzmaAlone => "lzma",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
            Self::JoblibZf => "joblib-zf",
        }
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a compressed stream does that its writers do not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StreamOddity {
    /// The checksum after the data does not fit the data.
    BadChecksum,
    /// The length after (or before) the data does not fit the data.
    BadLength,
    /// The stream ends before its end mark.
    Truncated,
    /// A frame that decoders skip: its bytes are seen by nobody.
    SkippableFrame,
    /// A header field that no common writer sets.
    Header,
}

/// What a stream was unpacked to.
#[derive(Debug)]
pub struct Unpacked {
    /// The decoded bytes of all members or frames, one after another.
    pub blob: Blob,
    /// Input bytes that belong to the stream; all, where a limit or a full disk stopped it.
    pub consumed: u64,
    /// Input bytes after the stream.
    pub trailing: Span,
    /// Members (gzip), streams (bzip2, xz) or frames (lz4, zstd) that were begun.
    pub members: u64,
    /// The name that the first gzip header gives.
    pub name: Option<Untrusted>,
    /// Which limit stopped it.
    pub exhausted: Option<Exhausted>,
    /// What the decoder complained of; the bytes before it are in `blob`.
    pub fault: Option<String>,
    /// What is unusual. At most 100 are kept.
    pub oddities: Vec<Oddity<StreamOddity>>,
}

/// Decodes a stream that starts at the first byte of `blob`.
pub fn open(blob: &Blob, codec: Codec, budget: &Budget) -> Unpacked {
    let mut unpacker = Unpacker::new(blob, codec, budget);
    let spooled = spool(&mut Guarded::new(&mut unpacker), blob.len(), budget);
    let done = unpacker.finish(spooled.blob.len());
    // Where it was given up for a reason that is not the stream's, the rest is not told from it.
    let given_up = spooled.exhausted.is_some() || spooled.blob.trouble().is_some();
    let consumed = if given_up { blob.len() } else { done.consumed };
    let cut = done.oddities.iter().find(|oddity| oddity.kind == StreamOddity::Truncated);
    Unpacked {
        trailing: Span::new(consumed.min(blob.len()), blob.len()),
        consumed,
        members: done.members,
        name: done.name,
        // The time limit is noticed inside the decoder as well, between members without output.
        exhausted: spooled.exhausted.or(done.exhausted),
        fault: spooled
            .fault
            .filter(|_| done.exhausted.is_none())
            .or_else(|| cut.map(|oddity| oddity.detail.to_string())),
        oddities: done.oddities,
        blob: spooled.blob,
    }
}
