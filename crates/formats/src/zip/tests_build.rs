//! Writes archives as a test wants them, wrong where it wants them wrong.

use std::io::Write;

use flate2::Compression;
use flate2::write::DeflateEncoder;

/// A member as a test wants it written, in the local header and in the central directory.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) name: Vec<u8>,
    pub(super) local_name: Vec<u8>,
    pub(super) data: Vec<u8>,
    pub(super) method: u16,
    pub(super) flags: u16,
    pub(super) local_flags: u16,
    pub(super) crc: u32,
    pub(super) compressed: u32,
    pub(super) local_compressed: u32,
    pub(super) uncompressed: u32,
    pub(super) extra: Vec<u8>,
    pub(super) mode: u32,
    /// Where the central directory says that the local header is.
    pub(super) at: Option<u32>,
    pub(super) local: bool,
    pub(super) central: bool,
}

pub(super) fn entry(name: &str, content: &[u8]) -> Entry {
    let len = u32::try_from(content.len()).unwrap();
    Entry {
        name: name.into(),
        local_name: name.into(),
        data: content.to_vec(),
        method: 0,
        flags: 0,
        local_flags: 0,
        crc: crc32fast::hash(content),
        compressed: len,
        local_compressed: len,
        uncompressed: len,
        extra: Vec::new(),
        mode: 0,
        at: None,
        local: true,
        central: true,
    }
}

pub(super) fn deflated(name: &str, content: &[u8]) -> Entry {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).unwrap();
    let data = encoder.finish().unwrap();
    let len = u32::try_from(data.len()).unwrap();
    Entry { method: 8, data, compressed: len, local_compressed: len, ..entry(name, content) }
}

pub(super) fn words(halves: &[u16]) -> Vec<u8> {
    halves.iter().flat_map(|half| half.to_le_bytes()).collect()
}

pub(super) fn longs(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

pub(super) fn short(bytes: &[u8]) -> u16 {
    u16::try_from(bytes.len()).unwrap()
}

pub(super) fn local(entry: &Entry) -> Vec<u8> {
    let sizes = [entry.crc, entry.local_compressed, entry.uncompressed];
    [
        b"PK\x03\x04".to_vec(),
        words(&[20, entry.local_flags, entry.method, 0, 0x21]),
        longs(&sizes),
        words(&[short(&entry.local_name), 0]),
        entry.local_name.clone(),
        entry.data.clone(),
    ]
    .concat()
}

pub(super) fn central(entry: &Entry, at: u32) -> Vec<u8> {
    [
        b"PK\x01\x02".to_vec(),
        words(&[0x0314, 20, entry.flags, entry.method, 0, 0x21]),
        longs(&[entry.crc, entry.compressed, entry.uncompressed]),
        words(&[short(&entry.name), short(&entry.extra), 0, 0, 0]),
        longs(&[entry.mode << 16, entry.at.unwrap_or(at)]),
        entry.name.clone(),
        entry.extra.clone(),
    ]
    .concat()
}

pub(super) fn end(entries: u16, size: usize, offset: usize, comment: &[u8]) -> Vec<u8> {
    let (size, offset) = (u32::try_from(size).unwrap(), u32::try_from(offset).unwrap());
    [
        b"PK\x05\x06".to_vec(),
        words(&[0, 0, entries, entries]),
        longs(&[size, offset]),
        words(&[short(comment)]),
        comment.to_vec(),
    ]
    .concat()
}

pub(super) fn archive(entries: &[Entry]) -> Vec<u8> {
    let (mut bytes, mut directory, mut count) = (Vec::new(), Vec::new(), 0);
    for entry in entries {
        let at = u32::try_from(bytes.len()).unwrap();
        if entry.local {
            bytes.extend(local(entry));
        }
        if entry.central {
            directory.extend(central(entry, at));
            count += 1;
        }
    }
    let offset = bytes.len();
    let size = directory.len();
    [bytes, directory, end(count, size, offset, b"")].concat()
}
