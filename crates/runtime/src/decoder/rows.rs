//! Exponentials of many rows: the activation of a gated MLP, and softmax.
//!
//! candle computes exponentials one by one, which is a tenth of a prompt's time. Here the compiler does as
//! many at once as the registers hold, by a polynomial that is exact to about the last place.

use std::ops::Range;

use candle_core::{CpuStorage, CustomOp1, DType, Device, Layout, Shape, Tensor};
use pulp::Arch;
use rayon::prelude::*;

use super::product::part;
use crate::config::Activation;
use crate::error::Result;

/// Numbers that are summed in single precision, before sums are.
const PART: usize = 1024;

/// Numbers below which one thread does it.
const SMALL: usize = 1 << 14;

/// For rows of a gate and what it lets through, `width` numbers each: the product of the second with
/// the activation of the first. Nothing where candle is to do it.
pub(super) fn gated(both: &Tensor, width: usize, activation: Activation) -> Result<Option<Tensor>> {
    let tanh = match activation {
        Activation::Silu => false,
        Activation::GeluTanh => true,
        Activation::Gelu | Activation::Relu => return Ok(None),
    };
    let fits = both.rank() == 2 && fits(both) && both.dim(1)? == width.saturating_mul(2);
    Ok(if fits { Some(both.apply_op1_no_bwd(&Gated { width, tanh })?) } else { None })
}

/// Which keys the queries of a pass look at: each the ones before it and itself, a window of them at most.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View {
    /// Queries of each sequence and head.
    pub(crate) count: usize,
    /// Keys that stand before that of the first query.
    pub(crate) before: usize,
    pub(crate) window: usize,
}

impl View {
    /// The keys that a query looks at.
    fn keys(self, query: usize) -> Range<usize> {
        let end = self.before.saturating_add(query).saturating_add(1);
        end.saturating_sub(self.window)..end
    }

    /// As numbers that are added: 0, or minus infinity where a query does not look.
    pub(super) fn mask(self, keys: usize, device: &Device) -> Result<Tensor> {
        let mut values = vec![f32::NEG_INFINITY; self.count.saturating_mul(keys)];
        for (query, row) in values.chunks_exact_mut(keys.max(1)).enumerate() {
            row.get_mut(self.keys(query)).unwrap_or_default().fill(0.0);
        }
        Ok(Tensor::from_vec(values, (self.count, keys), device)?)
    }
}

/// Softmax over the last dimension, of what is seen where there is a view; rows are queries then, those
/// of a head one after the other. Nothing where candle is to do it.
pub(super) fn softmax(x: &Tensor, view: Option<View>) -> Result<Option<Tensor>> {
    let x = x.contiguous()?;
    Ok(if fits(&x) && x.rank() > 0 { Some(x.apply_op1_no_bwd(&Softmax(view))?) } else { None })
}

/// The sum of the exponentials of numbers, each less the greatest of them.
pub(crate) fn sum_of_exponentials(row: &[f32], most: f32) -> f64 {
    let arch = Arch::new();
    let of_part = |part: &[f32]| {
        arch.dispatch(|| {
            let mut powers = [0f32; PART];
            for (power, x) in powers.iter_mut().zip(part) {
                *power = exp(x - most);
            }
            sum(powers.get(..part.len()).unwrap_or_default())
        })
    };
    row.chunks(PART).map(|part| f64::from(of_part(part))).sum()
}

fn fits(x: &Tensor) -> bool {
    x.dtype() == DType::F32 && x.device().is_cpu() && x.is_contiguous()
}

struct Gated {
    width: usize,
    /// GELU by the hyperbolic tangent, else `SiLU`.
    tanh: bool,
}

