use artifact::Blob;

use super::{Executable, Numbers, name_at};

/// Sections that the Windows loader takes at most.
const SECTIONS: u16 = 96;
/// Exported names that are looked at.
const NAMES: u32 = 20_000;

/// Where the headers begin, where they do.
pub(crate) fn header_at(blob: &Blob) -> Option<u64> {
    let at = u64::from(u32::from_le_bytes(blob.array_at(60)?));
    (blob.array_at(0) == Some(*b"MZ") && blob.array_at(at) == Some(*b"PE\0\0")).then_some(at)
}

pub(super) fn read(blob: &Blob) -> Executable {
    let mut told = Executable::default();
    let Some(header) = header_at(blob) else { return told };
    let numbers = Numbers { blob, big: false };
    let at = |offset: u64| header.saturating_add(offset);
    let fields = (|| {
        Some((
            numbers.u16(at(4))?,
            numbers.u16(at(6))?,
            u64::from(numbers.u16(at(20))?),
            numbers.u16(at(22))?,
            numbers.u16(at(24))?,
        ))
    })();
    let Some((machine, sections, optional, flags, magic)) = fields else { return told };
    told.kind = match (flags & 0x2000 != 0, magic) {
        (true, _) => "shared library",
        (false, 0x107) => "firmware",
        (false, _) => "program",
    };
    told.machines.extend(name_of(machine));
    // What the loader checks: the rest may hold anything.
    told.sound =
        !told.machines.is_empty() && sections <= SECTIONS && matches!(magic, 0x10b | 0x20b);
    if !told.sound {
        return told;
    }
    let wide = magic == 0x20b;
    let table = at(24).saturating_add(optional);
    let rows: Vec<Section> = (0..u64::from(sections))
        .filter_map(|n| Section::of(&numbers, table.saturating_add(n.saturating_mul(40))))
        .collect();
    let mut end = table.saturating_add(u64::from(sections).saturating_mul(40));
    for row in &rows {
        end = end.max(row.raw_at.saturating_add(row.raw_len));
    }
    let directory = |n: u64| {
        let base = at(if wide { 24 + 112 } else { 24 + 96 });
        let place = base.saturating_add(n.saturating_mul(8));
        Some((u64::from(numbers.u32(place)?), u64::from(numbers.u32(place.saturating_add(4))?)))
    };
    // The signature stands behind the sections, at a file offset.
    if let Some((place, len)) = directory(4)
        && place >= end
        && len > 0
    {
        end = end.max(place.saturating_add(len));
    }
    if directory(14).is_some_and(|(place, len)| place > 0 && len > 0) {
        told.machines.push(".NET");
    }
    if let Some((place, len)) = directory(0)
        && len > 0
    {
        exports(&numbers, &rows, place, &mut told);
    }
    told.end = end;
    told
}

struct Section {
    address: u64,
    raw_at: u64,
    raw_len: u64,
}

impl Section {
    fn of(numbers: &Numbers<'_>, row: u64) -> Option<Self> {
        let number = |offset: u64| numbers.u32(row.saturating_add(offset)).map(u64::from);
        Some(Self { address: number(12)?, raw_len: number(16)?, raw_at: number(20)? })
    }
}

/// The file offset of an address in memory.
fn place(rows: &[Section], address: u64) -> Option<u64> {
    rows.iter().find_map(|row| {
        let inside = address.checked_sub(row.address).filter(|inside| *inside < row.raw_len)?;
        row.raw_at.checked_add(inside)
    })
}

fn exports(numbers: &Numbers<'_>, rows: &[Section], address: u64, told: &mut Executable) {
    let Some(directory) = place(rows, address) else { return };
    let field = |offset: u64| numbers.u32(directory.saturating_add(offset));
    let (Some(count), Some(names)) = (field(24), field(32)) else { return };
    let Some(names) = place(rows, u64::from(names)) else { return };
    for n in 0..u64::from(count.min(NAMES)) {
        let Some(address) = numbers.u32(names.saturating_add(n.saturating_mul(4))) else { break };
        if let Some(at) = place(rows, u64::from(address)) {
            told.export(&name_at(numbers.blob, at));
        }
    }
}

fn name_of(machine: u16) -> Option<&'static str> {
    Some(match machine {
        0x014c => "x86",
        0x8664 => "x86-64",
        0x01c0 | 0x01c2 | 0x01c4 => "ARM",
        0xaa64 => "ARM64",
        0x0200 => "Itanium",
        0x0ebc => "EFI byte code",
        0x5032 | 0x5064 => "RISC-V",
        0x6232 | 0x6264 => "LoongArch",
        _ => return None,
    })
}
