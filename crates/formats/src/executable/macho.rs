use artifact::Blob;

use super::{Executable, Numbers, SYMBOLS, name_at, table};

/// Load commands and architectures that are looked at.
const COMMANDS: u32 = 10_000;
const ARCHITECTURES: u32 = 20;

pub(super) fn read(blob: &Blob) -> Executable {
    match blob.array_at(0) {
        Some([0xca, 0xfe, 0xba, 0xbe]) => universal(blob, false),
        Some([0xca, 0xfe, 0xba, 0xbf]) => universal(blob, true),
        _ => thin(blob),
    }
}

/// Several architectures in one file; its numbers are big-endian.
fn universal(blob: &Blob, wide: bool) -> Executable {
    let mut told = Executable { kind: "universal binary", ..Executable::default() };
    let numbers = Numbers { blob, big: true };
    let Some(count) = numbers.u32(4).filter(|count| (1..=ARCHITECTURES).contains(count)) else {
        return told;
    };
    let size = if wide { 32 } else { 20 };
    told.sound = true;
    for n in 0..u64::from(count) {
        let row = 8u64.saturating_add(n.saturating_mul(size));
        let place = numbers.word(row.saturating_add(8), wide);
        let len = numbers.word(row.saturating_add(if wide { 16 } else { 12 }), wide);
        let machine = numbers.u32(row).and_then(name_of);
        let (Some(place), Some(len), Some(machine)) = (place, len, machine) else {
            told.sound = false;
            break;
        };
        told.machines.push(machine);
        told.end = told.end.max(place.saturating_add(len));
        let part = thin(&blob.slice(place, len));
        // The archive of a static library stands in place of an image.
        if n == 0 && !part.sound && blob.array_at(place) != Some(*b"!<arch>\n") {
            told.sound = false;
        }
        for entry in part.entries {
            if !told.entries.contains(&entry) {
                told.export(entry.raw().as_bytes());
            }
        }
    }
    told
}

fn thin(blob: &Blob) -> Executable {
    let mut told = Executable::default();
    let Some(magic) = blob.array_at::<4>(0) else { return told };
    let (big, wide) = match magic {
        [0xfe, 0xed, 0xfa, 0xce] => (true, false),
        [0xfe, 0xed, 0xfa, 0xcf] => (true, true),
        [0xce, 0xfa, 0xed, 0xfe] => (false, false),
        [0xcf, 0xfa, 0xed, 0xfe] => (false, true),
        _ => return told,
    };
    let numbers = Numbers { blob, big };
    let fields =
        (|| Some([numbers.u32(4)?, numbers.u32(12)?, numbers.u32(16)?, numbers.u32(20)?]))();
    let Some([machine, kind, count, size]) = fields else { return told };
    told.kind = match kind {
        1 => "object file",
        6 => "shared library",
        8 => "bundle",
        _ => "program",
    };
    told.machines.extend(name_of(machine));
    let start = if wide { 32u64 } else { 28 };
    let end = start.saturating_add(u64::from(size));
    told.sound = !told.machines.is_empty()
        && (1..=12).contains(&kind)
        && (1..=COMMANDS).contains(&count)
        && u64::from(size) >= u64::from(count).saturating_mul(8)
        && end <= blob.len();
    if !told.sound {
        return told;
    }
    told.end = end;
    let mut at = start;
    for _ in 0..count {
        let (Some(command), Some(len)) = (numbers.u32(at), numbers.u32(at.saturating_add(4)))
        else {
            break;
        };
        let field = |offset: u64| numbers.u32(at.saturating_add(offset)).map_or(0, u64::from);
        match command & 0x7fff_ffff {
            // LC_SEGMENT, LC_SEGMENT_64: what they map, by its place in the file.
            1 => told.end = told.end.max(field(32).saturating_add(field(36))),
            0x19 => {
                let long = |offset: u64| numbers.u64(at.saturating_add(offset)).unwrap_or(0);
                told.end = told.end.max(long(40).saturating_add(long(48)));
            }
            // LC_SYMTAB.
            2 => {
                let strings = table(blob, field(16), field(20), 1);
                told.end = told.end.max(field(16).saturating_add(field(20)));
                symbols(blob, &strings, (field(8), field(12)), (big, wide), &mut told);
            }
            _ => {}
        }
        if len < 8 {
            break;
        }
        at = at.saturating_add(u64::from(len));
        if at > end {
            break;
        }
    }
    told
}

/// External defined symbols, without the underscore that C names begin with.
fn symbols(
    blob: &Blob,
    strings: &Blob,
    (at, count): (u64, u64),
    (big, wide): (bool, bool),
    told: &mut Executable,
) {
    let size = if wide { 16 } else { 12 };
    let count = count.min(SYMBOLS);
    let rows = table(blob, at, count, size);
    let numbers = Numbers { blob: &rows, big };
    for n in 0..count {
        let row = n.saturating_mul(size);
        let Some(name) = numbers.u32(row) else { break };
        let [kind] = rows.array_at(row.saturating_add(4)).unwrap_or([0]);
        // External, and not undefined.
        if kind & 1 != 0 && kind & 0x0e != 0 {
            let name = name_at(strings, u64::from(name));
            told.export(name.strip_prefix(b"_").unwrap_or(&name));
        }
    }
}

fn name_of(machine: u32) -> Option<&'static str> {
    Some(match machine {
        7 => "x86",
        0x0100_0007 => "x86-64",
        12 => "ARM",
        0x0100_000c => "ARM64",
        0x0200_000c => "ARM64 with 32-bit addresses",
        18 => "PowerPC",
        0x0100_0012 => "PowerPC 64",
        _ => return None,
    })
}
