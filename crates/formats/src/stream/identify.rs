use lzma_rust2::{Action, LzmaStream, Status as LzmaStatus};

use flate2::{Decompress as Inflate, FlushDecompress, Status as ZStatus};

use super::Codec;

/// How much of the head a trial may decode to.
const TRIAL: usize = 4 << 10;
/// A trial without an error over so many bytes is no accident.
const ENOUGH: usize = 256;

/// Names the codec of a stream from its first bytes; 4 KiB of them are plenty, 256 may be too few.
///
/// zlib and LZMA have no magic: where the header fits, the first bytes are decoded, and they must
/// either end with the right checksum or go on without an error.
pub fn identify(head: &[u8]) -> Option<Codec> {
    let magic = head.first_chunk::<4>().map(|bytes| u32::from_le_bytes(*bytes));
    match magic {
        Some(0xfd2f_b528) => return Some(Codec::Zstd),
        Some(0x184d_2204 | 0x184c_2102) => return Some(Codec::Lz4),
        // A skippable frame says nothing of the frames after it.
        Some(0x184d_2a50..=0x184d_2a5f) => return Some(after_skippable(head)),
        _ => {}
    }
    if head.starts_with(&[0x1f, 0x8b, 8]) {
        return Some(Codec::Gzip);
    }
    if head.starts_with(b"\xfd7zXZ\0") {
        return Some(Codec::Xz);
    }
    if let [b'B', b'Z', b'h', b'1'..=b'9', block @ ..] = head
        && (block.starts_with(b"1AY&SY") || block.starts_with(b"\x17rE8P\x90"))
    {
        return Some(Codec::Bzip2);
    }
    if head.starts_with(b"ZF0x") {
        return Some(Codec::JoblibZf);
    }
    if is_zlib(head) {
        return Some(Codec::Zlib);
    }
    is_lzma(head).then_some(Codec::LzmaAlone)
}

fn after_skippable(head: &[u8]) -> Codec {
    let mut rest = head;
    while let Some((magic, after)) = rest.split_first_chunk::<4>() {
        let magic = u32::from_le_bytes(*magic);
        if magic == 0x184d_2204 {
            return Codec::Lz4;
        }
        let Some((len, after)) = after.split_first_chunk::<4>() else { break };
        let len = usize::try_from(u32::from_le_bytes(*len)).unwrap_or(usize::MAX);
        if magic & 0xffff_fff0 != 0x184d_2a50 {
            break;
        }
        rest = after.get(len..).unwrap_or_default();
    }
    Codec::Zstd
}

fn is_zlib(head: &[u8]) -> bool {
    let [cmf, flg, ..] = *head else { return false };
    if cmf & 0x0f != 8
        || cmf >> 4 > 7
        || flg & 0x20 != 0
        || u16::from_be_bytes([cmf, flg]) % 31 != 0
    {
        return false;
    }
    let mut out = vec![0; TRIAL];
    let mut inflate = Inflate::new(true);
    // Told to finish at once, it decodes into `out` alone and so notices distances that reach
    // before the first byte, which is where noise fails.
    match inflate.decompress(head, &mut out, FlushDecompress::Finish) {
        Ok(ZStatus::StreamEnd) => true,
        Ok(_) => inflate.total_in() >= ENOUGH as u64 || inflate.total_out() >= TRIAL as u64,
        Err(_) => false,
    }
}

/// The header rules are those by which `xz` tells `.lzma` files.
fn is_lzma(head: &[u8]) -> bool {
    let Some((props, rest)) = head.split_first() else { return false };
    let Some((dictionary, rest)) = rest.split_first_chunk::<4>() else { return false };
    let Some((size, rest)) = rest.split_first_chunk::<8>() else { return false };
    let (dictionary, size) = (u32::from_le_bytes(*dictionary), u64::from_le_bytes(*size));
    let high = 1u32.checked_shl(31u32.saturating_sub(dictionary.leading_zeros())).unwrap_or(0);
    let usual = dictionary == u32::MAX
        || (dictionary != 0 && (dictionary == high || dictionary == high | high >> 1));
    if *props >= 225 || !usual || rest.first() != Some(&0) || !(size == u64::MAX || size < 1 << 38)
    {
        return false;
    }
    let mut out = vec![0; TRIAL];
    let mut stream = LzmaStream::new_mem_limit(super::MEMORY_KIB, None);
    let mut rest = head;
    let mut made = 0usize;
    while let Ok(step) = stream.process(rest, out.get_mut(made..).unwrap_or_default(), Action::Run)
    {
        rest = rest.get(step.bytes_consumed..).unwrap_or_default();
        made = made.saturating_add(step.bytes_produced);
        if step.status == LzmaStatus::StreamEnd {
            return true;
        }
        if rest.is_empty()
            || made >= TRIAL
            || (step.bytes_consumed == 0 && step.bytes_produced == 0)
        {
            return head.len() >= ENOUGH && made > 0;
        }
    }
    false
}
