//! Products of few rows with a large matrix: what decoding is made of.
//!
//! A reply is made token by token, and each reads every weight once, so memory is what takes time. The
//! matrices of candle are multiplied by `gemm`, whose loop for one row runs on one thread; this one shares
//! the rows of the matrix among all threads, and uses the widest registers that the processor has.

use candle_core::{CpuStorage, CustomOp2, DType, Layout, Shape, Tensor};
use pulp::Arch;
use rayon::prelude::*;

use crate::error::Result;

/// Rows of activations up to which it is used.
const FEW: usize = 4;
/// Numbers of the matrix below which one thread does it.
const SMALL: usize = 1 << 15;
/// Sums that are kept side by side.
const LANES: usize = 64;

/// `x · wᵀ` for few rows `x`, where it can be done here; nothing where candle is to do it.
pub(super) fn few(x: &Tensor, w: &Tensor) -> Result<Option<Tensor>> {
    let fits = x.rank() == 2
        && x.dim(0)? <= FEW
        && x.dtype() == DType::F32
        && w.dtype() == DType::F32
        && x.device().is_cpu()
        && x.is_contiguous()
        && w.is_contiguous();
    if !fits {
        return Ok(None);
    }
    Ok(Some(x.apply_op2_no_bwd(w, &Few)?))
}

struct Few;

impl CustomOp2 for Few {
    fn name(&self) -> &'static str {
        "product-of-few-rows"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        w: &CpuStorage,
        w_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let (rows, inner) = x_layout.shape().dims2()?;
        let (columns, other) = w_layout.shape().dims2()?;
        let (x, w) = (part(x, x_layout)?, part(w, w_layout)?);
        if inner != other || inner == 0 {
            candle_core::bail!("rows of {inner} and {other} numbers");
        }
        let mut out = vec![0f32; rows.saturating_mul(columns)];
        let arch = Arch::new();
        for (x, out) in x.chunks_exact(inner).zip(out.chunks_exact_mut(columns.max(1))) {
            let some = |(out, w): (&mut [f32], &[f32])| {
                arch.dispatch(|| {
                    for (out, row) in out.iter_mut().zip(w.chunks_exact(inner)) {
                        *out = dot(x, row);
                    }
                });
            };
            let threads = rayon::current_num_threads();
            if threads < 2 || w.len() < SMALL {
                some((out, w));
                continue;
            }
            // A few pieces a thread, so that none waits long for another one.
            let piece = columns.div_ceil(threads.saturating_mul(4)).max(1);
            let pieces = out.par_chunks_mut(piece).zip(w.par_chunks(piece.saturating_mul(inner)));
            pieces.for_each(some);
        }
        Ok((CpuStorage::F32(out), Shape::from((rows, columns))))
    }
}

/// The numbers of a tensor whose numbers lie side by side.
pub(super) fn part<'a>(storage: &'a CpuStorage, layout: &Layout) -> candle_core::Result<&'a [f32]> {
    let all = storage.as_slice::<f32>()?;
    let range = layout.contiguous_offsets();
    match range.and_then(|(start, end)| all.get(start..end)) {
        Some(part) => Ok(part),
        None => candle_core::bail!("numbers that do not lie side by side"),
    }
}

/// The sum of products. Sums are kept side by side, so it is the same on every run of one machine.
#[inline(always)]
#[allow(clippy::inline_always, reason = "it is compiled anew for each kind of processor")]
fn dot(x: &[f32], y: &[f32]) -> f32 {
    let (x_blocks, x_rest) = x.as_chunks::<LANES>();
    let (y_blocks, y_rest) = y.as_chunks::<LANES>();
    let mut sums = [0f32; LANES];
    for (x, y) in x_blocks.iter().zip(y_blocks) {
        for (sum, (x, y)) in sums.iter_mut().zip(x.iter().zip(y)) {
            *sum += x * y;
        }
    }
    let rest: f32 = x_rest.iter().zip(y_rest).map(|(x, y)| x * y).sum();
    // Halved again and again: the compiler may do each step at once.
    let mut half = LANES;
    while half > 1 {
        half = half.div_euclid(2);
        let (low, high) = sums.split_at_mut(half);
        for (low, high) in low.iter_mut().zip(high) {
            *low += *high;
        }
    }
    sums.first().copied().unwrap_or_default() + rest
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn products_are_those_of_candle() {
        for (rows, inner, columns) in
            [(1, 1, 1), (1, 63, 5), (2, 64, 64), (4, 130, 700), (3, 768, 99)]
        {
            let make = |count: usize, salt: u64| {
                let mut rng = crate::sample::Rng::new(salt);
                (0..count).map(|_| crate::number::single(rng.unit() - 0.5)).collect::<Vec<_>>()
            };
            let x = Tensor::from_vec(make(rows * inner, 1), (rows, inner), &Device::Cpu).unwrap();
            let w =
                Tensor::from_vec(make(columns * inner, 2), (columns, inner), &Device::Cpu).unwrap();
            let expected = x.matmul(&w.t().unwrap()).unwrap();
            let got = few(&x, &w).unwrap().unwrap();
            let most = (got - expected).unwrap().abs().unwrap().max_all().unwrap();
            assert!(most.to_scalar::<f32>().unwrap() < 1e-5, "{rows}, {inner}, {columns}");
        }
        let many = Tensor::zeros((5, 3), DType::F32, &Device::Cpu).unwrap();
        assert!(few(&many, &many).unwrap().is_none());
    }
}
