//! Turning queries and keys by their positions.

use candle_core::{D, Device, Tensor};
use candle_nn::rotary_emb;

use super::Mode;
use crate::config::Rope;
use crate::error::Result;
use crate::number::{real, single};

/// Sine and cosine for the positions of one pass, shared by all layers.
#[derive(Clone, Debug)]
pub(crate) struct Turns {
    cos: Tensor,
    sin: Tensor,
    dim: usize,
    neighbours: bool,
    mode: Mode,
}

impl Turns {
    /// For `count` positions from `first`, of a sequence that will be `length` long.
    pub(crate) fn new(
        rope: &Rope,
        (first, count, length): (usize, usize, usize),
        device: &Device,
        mode: Mode,
    ) -> Result<Self> {
        let (frequencies, scale) = rope.frequencies(length);
        let size = count.saturating_mul(frequencies.len());
        let (mut cos, mut sin) = (Vec::with_capacity(size), Vec::with_capacity(size));
        for position in first..first.saturating_add(count) {
            let position = single(real(position));
            for frequency in &frequencies {
                let (s, c) = (position * frequency).sin_cos();
                cos.push(c * scale);
                sin.push(s * scale);
            }
        }
        let shape = (count, frequencies.len());
        Ok(Self {
            cos: Tensor::from_vec(cos, shape, device)?,
            sin: Tensor::from_vec(sin, shape, device)?,
            dim: rope.dim,
            neighbours: rope.neighbours,
            mode,
        })
    }

    /// Turns heads: batch, heads, positions, width.
    pub(crate) fn turn(&self, x: &Tensor) -> Result<Tensor> {
        let width = x.dim(D::Minus1)?;
        if self.dim == width {
            return self.whole(&x.contiguous()?);
        }
        let turned = self.whole(&x.narrow(D::Minus1, 0, self.dim)?.contiguous()?)?;
        let rest = x.narrow(D::Minus1, self.dim, width.saturating_sub(self.dim))?;
        Ok(Tensor::cat(&[&turned, &rest], D::Minus1)?)
    }

    fn whole(&self, x: &Tensor) -> Result<Tensor> {
        Ok(match (self.mode, self.neighbours) {
            (Mode::Fast, false) => rotary_emb::rope(x, &self.cos, &self.sin)?,
            (Mode::Fast, true) => rotary_emb::rope_i(x, &self.cos, &self.sin)?,
            (Mode::Gradients, false) => rotary_emb::rope_slow(x, &self.cos, &self.sin)?,
            (Mode::Gradients, true) => rotary_emb::rope_i_slow(x, &self.cos, &self.sin)?,
        })
    }
}
