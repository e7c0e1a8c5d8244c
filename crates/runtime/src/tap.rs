//! Watching a pass from outside.
//!
//! A [`Tap`] is shown activations as they are made and keeps what it makes of them: a mean, a row, a
//! number. Nothing else keeps them, so the weights of attention, which are as many as the square of
//! the length for each head, live as long as the tap looks at them.

use candle_core::Tensor;

use crate::error::Result;

/// What a tap is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Embeddings as they go into the first layer. Rows: sequences and positions.
    Embed,
    /// Shares of attention: batch, heads, queries, keys. Where a layer has a window, the keys are the
    /// last ones.
    Attn,
    /// What attention adds to the residual stream, before any norm behind it.
    AttnOut,
    /// What the MLP adds, before any norm behind it.
    MlpOut,
    /// The residual stream behind a layer.
    Resid,
    /// Logits. The layer is the number of layers.
    Logits,
}

/// Something that watches a pass.
pub trait Tap {
    /// Whether it wants to see this kind; what it does not want is not made ready for it.
    fn wants(&self, kind: Kind) -> bool;

    /// Sees a tensor of a layer, counted from 0.
    fn see(&mut self, layer: usize, kind: Kind, tensor: &Tensor) -> Result<()>;
}

/// A tap, or none.
pub(crate) struct Probe<'a>(pub(crate) Option<&'a mut dyn Tap>);

impl Probe<'_> {
    pub(crate) fn see(&mut self, layer: usize, kind: Kind, tensor: &Tensor) -> Result<()> {
        match &mut self.0 {
            Some(tap) if tap.wants(kind) => tap.see(layer, kind, tensor),
            _ => Ok(()),
        }
    }

    /// Shows shares of attention with their heads apart.
    pub(crate) fn attention(
        &mut self,
        layer: usize,
        shares: &Tensor,
        (batch, heads, queries): (usize, usize, usize),
    ) -> Result<()> {
        match &mut self.0 {
            Some(tap) if tap.wants(Kind::Attn) => {
                let keys = shares.dim(candle_core::D::Minus1)?;
                tap.see(layer, Kind::Attn, &shares.reshape((batch, heads, queries, keys))?)
            }
            _ => Ok(()),
        }
    }
}
