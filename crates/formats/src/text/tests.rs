use super::*;
use crate::harness;

fn look(bytes: &[u8]) -> Text {
    read(&Blob::from_vec(bytes.to_vec()))
}

#[test]
fn tells_encodings_and_lines() {
    assert_eq!(look(b"a\nb\n").lines, Some(2));
    assert_eq!(look(b"a\nb").lines, Some(2));
    assert_eq!(look("größe\n".as_bytes()).encoding, Encoding::Utf8);
    assert_eq!(look(b"\xef\xbb\xbfa").encoding, Encoding::Utf8Bom);
    let wide = look(b"\xff\xfea\0\n\0b\0");
    assert_eq!((wide.encoding, wide.lines), (Encoding::Utf16Le, Some(2)));
    let wide = look(b"\xfe\xff\0a\0\n\x0a\x0a\0b");
    assert_eq!((wide.encoding, wide.lines), (Encoding::Utf16Be, Some(2)));
    assert_eq!(decode(&Blob::from_vec(b"\xfe\xff\0a\0\n".to_vec()), 99), "a\n");
}

#[test]
fn tells_text_from_data() {
    assert!(look(b"hello\tworld\r\n\x1b[1m").is_plain());
    assert!(!look(b"").is_plain());
    assert!(!look(b"PK\x03\x04\x00\x00").is_plain());
    assert!(!look(b"latin \xe9t\xe9").is_plain());
    assert!(!look(&[0; 100]).is_plain());
    // A character cut at the end of the sample is no fault.
    let long = "é".repeat(SAMPLE);
    assert!(look(&[b"x", long.as_bytes()].concat()).is_plain());
}

#[test]
fn survives_anything() {
    harness::survive(b"\xff\xfea\0\n\0\x3d\xd8\0\xde", |blob| {
        read(blob);
        decode(blob, 5);
    });
    harness::survive("\u{feff}aé😀\n".as_bytes(), |blob| {
        read(blob);
        decode(blob, 5);
    });
}
