use std::io::Write as _;

use super::*;
use crate::executable::tests::{elf, pe};
use crate::harness;

/// Bytes that are nothing, the same each time.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1du64;
    (0..len)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        })
        .collect()
}

fn is_pickle(blob: &Blob, _: bool) -> bool {
    blob.bytes_at(0, 64).windows(6).any(|window| window == b"system")
}

fn search(bytes: Vec<u8>) -> Option<Payload> {
    let blob = Blob::from_vec(bytes);
    Search::new(&blob, &is_pickle).next(1, u64::MAX)
}

fn payloads() -> Vec<(Format, Vec<u8>)> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(&noise(9000)).unwrap();
    vec![
        (Format::Elf, elf(200)),
        (Format::Pe, pe()),
        (Format::Gzip, gzip.finish().unwrap()),
        (
            Format::Zip,
            b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0a".to_vec(),
        ),
        (Format::SevenZ, b"7z\xbc\xaf\x27\x1c\0\x04".to_vec()),
        (Format::Xz, b"\xfd7zXZ\0\0\x04".to_vec()),
        (Format::Bzip2, b"BZh91AY&SY0000".to_vec()),
        (Format::Script, b"#!/bin/sh\ntrue\n".to_vec()),
        (Format::Pickle, b"\x80\x02cposix\nsystem\n.".to_vec()),
        (Format::Pickle, b"cposix\nsystem\n(S'true'\ntR.".to_vec()),
        (Format::Wasm, b"\0asm\x01\0\0\0\x01\x01\x00".to_vec()),
    ]
}

#[test]
fn finds_what_begins_anywhere() {
    for (format, payload) in payloads() {
        for before in [1, 63, 511, CHUNK - 2, CHUNK + 7] {
            let mut bytes = vec![b'.'; before];
            bytes.extend(&payload);
            bytes.extend(b"and more");
            let found = search(bytes).map(|found| (found.format, found.at));
            assert_eq!(found, Some((format, before as u64)), "{before}");
        }
    }
}

#[test]
fn a_program_tells_where_it_ends() {
    let bytes = [&b"x"[..], &elf(200), b"more"].concat();
    assert_eq!(search(bytes).and_then(|found| found.end), Some(201));
}

#[test]
fn noise_and_text_hold_nothing() {
    assert_eq!(search(noise(16 << 20)), None);
    let text =
        "class Foo:\n    pass\ncat\nos\n#!interesting PK MZ zip BZh9 7z \x7fELF\n".repeat(2000);
    assert_eq!(search(text.into_bytes()), None);
}

#[test]
fn gives_up_when_too_much_only_looks_like_something() {
    let bytes = b"\x7fELF".repeat(30_000);
    let blob = Blob::from_vec(bytes);
    let mut search = Search::new(&blob, &is_pickle);
    assert_eq!(search.next(0, u64::MAX), None);
    assert!(search.gave_up());
}

#[test]
fn marks_are_seen_whatever_the_pieces() {
    let mut bytes = noise(3000);
    let places =
        [(5u64, elf(200)), (700, pe()), (2000, b"\x80\x04\x95\x02\0\0\0\0\0\0\0N.".to_vec())];
    for (at, payload) in &places {
        let at = usize::try_from(*at).unwrap();
        bytes.splice(at..at + payload.len(), payload.iter().copied());
    }
    let blob = Blob::from_vec(bytes.clone());
    for piece in [1, 2, 3, 5, 64, 5000] {
        let mut marks = Marks::default();
        bytes.chunks(piece).for_each(|piece| marks.pass(piece));
        let found: Vec<_> =
            marks.found().into_iter().filter_map(|mark| mark.confirm(&blob)).collect();
        let wanted =
            [(Format::Elf, 5, 205), (Format::Pe, 700, 700 + 384), (Format::Pickle, 2000, 2013)];
        assert_eq!(found, wanted, "{piece}");
    }
}

#[test]
fn a_zip_is_known_by_its_end() {
    let mut zip = b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0a".to_vec();
    zip.extend_from_slice(b"PK\x01\x02\x14\0\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
    zip.extend_from_slice(b"\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0a");
    zip.extend_from_slice(b"PK\x05\x06\0\0\0\0\x01\0\x01\0\x2f\0\0\0\x1f\0\0\0\0\0");
    let len = zip.len() as u64;
    let blob = Blob::from_vec([&b"before"[..], &zip, b"behind"].concat());
    let mut marks = Marks::default();
    marks.pass(&blob.bytes_at(0, 1000));
    let found: Vec<_> = marks.found().into_iter().filter_map(|mark| mark.confirm(&blob)).collect();
    assert_eq!(found, [(Format::Zip, 6, 6 + len)]);
}

/// Marks that share bytes with each other are all seen, wherever the pieces are cut.
#[test]
fn every_mark_is_seen() {
    let bytes = b"..\xfe\xed\xfa\xed\xfe\xed\xfa..\xca\xfe\xba\x7fELF\x80\x04\x80\x04\x95\x80\x05\x95PK\x05\x06PE\0\0";
    let places = [2, 4, 6, 11, 14, 20, 23, 26, 30];
    for piece in 1..=bytes.len() {
        let mut marks = Marks::default();
        bytes.chunks(piece).for_each(|piece| marks.pass(piece));
        let found: Vec<u64> = marks.found().iter().map(|mark| mark.at).collect();
        assert_eq!(found, places, "{piece}");
        assert!(!marks.left_out());
    }
}

#[test]
fn survives_anything() {
    for (_, payload) in payloads() {
        harness::survive(&[b"..", payload.as_slice()].concat(), |blob| {
            Search::new(blob, &is_pickle).next(0, u64::MAX);
            let mut marks = Marks::default();
            marks.pass(&blob.bytes_at(0, 4096));
            for mark in marks.found() {
                mark.confirm(blob);
            }
        });
    }
}
