//! The MLP of a layer.

use candle_core::Tensor;

use super::linear::Linear;
use super::{Build, Mode, rows};
use crate::config::Activation;
use crate::error::Result;
use crate::weights::names::UpNames;

/// The MLP of a layer.
#[derive(Clone, Debug)]
pub(crate) struct Mlp {
    up: Up,
    down: Linear,
    activation: Activation,
    width: usize,
    mode: Mode,
}

#[derive(Clone, Debug)]
enum Up {
    Plain(Linear),
    Gated([Linear; 2]),
    /// Gate and what it lets through in one matrix.
    One(Linear),
}

impl Mlp {
    pub(super) fn read(build: &Build<'_>, layer: usize) -> Result<Self> {
        let Build { config, names, mode, .. } = *build;
        let (width, bias) = (config.intermediate, config.mlp_bias);
        let one = |name: &str, rows: usize| {
            build.linear(&names.layer(layer, name), rows, config.hidden, bias)
        };
        let up = match names.up {
            UpNames::Plain(name) => Up::Plain(one(name, width)?.laid_out()?),
            UpNames::Stacked(name) => Up::One(one(name, width.saturating_mul(2))?.laid_out()?),
            UpNames::Gated([gate, up]) => {
                let both = [one(gate, width)?, one(up, width)?];
                let [gate, up] = &both;
                let stacked = match mode {
                    Mode::Fast => Linear::stack(&[gate, up])?,
                    Mode::Gradients => None,
                };
                match stacked {
                    Some(stacked) => Up::One(stacked.laid_out()?),
                    None => Up::Gated(both),
                }
            }
        };
        let down = build.linear(&names.layer(layer, names.down), config.hidden, width, bias)?;
        let down = down.laid_out()?;
        Ok(Self { up, down, activation: config.activation, width, mode })
    }

    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let inner = match &self.up {
            Up::Plain(up) => activate(&up.forward(x)?, self.activation)?,
            Up::Gated([gate, up]) => {
                activate(&gate.forward(x)?, self.activation)?.mul(&up.forward(x)?)?
            }
            Up::One(both) => {
                let both = both.forward(x)?;
                if self.mode == Mode::Fast
                    && let Some(inner) = rows::gated(&both, self.width, self.activation)?
                {
                    return self.down.forward(&inner);
                }
                let gate = both.narrow(1, 0, self.width)?;
                activate(&gate, self.activation)?.mul(&both.narrow(1, self.width, self.width)?)?
            }
        };
        self.down.forward(&inner)
    }
}

/// Applies an activation.
pub(crate) fn activate(x: &Tensor, activation: Activation) -> Result<Tensor> {
    Ok(match activation {
        Activation::Silu => x.silu()?,
        Activation::Gelu => x.gelu_erf()?,
        Activation::GeluTanh => x.gelu()?,
        Activation::Relu => x.relu()?,
    })
}
