//! Tape archives: v7, ustar, GNU and pax headers, and several archives one after another.
//!
//! Members are listed as Python's `tarfile` would list them, and what it would stop at (a broken
//! header, the end mark) is told and passed, because other readers go on.

mod header;
mod pax;
mod read;

#[cfg(test)]
mod tests;

use artifact::Exhausted;
use vocabulary::{Span, Untrusted};

use crate::names::NameTrouble;
use crate::{Oddity, Region};
pub use read::{identify, read};

/// What a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TarKind {
    /// A file.
    File,
    /// Another name of an earlier member.
    HardLink,
    /// A symbolic link.
    Symlink,
    /// A character device.
    CharDevice,
    /// A block device.
    BlockDevice,
    /// A folder.
    Folder,
    /// A FIFO.
    Fifo,
    /// A file with holes. The data is what is stored of it, not what a reader would make of it.
    Sparse,
    /// Any other type flag; readers take it for a file.
    Other(u8),
}

/// A member.
#[derive(Clone, Debug)]
pub struct TarMember {
    /// Its name, long names and pax applied, up to 4 KiB of it.
    pub name: Untrusted,
    /// What it is.
    pub kind: TarKind,
    /// Where a link leads.
    pub link: Option<Untrusted>,
    /// Length of the content, as declared.
    pub size: u64,
    /// The content, cut to what is there.
    pub data: Span,
    /// Offset of the header.
    pub header_at: u64,
    /// Whether it stands after an end mark or a broken header, where many readers stop.
    pub after_end: bool,
}

/// What in a tape is unlike what the common writers write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TarOddity {
    /// The name of a member.
    Name(NameTrouble),
    /// Two members have one name: the later overwrites the earlier.
    DuplicateName,
    /// A link leads out of the folder that the archive is unpacked to (CVE-2007-4559 and kin).
    LinkOutside,
    /// The name goes through an earlier link of the archive.
    ThroughLink,
    /// A device or a FIFO.
    Special,
    /// A file with holes.
    Sparse,
    /// The header's checksum is wrong.
    BadChecksum,
    /// Bytes where a header is due and none is.
    Gap,
    /// A number in a header cannot be read.
    BadNumber,
    /// A member that has no content declares some, or sizes contradict each other.
    SizeLie,
    /// The content goes on past the end of the file.
    Truncated,
    /// No end mark.
    NoEndMark,
    /// Members after the end mark.
    SeveralArchives,
    /// Bytes after the end mark that are no member.
    Trailing,
    /// A pax header is broken, too long, or says what no writer says.
    Pax,
    /// A GNU long name is broken or too long.
    LongName,
    /// A type flag that no writer sets.
    UnknownType,
}

/// What [`read`] found.
#[derive(Debug)]
pub struct Tape {
    /// In order.
    pub members: Vec<TarMember>,
    /// What is unusual. At most 10,000 are kept.
    pub oddities: Vec<Oddity<TarOddity>>,
    /// How many more oddities there were.
    pub oddities_left_out: u64,
    /// The bytes that it explained.
    pub regions: Vec<Region>,
    /// Which limit stopped it: then there may be more members.
    pub exhausted: Option<Exhausted>,
}

impl Tape {
    fn odd(&mut self, kind: TarOddity, at: u64, detail: impl Into<Untrusted>) {
        const KEPT: usize = 10_000;
        if self.oddities.len() < KEPT {
            self.oddities.push(Oddity::new(kind, at, detail));
        } else {
            self.oddities_left_out = self.oddities_left_out.saturating_add(1);
        }
    }
}
