//! Conversions between numbers that lose what does not matter here.

/// A count as a real number. Counts stay far below 2⁵³.
#[allow(clippy::cast_precision_loss, reason = "counts stay below 2⁵³")]
pub(crate) fn real(count: usize) -> f64 {
    count as f64
}

/// The nearest number of single precision.
#[allow(clippy::cast_possible_truncation, reason = "rounding is what is wanted")]
pub(crate) fn single(value: f64) -> f32 {
    value as f32
}

/// A token or position as a number of 32 bits.
pub(crate) fn id(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// A token as an index.
pub(crate) fn index(id: u32) -> usize {
    usize::try_from(id).unwrap_or(usize::MAX)
}
