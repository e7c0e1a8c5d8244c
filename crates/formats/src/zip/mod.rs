//! ZIP archives as every loader sees them.
//!
//! Two readers of one archive need not agree on what is in it: which end record counts, whether
//! offsets are relative to the file or to the archive, whether the central directory or the local
//! headers are believed, which of two members of one name is meant. [`read`] lists every member
//! that any of them could read, says who would ([`Views`]), and what in the archive is unlike
//! what the common writers write ([`ZipOddity`]).
//!
//! The loaders that it models:
//! - Python's `zipfile`: the last end record within 64 KiB of the end; offsets corrected by the
//!   length of whatever stands before the archive; the last member of a name wins; the name is cut
//!   at a NUL.
//! - miniz as PyTorch uses it: the last end record; offsets as they stand; names compared without
//!   case; which of several equal names it finds depends on a binary search, so each of them counts.
//! - sequential readers (streaming extractors, `bsdtar`): the local headers, one after another.

mod directory;
mod local;
mod names;
mod open;
mod read;
mod wire;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_build;
#[cfg(test)]
mod tests_hostile;

use artifact::Exhausted;
use vocabulary::{Span, Untrusted};

use crate::names::NameTrouble;
use crate::{Oddity, Region};
pub use open::{Checks, CrcCheck, Encryption, Opened, check_crc, open};
pub use read::read;

/// How a member is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// 0: not at all.
    Stored,
    /// 8.
    Deflate,
    /// 9. No decoder here.
    Deflate64,
    /// 12.
    Bzip2,
    /// 14.
    Lzma,
    /// 93, or 20 as some writers put it.
    Zstd,
    /// 95.
    Xz,
    /// 99: the real method stands in an extra field, the data is encrypted.
    Aes,
    /// Any other. No decoder here.
    Other(u16),
}

impl Method {
    fn new(code: u16) -> Self {
        match code {
            0 => Self::Stored,
            8 => Self::Deflate,
            9 => Self::Deflate64,
            12 => Self::Bzip2,
            14 => Self::Lzma,
            20 | 93 => Self::Zstd,
            95 => Self::Xz,
            99 => Self::Aes,
            other => Self::Other(other),
        }
    }

    /// Whether [`open`] can decode it.
    pub fn is_supported(self) -> bool {
        !matches!(self, Self::Deflate64 | Self::Aes | Self::Other(_))
    }
}

/// Where a member is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Seen {
    /// In a central directory; no local header stands where it points.
    Central,
    /// Only as a local header.
    Local,
    /// In a central directory, and a local header stands where it points.
    Both,
}

/// Which loaders would read this member under its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Views {
    /// Python's `zipfile`, that is numpy, joblib, `transformers`, Keras.
    pub python: bool,
    /// miniz as PyTorch uses it.
    pub miniz: bool,
    /// A reader of local headers in order.
    pub sequential: bool,
}

/// A member, as one listing of it has it.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "they are independent of each other")]
pub struct Member {
    /// The name as it stands, up to 4 KiB of it.
    pub name: Untrusted,
    /// The bytes of the name, up to 4 KiB of them.
    pub raw_name: Vec<u8>,
    /// Where it is listed.
    pub seen: Seen,
    /// Who would read it.
    pub views: Views,
    /// How it is compressed.
    pub method: Method,
    /// General purpose flags, of the central directory where it has the member.
    pub flags: u16,
    /// Length of the data in the archive, as declared.
    pub compressed: u64,
    /// Length of the content, as declared.
    pub uncompressed: u64,
    /// CRC-32 of the content, as declared.
    pub crc: u32,
    /// Offset of the record in the central directory.
    pub central_at: Option<u64>,
    /// Offset of the local header, where one was found.
    pub local_at: Option<u64>,
    /// The data in the archive, cut to what is there; empty where no local header was found.
    pub data: Span,
    /// Whether sizes and CRC are declared only after the data, and only for a reader in order. The
    /// data then goes on to the next header, or to the end.
    pub unsized_data: bool,
    /// Whether the name ends in a slash.
    pub is_dir: bool,
    /// Whether the Unix mode says that the content is the target of a link.
    pub is_symlink: bool,
    /// Whether the encryption flag is set, here or there. Some loaders do not look at it.
    pub encrypted: bool,
}

/// What in an archive is unlike what the common writers write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ZipOddity {
    /// Two members have one name.
    DuplicateName,
    /// Two members have names that differ in case alone.
    CaseDuplicate,
    /// The local header has another name than the central directory (CVE-2025-1944).
    NameMismatch,
    /// The local header has other sizes.
    SizeMismatch,
    /// The local header has another CRC.
    CrcMismatch,
    /// The local header has another method.
    MethodMismatch,
    /// The local header has other flags (CVE-2025-1945).
    FlagsMismatch,
    /// A local header that no central directory lists.
    LocalOnly,
    /// A record of the central directory that points to no local header.
    CentralOnly,
    /// Two members share bytes.
    Overlap,
    /// Bytes that belong to nothing.
    Gap,
    /// Bytes before the archive.
    Prefix,
    /// Bytes after the archive.
    Suffix,
    /// Several end records.
    SeveralEnds,
    /// An end record within the comment of another.
    EndInComment,
    /// An archive comment.
    Comment,
    /// No end record, or none whose directory can be read.
    NoDirectory,
    /// The end record counts or measures its directory otherwise than it is.
    WrongCount,
    /// A record of the central directory is broken.
    BrokenRecord,
    /// The archive says that it is a part of several.
    MultiDisk,
    /// Readers that correct offsets and readers that do not find different directories.
    OffsetBias,
    /// The encryption flag is set (CVE-2025-1945 where the data is plain).
    EncryptedFlag,
    /// Flags of patched data, strong encryption or masked headers are set (CVE-2025-1945).
    ReservedFlag,
    /// The data goes on past the end of the file.
    Truncated,
    /// The sizes contradict the method or each other.
    SizeLie,
    /// The name of a member.
    Name(NameTrouble),
    /// The Unicode path field gives another name.
    UnicodePath,
    /// The data descriptor is missing or says something else.
    Descriptor,
    /// The zip64 fields are broken or contradict the others.
    Zip64,
    /// The extra fields are broken.
    Extra,
    /// No common loader decodes the method.
    UnsupportedMethod,
    /// The member is a symbolic link.
    Symlink,
    /// The member is a directory by its name, and has content.
    DirectoryWithContent,
}

/// What [`read`] found.
#[derive(Debug)]
pub struct Archive {
    /// In the order of the central directories; those only in local headers come after, by offset.
    pub members: Vec<Member>,
    /// What is unusual. At most 10,000 are kept.
    pub oddities: Vec<Oddity<ZipOddity>>,
    /// How many more oddities there were.
    pub oddities_left_out: u64,
    /// The bytes that it explained.
    pub regions: Vec<Region>,
    /// The comment of the end record that Python takes.
    pub comment: Untrusted,
    /// Which limit stopped it: then there may be more members.
    pub exhausted: Option<Exhausted>,
}

impl Archive {
    fn odd(&mut self, kind: ZipOddity, at: u64, detail: impl Into<Untrusted>) {
        const KEPT: usize = 10_000;
        if self.oddities.len() < KEPT {
            self.oddities.push(Oddity::new(kind, at, detail));
        } else {
            self.oddities_left_out = self.oddities_left_out.saturating_add(1);
        }
    }
}