impl CustomOp1 for Gated {
    fn name(&self) -> &'static str {
        "gated"
    }

    fn cpu_fwd(
        &self,
        storage: &CpuStorage,
        layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let (rows, _) = layout.shape().dims2()?;
        let all = part(storage, layout)?;
        let width = self.width.max(1);
        let mut out = vec![0f32; rows.saturating_mul(width)];
        let arch = Arch::new();
        let one = |_: usize, (out, row): (&mut [f32], &[f32])| {
            let (gate, through) = row.split_at(width.min(row.len()));
            let numbers = out.iter_mut().zip(gate.iter().zip(through));
            arch.dispatch(|| {
                if self.tanh {
                    for (out, (x, y)) in numbers {
                        *out = x * sigmoid(1.595_769 * (x + 0.044_715 * x * x * x)) * y;
                    }
                } else {
                    for (out, (x, y)) in numbers {
                        *out = x * sigmoid(*x) * y;
                    }
                }
            });
        };
        each(&mut out, width, all, width.saturating_mul(2), one);
        Ok((CpuStorage::F32(out), Shape::from((rows, self.width))))
    }
}

struct Softmax(Option<View>);

impl CustomOp1 for Softmax {
    fn name(&self) -> &'static str {
        "softmax-of-rows"
    }

    fn cpu_fwd(
        &self,
        storage: &CpuStorage,
        layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let all = part(storage, layout)?;
        let width = layout.dims().last().copied().unwrap_or(1).max(1);
        let mut out = vec![0f32; all.len()];
        let arch = Arch::new();
        let one = |n: usize, (out, row): (&mut [f32], &[f32])| {
            let seen = self
                .0
                .map_or(0..width, |view| view.keys(n.checked_rem(view.count).unwrap_or_default()));
            let (Some(out), Some(row)) = (out.get_mut(seen.clone()), row.get(seen)) else { return };
            arch.dispatch(|| {
                let most = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                for (out, x) in out.iter_mut().zip(row) {
                    // What is next to nothing is nothing. It would make every product with it slow.
                    let below = x - most;
                    *out = if below < -80.0 { 0.0 } else { exp(below) };
                }
                let scale = 1.0 / sum(out);
                for out in out.iter_mut() {
                    *out *= scale;
                }
            });
        };
        each(&mut out, width, all, width, one);
        Ok((CpuStorage::F32(out), layout.shape().clone()))
    }
}

/// Does each row with its number, on all threads where there is much.
fn each(
    out: &mut [f32],
    width: usize,
    all: &[f32],
    stride: usize,
    one: impl Fn(usize, (&mut [f32], &[f32])) + Send + Sync,
) {
    if all.len() < SMALL || rayon::current_num_threads() < 2 {
        let rows = out.chunks_exact_mut(width).zip(all.chunks_exact(stride));
        rows.enumerate().for_each(|(n, row)| one(n, row));
    } else {
        let rows = out.par_chunks_exact_mut(width).zip(all.par_chunks_exact(stride));
        rows.enumerate().for_each(|(n, row)| one(n, row));
    }
}

/// A sum, kept as several side by side.
#[inline(always)]
#[allow(clippy::inline_always, reason = "it is compiled anew for each kind of processor")]
fn sum(row: &[f32]) -> f32 {
    let (blocks, rest) = row.as_chunks::<16>();
    let mut sums = [0f32; 16];
    for block in blocks {
        for (sum, x) in sums.iter_mut().zip(block) {
            *sum += x;
        }
    }
    sums.iter().sum::<f32>() + rest.iter().sum::<f32>()
}

