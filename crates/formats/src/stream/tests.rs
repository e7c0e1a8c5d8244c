use artifact::Exhausted;
use vocabulary::Limits;

use super::testing::{blob, budget, content, python, torture, unhex};
use super::*;

/// `gzip.compress(TEXT, mtime=0)` and so on, by `CPython` 3.11.
const TEXT: &[u8] = b"weighbridge weighbridge weighbridge 0123456789";

const SAMPLES: &[(Codec, &str)] = &[
    (
        Codec::Gzip,
        "1f8b08000000000002032b4fcd4ccf482aca4c494f5528c7c13630343236313533b7b0040033b3cc902e \
         000000",
    ),
    (Codec::Zlib, "789c2b4fcd4ccf482aca4c494f5528c7c13630343236313533b7b004009ca20ff1"),
    (
        Codec::Bzip2,
        "425a683931415926535939dfd968000016998040007fe016e01080200022bf546800310a64c4c8323384 \
         6493a56d7c67c28a38c20838a38d07f8bb9229c28481cefecb40",
    ),
    (
        Codec::Xz,
        "fd377a585a000004e6d6b4460200210116000000742fe5a3e0002d001d5d003b994971eaa5be9fe15a33 \
         845237b1f80d4f232f5dde995d8698de812000000000f96221eb1183098f0001392e5e35d4f21fb6f37d \
         010000000004595a",
    ),
    (
        Codec::LzmaAlone,
        "5d00008000ffffffffffffffff003b994971eaa5be9fe15a33845237b1f80d4f232f5dde995d86a0f522 \
         e1fffce58000",
    ),
    (
        Codec::JoblibZf,
        "5a4630783265202020202020202020202020202020789c2b4fcd4ccf482aca4c494f5528c7c136303432 \
         36313533b7b004009ca20ff1",
    ),
    (Codec::Zstd, "28b52ffd202ee50000b0776569676862726964676520303132333435363738390100074b12"),
    (
        Codec::Lz4,
        "04224d1868402e000000000000003e1b000000cf7765696768627269646765200c0005a0303132333435 \
         3637383900000000",
    ),
];

fn samples() -> Vec<(Codec, Vec<u8>)> {
    SAMPLES.iter().map(|(codec, hex)| (*codec, unhex(hex))).collect()
}

fn kinds(unpacked: &Unpacked) -> Vec<StreamOddity> {
    unpacked.oddities.iter().map(|oddity| oddity.kind).collect()
}

#[test]
fn decodes_what_the_libraries_wrote() {
    for (codec, sample) in samples() {
        assert_eq!(identify(&sample), Some(codec));
        let unpacked = open(&blob(&sample), codec, &budget());
        assert_eq!(content(&unpacked.blob), TEXT, "{codec}");
        assert_eq!(unpacked.consumed, sample.len() as u64, "{codec}");
        assert!(unpacked.trailing.is_empty() && unpacked.fault.is_none(), "{codec}: {unpacked:?}");
        assert_eq!(unpacked.oddities, [], "{codec}");
    }
}

#[test]
fn decodes_large_output_of_the_real_libraries() {
    let Some(made) = python(
        "
import gzip, zlib, bz2, lzma, random
random.seed(1)
text = b''.join(b'%d ' % random.randrange(10 ** random.randrange(1, 9)) for _ in range(20000))
emit('text', text)
for level in (1, 6, 9):
    emit('gzip', gzip.compress(text, level))
    emit('zlib', zlib.compress(text, level))
    emit('bzip2', bz2.compress(text, level))
for preset in (0, 6, 9 | lzma.PRESET_EXTREME):
    emit('xz', lzma.compress(text, preset=preset))
    emit('lzma', lzma.compress(text, preset=preset, format=lzma.FORMAT_ALONE))
for check in (lzma.CHECK_NONE, lzma.CHECK_CRC32, lzma.CHECK_SHA256):
    emit('xz', lzma.compress(text, check=check))
emit('xz', lzma.compress(text, filters=[{'id': lzma.FILTER_X86}, {'id': lzma.FILTER_LZMA2}]))
emit('xz', lzma.compress(text, filters=[{'id': lzma.FILTER_DELTA, 'dist': 4}, {'id': lzma.FILTER_LZMA2}]))
emit('joblib-zf', b'ZF' + hex(len(text)).encode().ljust(19) + zlib.compress(text))
emit('joblib-zf', b'ZF' + hex(len(text)).encode().ljust(20) + zlib.compress(text))
try:
    from backports import zstd
    for level in (1, 3, 19): emit('zstd', zstd.compress(text, level))
except ImportError: pass
try:
    import zstandard
    for level in (1, 3, 19): emit('zstd', zstandard.ZstdCompressor(level, write_checksum=True).compress(text))
except ImportError: pass
try:
    import pyarrow as pa
    emit('zstd', pa.compress(text, 'zstd', asbytes=True))
    emit('lz4', pa.compress(text, 'lz4', asbytes=True))
except ImportError: pass
try:
    import lz4.frame as f
    for level in (0, 9):
        for size in (4, 5, 6, 7):
            for linked in (False, True):
                emit('lz4', f.compress(text, level, block_size=size, block_linked=linked,
                     content_checksum=linked, block_checksum=not linked, store_size=linked))
except ImportError: pass
",
    ) else {
        return;
    };
    let text = made[0].1.clone();
    for (name, sample) in &made[1..] {
        let codec = identify(&sample[..sample.len().min(4096)]).expect(name);
        assert_eq!(codec.name(), name);
        let mut longer = sample.clone();
        longer.extend_from_slice(b"\x80\x04N.");
        let unpacked = open(&blob(&longer), codec, &budget());
        assert!(content(&unpacked.blob) == text, "{name}: {unpacked:?}");
        assert_eq!(unpacked.fault, None, "{name}");
        assert_eq!(unpacked.oddities, [], "{name}");
        assert_eq!(unpacked.trailing.len(), 4, "{name}");
    }
}

