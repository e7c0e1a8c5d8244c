use std::io::{self, Read};

use artifact::{Blob, Budget, Cursor, Exhausted, spool};
use lzma_rust2::LzmaStream;
use vocabulary::Span;

use super::wire::{u16_at, u32_at};
use super::{Member, Method};
use crate::stream::{
    Guarded, MEMORY_KIB, Stage, ZstdStage, bzip2_stage, lzma_stage, raw_deflate_stage, xz_stage,
};

/// Whether the CRC of a member fits its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrcCheck {
    /// It does.
    Fits,
    /// It does not (CVE-2025-10156: loaders that do not check read on).
    Differs,
    /// The content was not read through: it is stored, or decoding stopped, or no CRC is declared.
    NotChecked,
}

/// What the encryption flag of a member means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// It is not set.
    No,
    /// It is set, and the data is plain: loaders that do not look at the flag read it.
    FlagOnly,
    /// It is set, and the data does not read as plain.
    Real,
}

/// How the content of a member fits what is declared of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checks {
    /// The CRC.
    pub crc: CrcCheck,
    /// The declared length, where the content has another.
    pub declared_len: Option<u64>,
    /// The encryption flag.
    pub encryption: Encryption,
    /// Data after the end of the compressed stream, as offsets in the archive.
    pub unread: Span,
}

/// The content of a member.
#[derive(Debug)]
pub struct Opened {
    /// The bytes, up to where decoding stopped; all of them, whatever length is declared.
    pub blob: Blob,
    /// How they fit what is declared.
    pub checks: Checks,
    /// Which limit stopped it.
    pub exhausted: Option<Exhausted>,
    /// Why the content, or the rest of it, cannot be had.
    pub fault: Option<String>,
}

/// Bytes that are hashed at once.
const PIECE: u64 = 256 << 10;

/// Compares the CRC-32 of a content. Reads all of it; `None` where time runs out.
pub fn check_crc(blob: &Blob, expected: u32, budget: &Budget) -> Option<CrcCheck> {
    let mut hasher = crc32fast::Hasher::new();
    let mut at = 0u64;
    let mut buffer = vec![0; usize::try_from(blob.len().min(PIECE)).unwrap_or_default()];
    while at < blob.len() {
        budget.check_time().ok()?;
        let count = blob.read_at(at, &mut buffer);
        if count == 0 {
            return Some(CrcCheck::NotChecked);
        }
        hasher.update(buffer.get(..count).unwrap_or_default());
        at = at.saturating_add(count as u64);
    }
    Some(if hasher.finalize() == expected { CrcCheck::Fits } else { CrcCheck::Differs })
}

/// Decodes a member of `blob`.
///
/// A stored member is the part of the blob that it is: nothing is copied, and its CRC is left to
/// [`check_crc`]. An encrypted one is decoded as if it were not, because loaders that ignore the
/// flag do that.
pub fn open(blob: &Blob, member: &Member, budget: &Budget) -> Opened {
    let data = blob.slice(member.data.start, member.data.len());
    let nothing = Span::new(member.data.end, member.data.end);
    let whole = Checks {
        crc: CrcCheck::NotChecked,
        declared_len: None,
        encryption: Encryption::No,
        unread: nothing,
    };
    if member.method == Method::Stored {
        let declared = member.uncompressed;
        let mut opened = Opened { blob: data, checks: whole, exhausted: None, fault: None };
        opened.checks.declared_len =
            (declared != opened.blob.len() && !member.unsized_data).then_some(declared);
        if member.encrypted {
            // Traditional encryption puts 12 bytes before the data.
            let longer = member.compressed == declared.saturating_add(12);
            opened.encrypted(longer);
        }
        return opened;
    }
    let mut decoder = match Decoder::new(&data, member) {
        Ok(decoder) => decoder,
        Err(fault) => {
            let mut opened = Opened {
                blob: blob.slice(0, 0),
                checks: whole,
                exhausted: None,
                fault: Some(fault),
            };
            opened.checks.unread = member.data;
            if member.encrypted || member.method == Method::Aes {
                opened.encrypted(true);
            }
            return opened;
        }
    };
    let spooled = spool(Guarded::new(&mut decoder), data.len(), budget);
    let len = spooled.blob.len();
    // The end of the stream was not reached for a reason that is not the archive's.
    let given_up = spooled.exhausted.is_some() || spooled.blob.trouble().is_some();
    let stopped = given_up || spooled.fault.is_some();
    // Only a header in order leaves them out.
    let declared = !member.unsized_data;
    let crc = if stopped || !declared {
        CrcCheck::NotChecked
    } else if decoder.crc.clone().finalize() == member.crc {
        CrcCheck::Fits
    } else {
        CrcCheck::Differs
    };
    let mut opened = Opened {
        checks: Checks {
            crc,
            declared_len: (declared && !given_up && len != member.uncompressed)
                .then_some(member.uncompressed),
            encryption: Encryption::No,
            unread: Span::new(
                member.data.start.saturating_add(decoder.input.position()).min(member.data.end),
                member.data.end,
            ),
        },
        blob: spooled.blob,
        exhausted: spooled.exhausted,
        fault: spooled.fault,
    };
    if member.unsized_data || given_up {
        // What follows is not the member's, or the rest of its stream.
        opened.checks.unread = nothing;
    }
    if member.encrypted {
        let real = opened.fault.is_some()
            || (crc == CrcCheck::Differs && opened.checks.declared_len.is_some());
        opened.encrypted(real);
    }
    opened
}

