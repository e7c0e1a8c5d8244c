//! Programs for virtual machines.

use artifact::Blob;

use super::{Executable, Numbers};

/// Sections of one module, and constants of one class, at most.
const PARTS: u32 = 70_000;

/// A module of version 1: sections up to the first that is none.
pub(super) fn wasm(blob: &Blob) -> Executable {
    let mut told =
        Executable { kind: "module", machines: vec!["WebAssembly"], ..Executable::default() };
    match blob.array_at::<8>(0) {
        Some([0, b'a', b's', b'm', 1, 0, 0, 0]) => {}
        // A component: version 13, layer 1.
        Some([0, b'a', b's', b'm', 13, 0, 1, 0]) => {
            told.kind = "component";
            told.sound = true;
            return told;
        }
        _ => return told,
    }
    let mut at = 8u64;
    for _ in 0..PARTS {
        let Some([id]) = blob.array_at::<1>(at) else { break };
        let Some((len, next)) = leb128(blob, at.saturating_add(1)) else { break };
        let end = next.saturating_add(len);
        if id > 13 || end > blob.len() {
            break;
        }
        told.sound = true;
        at = end;
    }
    // No section at all is the empty module.
    told.sound |= blob.len() == 8;
    told.end = at;
    told
}

/// An unsigned number of up to 32 bits, and where it ends.
fn leb128(blob: &Blob, at: u64) -> Option<(u64, u64)> {
    let bytes = blob.bytes_at(at, 5);
    let mut value = 0u64;
    for (n, byte) in (0u32..).zip(&bytes) {
        value |= u64::from(byte & 0x7f).checked_shl(n.checked_mul(7)?)?;
        if byte & 0x80 == 0 {
            return Some((value, at.checked_add(u64::from(n))?.checked_add(1)?));
        }
    }
    None
}

/// A class, whose constants hold together.
pub(super) fn class(blob: &Blob) -> Executable {
    let mut told = Executable { kind: "class", machines: vec!["Java"], ..Executable::default() };
    let numbers = Numbers { blob, big: true };
    let (Some(major), Some(count)) = (numbers.u16(6), numbers.u16(8)) else { return told };
    if !(45..=90).contains(&major) || count < 2 {
        return told;
    }
    let mut at = 10u64;
    let mut n = 1u32;
    while n < u32::from(count) {
        let Some([tag]) = blob.array_at::<1>(at) else { return told };
        let len = match tag {
            1 => match numbers.u16(at.saturating_add(1)) {
                Some(len) => u64::from(len).saturating_add(3),
                None => return told,
            },
            3 | 4 | 9..=12 | 17 | 18 => 5,
            5 | 6 => 9,
            7 | 8 | 16 | 19 | 20 => 3,
            15 => 4,
            _ => return told,
        };
        at = at.saturating_add(len);
        // Long and double take two places.
        n = n.saturating_add(if matches!(tag, 5 | 6) { 2 } else { 1 });
    }
    told.sound = at.saturating_add(8) <= blob.len();
    told
}

/// A Dalvik executable: it tells its own length.
pub(super) fn dex(blob: &Blob) -> Executable {
    let mut told =
        Executable { kind: "program", machines: vec!["Dalvik"], ..Executable::default() };
    let numbers = Numbers { blob, big: false };
    let (Some(len), Some(header)) = (numbers.u32(32), numbers.u32(36)) else { return told };
    told.sound = matches!(blob.array_at(0), Some([b'd', b'e', b'x', b'\n', b'0', _, _, 0]))
        && numbers.u32(40) == Some(0x1234_5678)
        && len >= header
        && header >= 0x70;
    told.end = u64::from(len);
    told
}
