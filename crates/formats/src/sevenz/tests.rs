use vocabulary::{Limits, Span};

use super::*;
use crate::stream::testing::{blob, budget, content, python, torture, unhex};

/// `a.pkl` with `payload`, by py7zr: LZMA2, the header packed with LZMA.
const PACKED: &str = "377abcaf271c0004d0b361c7620000000000000014000000000000001f0d7f1b0100067061796c6f616400e00050 \
    004f5d0000813307ae0fce85ae92f77aee9a352feeb74dc222370a6cc1ea1eca174ee7b1442ddc17fcfd4b5f1c5d \
    fe31bce8f7ef68d3be608bec1395ef5fae02c96ee84c2fee02418a443f54a9c243194000000017060b0109570007 \
    0b010001212101180c510000";

/// The same with the header as it is.
const PLAIN: &str = "377abcaf271c0004527faa040b0000000000000052000000000000004571977d0100067061796c6f616400010406 \
    0001090b00070b01000221210118040303010301000c070700080a01156a2c4200000501190400000000110d0061 \
    002e0070006b006c000000140a0100401662978779dd0115060100208080810000";

fn look(bytes: &[u8]) -> SevenZ {
    read(&blob(bytes), &budget())
}

fn kinds(seven: &SevenZ) -> Vec<SevenZOddity> {
    seven.oddities.iter().map(|oddity| oddity.kind).collect()
}

#[test]
fn reads_an_archive_of_py7zr() {
    for sample in [PACKED, PLAIN] {
        let bytes = unhex(sample);
        let seven = look(&bytes);
        assert_eq!((&seven.fault, seven.exhausted), (&None, None));
        assert_eq!(seven.oddities, []);
        assert_eq!(seven.members.len(), 1);
        assert_eq!(seven.members[0].name.raw(), "a.pkl");
        assert_eq!(content(seven.members[0].blob.as_ref().unwrap()), b"payload");
        let spans: Vec<Span> = seven.regions.iter().map(|region| region.span).collect();
        assert_eq!(Span::uncovered(&spans, bytes.len() as u64), []);
    }
}

#[test]
fn reads_what_py7zr_writes() {
    let Some(made) = python(
        "
import py7zr, random
random.seed(4)
text = b''.join(b'%d ' % random.randrange(10 ** 9) for _ in range(20000))
F = py7zr
for name, filters in (
    ('default', None),
    ('lzma', [{'id': F.FILTER_LZMA}]),
    ('lzma2', [{'id': F.FILTER_LZMA2, 'preset': 1}]),
    ('bzip2', [{'id': F.FILTER_BZIP2}]),
    ('copy', [{'id': F.FILTER_COPY}]),
    ('bcj', [{'id': F.FILTER_X86}, {'id': F.FILTER_LZMA2, 'preset': 1}]),
    ('delta', [{'id': F.FILTER_DELTA}, {'id': F.FILTER_LZMA2, 'preset': 1}]),
    ('deflate', [{'id': F.FILTER_DEFLATE}]),
):
    b = io.BytesIO()
    with py7zr.SevenZipFile(b, 'w', filters=filters) as z:
        z.writestr(text, 'folder/text'); z.writestr(b'', 'empty'); z.writestr(b'payload', 'data.pkl')
    emit(name, b.getvalue())
b = io.BytesIO()
with py7zr.SevenZipFile(b, 'w', password='secret') as z: z.writestr(b'payload', 'data.pkl')
emit('encrypted', b.getvalue())
",
    ) else {
        return;
    };
    for (what, bytes) in made {
        let seven = look(&bytes);
        let names: Vec<&str> = seven.members.iter().map(|member| member.name.raw()).collect();
        if what == "encrypted" || what == "deflate" {
            assert!(seven.fault.is_some(), "{what}");
            let member = seven.members.last().unwrap();
            assert!(member.blob.is_none() && member.fault.is_some(), "{what}");
            continue;
        }
        assert_eq!(names, ["folder/text", "empty", "data.pkl"], "{what}");
        assert_eq!((&seven.fault, seven.exhausted), (&None, None), "{what}");
        assert_eq!(seven.oddities, [], "{what}");
        let lens: Vec<u64> =
            seven.members.iter().map(|member| member.blob.as_ref().unwrap().len()).collect();
        assert_eq!(lens, seven.members.iter().map(|member| member.size).collect::<Vec<_>>());
        assert_eq!(content(seven.members[2].blob.as_ref().unwrap()), b"payload");
    }
}

