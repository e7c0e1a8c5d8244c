//! The filters that chunks pass.

use std::fmt;
use std::io::Read as _;

use vocabulary::Untrusted;

use super::OddityKind as K;
use super::checksum::fletcher32;
use super::source::{Fields, Reading};

/// Filters of one pipeline; libhdf5 allows 32.
const MAX_FILTERS: u8 = 32;
/// Values of a filter that are kept.
const MAX_VALUES: u16 = 64;

const DEFLATE: u16 = 1;
const SHUFFLE: u16 = 2;
const FLETCHER32: u16 = 3;
const LZF: u16 = 32_000;

/// A filter that chunks pass when they are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Its number.
    pub id: u16,
    /// The name that the file gives it; often empty.
    pub name: Untrusted,
    /// What it was told.
    values: Vec<u32>,
}

impl Filter {
    /// Its usual name, where the filter is a known one: libhdf5's own, and those that the HDF
    /// Group has on its list of registered filters and that files of models use.
    pub fn known(&self) -> Option<&'static str> {
        Some(match self.id {
            DEFLATE => "deflate",
            SHUFFLE => "shuffle",
            FLETCHER32 => "fletcher32",
            4 => "szip",
            5 => "nbit",
            6 => "scaleoffset",
            305 => "lzo",
            307 => "bzip2",
            LZF => "lzf",
            32_001 => "blosc",
            32_004 => "lz4",
            32_008 => "bitshuffle",
            32_013 => "zfp",
            32_015 => "zstd",
            32_026 => "blosc2",
            _ => return None,
        })
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.known() {
            Some(name) => f.write_str(name),
            None => write!(f, "filter {} `{}`", self.id, self.name.shortened(40)),
        }
    }
}

/// Why a chunk could not be unpacked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// No decoder here.
    NoDecoder(String),
    /// The bytes are not what the filter writes.
    Broken(&'static str),
    /// More than it may become.
    TooLong,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoDecoder(name) => write!(f, "no decoder here reads `{name}`"),
            Self::Broken(name) => write!(f, "it is no {name}"),
            Self::TooLong => f.write_str("it becomes longer than it says"),
        }
    }
}

/// What a chunk becomes.
#[derive(Debug)]
pub(super) struct Plain {
    pub(super) bytes: Vec<u8>,
    /// Whether every checksum among the filters holds.
    pub(super) sound: bool,
}

/// The filters of one data set, in the order in which they are written.
#[derive(Clone, Debug, Default)]
pub(super) struct Pipeline {
    pub(super) filters: Vec<Filter>,
}

pub(super) fn parse(reading: &mut Reading, bytes: &[u8], address: u64) -> Pipeline {
    let mut out = Pipeline::default();
    let mut fields = Fields::new(bytes);
    if read(&mut fields, &mut out).is_none() {
        reading.add(K::BadMessage, address, || "the filters of a data set".into());
    }
    out
}

fn read(fields: &mut Fields<'_>, out: &mut Pipeline) -> Option<()> {
    let version = fields.u8()?;
    let count = fields.u8()?;
    if version == 1 {
        fields.skip(6)?;
    }
    for _ in 0..count.min(MAX_FILTERS) {
        let id = fields.u16()?;
        let named = version == 1 || id >= 256;
        let name_len = if named { usize::from(fields.u16()?) } else { 0 };
        fields.skip(2)?;
        let values_len = fields.u16()?;
        let padded = if version == 1 { name_len.next_multiple_of(8) } else { name_len };
        let name = fields.take(padded)?.split(|b| *b == 0).next().unwrap_or_default();
        let name = Untrusted::from_bytes(name);
        let mut values = Vec::new();
        for index in 0..values_len {
            let value = fields.u32()?;
            if index < MAX_VALUES {
                values.push(value);
            }
        }
        if version == 1 && values_len % 2 == 1 {
            fields.skip(4)?;
        }
        out.filters.push(Filter { id, name, values });
    }
    Some(())
}

