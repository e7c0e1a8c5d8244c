//! Products of activations with the matrices of a model.
//!
//! A reply is made token by token, and each token reads every weight once: memory is what takes time.
//! A prompt is computed at once: multiplying is what takes time. One layout serves both. Rows of a
//! matrix stand beside each other in panels, as many as fill a few registers, and in a panel the weights
//! of one input follow those of the input before; so weights are read in the order in which they lie,
//! and nothing is turned or copied when a product is computed.
//!
//! Each number of a result is one sum in the order of the inputs, whatever is computed beside it. So a
//! row has the same product in a batch as alone, and with any number of threads.

use std::borrow::Cow;

use candle_core::{CpuStorage, CustomOp1, DType, Device, Layout, Shape, Storage, Tensor};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::pages::Numbers;
use crate::error::{Error, Result};

/// Rows of activations that are multiplied together: their sums and the weights fill the registers.
const FEW: usize = 6;
/// Rows of activations for each thread, from which on threads share them and not the matrix.
const MANY: usize = 32;
/// Numbers of activations that go through the matrix at once: they fit the cache.
const HELD: usize = 1 << 18;
/// Inputs after which the next rows of activations have their turn: their weights fit the cache.
const BLOCK: usize = 128;
/// Numbers of a line of the processor's cache.
const LINE: usize = 16;
/// How many weights before they are needed a processor is told to fetch them.
const AHEAD: usize = 256;
/// Numbers of the matrix below which one thread multiplies.
const SMALL: usize = 1 << 15;
/// A matrix, with the bias that is added, laid out for products.
pub(crate) struct Panels {
    /// Panel behind panel; in a panel for each input the weights of its rows. The last one is filled up
    /// with zeros.
    numbers: Numbers,
    bias: Option<Vec<f32>>,
    rows: usize,
    inner: usize,
    /// Rows of a panel.
    width: usize,
    arch: Arch,
}

impl std::fmt::Debug for Panels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Panels({} × {})", self.rows, self.inner)
    }
}

impl Panels {
    /// Lays out a matrix; none where it is not one of single precision in this machine's own memory.
    pub(crate) fn new(weight: &Tensor, bias: Option<&Tensor>) -> Result<Option<Self>> {
        let here = |tensor: &Tensor| tensor.dtype() == DType::F32 && tensor.device().is_cpu();
        if weight.rank() != 2 || weight.elem_count() == 0 || !here(weight) {
            return Ok(None);
        }
        let (rows, inner) = weight.dims2()?;
        let arch = Arch::new();
        let width = arch.dispatch(Width);
        let panels = rows.div_ceil(width);
        let count = panels.saturating_mul(width).saturating_mul(inner);
        let mut numbers = Numbers::new(count);
        let weight = weight.contiguous()?;
        let (storage, layout) = weight.storage_and_layout();
        let Storage::Cpu(storage) = &*storage else { return Ok(None) };
        let size = width.saturating_mul(inner);
        let lay = |(panel, rows): (&mut [f32], &[f32])| {
            for (n, row) in rows.chunks_exact(inner).enumerate() {
                let slots = panel.iter_mut().skip(n).step_by(width);
                slots.zip(row).for_each(|(slot, weight)| *slot = *weight);
            }
        };
        let into = numbers.get_mut().par_chunks_exact_mut(size).take(panels);
        into.zip(part(storage, layout)?.par_chunks(size)).for_each(lay);
        let bias = bias.map(|bias| -> Result<Vec<f32>> {
            let mut bias = bias.to_vec1::<f32>()?;
            bias.resize(panels.saturating_mul(width), 0.0);
            Ok(bias)
        });
        Ok(Some(Self { numbers, bias: bias.transpose()?, rows, inner, width, arch }))
    }

    /// `x · Wᵀ + b` for rows `x`.
    pub(crate) fn product(&self, x: &Tensor) -> Result<Tensor> {
        Ok(x.contiguous()?.apply_op1_no_bwd(&Product(self))?)
    }

