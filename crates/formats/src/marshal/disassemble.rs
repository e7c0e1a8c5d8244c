//! From the bytes of a code object to its instructions.

use super::opcodes::{Argument, Op, Version};

/// One instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// Offset of its first byte, prefixes included.
    pub at: u32,
    /// Offset of the first byte after it and its caches.
    pub end: u32,
    /// Its number.
    pub number: u8,
    /// What it is; nothing where the version has no such instruction.
    pub op: Option<&'static Op>,
    /// Its argument, with what `EXTENDED_ARG` adds; 0 where it has none.
    pub argument: u32,
}

impl Instruction {
    /// Its name, or its number in brackets.
    pub fn name(&self) -> String {
        self.op.map_or_else(|| format!("<{}>", self.number), |op| op.name.to_owned())
    }

    /// Where it jumps to, as an offset, where it may jump.
    pub fn target(&self, version: Version) -> Option<u32> {
        let op = self.op?;
        let unit = if version >= Version::V3_10 { 2 } else { 1 };
        let distance = self.argument.checked_mul(unit)?;
        match op.argument {
            Argument::JumpTo => Some(distance),
            Argument::JumpBy if op.name.contains("BACKWARD") => self.end.checked_sub(distance),
            Argument::JumpBy => self.end.checked_add(distance),
            _ => None,
        }
    }
}

/// The instructions of a version, in order. `most` bounds how many are given; the second value says
/// whether there are more.
pub fn disassemble(code: &[u8], version: Version, most: usize) -> (Vec<Instruction>, bool) {
    let mut found = Vec::new();
    let (mut at, mut start, mut extended) = (0usize, 0usize, 0u32);
    while let Some(number) = code.get(at).copied() {
        if found.len() >= most {
            return (found, true);
        }
        let op = version.op(number);
        let has_argument = op.is_none_or(|op| op.argument != Argument::None);
        let (len, argument) = if version == Version::V2_7 {
            let wide = number >= 90;
            let bytes = code.get(at.saturating_add(1)..).and_then(|rest| rest.first_chunk());
            let value = bytes.map_or(0, |bytes| u32::from(u16::from_le_bytes(*bytes)));
            if wide { (3usize, (extended << 16) | value) } else { (1, 0) }
        } else {
            let byte = code.get(at.saturating_add(1)).copied().unwrap_or_default();
            (2, (extended << 8) | u32::from(byte))
        };
        at = at.saturating_add(len);
        if op.is_some_and(|op| op.name == "EXTENDED_ARG") {
            extended = argument;
            continue;
        }
        let caches = op.map_or(0, |op| usize::from(op.caches));
        at = at.saturating_add(caches.saturating_mul(2));
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let argument = if has_argument { argument } else { 0 };
        found.push(Instruction { at: offset(start), end: offset(at), number, op, argument });
        (start, extended) = (at, 0);
    }
    (found, false)
}
