//! Formats with a magic, at the beginning or elsewhere.

use artifact::Blob;

use super::Format;
use crate::{executable, gguf, tensorboard, tensorflow, wandb};

/// Magics at offset 0.
const MAGICS: &[(&[u8], Format)] = &[
    (b"PK\x03\x04", Format::Zip),
    (b"PK\x05\x06", Format::Zip),
    (b"PK\x07\x08", Format::Zip),
    (b"\x1f\x8b", Format::Gzip),
    (b"BZh", Format::Bzip2),
    (b"\xfd7zXZ\x00", Format::Xz),
    (b"\x04\x22\x4d\x18", Format::Lz4),
    (b"\x28\xb5\x2f\xfd", Format::Zstd),
    (b"7z\xbc\xaf\x27\x1c", Format::SevenZ),
    (b"Rar!\x1a\x07", Format::Rar),
    (b"GGUF", Format::Gguf),
    (b"\x93NUMPY", Format::Npy),
    (b"\x7fELF", Format::Elf),
    (b"\xfe\xed\xfa\xce", Format::MachO),
    (b"\xfe\xed\xfa\xcf", Format::MachO),
    (b"\xce\xfa\xed\xfe", Format::MachO),
    (b"\xcf\xfa\xed\xfe", Format::MachO),
    (b"\x00asm", Format::Wasm),
    (b"dex\n0", Format::Dex),
    (b"!<arch>\n", Format::Ar),
    (b"\xed\xab\xee\xdb", Format::Rpm),
    (b"xar!\x00\x1c", Format::Xar),
    (b"MSCF\x00\x00\x00\x00", Format::Cab),
    (b"L\x00\x00\x00\x01\x14\x02\x00", Format::Lnk),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Format::Ole),
    (b"\x89PNG\r\n\x1a\n", Format::Png),
    (b"\xff\xd8\xff", Format::Jpeg),
    (b"GIF87a", Format::Gif),
    (b"GIF89a", Format::Gif),
    (b"RIFF", Format::Riff),
    (b"%PDF-", Format::Pdf),
    (b"SQLite format 3\x00", Format::Sqlite),
    (b"ARROW1", Format::Arrow),
    (b"PAR1", Format::Parquet),
    (wandb::MAGIC, Format::Wandb),
];

const HDF5: [u8; 8] = *b"\x89HDF\r\n\x1a\n";

/// How far from the end the directory of a zip may stand: 22 bytes and the longest comment.
const ZIP_TAIL: u64 = 22 + 65_535;

pub(super) fn at_start(head: &[u8], blob: &Blob, found: &mut Vec<Format>) {
    for (magic, format) in MAGICS {
        if head.starts_with(magic) {
            found.push(*format);
        }
    }
    if is_script(head) {
        found.push(Format::Script);
    }
    if gguf::legacy(head).is_some() {
        found.push(Format::Ggml);
    }
    if is_safetensors(head) {
        found.push(Format::Safetensors);
    }
    if executable::pe_header_at(blob).is_some() {
        found.push(Format::Pe);
    }
    if let [0xca, 0xfe, 0xba, 0xbe, rest @ ..] = head {
        // A universal binary holds few architectures where a class has its version.
        let count = rest.first_chunk().map(|count| u32::from_be_bytes(*count));
        found.push(if count.is_some_and(|n| n < 20) { Format::MachO } else { Format::JavaClass });
    }
    // Version, CRLF, flags (0 to 3) of a `.pyc` since Python 3.7, or a time before.
    if let [_, version, b'\r', b'\n', ..] = head
        && matches!(version, 0x0c..=0x0f | 0xf2 | 0xf3)
        && head.len() >= 16
    {
        found.push(Format::Pyc);
    }
}

/// Formats whose mark does not stand at offset 0.
pub(super) fn elsewhere(head: &[u8], blob: &Blob, found: &mut Vec<Format>) {
    // A user block of 512 bytes, doubled as often as wanted, may stand before HDF5.
    let mut at = 0u64;
    while at < blob.len() {
        if blob.array_at(at) == Some(HDF5) {
            found.push(Format::Hdf5);
            break;
        }
        at = if at == 0 { 512 } else { at.saturating_mul(2) };
    }
    if head.get(4..8) == Some(b"TFL3") {
        found.push(Format::TfLite);
    }
    if tensorboard::is_events(blob) {
        found.push(Format::TensorBoard);
    }
    if tensorflow::is_index(blob) {
        found.push(Format::CheckpointIndex);
    }
    if is_tar(head) {
        found.push(Format::Tar);
    }
    // The last 512 bytes tell of the rest.
    if blob.len() >= 512
        && blob.array_at(blob.len().saturating_sub(512)) == Some(*b"koly\0\0\0\x04")
    {
        found.push(Format::Dmg);
    }
    if has_zip_directory(blob) {
        found.push(Format::Zip);
    }
    if blob.len() >= 12 && blob.array_at(blob.len().saturating_sub(4)) == Some(*b"PAR1") {
        found.push(Format::Parquet);
    }
}

