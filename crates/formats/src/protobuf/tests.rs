use super::*;
use crate::harness::survive;

/// The fields of a message with everything in it, one a line; every payload is a message as well.
fn listing(bytes: &[u8]) -> String {
    let blob = Blob::from_vec(bytes.to_vec());
    let mut wire = Wire::new(&blob);
    let mut lines = Vec::new();
    walk(&mut wire, Message::all(&blob), 0, &mut lines);
    for odd in wire.finish() {
        lines.push(format!("! {:?}@{}", odd.kind, odd.at));
    }
    lines.join("; ")
}

fn walk(wire: &mut Wire, mut message: Message, depth: usize, lines: &mut Vec<String>) {
    while let Some(field) = wire.next(&mut message) {
        let Span { start, end } = field.payload;
        let shown = match field.value {
            Value::Varint(v) => format!("{v}"),
            Value::Fixed64(v) => format!("q{v}"),
            Value::Fixed32(v) => format!("d{v}"),
            Value::Bytes => format!("{}", wire.text(field.payload, 8)),
            Value::Group => "group".to_owned(),
        };
        lines.push(format!(
            "{}{}@{} {start}..{end} {shown}",
            ">".repeat(depth),
            field.number,
            field.at
        ));
        if field.number == 9 && depth < 3 {
            walk(wire, field.message().expect("bytes"), depth + 1, lines);
        }
    }
}

#[test]
fn fields_are_listed() {
    // Bytes in hex, and what is read of them.
    let cases = [
        ("", ""),
        ("0801", "1@0 1..2 1"),
        ("08ac02 1203616263", "1@0 1..3 300; 2@3 5..8 abc"),
        // -1 as an int64 takes ten bytes; an eleventh, or a bit more, is no number.
        ("08ffffffffffffffffff01", "1@0 1..11 18446744073709551615"),
        ("08ffffffffffffffffff02 1001", "! LongVarint@0"),
        ("08ffffffffffffffffffff01", "! LongVarint@0"),
        // The same number in more bytes than it takes.
        ("08818000 1001", "1@0 1..4 1; 2@4 5..6 1"),
        ("090100000000000000 1502000000", "1@0 1..9 q1; 2@9 10..14 d2"),
        ("0901", "! Truncated@0"),
        ("0d010000", "! Truncated@0"),
        ("08", "! Truncated@0"),
        ("0880", "! Truncated@0"),
        ("80", "! Truncated@0"),
        // Lengths: past the end, and of 2^64 - 1.
        ("1205616263", "2@0 2..5 abc; ! PastEnd@2"),
        ("12ffffffffffffffffff01 61", "2@0 11..12 a; ! PastEnd@11"),
        ("1200", "2@0 2..2 "),
        // A message in a message; the outer one goes on after a fault of the inner one.
        (
            "4a04 08011002 1003",
            "9@0 2..6 \\u{8}\\u{1}\\u{10}\\u{2}; >1@2 3..4 1; >2@4 5..6 2; 2@6 7..8 3",
        ),
        ("4a03 080107 1003", "9@0 2..5 \\u{8}\\u{1}\\u{7}; >1@2 3..4 1; 2@5 6..7 3; ! FieldZero@4"),
        // A length in a message that reaches past it, into the next field.
        ("4a02 1205 1003", "9@0 2..4 \\u{12}\\u{5}; >2@2 4..4 ; 2@4 5..6 3; ! PastEnd@4"),
        // Field number 0, reserved wire types.
        ("0001", "! FieldZero@0"),
        ("0801 0e", "1@0 1..2 1; ! ReservedWireType@2"),
        ("0f", "! ReservedWireType@0"),
        // Tags: the largest, one past it, and one of six bytes.
        ("f8ffffff0f 01", "536870911@0 5..6 1"),
        ("8080808010 01", "536870912@0 5..6 1; ! LongTag@0"),
        ("888080808000 01", "1@0 6..7 1; ! LongTag@0"),
        // Groups, with a payload that looks like their end.
        ("0b 1002 0c 1001", "1@0 1..3 group; 2@4 5..6 1"),
        ("0b 12010c 13 1400 0c", "! FieldZero@0"),
        ("0b 12010c 13 14 0c 1001", "1@0 1..6 group; 2@7 8..9 1"),
        ("0b 14", "! StrayEndGroup@0"),
        ("0c", "! StrayEndGroup@0"),
        ("0b 1002", "! Truncated@0"),
        ("0b 1205 0c", "! PastEnd@3; ! Truncated@0"),
    ];
    for (hex, expected) in cases {
        let bytes = bytes_of(hex);
        assert_eq!(listing(&bytes), expected, "{hex}");
        survive(&bytes, |blob| {
            listing(&blob.bytes_at(0, 1000));
        });
    }
    let deep: Vec<u8> = [vec![0x0b; 101], vec![0x0c; 101]].concat();
    assert_eq!(listing(&deep), "! DeepGroups@0");
    assert_eq!(listing(&deep[1..201]), "1@0 1..199 group");
}

