//! Norms of activations.

use candle_core::{D, Tensor};
use candle_nn::ops;

use super::Mode;
use crate::config::Norm;
use crate::error::Result;
use crate::number::single;
use crate::weights::Store;

/// A norm with its weights, over the last dimension.
#[derive(Clone, Debug)]
pub(crate) struct Normer {
    kind: Norm,
    weight: Option<Tensor>,
    bias: Option<Tensor>,
    eps: f64,
    mode: Mode,
}

impl Normer {
    /// Reads the weights that a norm of this kind has.
    pub(crate) fn read(
        store: &Store,
        name: &str,
        shape: &[usize],
        (kind, eps, mode): (Norm, f64, Mode),
    ) -> Result<Self> {
        let weight = match kind {
            Norm::LayerPlain => None,
            Norm::Rms | Norm::Layer => Some(store.dense(&format!("{name}.weight"), shape)?),
            Norm::RmsPlusOne => {
                Some(store.dense(&format!("{name}.weight"), shape)?.affine(1.0, 1.0)?)
            }
        };
        let bias = (kind == Norm::Layer)
            .then(|| store.dense(&format!("{name}.bias"), shape))
            .transpose()?;
        Ok(Self { kind, weight, bias, eps, mode })
    }

    /// A layer norm without bias, of a weight that is there already. Its shape may have more dimensions
    /// than the last, and is then spread over the ones before.
    pub(crate) fn layer(weight: Tensor, eps: f64, mode: Mode) -> Self {
        Self { kind: Norm::Layer, weight: Some(weight), bias: None, eps, mode }
    }

    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let root = matches!(self.kind, Norm::Rms | Norm::RmsPlusOne);
        if self.mode == Mode::Fast {
            match (&self.weight, &self.bias) {
                (Some(weight), _) if root => {
                    return Ok(ops::rms_norm(&x.contiguous()?, weight, single(self.eps))?);
                }
                (Some(weight), Some(bias)) => {
                    let x = x.contiguous()?;
                    return Ok(ops::layer_norm(&x, weight, bias, single(self.eps))?);
                }
                _ => {}
            }
        }
        let centred = if root { x.clone() } else { x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)? };
        let variance = centred.sqr()?.mean_keepdim(D::Minus1)?;
        let mut y = centred.broadcast_div(&variance.affine(1.0, self.eps)?.sqrt()?)?;
        if let Some(weight) = &self.weight {
            y = y.broadcast_mul(weight)?;
        }
        if let Some(bias) = &self.bias {
            y = y.broadcast_add(bias)?;
        }
        Ok(y)
    }
}
