//! 7z archives, decoded by `sevenz-rust2`.
//!
//! A model in a 7z archive is one that a scanner for zip does not see (the nullifAI samples of
//! 2025), so what matters here is that its members are read at all. LZMA, LZMA2, bzip2, Copy, Delta
//! and the branch filters are decoded. Deflate, `PPMd`, Zstandard, Brotli and encryption are told as
//! faults.
//!
//! The decoder sizes what it allocates by the header, so the header is measured first: one of more
//! than 1 MiB, or a dictionary of more than 256 MiB, is a fault.

mod header;
mod read;

#[cfg(test)]
mod tests;

use artifact::{Blob, Exhausted};
use vocabulary::Untrusted;

use crate::names::NameTrouble;
use crate::{Oddity, Region};
pub use read::read;

/// A member.
#[derive(Clone, Debug)]
pub struct SevenMember {
    /// Its name, up to 4 KiB of it.
    pub name: Untrusted,
    /// Length of the content, as declared.
    pub size: u64,
    /// Whether it is a folder.
    pub is_dir: bool,
    /// Whether the attributes say that the content is the target of a link.
    pub is_symlink: bool,
    /// The content, up to where decoding stopped; without its last byte where the checksum is
    /// wrong. `None` where decoding did not come so far.
    pub blob: Option<Blob>,
    /// Why the content, or the rest of it, cannot be had.
    pub fault: Option<String>,
}

/// What in an archive is unlike what the common writers write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SevenZOddity {
    /// The name of a member.
    Name(NameTrouble),
    /// Two members have one name.
    DuplicateName,
    /// The member is a symbolic link.
    Symlink,
    /// The member deletes another on extraction.
    AntiItem,
    /// Bytes after the archive.
    Suffix,
    /// Bytes within the archive that belong to nothing.
    Gap,
    /// The content is shorter than declared, or its checksum is wrong.
    BrokenContent,
}

/// What [`read`] found.
#[derive(Debug)]
pub struct SevenZ {
    /// In the order of the archive.
    pub members: Vec<SevenMember>,
    /// What is unusual. At most 10,000 are kept.
    pub oddities: Vec<Oddity<SevenZOddity>>,
    /// The bytes that it explained.
    pub regions: Vec<Region>,
    /// Which limit stopped it.
    pub exhausted: Option<Exhausted>,
    /// Why the archive cannot be read, or not all of it.
    pub fault: Option<String>,
}