/// torch writes the number 0x1950a86a20f9469cfc6c as the first pickle, of any protocol.
pub(crate) fn is_torch_legacy(head: &[u8]) -> bool {
    let head = head.get(..64).unwrap_or(head);
    let binary = b"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
    let decimal = b"119547037146038801333356";
    contains(head, binary) || contains(head, decimal)
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// A length below a tebibyte, then `{`. Text cannot be taken for it: the length has zero bytes.
fn is_safetensors(head: &[u8]) -> bool {
    let Some((length, header)) = head.split_first_chunk() else { return false };
    if !(2..1 << 40).contains(&u64::from_le_bytes(*length)) {
        return false;
    }
    let header = header.trim_ascii_start();
    header.first() == Some(&b'{')
        && matches!(header.get(1..).unwrap_or_default().trim_ascii_start(), [b'"' | b'}', ..])
}

/// `#!`, then a line of text that names an interpreter. Numbers begin with these two bytes as well.
pub(crate) fn is_script(head: &[u8]) -> bool {
    let Some(line) = head.strip_prefix(b"#!") else { return false };
    let line = line.get(..256).unwrap_or(line);
    let end = line.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
    let whole = end.is_some() || line.len() < 256;
    let line = line.get(..end.unwrap_or(line.len())).unwrap_or_default();
    let named = line.trim_ascii_start().first();
    whole
        && named.is_some_and(|first| first.is_ascii_alphanumeric() || *first == b'/')
        && line.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\t'))
}

/// The POSIX and GNU magic, or a header whose checksum holds (the format before POSIX).
fn is_tar(head: &[u8]) -> bool {
    if head.get(257..262) == Some(b"ustar") {
        return true;
    }
    let (Some(header), Some(field)) = (head.get(..512), head.get(148..156)) else { return false };
    let text = field.trim_ascii_start();
    let digits: Vec<u8> = text.iter().copied().take_while(|b| matches!(b, b'0'..=b'7')).collect();
    let rest = text.get(digits.len()..).unwrap_or_default();
    if digits.is_empty() || !rest.iter().all(|b| matches!(b, 0 | b' ')) {
        return false;
    }
    let declared = digits
        .iter()
        .fold(0u32, |sum, digit| sum.wrapping_mul(8).wrapping_add(u32::from(digit & 7)));
    let sum = (0usize..).zip(header).fold(0u32, |sum, (at, byte)| {
        let byte = if (148..156).contains(&at) { b' ' } else { *byte };
        sum.wrapping_add(u32::from(byte))
    });
    // A block of zeros sums up to 256 and has no name.
    declared == sum && header.first() != Some(&0)
}

/// Whether the end-of-central-directory record of a zip stands where readers look for it: its
/// directory must begin with an entry's magic, or be empty. Bytes before the archive are allowed.
fn has_zip_directory(blob: &Blob) -> bool {
    let tail_at = blob.len().saturating_sub(ZIP_TAIL);
    let tail = blob.bytes_at(tail_at, usize::try_from(ZIP_TAIL).unwrap_or_default());
    let number = |at: usize| -> Option<u64> {
        let bytes = tail.get(at..)?.first_chunk().copied()?;
        Some(u64::from(u32::from_le_bytes(bytes)))
    };
    for at in memchr::memmem::find_iter(&tail, b"PK\x05\x06") {
        let (Some(size), Some(offset)) =
            (number(at.saturating_add(12)), number(at.saturating_add(16)))
        else {
            continue;
        };
        let record = tail_at.saturating_add(at as u64);
        if size == 0 || size == u64::from(u32::MAX) || offset == u64::from(u32::MAX) {
            return true;
        }
        let before = record.checked_sub(size);
        if [before, Some(offset)]
            .into_iter()
            .flatten()
            .any(|entry| blob.array_at(entry) == Some(*b"PK\x01\x02"))
        {
            return true;
        }
    }
    false
}