fn bytes_of(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits
        .chunks(2)
        .map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap())
        .collect()
}

#[test]
fn repeated_numbers_are_read_packed_or_not() {
    for (hex, numbers) in [
        ("0a03 01ac02", vec![1, 300]),
        ("0801 08ac02", vec![1, 300]),
        ("0a01 01 08ac02 0a00", vec![1, 300]),
        ("0a03 018080", vec![1]),
        ("0d 00000000", vec![]),
    ] {
        let blob = Blob::from_vec(bytes_of(hex));
        let mut wire = Wire::new(&blob);
        let mut message = Message::all(&blob);
        let mut read = Vec::new();
        while let Some(field) = wire.next(&mut message) {
            let Some(mut packed) = field.packed() else { continue };
            while let Some(number) = wire.next_packed(&mut packed) {
                read.push(number);
            }
        }
        assert_eq!(read, numbers, "{hex}");
    }
}

#[test]
fn payloads_that_nobody_asks_for_are_not_read() {
    /// Two gigabytes of zeros that stand nowhere, behind a tag and in front of another field.
    struct Huge(std::sync::atomic::AtomicU64);
    const LEN: u64 = 2 << 30;
    impl artifact::ReadAt for Huge {
        fn len(&self) -> u64 {
            LEN + 8
        }
        fn read_at(&self, offset: u64, buffer: &mut [u8]) -> usize {
            let all = [0x0a, 0x80, 0x80, 0x80, 0x80, 0x08];
            for (at, byte) in (offset..).zip(buffer.iter_mut()) {
                *byte = match at {
                    0..6 => all[usize::try_from(at).unwrap()],
                    at if at == LEN + 6 => 0x10,
                    at if at == LEN + 7 => 7,
                    _ => 0,
                };
            }
            self.0.fetch_add(buffer.len() as u64, std::sync::atomic::Ordering::Relaxed);
            buffer.len()
        }
    }
    let source = std::sync::Arc::new(Huge(0.into()));
    let blob = Blob::new(source.clone());
    let mut wire = Wire::new(&blob);
    let mut message = Message::all(&blob);
    assert_eq!(wire.next(&mut message).map(|field| field.payload.len()), Some(LEN));
    assert_eq!(wire.next(&mut message).and_then(|field| field.varint()), Some(7));
    assert_eq!(wire.next(&mut message), None);
    assert!(wire.finish().is_empty());
    assert!(source.0.load(std::sync::atomic::Ordering::Relaxed) < 1 << 20);
}

/// What is read lies inside the message, in order, and the walk ends, whatever the bytes are.
#[test]
fn fields_stay_inside() {
    let mut state = 1u64;
    let mut random = move || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    };
    for _ in 0..20_000 {
        let len = random() % 40;
        // Small numbers are tags and lengths more often.
        let mut byte = || random() % if random() % 4 == 0 { 256 } else { 40 };
        let bytes = (0..len).filter_map(|_| u8::try_from(byte()).ok()).collect();
        let blob = Blob::from_vec(bytes);
        let mut wire = Wire::new(&blob);
        let mut message = Message::all(&blob);
        let mut last = 0;
        while let Some(field) = wire.next(&mut message) {
            assert!(field.at >= last && field.at < field.payload.start);
            assert!(field.payload.end <= blob.len());
            assert!(message.rest().start > field.at);
            last = field.payload.end;
        }
        assert_eq!(message.stopped().is_some(), !message.rest().is_empty());
    }
}