    /// Rows of the matrix.
    pub(crate) fn rows(&self, ids: impl ExactSizeIterator<Item = usize>) -> Result<Tensor> {
        let count = ids.len();
        let mut out: Vec<f32> = Vec::with_capacity(count.saturating_mul(self.inner));
        let size = self.width.saturating_mul(self.inner);
        for id in ids {
            let panel = id.checked_div(self.width).filter(|_| id < self.rows);
            let lane = id.checked_rem(self.width).unwrap_or(0);
            let panel = panel.and_then(|n| self.numbers.get().chunks_exact(size).nth(n));
            let none = || Error::Input(format!("a matrix of {} rows has no row {id}", self.rows));
            out.extend(panel.ok_or_else(none)?.iter().skip(lane).step_by(self.width));
        }
        Ok(Tensor::from_vec(out, (count, self.inner), &Device::Cpu)?)
    }

    /// All rows of the matrix.
    pub(crate) fn all(&self) -> Result<Tensor> {
        self.rows(0..self.rows)
    }

    /// The products of rows that lie one behind the other.
    fn multiply(&self, x: &[f32]) -> Vec<f32> {
        let count = x.len().checked_div(self.inner).unwrap_or(0);
        let threads = rayon::current_num_threads();
        let alone = threads < 2 || self.rows.saturating_mul(self.inner) < SMALL;
        if !alone && count < threads.saturating_mul(MANY) {
            return self.by_panels(x, count);
        }
        let mut out = vec![0f32; count.saturating_mul(self.rows)];
        // Rows in equal parts; where there are several threads, each has parts of its own.
        let parts = x.len().div_ceil(HELD).max(if alone { 1 } else { threads });
        let each = count.div_ceil(parts).next_multiple_of(FEW);
        let (x_part, out_part) = (each.saturating_mul(self.inner), each.saturating_mul(self.rows));
        if alone {
            let parts = x.chunks(x_part.max(1)).zip(out.chunks_mut(out_part.max(1)));
            parts.for_each(|(x, out)| self.some(x, out));
        } else {
            let parts = x.par_chunks(x_part).zip(out.par_chunks_mut(out_part));
            parts.for_each(|(x, out)| self.some(x, out));
        }
        out
    }

    /// The products of some rows, on this thread.
    fn some(&self, x: &[f32], out: &mut [f32]) {
        let count = x.len().checked_div(self.inner).unwrap_or(0);
        let x = grouped(x, self.inner);
        let mut sums = vec![0f32; count.saturating_mul(self.width)];
        let weights = self.numbers.get().chunks_exact(self.inner.saturating_mul(self.width));
        for (n, weights) in weights.take(self.rows.div_ceil(self.width)).enumerate() {
            self.panel(n, weights, &x, &mut sums);
            let at = n.saturating_mul(self.width);
            for (out, sums) in out.chunks_exact_mut(self.rows).zip(sums.chunks_exact(self.width)) {
                let out = out.iter_mut().skip(at);
                out.zip(sums).for_each(|(out, sum)| *out = *sum);
            }
        }
    }

    /// The products of few rows: each thread has panels of its own.
    fn by_panels(&self, x: &[f32], count: usize) -> Vec<f32> {
        let x = grouped(x, self.inner);
        let size = count.saturating_mul(self.width).max(1);
        let mut sums = vec![0f32; size.saturating_mul(self.rows.div_ceil(self.width))];
        let weights = self.numbers.get().par_chunks_exact(self.inner.saturating_mul(self.width));
        let each = sums.par_chunks_exact_mut(size).zip(weights).enumerate();
        each.for_each(|(n, (sums, weights))| self.panel(n, weights, &x, sums));
        if count == 1 {
            sums.truncate(self.rows);
            return sums;
        }
        let mut out = vec![0f32; count.saturating_mul(self.rows)];
        for (n, out) in out.chunks_exact_mut(self.rows).enumerate() {
            let begin = n.saturating_mul(self.width);
            for (out, sums) in out.chunks_mut(self.width).zip(sums.chunks_exact(size)) {
                let sums = sums.get(begin..).unwrap_or_default();
                out.iter_mut().zip(sums).for_each(|(out, sum)| *out = *sum);
            }
        }
        out
    }

    /// The sums of one panel.
    fn panel(&self, n: usize, weights: &[f32], x: &[f32], sums: &mut [f32]) {
        let bias = self.bias.as_ref().and_then(|bias| bias.chunks_exact(self.width).nth(n));
        for sums in sums.chunks_exact_mut(self.width) {
            match bias {
                Some(bias) => sums.copy_from_slice(bias),
                None => sums.fill(0.0),
            }
        }
        let (inner, width) = (self.inner, self.width);
        self.arch.dispatch(Panel { weights, x, sums, inner, width });
    }
}