#[test]
fn a_cut_or_changed_stream_never_panics_and_keeps_its_beginning() {
    for (codec, sample) in samples() {
        torture(&sample, |blob| {
            identify(&content(blob));
            let unpacked = open(blob, codec, &budget());
            assert!(unpacked.consumed <= blob.len());
            assert_eq!(unpacked.trailing.end, blob.len());
        });
    }
}

#[test]
fn a_cut_stream_gives_what_stands_before_the_cut() {
    let Some(made) = python(
        "
import zlib, gzip, lzma, random
random.seed(2)
text = bytes(random.randrange(64) for _ in range(300000))
emit('text', text)
emit('gzip', gzip.compress(text))
emit('zlib', zlib.compress(text))
emit('xz', lzma.compress(text))
emit('lzma', lzma.compress(text, format=lzma.FORMAT_ALONE))
for name, decoder in (('zlib', zlib.decompressobj()), ('xz', lzma.LZMADecompressor())):
    data = zlib.compress(text) if name == 'zlib' else lzma.compress(text)
    emit('half of ' + name, decoder.decompress(data[:len(data) // 2]))
",
    ) else {
        return;
    };
    let text = made[0].1.clone();
    for (name, sample) in &made[1..5] {
        let codec = identify(sample).unwrap();
        let unpacked = open(&blob(&sample[..sample.len() / 2]), codec, &budget());
        let kept = content(&unpacked.blob);
        let same = text.iter().zip(&kept).take_while(|(a, b)| a == b).count();
        assert!(kept.len() - same < 8192, "{name}: {} of padding", kept.len() - same);
        let half = made.iter().find(|(other, _)| *other == format!("half of {name}"));
        let least = half.map_or(text.len() / 2 - 2000, |(_, half)| half.len());
        assert!(same >= least, "{name}: {same} of {least}");
        assert_eq!(kinds(&unpacked), [StreamOddity::Truncated], "{name}: {unpacked:?}");
    }
}

/// A Zstandard frame of raw blocks.
fn zstd_frame(blocks: &[&[u8]]) -> Vec<u8> {
    let mut frame = unhex("28b52ffd 00 58");
    for (at, block) in blocks.iter().enumerate() {
        let last = u32::from(at + 1 == blocks.len());
        let header = u32::try_from(block.len()).unwrap() << 3 | last;
        frame.extend_from_slice(&header.to_le_bytes()[..3]);
        frame.extend_from_slice(block);
    }
    frame
}

#[test]
fn a_broken_zstd_frame_gives_the_blocks_before_the_break() {
    let mut frame = zstd_frame(&[b"first", b"second", b"third"]);
    assert_eq!(content(&open(&blob(&frame), Codec::Zstd, &budget()).blob), b"firstsecondthird");
    // The third block becomes one of the reserved type.
    let third = frame.len() - 5 - 3;
    frame[third] |= 6;
    let unpacked = open(&blob(&frame), Codec::Zstd, &budget());
    assert_eq!(content(&unpacked.blob), b"firstsecond");
    assert!(unpacked.fault.is_some());
    let unpacked = open(&blob(&frame[..=third]), Codec::Zstd, &budget());
    assert_eq!(content(&unpacked.blob), b"firstsecond");
    assert!(unpacked.fault.is_some());
}

#[test]
fn reads_several_members_and_what_follows_them() {
    for (codec, sample) in samples() {
        let several = !matches!(codec, Codec::Zlib | Codec::LzmaAlone | Codec::JoblibZf);
        let twice = [sample.as_slice(), &sample, b"\x80\x04K\x01."].concat();
        let unpacked = open(&blob(&twice), codec, &budget());
        let rounds = if several { 2 } else { 1 };
        assert_eq!(content(&unpacked.blob), TEXT.repeat(rounds), "{codec}");
        assert_eq!(unpacked.consumed, (sample.len() * rounds) as u64, "{codec}");
        assert_eq!(unpacked.members, rounds as u64);
        assert_eq!((unpacked.fault, unpacked.oddities), (None, vec![]), "{codec}");
    }
}

#[test]
fn skippable_frames_are_passed_and_told() {
    let skippable = unhex("502a4d18 05000000 6869646521");
    for (codec, sample) in samples() {
        if !matches!(codec, Codec::Lz4 | Codec::Zstd) {
            continue;
        }
        let stream = [skippable.as_slice(), &sample, &skippable].concat();
        assert_eq!(identify(&stream), Some(codec));
        let unpacked = open(&blob(&stream), codec, &budget());
        assert_eq!(content(&unpacked.blob), TEXT);
        assert_eq!(kinds(&unpacked), [StreamOddity::SkippableFrame; 2]);
        assert_eq!(unpacked.consumed, stream.len() as u64);
    }
}

#[test]
fn wrong_checksums_and_lengths_are_told_after_the_content() {
    for codec in [Codec::Gzip, Codec::Zlib, Codec::JoblibZf] {
        let (_, mut sample) = samples().into_iter().find(|(other, _)| *other == codec).unwrap();
        let at = sample.len() - if codec == Codec::Gzip { 8 } else { 4 };
        sample[at] ^= 1;
        let unpacked = open(&blob(&sample), codec, &budget());
        assert_eq!(content(&unpacked.blob), TEXT);
        assert_eq!(kinds(&unpacked), [StreamOddity::BadChecksum]);
    }
    let (_, mut sample) = samples().into_iter().find(|(c, _)| *c == Codec::JoblibZf).unwrap();
    sample[4] = b'f';
    assert_eq!(kinds(&open(&blob(&sample), Codec::JoblibZf, &budget())), [StreamOddity::BadLength]);
}

#[test]
fn gives_the_name_of_a_gzip_header() {
    let mut sample = samples().remove(0).1;
    sample[3] |= 8;
    let named = [&sample[..10], b"model.pkl\0", &sample[10..]].concat();
    let unpacked = open(&blob(&named), Codec::Gzip, &budget());
    assert_eq!(unpacked.name.unwrap().raw(), "model.pkl");
    assert_eq!(content(&unpacked.blob), TEXT);
}

#[test]
fn text_and_noise_are_no_streams() {
    let mut state = 1u64;
    let mut noise = |len: usize| -> Vec<u8> {
        let mut bytes = Vec::new();
        for _ in 0..len {
            // SplitMix64.
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            bytes.push((mixed >> 56) as u8);
        }
        bytes
    };
    for _ in 0..3_000 {
        let mut bytes = noise(400);
        bytes[..2].copy_from_slice(&[0x78, 0x9c]);
        assert_eq!(identify(&bytes), None);
        bytes[..14].copy_from_slice(&unhex("5d00008000 ffffffffffffffff 00"));
        assert_ne!(identify(&bytes), Some(Codec::LzmaAlone));
    }
    for text in
        ["x^2 + y^2 = z^2, and so on and so on and so on and so on and so forth", "HGabc", "8"]
    {
        assert_eq!(identify(text.as_bytes()), None);
    }
    assert_eq!(identify(&[0; 100]), None);
    assert_eq!(identify(&[]), None);
}

#[test]
fn bombs_end_within_the_budget() {
    let limits = Limits { bytes_out: 2 << 20, ..Limits::default() };
    let Some(made) = python(
        "
import zlib, gzip, bz2, lzma
zeros = bytes(16 << 20)
emit('', gzip.compress(zeros, 9)); emit('', zlib.compress(zeros, 9)); emit('', bz2.compress(zeros))
emit('', lzma.compress(zeros)); emit('', lzma.compress(zeros, format=lzma.FORMAT_ALONE))
",
    ) else {
        return;
    };
    for (_, sample) in made {
        let codec = identify(&sample).unwrap();
        let unpacked = open(&blob(&sample), codec, &Budget::new(limits));
        assert_eq!(unpacked.exhausted, Some(Exhausted::BytesOut), "{codec}");
        assert!(unpacked.blob.len() <= 2 << 20);
    }
}

#[test]
fn declared_sizes_do_not_allocate() {
    // A dictionary of 4 GiB, and one of 1 GiB; a window of 2^41 bytes; 1 EiB of content.
    for (codec, hex) in [
        (Codec::LzmaAlone, "5d ffffffff ffffffffffffffff 00 24194998"),
        (Codec::LzmaAlone, "5d 00000040 ffffffffffffff0f 00 24194998"),
        (Codec::Zstd, "28b52ffd 00 f8 01"),
        (Codec::Zstd, "28b52ffd e0 0000000000000010 01"),
    ] {
        let unpacked = open(&blob(&unhex(hex)), codec, &budget());
        assert!(unpacked.fault.is_some(), "{codec}");
        assert!(unpacked.blob.len() < 4096);
    }
}

#[test]
fn many_empty_members_are_read_in_one_pass() {
    let empty = unhex("1f8b08000000000002ff 0300 00000000 00000000");
    let many = empty.repeat(20_000);
    let unpacked = open(&blob(&many), Codec::Gzip, &budget());
    assert_eq!(unpacked.members, 20_000);
    assert_eq!(unpacked.consumed, many.len() as u64);
}
