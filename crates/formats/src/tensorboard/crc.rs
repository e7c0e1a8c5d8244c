//! CRC-32C (Castagnoli), and the mask that record files put over it.

/// A checksum under construction.
pub(super) struct Crc(u32);

impl Default for Crc {
    fn default() -> Self {
        Self(u32::MAX)
    }
}

/// The remainder of each byte.
static TABLE: [u32; 256] = table();

#[allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    reason = "it runs when the program is built"
)]
const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut n = 0;
    while n < 256 {
        let mut value = n as u32;
        let mut bit = 0;
        while bit < 8 {
            let low = value & 1;
            value >>= 1;
            if low == 1 {
                value ^= 0x82f6_3b78;
            }
            bit += 1;
        }
        table[n] = value;
        n += 1;
    }
    table
}

impl Crc {
    pub(super) fn update(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let index = usize::from(self.0.to_le_bytes()[0] ^ byte);
            self.0 = TABLE.get(index).copied().unwrap_or_default() ^ (self.0 >> 8);
        }
    }

    /// Turned by 15 bits, plus a constant: so that a checksum over checksums is a good one.
    pub(super) fn masked(self) -> u32 {
        (!self.0).rotate_right(15).wrapping_add(0xa282_ead8)
    }
}

/// The masked checksum of bytes.
pub(super) fn masked(bytes: &[u8]) -> u32 {
    let mut crc = Crc::default();
    crc.update(bytes);
    crc.masked()
}
