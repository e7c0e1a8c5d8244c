use super::*;
use crate::harness;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\x01IHDRx\0\0\0\0\0\0\0\0IEND\xae\x42\x60\x82";
const JPEG: &[u8] =
    b"\xff\xd8\xff\xe0\x00\x04ab\xff\xff\xda\x00\x02\x12\xff\x00\x34\xff\xd0\x56\xff\xd9";
const GIF: &[u8] =
    b"GIF89a\x01\0\x01\0\x80\0\0rgbrgb!\xf9\x04abcd\0,\0\0\0\0\x01\0\x01\0\0\x02\x02ab\0;";
const RIFF: &[u8] = b"RIFF\x05\0\0\0WAVEx\0";

fn all() -> [(Format, &'static [u8]); 4] {
    [(Format::Png, PNG), (Format::Jpeg, JPEG), (Format::Gif, GIF), (Format::Riff, RIFF)]
}

#[test]
fn ends_where_the_format_says() {
    for (format, sample) in all() {
        for more in [&b""[..], b"behind it"] {
            let blob = Blob::from_vec([sample, more].concat());
            assert_eq!(end(&blob, format), sample.len() as u64, "{format}");
        }
    }
}

#[test]
fn a_long_scan_ends_where_its_marker_stands() {
    for fill in [(64 << 10) - 21, (64 << 10) - 20, (64 << 10) - 19, 200_000] {
        let mut bytes = b"\xff\xd8\xff\xda\x00\x02".to_vec();
        bytes.extend(vec![7; fill]);
        bytes.extend(b"\xff\xd9");
        let len = bytes.len() as u64;
        bytes.extend(b"more");
        assert_eq!(end(&Blob::from_vec(bytes), Format::Jpeg), len, "{fill}");
    }
}

#[test]
fn what_breaks_off_ends_with_the_bytes() {
    for (format, sample) in all() {
        let cut = &sample[..sample.len() - 1];
        assert_eq!(end(&Blob::from_vec(cut.to_vec()), format), cut.len() as u64, "{format}");
        harness::survive(sample, |blob| assert!(end(blob, format) <= blob.len()));
    }
}