impl Pipeline {
    /// Undoes the filters, the last first, but for those that `mask` leaves out. No step makes
    /// more than `limit` bytes.
    pub(super) fn decode(&self, bytes: Vec<u8>, mask: u32, limit: u64) -> Result<Plain, Trouble> {
        let mut plain = Plain { bytes, sound: true };
        for (index, filter) in self.filters.iter().enumerate().rev() {
            let bit = u32::try_from(index).ok().and_then(|n| 1u32.checked_shl(n)).unwrap_or(0);
            if mask & bit == 0 {
                undo(filter, &mut plain, limit)?;
            }
        }
        Ok(plain)
    }
}

fn undo(filter: &Filter, plain: &mut Plain, limit: u64) -> Result<(), Trouble> {
    match filter.id {
        DEFLATE => {
            let mut out = Vec::new();
            let decoder = flate2::read::ZlibDecoder::new(plain.bytes.as_slice());
            let ended = decoder.take(limit.saturating_add(1)).read_to_end(&mut out);
            if ended.is_err() {
                return Err(Trouble::Broken("zlib stream"));
            }
            if out.len() as u64 > limit {
                return Err(Trouble::TooLong);
            }
            plain.bytes = out;
        }
        SHUFFLE => {
            let size = filter.values.first().map_or(1, |n| super::source::to_usize(u64::from(*n)));
            plain.bytes = unshuffled(&plain.bytes, size);
        }
        FLETCHER32 => {
            let Some((body, told)) = plain.bytes.split_last_chunk::<4>() else {
                return Err(Trouble::Broken("checksummed chunk"));
            };
            let told = u32::from_le_bytes(*told);
            let sum = fletcher32(body);
            // libhdf5 before 1.6.3 wrote the bytes of each half the other way round.
            let swapped = ((sum & 0x00ff_00ff) << 8) | ((sum >> 8) & 0x00ff_00ff);
            plain.sound &= told == sum || told == swapped;
            let len = body.len();
            plain.bytes.truncate(len);
        }
        LZF => plain.bytes = lzf(&plain.bytes, limit)?,
        _ => return Err(Trouble::NoDecoder(filter.to_string())),
    }
    Ok(())
}

/// The first bytes of all elements, then the second ones, and so on; what is left over stays.
fn unshuffled(bytes: &[u8], size: usize) -> Vec<u8> {
    let count = bytes.len().checked_div(size).unwrap_or(0);
    if size < 2 || count < 2 {
        return bytes.to_vec();
    }
    let mut out = bytes.to_vec();
    for (plane, column) in bytes.chunks_exact(count).take(size).enumerate() {
        for (byte, element) in column.iter().zip(out.chunks_exact_mut(size)) {
            if let Some(slot) = element.get_mut(plane) {
                *slot = *byte;
            }
        }
    }
    out
}

/// Marc Lehmann's LZF, which h5py brings along.
fn lzf(bytes: &[u8], limit: u64) -> Result<Vec<u8>, Trouble> {
    const BROKEN: Trouble = Trouble::Broken("LZF");
    let mut out: Vec<u8> = Vec::new();
    let mut fields = Fields::new(bytes);
    while let Some(control) = fields.u8() {
        if control < 32 {
            let count = usize::from(control).saturating_add(1);
            out.extend_from_slice(fields.take(count).ok_or(BROKEN)?);
        } else {
            let mut len = usize::from(control >> 5);
            if len == 7 {
                len = len.saturating_add(usize::from(fields.u8().ok_or(BROKEN)?));
            }
            let high = usize::from(control & 0x1f) << 8;
            let back = (high | usize::from(fields.u8().ok_or(BROKEN)?)).saturating_add(1);
            let start = out.len().checked_sub(back).ok_or(BROKEN)?;
            for index in start..start.saturating_add(len).saturating_add(2) {
                let byte = *out.get(index).ok_or(BROKEN)?;
                out.push(byte);
            }
        }
        if out.len() as u64 > limit {
            return Err(Trouble::TooLong);
        }
    }
    Ok(out)
}