#[inline(always)]
#[allow(clippy::inline_always, reason = "it is compiled anew for each kind of processor")]
fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// The exponential, by the polynomial of Cephes: at least 10⁻³⁷ and at most 10³⁸.
#[inline(always)]
#[allow(clippy::inline_always, reason = "it is compiled anew for each kind of processor")]
fn exp(x: f32) -> f32 {
    // Added to a number it leaves the nearest whole one in the last bits.
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-86.0, 88.0);
    let rounded = x * std::f32::consts::LOG2_E + ROUND;
    let whole = rounded - ROUND;
    let r = (x - whole * 0.693_359_4) + whole * 2.121_944_4e-4;
    let mut p = 1.987_569_1e-4;
    p = p * r + 1.398_199_9e-3;
    p = p * r + 8.333_452e-3;
    p = p * r + 4.166_579_6e-2;
    p = p * r + 1.666_666_5e-1;
    p = p * r + 0.5;
    let power = f32::from_bits(rounded.to_bits().wrapping_add(127) << 23);
    (p * r * r + r + 1.0) * power
}

#[cfg(test)]
mod tests {
    use candle_nn::ops;

    use super::*;

    fn numbers(count: usize, width: f64) -> Vec<f32> {
        let mut rng = crate::sample::Rng::new(5);
        (0..count).map(|_| crate::number::single((rng.unit() - 0.5) * width)).collect()
    }

    fn furthest(one: &Tensor, other: &Tensor) -> f32 {
        let difference = one.sub(other).unwrap().abs().unwrap();
        difference.max_all().unwrap().to_scalar().unwrap()
    }

    #[test]
    #[allow(clippy::cast_precision_loss, reason = "the numbers are small")]
    fn exponentials_are_exact_to_about_the_last_place() {
        for n in -860_000..880_000 {
            let x = n as f32 * 1e-4;
            let expected = f64::from(x).exp();
            let error = (f64::from(exp(x)) / expected - 1.0).abs();
            assert!(error < 3e-7, "{x}: {error}");
        }
        assert!(exp(f32::NEG_INFINITY) < 1e-36 && exp(f32::NAN).is_nan());
    }

    #[test]
    fn rows_are_those_of_candle() {
        for (rows, width) in [(1, 1), (3, 17), (200, 96)] {
            let count = rows * width * 2;
            let x =
                Tensor::from_vec(numbers(count, 20.0), (rows, width * 2), &Device::Cpu).unwrap();
            let (gate, through) =
                (x.narrow(1, 0, width).unwrap(), x.narrow(1, width, width).unwrap());
            for (activation, expected) in [
                (Activation::Silu, gate.silu().unwrap()),
                (Activation::GeluTanh, gate.gelu().unwrap()),
            ] {
                let got = gated(&x, width, activation).unwrap().unwrap();
                assert!(furthest(&got, &expected.mul(&through).unwrap()) < 2e-5);
            }
            let shares = softmax(&x, None).unwrap().unwrap();
            assert!(furthest(&shares, &ops::softmax_last_dim(&x).unwrap()) < 1e-6);
            let hidden = Tensor::new(&[1.0, f32::NEG_INFINITY, 0.0], &Device::Cpu).unwrap();
            let shares = softmax(&hidden, None).unwrap().unwrap().to_vec1::<f32>().unwrap();
            assert!(shares[1] == 0.0 && (shares[0] + shares[2] - 1.0).abs() < 1e-6);
            assert!(gated(&x, width, Activation::Gelu).unwrap().is_none());
        }
    }

    /// Against what is hidden by minus infinity: two heads of three queries, two keys before them.
    #[test]
    fn what_is_hidden_has_no_share() {
        let x = Tensor::from_vec(numbers(30, 9.0), (2, 3, 5), &Device::Cpu).unwrap();
        for (window, hidden) in [
            (9, [0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0]),
            (2, [1, 0, 0, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 0, 0]),
        ] {
            let mask = hidden.map(|hidden| if hidden == 1 { f32::NEG_INFINITY } else { 0.0 });
            let mask = Tensor::from_slice(&mask, (3, 5), &Device::Cpu).unwrap();
            let expected = ops::softmax_last_dim(&x.broadcast_add(&mask).unwrap()).unwrap();
            let view = View { count: 3, before: 2, window };
            assert!(furthest(&softmax(&x, Some(view)).unwrap().unwrap(), &expected) < 1e-6);
        }
    }
}
