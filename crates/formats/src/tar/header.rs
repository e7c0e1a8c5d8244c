//! The 512-byte header.

/// The length of a block.
pub(super) const BLOCK: usize = 512;

/// A header block.
pub(super) struct Header<'a>(&'a [u8; BLOCK]);

impl<'a> Header<'a> {
    pub(super) fn new(block: &'a [u8; BLOCK]) -> Self {
        Self(block)
    }

    fn field(&self, at: usize, len: usize) -> &[u8] {
        self.0.get(at..at.saturating_add(len)).unwrap_or_default()
    }

    pub(super) fn is_zero(&self) -> bool {
        self.0.iter().all(|byte| *byte == 0)
    }

    /// Whether the checksum fits, summed with unsigned bytes or, as some old writers did, signed.
    pub(super) fn checksum_fits(&self) -> bool {
        let Some(said) =
            number(self.field(148, 8)).filter(|_| !self.field(148, 8).starts_with(&[0; 8]))
        else {
            return false;
        };
        let (mut unsigned, mut signed) = (0i64, 0i64);
        for (at, byte) in self.0.iter().enumerate() {
            let byte = if (148..156).contains(&at) { b' ' } else { *byte };
            unsigned = unsigned.saturating_add(i64::from(byte));
            signed = signed.saturating_add(i64::from(byte.cast_signed()));
        }
        let said = i64::try_from(said).unwrap_or(-1);
        said == unsigned || said == signed
    }

    /// Whether it has the magic of ustar, pax and GNU.
    pub(super) fn has_magic(&self) -> bool {
        self.field(257, 5) == b"ustar"
    }

    pub(super) fn type_flag(&self) -> u8 {
        self.field(156, 1).first().copied().unwrap_or(0)
    }

    pub(super) fn size(&self) -> Option<u64> {
        number(self.field(124, 12))
    }

    /// The name, with the prefix of ustar. GNU keeps times in the prefix's place, and says so in
    /// its magic.
    pub(super) fn name(&self) -> Vec<u8> {
        let name = text(self.field(0, 100));
        let prefix = text(self.field(345, 155));
        if self.field(257, 8) == b"ustar\x0000" && !prefix.is_empty() {
            [prefix, b"/", name].concat()
        } else {
            name.to_vec()
        }
    }

    pub(super) fn link(&self) -> &[u8] {
        text(self.field(157, 100))
    }

    /// Whether an old GNU sparse header goes on in the next block.
    pub(super) fn sparse_goes_on(&self) -> bool {
        self.field(482, 1) != [0]
    }

    /// The same of such a next block.
    pub(super) fn sparse_block_goes_on(&self) -> bool {
        self.field(504, 1) != [0]
    }
}

/// The bytes before a NUL.
pub(super) fn text(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// A number in octal, or in base 256 where the first bit is set (GNU). `None` where it is neither,
/// or negative.
pub(super) fn number(field: &[u8]) -> Option<u64> {
    if let Some((0x80, rest)) = field.split_first() {
        return rest
            .iter()
            .try_fold(0u64, |value, byte| value.checked_mul(256)?.checked_add(u64::from(*byte)));
    }
    let digits = std::str::from_utf8(text(field)).ok()?.trim();
    if digits.is_empty() {
        return Some(0);
    }
    u64::from_str_radix(digits, 8).ok()
}
