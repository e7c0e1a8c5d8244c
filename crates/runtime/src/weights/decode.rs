//! Bytes of files as numbers of single precision.

use candle_core::{Device, Tensor};
use formats::DType;

use crate::error::{Error, Result};
use crate::number::single;

/// Makes a tensor of the bytes of a file.
pub(crate) fn tensor(
    name: &str,
    bytes: &[u8],
    dtype: DType,
    shape: &[usize],
    device: &Device,
) -> Result<Tensor> {
    let numbers = numbers(bytes, dtype).ok_or_else(|| {
        Error::tensor(name, format!("elements of type {dtype} are not computed with"))
    })?;
    let count = shape.iter().try_fold(1usize, |count, n| count.checked_mul(*n));
    if count != Some(numbers.len()) {
        return Err(Error::tensor(name, "its bytes are not as many as its shape asks for"));
    }
    Ok(Tensor::from_vec(numbers, shape, device)?)
}

/// The numbers of bytes, least significant byte first.
fn numbers(bytes: &[u8], dtype: DType) -> Option<Vec<f32>> {
    Some(match dtype {
        DType::F32 => each(bytes, f32::from_le_bytes),
        DType::F64 => each(bytes, |b| single(f64::from_le_bytes(b))),
        DType::BF16 => each(bytes, |b| f32::from_bits(u32::from(u16::from_le_bytes(b)) << 16)),
        DType::F16 => each(bytes, |b| half(u16::from_le_bytes(b))),
        _ => return None,
    })
}

fn each<const N: usize>(bytes: &[u8], make: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    bytes.as_chunks::<N>().0.iter().map(|chunk| make(*chunk)).collect()
}

/// IEEE 754 binary16.
fn half(bits: u16) -> f32 {
    let bits = u32::from(bits);
    let sign = (bits & 0x8000) << 16;
    let exponent = (bits >> 10) & 0x1f;
    let fraction = bits & 0x3ff;
    let magnitude = match exponent {
        // 2⁻²⁴ for the last place.
        0 => {
            return f32::from_bits(
                sign | (f32::from_bits(0x3380_0000) * small(fraction)).to_bits(),
            );
        }
        0x1f => 0x7f80_0000 | fraction << 13,
        _ => exponent.wrapping_add(112) << 23 | fraction << 13,
    };
    f32::from_bits(sign | magnitude)
}

/// A number below 1024.
fn small(fraction: u32) -> f32 {
    f32::from(u16::try_from(fraction).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_what_the_standard_says() {
        // Against candle's own conversion, for every value that is a number.
        for bits in 0..=u16::MAX {
            let there = Tensor::from_raw_buffer(
                &bits.to_le_bytes(),
                candle_core::DType::F16,
                &[1],
                &Device::Cpu,
            );
            let expected = there.unwrap().to_dtype(candle_core::DType::F32).unwrap();
            let expected = expected.to_vec1::<f32>().unwrap()[0];
            let got = half(bits);
            assert!(
                got.to_bits() == expected.to_bits() || got.is_nan() && expected.is_nan(),
                "{bits:04x}"
            );
        }
    }

    #[test]
    fn types_that_hold_no_real_numbers_are_told() {
        let error = tensor("x", &[0; 8], DType::I64, &[1], &Device::Cpu).unwrap_err();
        assert!(error.to_string().contains("I64"), "{error}");
    }
}
