//! Little-endian fields of records whose length was checked by whoever read them.

pub(super) const LOCAL: [u8; 4] = *b"PK\x03\x04";
pub(super) const CENTRAL: [u8; 4] = *b"PK\x01\x02";
pub(super) const END: [u8; 4] = *b"PK\x05\x06";
pub(super) const DESCRIPTOR: [u8; 4] = *b"PK\x07\x08";

/// The 32-bit value that says: see the zip64 field.
pub(super) const WIDE: u64 = 0xffff_ffff;

fn field<const N: usize>(record: &[u8], at: usize) -> [u8; N] {
    record.get(at..).and_then(|rest| rest.first_chunk::<N>()).copied().unwrap_or([0; N])
}

/// The field at `at`, zero where the record is too short.
pub(super) fn u16_at(record: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(field(record, at))
}

/// The field at `at`, zero where the record is too short.
pub(super) fn u32_at(record: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(field(record, at))
}

/// The field at `at`, zero where the record is too short.
pub(super) fn u64_at(record: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(field(record, at))
}

/// What the extra fields of a header hold that matters here.
#[derive(Clone, Debug, Default)]
pub(super) struct Extra {
    /// The zip64 field's content.
    pub(super) zip64: Option<Vec<u8>>,
    /// The Unicode path field's name, and the CRC-32 of the name that it stands for.
    pub(super) unicode_path: Option<(u32, Vec<u8>)>,
    /// A field reaches past the end.
    pub(super) broken: bool,
    /// The zip64 field comes twice.
    pub(super) repeated: bool,
}

impl Extra {
    pub(super) fn parse(mut bytes: &[u8]) -> Self {
        let mut extra = Self::default();
        while let Some((head, rest)) = bytes.split_first_chunk::<4>() {
            let (tag, len) = (u16_at(head, 0), usize::from(u16_at(head, 2)));
            let Some(content) = rest.get(..len) else {
                extra.broken = true;
                break;
            };
            match tag {
                1 => {
                    extra.repeated |= extra.zip64.is_some();
                    extra.zip64.get_or_insert_with(|| content.to_vec());
                }
                0x7075 if len >= 5 => {
                    let name = content.get(5..).unwrap_or_default().to_vec();
                    extra.unicode_path = Some((u32_at(content, 1), name));
                }
                _ => {}
            }
            bytes = rest.get(len..).unwrap_or_default();
        }
        // Android's aligner pads with up to three zeros.
        extra.broken |= bytes.iter().any(|byte| *byte != 0);
        extra
    }

    /// Replaces the fields that say "see zip64", in their order. False where one is missing.
    pub(super) fn widen(&self, fields: &mut [(&mut u64, u64)]) -> bool {
        let mut rest = self.zip64.as_deref().unwrap_or_default();
        let mut complete = true;
        for (value, sentinel) in fields {
            if **value == *sentinel {
                if let Some((wide, after)) = rest.split_first_chunk::<8>() {
                    **value = u64::from_le_bytes(*wide);
                    rest = after;
                } else {
                    complete = false;
                }
            }
        }
        complete
    }
}
