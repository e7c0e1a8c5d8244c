//! Names of archive members.

use std::fmt;

/// How much of a name the readers keep, in bytes.
pub(crate) const KEPT: usize = 4 << 10;

/// What a member's name is that names in ordinary archives are not. Each of them has led an
/// extractor out of its folder, or two loaders to two members (CWE-22).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NameTrouble {
    /// Nothing.
    Empty,
    /// It starts at the root.
    Absolute,
    /// It goes up.
    Parent,
    /// It has a backslash, which some loaders take for a slash.
    Backslash,
    /// It starts with a drive letter.
    Drive,
    /// It has a NUL, where Python and C end it.
    Nul,
    /// It has control characters.
    Control,
    /// It is not UTF-8.
    NotUtf8,
    /// It is longer than 4 KiB; the rest is not kept.
    Long,
}

impl fmt::Display for NameTrouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "is empty",
            Self::Absolute => "is absolute",
            Self::Parent => "goes up",
            Self::Backslash => "has a backslash",
            Self::Drive => "starts with a drive letter",
            Self::Nul => "has a NUL",
            Self::Control => "has control characters",
            Self::NotUtf8 => "is not UTF-8",
            Self::Long => "is longer than 4096 bytes",
        })
    }
}

/// What is wrong with a name.
pub(crate) fn troubles(name: &[u8]) -> impl Iterator<Item = NameTrouble> {
    let is_slash = |byte: &u8| matches!(byte, b'/' | b'\\');
    [
        (name.is_empty(), NameTrouble::Empty),
        (name.first().is_some_and(is_slash), NameTrouble::Absolute),
        (name.split(is_slash).any(|part| part == b".."), NameTrouble::Parent),
        (name.contains(&b'\\'), NameTrouble::Backslash),
        (matches!(name, [letter, b':', ..] if letter.is_ascii_alphabetic()), NameTrouble::Drive),
        (name.contains(&0), NameTrouble::Nul),
        (name.iter().any(|byte| (1..0x20).contains(byte) || *byte == 0x7f), NameTrouble::Control),
        (std::str::from_utf8(name).is_err(), NameTrouble::NotUtf8),
        (name.len() > KEPT, NameTrouble::Long),
    ]
    .into_iter()
    .filter_map(|(is, trouble)| is.then_some(trouble))
}

/// Whether a link leads out of the folder that the archive is unpacked to. `folder` is where the
/// link stands; empty for a hard link, whose target counts from the root of the archive.
pub(crate) fn leads_out(folder: &[u8], target: &[u8]) -> bool {
    let is_slash = |byte: &u8| matches!(byte, b'/' | b'\\');
    if target.first().is_some_and(is_slash) || matches!(target, [_, b':', ..]) {
        return true;
    }
    let mut depth = 0u64;
    for part in folder.split(is_slash).chain(target.split(is_slash)) {
        match part {
            b"" | b"." => {}
            b".." => match depth.checked_sub(1) {
                Some(up) => depth = up,
                None => return true,
            },
            _ => depth = depth.saturating_add(1),
        }
    }
    false
}

/// The folder of a name, with its slash.
pub(crate) fn folder(name: &[u8]) -> &[u8] {
    let name = name.strip_suffix(b"/").unwrap_or(name);
    let end = name.iter().rposition(|byte| *byte == b'/').map_or(0, |at| at.saturating_add(1));
    name.get(..end).unwrap_or_default()
}