struct Product<'a>(&'a Panels);

impl CustomOp1 for Product<'_> {
    fn name(&self) -> &'static str {
        "product-with-panels"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        let (count, inner) = layout.shape().dims2()?;
        if inner != self.0.inner {
            candle_core::bail!("rows of {inner} and {} numbers", self.0.inner);
        }
        let out = self.0.multiply(part(x, layout)?);
        Ok((CpuStorage::F32(out), Shape::from((count, self.0.rows))))
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

/// Rows in groups of a few: what the rows of a group have for one input stands side by side.
fn grouped(x: &[f32], inner: usize) -> Cow<'_, [f32]> {
    if x.len() == inner {
        return Cow::Borrowed(x);
    }
    let mut out = vec![0f32; x.len()];
    let size = inner.saturating_mul(FEW).max(1);
    for (out, rows) in out.chunks_mut(size).zip(x.chunks(size)) {
        let count = rows.len().checked_div(inner).unwrap_or(1).max(1);
        for (n, row) in rows.chunks_exact(inner).enumerate() {
            let slots = out.iter_mut().skip(n).step_by(count);
            slots.zip(row).for_each(|(slot, x)| *slot = *x);
        }
    }
    Cow::Owned(out)
}

/// How many rows a panel has: what a processor's registers hold of it, beside the sums.
struct Width;

impl WithSimd for Width {
    type Output = usize;

    #[inline(always)]
    #[allow(clippy::inline_always, reason = "it is compiled anew for each kind of processor")]
    fn with_simd<S: Simd>(self, _: S) -> usize {
        S::F32_LANES.saturating_mul(registers::<S>())
    }
}

/// Registers that the weights of one input take. Processors with registers of eight numbers have half as
/// many of them.
const fn registers<S: Simd>() -> usize {
    if S::F32_LANES == 8 { 2 } else { 4 }
}

/// Multiplies rows in groups with one panel, and adds to sums: rows of as many numbers as the panel has.
struct Panel<'a> {
    weights: &'a [f32],
    x: &'a [f32],
    sums: &'a mut [f32],
    inner: usize,
    width: usize,
}

impl WithSimd for Panel<'_> {
    type Output = ();

    #[inline(always)]
    #[allow(clippy::inline_always, reason = "it is compiled anew for each kind of processor")]
    fn with_simd<S: Simd>(self, simd: S) {
        if registers::<S>() == 2 { self.run::<S, 2>(simd) } else { self.run::<S, 4>(simd) }
    }
}

impl Panel<'_> {
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "it is compiled anew for each kind of processor")]
    fn run<S: Simd, const R: usize>(self, simd: S) {
        let Self { weights, x, sums, inner, width } = self;
        // One row goes through its panel at once.
        let block = if x.len() <= inner { inner } else { BLOCK };
        for (n, weights) in weights.chunks(width.saturating_mul(block)).enumerate() {
            let first = n.saturating_mul(block);
            let mut rest = &mut *sums;
            let groups = x.chunks(inner.saturating_mul(FEW));
            for group in groups {
                let count = group.len().checked_div(inner).unwrap_or(0);
                let Some((now, later)) = rest.split_at_mut_checked(count.saturating_mul(width))
                else {
                    return;
                };
                rest = later;
                let x = group.get(first.saturating_mul(count)..).unwrap_or_default();
                match count {
                    1 => tile::<S, R, 1>(simd, weights, x, now),
                    2 => tile::<S, R, 2>(simd, weights, x, now),
                    3 => tile::<S, R, 3>(simd, weights, x, now),
                    4 => tile::<S, R, 4>(simd, weights, x, now),
                    5 => tile::<S, R, 5>(simd, weights, x, now),
                    _ => tile::<S, R, FEW>(simd, weights, x, now),
                }
            }
        }
    }
}

