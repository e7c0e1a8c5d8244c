use super::*;
use crate::harness;

/// An ELF header of 64 bits with one segment, and bytes up to `len`.
pub(crate) fn elf(len: u64) -> Vec<u8> {
    let mut bytes = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0\x01\0\0\0".to_vec();
    for number in [0u64, 64, 0] {
        bytes.extend(number.to_le_bytes());
    }
    bytes.extend([0; 4]);
    for half in [64u16, 56, 1, 64, 0, 0] {
        bytes.extend(half.to_le_bytes());
    }
    bytes.extend([1, 0, 0, 0, 5, 0, 0, 0]);
    for number in [0u64, 0, 0, len, len, 0x1000] {
        bytes.extend(number.to_le_bytes());
    }
    bytes.resize(usize::try_from(len).unwrap(), 0);
    bytes
}

/// An ELF library of 64 bits that exports a name.
fn library(name: &str) -> Vec<u8> {
    let mut bytes = elf(120);
    let strings = bytes.len() as u64;
    bytes.push(0);
    bytes.extend(name.as_bytes());
    bytes.push(0);
    let symbols = bytes.len() as u64;
    bytes.extend([0; 24]);
    bytes.extend([1, 0, 0, 0, 0x12, 0, 1, 0]);
    bytes.extend([0; 16]);
    let sections = bytes.len() as u64;
    for (kind, at, len, link) in
        [(0u32, 0, 0, 0u32), (11, symbols, 48, 2), (3, strings, symbols - strings, 0)]
    {
        bytes.extend([0; 4]);
        bytes.extend(kind.to_le_bytes());
        bytes.extend([0; 16]);
        bytes.extend(at.to_le_bytes());
        bytes.extend(len.to_le_bytes());
        bytes.extend(link.to_le_bytes());
        bytes.extend([0; 20]);
    }
    bytes[40..48].copy_from_slice(&sections.to_le_bytes());
    bytes[60..62].copy_from_slice(&3u16.to_le_bytes());
    bytes
}

pub(crate) fn pe() -> Vec<u8> {
    let mut bytes = b"MZ".to_vec();
    bytes.resize(60, 0);
    bytes.extend(64u32.to_le_bytes());
    bytes.extend(b"PE\0\0\x64\x86\x01\0");
    bytes.extend([0; 12]);
    bytes.extend([240, 0, 0x22, 0x20]);
    bytes.extend([0x0b, 0x02]);
    bytes.resize(64 + 24 + 240, 0);
    bytes.extend(b".text\0\0\0");
    for number in [16u32, 0x1000, 16, 368] {
        bytes.extend(number.to_le_bytes());
    }
    bytes.extend([0; 16]);
    bytes.extend([0x90; 16]);
    bytes
}

fn macho() -> Vec<u8> {
    let mut bytes =
        b"\xcf\xfa\xed\xfe\x07\0\0\x01\x03\0\0\0\x06\0\0\0\x01\0\0\0\x48\0\0\0".to_vec();
    bytes.extend([0; 8]);
    bytes.extend([0x19, 0, 0, 0, 0x48, 0, 0, 0]);
    bytes.resize(bytes.len() + 64, 0);
    bytes
}

fn universal() -> Vec<u8> {
    let inner = macho();
    let mut bytes = b"\xca\xfe\xba\xbe\0\0\0\x01\x01\0\0\x07\0\0\0\x03\0\0\0\x1c".to_vec();
    bytes.extend(u32::try_from(inner.len()).unwrap().to_be_bytes());
    bytes.extend([0; 4]);
    bytes[16..20].copy_from_slice(&28u32.to_be_bytes());
    bytes.resize(28, 0);
    bytes.extend(inner);
    bytes
}

fn wasm() -> Vec<u8> {
    b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0".to_vec()
}

fn class() -> Vec<u8> {
    let mut bytes = b"\xca\xfe\xba\xbe\0\0\0\x34\0\x03\x07\0\x02\x01\0\x01A".to_vec();
    bytes.extend([0; 12]);
    bytes
}

fn dex() -> Vec<u8> {
    let mut bytes = b"dex\n035\0".to_vec();
    bytes.resize(32, 0);
    bytes.extend(112u32.to_le_bytes());
    bytes.extend(112u32.to_le_bytes());
    bytes.extend(0x1234_5678u32.to_le_bytes());
    bytes.resize(112, 0);
    bytes
}

fn all() -> Vec<(Format, Vec<u8>)> {
    vec![
        (Format::Elf, elf(200)),
        (Format::Elf, library("PyInit_x")),
        (Format::Pe, pe()),
        (Format::MachO, macho()),
        (Format::MachO, universal()),
        (Format::Wasm, wasm()),
        (Format::JavaClass, class()),
        (Format::Dex, dex()),
    ]
}

#[test]
fn headers_that_hold_together_are_sound_and_tell_their_end() {
    for (format, sample) in all() {
        let told = read(&Blob::from_vec(sample.clone()), format);
        assert!(told.sound && !told.machines.is_empty(), "{format}: {told:?}");
        if format == Format::JavaClass {
            continue;
        }
        let longer = Blob::from_vec([sample.as_slice(), b"something behind it"].concat());
        let end =
            if format == Format::MachO { read(&longer, format).end } else { sample.len() as u64 };
        assert_eq!(read(&longer, format).end, end, "{format}");
    }
}

#[test]
fn a_magic_alone_is_not_sound() {
    for (format, sample) in all() {
        let mut noise = sample.clone();
        for byte in noise.iter_mut().skip(8) {
            *byte = 0xa5;
        }
        assert!(!read(&Blob::from_vec(noise), format).sound, "{format}");
        let head = Blob::from_vec(sample[..8].to_vec());
        assert!(!read(&head, format).sound || format == Format::Wasm, "{format}");
    }
}

#[test]
fn tells_who_enters_a_library() {
    for (name, purpose) in [
        ("PyInit_x", Some(Purpose::PythonModule)),
        ("AOTInductorModelContainerCreate", Some(Purpose::AotInductor)),
        ("RegisterCustomOps", Some(Purpose::OnnxOperators)),
        ("main", None),
    ] {
        let told = read(&Blob::from_vec(library(name)), Format::Elf);
        assert_eq!(told.purpose(), purpose, "{told:?}");
        assert_eq!((told.kind, told.machines.as_slice()), ("shared library", &["x86-64"][..]));
    }
}

#[test]
fn survives_anything() {
    for (format, sample) in all() {
        harness::survive(&sample, |blob| {
            let told = read(blob, format);
            assert!(told.end <= blob.len());
        });
    }
}

#[test]
#[allow(clippy::disallowed_methods, reason = "the program that runs this test")]
fn reads_a_real_program() {
    let own = std::env::current_exe().unwrap();
    let told = read(&harness::load(&own), Format::Elf);
    if cfg!(target_os = "linux") {
        assert!(told.sound, "{told:?}");
    }
}