impl Opened {
    fn encrypted(&mut self, real: bool) {
        self.checks.encryption = if real { Encryption::Real } else { Encryption::FlagOnly };
        if real {
            self.fault = Some("the member is encrypted".to_owned());
        }
    }
}

/// The decoder of a member, which counts its CRC.
struct Decoder {
    input: Cursor,
    stage: Box<dyn Stage>,
    crc: crc32fast::Hasher,
    /// Further frames may follow.
    frames: bool,
    done: bool,
}

impl Decoder {
    fn new(data: &Blob, member: &Member) -> Result<Self, String> {
        let mut input = data.cursor(0);
        let stage: Box<dyn Stage> = match member.method {
            Method::Deflate => Box::new(raw_deflate_stage()),
            Method::Bzip2 => Box::new(bzip2_stage()),
            Method::Zstd => Box::new(ZstdStage::new()),
            Method::Xz => Box::new(xz_stage()),
            Method::Lzma => {
                // Two bytes of version, the length of the properties, the properties.
                let head: [u8; 9] = input.array().ok_or("the LZMA header is cut")?;
                let [_, _, _, _, props, ..] = head;
                if u16_at(&head, 2) != 5 {
                    return Err("the LZMA properties are not 5 bytes long".to_owned());
                }
                let dictionary = u32_at(&head, 5);
                if dictionary >> 10 > MEMORY_KIB {
                    return Err(format!("the LZMA dictionary of {dictionary} bytes is too large"));
                }
                // Flag 2: an end mark stands in the data, so the length is not needed.
                let size = if member.flags & 2 != 0 || member.unsized_data {
                    u64::MAX
                } else {
                    member.uncompressed
                };
                let stream = LzmaStream::new_with_props(size, props, dictionary, None);
                Box::new(lzma_stage(stream.map_err(|error| error.to_string())?))
            }
            Method::Deflate64 => return Err("Deflate64 cannot be decoded".to_owned()),
            Method::Aes => return Err("the member is encrypted".to_owned()),
            Method::Stored => return Err("a stored member is not decoded".to_owned()),
            Method::Other(code) => return Err(format!("method {code} cannot be decoded")),
        };
        let frames = member.method == Method::Zstd;
        Ok(Self { input, stage, crc: crc32fast::Hasher::new(), frames, done: false })
    }
}

impl Read for Decoder {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while !self.done && !out.is_empty() {
            let step = self.stage.run(&mut self.input, out)?;
            if step.done {
                let more = self.frames && self.input.peek_bytes(4) == [0x28, 0xb5, 0x2f, 0xfd];
                if more {
                    self.stage = Box::new(ZstdStage::new());
                }
                self.done = !more;
            }
            if step.produced > 0 {
                self.crc.update(out.get(..step.produced).unwrap_or_default());
                return Ok(step.produced);
            }
        }
        Ok(0)
    }
}