/// Adds to the sums of `C` rows, of `R` registers each, the products for each input.
#[inline(always)]
#[allow(clippy::inline_always, reason = "it is compiled anew for each kind of processor")]
fn tile<S: Simd, const R: usize, const C: usize>(
    simd: S,
    weights: &[f32],
    x: &[f32],
    sums: &mut [f32],
) {
    let steps = S::as_simd_f32s(weights).0.as_chunks::<R>().0;
    let kept = S::as_mut_simd_f32s(sums).0.as_chunks_mut::<R>().0;
    let Some(kept) = kept.first_chunk_mut::<C>() else { return };
    let mut sums = *kept;
    for (step, x) in steps.iter().zip(x.as_chunks::<C>().0) {
        fetch::<S, R>(step);
        for (sums, x) in sums.iter_mut().zip(x) {
            let x = simd.splat_f32s(*x);
            for (sum, weight) in sums.iter_mut().zip(step) {
                *sum = simd.mul_add_e_f32s(*weight, x, *sum);
            }
        }
    }
    *kept = sums;
}

/// Tells the processor to fetch the weights that stand some way behind these. Left to itself it stops at
/// the end of each small page.
#[inline(always)]
#[allow(clippy::inline_always, reason = "it is compiled anew for each kind of processor")]
fn fetch<S: Simd, const R: usize>(step: &[S::f32s; R]) {
    #[cfg(target_arch = "x86_64")]
    if let Some(sse) = pulp::core_arch::x86::Sse::try_new() {
        let first = step.as_ptr().cast::<f32>().wrapping_add(AHEAD);
        for n in 0..S::F32_LANES.saturating_mul(R).div_ceil(LINE) {
            let line = first.wrapping_add(n.saturating_mul(LINE)).cast::<i8>();
            sse._mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(line);
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = step;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(count: usize, salt: u64) -> Vec<f32> {
        let mut rng = crate::sample::Rng::new(salt);
        (0..count).map(|_| crate::number::single(rng.unit() - 0.5)).collect()
    }

    fn tensor(rows: usize, columns: usize, salt: u64) -> Tensor {
        Tensor::from_vec(numbers(rows * columns, salt), (rows, columns), &Device::Cpu).unwrap()
    }

    fn furthest(one: &Tensor, other: &Tensor) -> f32 {
        let difference = one.sub(other).unwrap().abs().unwrap();
        difference.max_all().unwrap().to_scalar().unwrap()
    }

    #[test]
    fn products_are_those_of_candle() {
        for (count, inner, rows) in [
            (1, 1, 1),
            (1, 63, 5),
            (2, 64, 64),
            (4, 130, 700),
            (3, 768, 99),
            (13, 600, 65),
            (900, 301, 70),
        ] {
            let (x, w, b) = (tensor(count, inner, 1), tensor(rows, inner, 2), tensor(1, rows, 3));
            let b = b.reshape(rows).unwrap();
            let expected = x.matmul(&w.t().unwrap()).unwrap();
            let panels = Panels::new(&w, None).unwrap().unwrap();
            let what = format!("{count}, {inner}, {rows}");
            assert!(furthest(&panels.product(&x).unwrap(), &expected) < 2e-5, "{what}");
            let panels = Panels::new(&w, Some(&b)).unwrap().unwrap();
            let expected = expected.broadcast_add(&b).unwrap();
            assert!(furthest(&panels.product(&x).unwrap(), &expected) < 2e-5, "{what}");
            assert!(furthest(&panels.all().unwrap(), &w) <= 0.0);
            assert!(panels.rows([rows].into_iter()).is_err());
        }
        let bytes = Tensor::zeros((5, 3), DType::U8, &Device::Cpu).unwrap();
        assert!(Panels::new(&bytes, None).unwrap().is_none());
    }

    /// Alone, in any batch, with one thread and with several: the same to the last bit.
    #[test]
    fn a_row_has_the_same_product_in_every_company() {
        let (w, x) = (tensor(700, 520, 1), tensor(71, 520, 2));
        let panels = Panels::new(&w, None).unwrap().unwrap();
        let whole = panels.product(&x).unwrap();
        let threads =
            |count: usize| rayon::ThreadPoolBuilder::new().num_threads(count).build().unwrap();
        for count in [1, 2, 3] {
            let again = threads(count).install(|| panels.product(&x).unwrap());
            assert!(furthest(&whole, &again) <= 0.0, "{count} threads");
        }
        for (from, count) in [(0, 1), (3, 2), (70, 1), (5, 7)] {
            let part = panels.product(&x.narrow(0, from, count).unwrap()).unwrap();
            assert!(furthest(&whole.narrow(0, from, count).unwrap(), &part) <= 0.0);
        }
    }
}
