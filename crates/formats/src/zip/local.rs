//! Local headers, and the data descriptors after the data.

use artifact::Blob;

use super::wire::{DESCRIPTOR, Extra, LOCAL, WIDE, u16_at, u32_at, u64_at};

/// The flag of sizes that stand after the data.
pub(super) const STREAMED: u16 = 8;

/// A local header.
#[derive(Clone, Debug)]
pub(super) struct Local {
    pub(super) at: u64,
    pub(super) name: Vec<u8>,
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) crc: u32,
    pub(super) compressed: u64,
    pub(super) uncompressed: u64,
    /// Offset of the data.
    pub(super) data: u64,
    /// Whether it has a zip64 field: then the descriptor has 64-bit sizes.
    pub(super) zip64: bool,
    /// What is wrong with the extra fields.
    pub(super) extra_fault: Option<&'static str>,
    /// The name of the Unicode path field.
    pub(super) unicode_path: Option<Vec<u8>>,
}

impl Local {
    pub(super) fn parse(blob: &Blob, at: u64) -> Option<Self> {
        // Most headers fit; a longer one is read again.
        let mut bytes = blob.bytes_at(at, 256);
        if bytes.len() < 30 || !bytes.starts_with(&LOCAL) {
            return None;
        }
        let name_len = usize::from(u16_at(&bytes, 26));
        let extra_len = usize::from(u16_at(&bytes, 28));
        let extra_at = name_len.saturating_add(30);
        let len = extra_at.saturating_add(extra_len);
        if len > bytes.len() {
            bytes = blob.bytes_at(at, len);
        }
        let name = bytes.get(30..extra_at).or_else(|| bytes.get(30..)).unwrap_or_default().to_vec();
        let extra = Extra::parse(bytes.get(extra_at..len).unwrap_or_default());
        let mut compressed = u64::from(u32_at(&bytes, 18));
        let mut uncompressed = u64::from(u32_at(&bytes, 22));
        let complete = extra.widen(&mut [(&mut uncompressed, WIDE), (&mut compressed, WIDE)]);
        let extra_fault = if bytes.len() < len {
            Some("the header is cut")
        } else if extra.broken {
            Some("the extra fields are broken")
        } else if !complete || extra.repeated {
            Some("a zip64 field is missing or comes twice")
        } else {
            None
        };
        Some(Self {
            at,
            name,
            flags: u16_at(&bytes, 6),
            method: u16_at(&bytes, 8),
            crc: u32_at(&bytes, 14),
            compressed,
            uncompressed,
            data: at.saturating_add(len as u64),
            zip64: extra.zip64.is_some(),
            extra_fault,
            unicode_path: extra.unicode_path.map(|(_, name)| name),
        })
    }

    /// Whether the header leaves sizes to the descriptor.
    pub(super) fn is_unsized(&self) -> bool {
        self.flags & STREAMED != 0 && self.compressed == 0
    }
}

/// What stands where a data descriptor is due.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Descriptor {
    pub(super) len: u64,
    pub(super) fits: bool,
}

/// Looks for a descriptor at `at` that says what is expected.
pub(super) fn descriptor(
    blob: &Blob,
    at: u64,
    crc: u32,
    sizes: (u64, u64),
    wide: bool,
) -> Descriptor {
    let bytes = blob.bytes_at(at, 24);
    let signed = bytes.starts_with(&DESCRIPTOR);
    let fits = |body: &[u8], wide: bool| {
        let said = if wide {
            (u64_at(body, 4), u64_at(body, 12))
        } else {
            (u64::from(u32_at(body, 4)), u64::from(u32_at(body, 8)))
        };
        let len = if wide { 20 } else { 12 };
        (body.len() >= len && u32_at(body, 0) == crc && said == sizes).then_some(len as u64)
    };
    let body = bytes.get(4..).unwrap_or_default();
    for wide in [wide, !wide] {
        if signed && let Some(len) = fits(body, wide) {
            return Descriptor { len: len.saturating_add(4), fits: true };
        }
    }
    for wide in [wide, !wide] {
        if let Some(len) = fits(&bytes, wide) {
            return Descriptor { len, fits: true };
        }
    }
    let len = if !signed {
        0
    } else if wide {
        24
    } else {
        16
    };
    Descriptor { len, fits: false }
}
