use artifact::Blob;

use super::{Executable, Numbers, SYMBOLS, name_at, table};

/// Machines with addresses of 64 bits: SPARC V9, PowerPC 64, x86-64, `AArch64`, RISC-V, `LoongArch`.
const WIDE: [u16; 6] = [43, 21, 62, 183, 243, 258];
const SHT_NOBITS: u32 = 8;
const SHT_DYNSYM: u32 = 11;

pub(super) fn read(blob: &Blob) -> Executable {
    let mut told = Executable::default();
    let Some([_, _, _, _, class, order, ..]) = blob.array_at::<16>(0) else { return told };
    let machine = Numbers { blob, big: order == 2 }.u16(18);
    // Linux goes by the machine alone; the dynamic loader asks for the class as well.
    let wide = class == 2 || (class != 1 && machine.is_some_and(|machine| WIDE.contains(&machine)));
    let numbers = Numbers { blob, big: order == 2 };
    let half = |at: u64| numbers.u16(at);
    let (Some(kind), Some(machine)) = (half(16), machine) else { return told };
    told.kind = match kind {
        1 => "object file",
        3 => "shared library",
        4 => "core dump",
        _ => "program",
    };
    told.machines.extend(name_of(machine));
    // The header of 32-bit files is the same with shorter addresses.
    let at = |narrow: u64, wider: u64| if wide { wider } else { narrow };
    let layout = (|| {
        Some([
            numbers.word(at(28, 32), wide)?,
            numbers.word(at(32, 40), wide)?,
            u64::from(half(at(40, 52))?),
            u64::from(half(at(42, 54))?),
            u64::from(half(at(44, 56))?),
            u64::from(half(at(46, 58))?),
            u64::from(half(at(48, 60))?),
        ])
    })();
    let Some([ph_at, sh_at, size, ph_size, ph_count, sh_size, sh_count]) = layout else {
        return told;
    };
    let sections_end = sh_at.saturating_add(sh_count.saturating_mul(sh_size));
    let segments_end = ph_at.saturating_add(ph_count.saturating_mul(ph_size));
    // No more than what a kernel or a linker checks: a header may hold anything else.
    told.sound = matches!(kind, 1..=4)
        && !told.machines.is_empty()
        && if ph_count > 0 {
            ph_size == at(32, 56) && segments_end <= blob.len()
        } else {
            sh_count > 0 && sh_size == at(40, 64) && sections_end <= blob.len()
        };
    if !told.sound {
        return told;
    }
    let mut end = size.max(segments_end);
    let segments = table(blob, ph_at, ph_count, ph_size);
    let of_segment = Numbers { blob: &segments, big: numbers.big };
    for n in 0..ph_count {
        let row = n.saturating_mul(ph_size);
        let place = row.saturating_add(at(4, 8));
        let len = row.saturating_add(at(16, 32));
        if let (Some(place), Some(len)) = (of_segment.word(place, wide), of_segment.word(len, wide))
        {
            end = end.max(place.saturating_add(len));
        }
    }
    if sh_count > 0 && sh_size == at(40, 64) && sections_end <= blob.len() {
        end = end.max(sections_end);
        let sections = table(blob, sh_at, sh_count, sh_size);
        for n in 0..sh_count {
            if let Some(section) =
                Section::of(&sections, numbers.big, wide, n.saturating_mul(sh_size))
            {
                if section.kind != SHT_NOBITS {
                    end = end.max(section.at.saturating_add(section.len));
                }
                if section.kind == SHT_DYNSYM {
                    let link = u64::from(section.link).saturating_mul(sh_size);
                    let strings = Section::of(&sections, numbers.big, wide, link);
                    exports(blob, &section, strings.as_ref(), numbers.big, wide, &mut told);
                }
            }
        }
    }
    told.end = end;
    told
}

/// A section header.
struct Section {
    kind: u32,
    at: u64,
    len: u64,
    link: u32,
}

impl Section {
    fn of(sections: &Blob, big: bool, wide: bool, row: u64) -> Option<Self> {
        let numbers = Numbers { blob: sections, big };
        let at = |narrow: u64, wider: u64| row.saturating_add(if wide { wider } else { narrow });
        Some(Self {
            kind: numbers.u32(row.saturating_add(4))?,
            at: numbers.word(at(16, 24), wide)?,
            len: numbers.word(at(20, 32), wide)?,
            link: numbers.u32(at(24, 40))?,
        })
    }
}

/// The defined names of the dynamic symbol table.
fn exports(
    blob: &Blob,
    symbols: &Section,
    strings: Option<&Section>,
    big: bool,
    wide: bool,
    told: &mut Executable,
) {
    let Some(strings) = strings else { return };
    let size = if wide { 24 } else { 16 };
    let count = symbols.len.checked_div(size).unwrap_or(0).min(SYMBOLS);
    let rows = table(blob, symbols.at, count, size);
    let names = table(blob, strings.at, strings.len, 1);
    let numbers = Numbers { blob: &rows, big };
    for n in 0..count {
        let row = n.saturating_mul(size);
        let Some(name) = numbers.u32(row) else { break };
        let section = numbers.u16(row.saturating_add(if wide { 6 } else { 14 }));
        if section.is_some_and(|section| section != 0) {
            told.export(&name_at(&names, u64::from(name)));
        }
    }
}

fn name_of(machine: u16) -> Option<&'static str> {
    Some(match machine {
        2 | 18 | 43 => "SPARC",
        3 => "x86",
        8 => "MIPS",
        20 => "PowerPC",
        21 => "PowerPC 64",
        22 => "IBM Z",
        40 => "ARM",
        62 => "x86-64",
        183 => "AArch64",
        190 => "CUDA",
        224 => "AMD GPU",
        243 => "RISC-V",
        247 => "eBPF",
        258 => "LoongArch",
        _ => return None,
    })
}
