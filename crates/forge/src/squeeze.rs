//! Compressed streams.

use std::io::Write;

use flate2::Compression;
use flate2::write::{DeflateEncoder, ZlibEncoder};

use crate::Fault;
use crate::args::Args;
use crate::bytes::le;

/// The length field of joblib's `ZF` header: `0x` and hex digits, filled with spaces.
const ZF_LENGTH: usize = 19;

/// A stream that has no options.
pub(crate) fn plain(name: &str, data: &[u8], line: usize) -> Result<Vec<u8>, Fault> {
    let broken = |error: String| Fault::new(line, format!("`{name}`: {error}"));
    match name {
        "deflate" => Ok(deflate(data)),
        "zlib" => Ok(zlib(data)),
        "bz2" => {
            let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
            encoder.write_all(data).map_err(|error| broken(error.to_string()))?;
            encoder.finish().map_err(|error| broken(error.to_string()))
        }
        "xz" => {
            let mut out = Vec::new();
            lzma_rs::xz_compress(&mut &*data, &mut out)
                .map_err(|error| broken(error.to_string()))?;
            Ok(out)
        }
        "lzma" => {
            let mut out = Vec::new();
            lzma_rs::lzma_compress(&mut &*data, &mut out)
                .map_err(|error| broken(error.to_string()))?;
            Ok(out)
        }
        "lz4" => {
            let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
            encoder.write_all(data).map_err(|error| broken(error.to_string()))?;
            encoder.finish().map_err(|error| broken(error.to_string()))
        }
        "zstd" => {
            Ok(ruzstd::encoding::compress_to_vec(data, ruzstd::encoding::CompressionLevel::Fastest))
        }
        "zf" => Ok(zf(data)),
        _ => Err(broken("no such stream".to_owned())),
    }
}

/// RFC 1951, without a wrapper.
pub(crate) fn deflate(data: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    // Writing to a `Vec` cannot fail.
    let _ = encoder.write_all(data);
    encoder.finish().unwrap_or_default()
}

/// RFC 1950.
pub(crate) fn zlib(data: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    // Writing to a `Vec` cannot fail.
    let _ = encoder.write_all(data);
    encoder.finish().unwrap_or_default()
}

/// RFC 1952, one member: options `name=`, `comment=`, `crc=` (a number or `bad`), `size=`.
pub(crate) fn gzip(mut args: Args, data: &[u8]) -> Result<Vec<u8>, Fault> {
    let name = args.option("name");
    let comment = args.option("comment");
    let crc = checksum(&mut args, "crc", crc32fast::hash(data))?;
    let size = args.number("size")?.unwrap_or(data.len() as u64);
    args.finish()?;
    let flags = u8::from(name.is_some()) << 3 | u8::from(comment.is_some()) << 4;
    let mut out = vec![0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 2, 255];
    for word in [name, comment].into_iter().flatten() {
        out.extend(word.value);
        out.push(0);
    }
    out.extend(deflate(data));
    out.extend(le(crc, 4));
    out.extend(le(size, 4));
    Ok(out)
}

/// What joblib before 0.10 wrote: `ZF`, the length of the data as text, a zlib stream.
fn zf(data: &[u8]) -> Vec<u8> {
    let mut out = format!("ZF{:<ZF_LENGTH$}", format!("{:#x}", data.len())).into_bytes();
    out.extend(zlib(data));
    out
}

/// A checksum option: absent it is right, `bad` it is wrong, else it is the number given.
pub(crate) fn checksum(args: &mut Args, key: &str, right: u32) -> Result<u64, Fault> {
    match args.option(key) {
        None => Ok(right.into()),
        Some(word) if word.value == b"bad" => Ok((!right).into()),
        Some(word) => args.number_of(&word, key),
    }
}
