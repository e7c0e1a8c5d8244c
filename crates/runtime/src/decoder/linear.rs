//! Matrices that activations are multiplied with.

use std::sync::Arc;

use candle_core::quantized::QMatMul;
use candle_core::{Module as _, Tensor};

use super::Mode;
use super::product::Panels;
use crate::error::Result;
use crate::weights::{Matrix, Store};

/// `x · Wᵀ + b`.
#[derive(Clone, Debug)]
pub(crate) struct Linear {
    weight: Weight,
    bias: Option<Tensor>,
    mode: Mode,
}

#[derive(Clone, Debug)]
enum Weight {
    /// Rows for outputs.
    Dense(Tensor),
    /// The same, with the bias, as products are computed fastest.
    Panels(Arc<Panels>),
    Quantized(QMatMul),
}

impl Linear {
    /// Reads `name.weight`, of `rows` outputs and `columns` inputs, and `name.bias` where there is to
    /// be one. It is complete once it is [`Self::laid_out`].
    pub(crate) fn read(
        store: &Store,
        name: &str,
        (rows, columns): (usize, usize),
        bias: bool,
        transposed: bool,
        mode: Mode,
    ) -> Result<Self> {
        let weight = format!("{name}.weight");
        let weight = if transposed {
            Weight::Dense(store.dense(&weight, &[columns, rows])?.t()?.contiguous()?)
        } else {
            match store.matrix(&weight, rows, columns)? {
                Matrix::Dense(tensor) => Weight::Dense(tensor),
                Matrix::Quantized(tensor) => Weight::Quantized(QMatMul::from_qtensor(tensor)?),
            }
        };
        let bias = bias.then(|| store.dense(&format!("{name}.bias"), &[rows])).transpose()?;
        Ok(Self { weight, bias, mode })
    }

    /// Of a matrix that is there already.
    pub(crate) fn of(weight: Tensor, bias: Option<Tensor>, mode: Mode) -> Self {
        Self { weight: Weight::Dense(weight), bias, mode }
    }

    /// The matrix and the bias, where the matrix is dense.
    pub(crate) fn parts(&self) -> Option<(&Tensor, Option<&Tensor>)> {
        match &self.weight {
            Weight::Dense(weight) => Some((weight, self.bias.as_ref())),
            Weight::Panels(_) | Weight::Quantized(_) => None,
        }
    }

    /// In the form that products are computed with.
    pub(crate) fn laid_out(self) -> Result<Self> {
        let Self { weight: Weight::Dense(weight), bias, mode: Mode::Fast } = &self else {
            return Ok(self);
        };
        Ok(match Panels::new(weight, bias.as_ref())? {
            Some(panels) => Self { weight: Weight::Panels(Arc::new(panels)), bias: None, ..self },
            None => self,
        })
    }

    /// The matrix with its bias as it was laid out, where it was.
    pub(crate) fn panels(&self) -> Option<&Arc<Panels>> {
        match &self.weight {
            Weight::Panels(panels) => Some(panels),
            Weight::Dense(_) | Weight::Quantized(_) => None,
        }
    }

    /// One matrix of several with the same inputs, where all are dense and alike.
    pub(crate) fn stack(parts: &[&Self]) -> Result<Option<Self>> {
        let Some(dense) = parts.iter().map(|part| part.parts()).collect::<Option<Vec<_>>>() else {
            return Ok(None);
        };
        let weights = dense.iter().map(|(weight, _)| *weight).collect::<Vec<_>>();
        let biases = dense.iter().filter_map(|(_, bias)| *bias).collect::<Vec<_>>();
        let bias = match biases.len() {
            0 => None,
            all if all == parts.len() => Some(Tensor::cat(&biases, 0)?),
            _ => return Ok(None),
        };
        Ok(Some(Self::of(Tensor::cat(&weights, 0)?, bias, Mode::Fast)))
    }

    /// For rows of activations.
    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let y = match &self.weight {
            Weight::Dense(weight) => x.matmul(&weight.t()?)?,
            Weight::Panels(panels) => panels.product(x)?,
            Weight::Quantized(weight) => weight.forward(x)?,
        };
        match &self.bias {
            Some(bias) => Ok(y.broadcast_add(bias)?),
            None => Ok(y),
        }
    }
}