#[test]
fn bytes_after_an_archive_are_told() {
    let bytes = [unhex(PACKED), b"tail".to_vec()].concat();
    let seven = look(&bytes);
    assert_eq!(kinds(&seven), [SevenZOddity::Suffix]);
    assert!(seven.members[0].blob.is_some());
}

#[test]
fn a_wrong_checksum_costs_the_last_byte_alone() {
    let Some(made) = python(
        "
import py7zr
b = io.BytesIO()
with py7zr.SevenZipFile(b, 'w', filters=[{'id': py7zr.FILTER_COPY}]) as z: z.writestr(b'payload', 'a')
emit('', b.getvalue())
",
    ) else {
        return;
    };
    let mut bytes = made[0].1.clone();
    bytes[32] ^= 1;
    let seven = look(&bytes);
    assert_eq!(kinds(&seven), [SevenZOddity::BrokenContent]);
    assert_eq!(content(seven.members[0].blob.as_ref().unwrap()), b"qayloa");
}

#[test]
fn a_bomb_ends_within_the_budget() {
    let Some(made) = python(
        "
import py7zr
b = io.BytesIO()
with py7zr.SevenZipFile(b, 'w') as z: z.writestr(bytes(64 << 20), 'zeros'); z.writestr(b'x', 'x')
emit('', b.getvalue())
",
    ) else {
        return;
    };
    let limits = Limits { bytes_out: 4 << 20, ..Limits::default() };
    let seven = read(&blob(&made[0].1), &artifact::Budget::new(limits));
    assert_eq!(seven.exhausted, Some(Exhausted::BytesOut));
    assert!(seven.members[1].blob.is_none());
    let limits = Limits { entries: 1, ..Limits::default() };
    let seven = read(&blob(&made[0].1), &artifact::Budget::new(limits));
    assert_eq!(seven.exhausted, Some(Exhausted::Entries));
}

/// A signature header whose checksum fits, and a header after it.
fn archive(header: &[u8], declared: u64) -> Vec<u8> {
    let start =
        [&0u64.to_le_bytes()[..], &declared.to_le_bytes(), &crc32fast::hash(header).to_le_bytes()]
            .concat();
    let crc = crc32fast::hash(&start).to_le_bytes();
    [b"7z\xbc\xaf\x27\x1c\x00\x04", &crc[..], &start, header].concat()
}

#[test]
fn declared_sizes_do_not_allocate() {
    // A header of an exabyte; one packed, of 2^40 bytes; one of 2^30 files.
    let lzma = "17 06 00 01 09 0a 00 07 0b 01 00 01 23 03 01 01 05 5d 00 00 00 04";
    for (bytes, least) in [
        (archive(&[1], 1 << 60), "too long"),
        (archive(&unhex(&format!("{lzma} 0c fd 00 00 00 00 01 00 00")), 30), "7z header"),
        (archive(&unhex("01 05 f0 00 00 00 40 00 00"), 9), ""),
    ] {
        let fault = look(&bytes).fault.unwrap();
        assert!(fault.contains(least), "{fault}");
    }
}

#[test]
fn an_unfinished_archive_is_told() {
    let mut bytes = unhex(PACKED);
    bytes[8..32].fill(0);
    assert!(look(&bytes).fault.unwrap().contains("never finished"));
    bytes[12] = 1;
    assert!(look(&bytes).fault.unwrap().contains("no checksum"));
    assert!(look(b"").fault.is_some());
    assert!(look(&[0; 64]).fault.unwrap().contains("no 7z signature"));
}

#[test]
fn a_cut_or_changed_archive_never_panics() {
    let see = |blob: &Blob| {
        let seven = read(blob, &budget());
        assert!(seven.regions.iter().all(|region| region.span.end <= blob.len()));
    };
    for sample in [PACKED, PLAIN] {
        let bytes = unhex(sample);
        torture(&bytes, see);
        // The same with the checksums made to fit, so that the changes reach the decoder.
        let number = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
        let at = usize::try_from(32 + number(12)).unwrap();
        let size = usize::try_from(number(20)).unwrap();
        for changed in at..bytes.len() {
            for change in [1, 2, 3, 4, 8, 15, 16, 32, 64, 127, 128, 192, 255, bytes[changed]] {
                let mut bytes = bytes.clone();
                bytes[changed] ^= change;
                let crc = crc32fast::hash(&bytes[at..at + size]).to_le_bytes();
                bytes[28..32].copy_from_slice(&crc);
                let crc = crc32fast::hash(&bytes[12..32]).to_le_bytes();
                bytes[8..12].copy_from_slice(&crc);
                see(&blob(&bytes));
            }
        }
    }
}
