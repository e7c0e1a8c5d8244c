//! Keys and values of what was computed already.

use candle_core::Tensor;

use crate::config::Rope;
use crate::error::{Error, Result};

/// Room for positions that is made at least, and by which it grows.
const STEP: usize = 64;

/// Keys and values of the positions before, for each layer. It belongs to one batch of sequences of
/// equal length.
#[derive(Debug, Default)]
pub struct Cache {
    layers: Vec<Layer>,
    len: usize,
    /// How long the sequences will be at least.
    expected: usize,
}

#[derive(Debug, Default)]
struct Layer {
    /// Batch, heads, room, width; both have the same shape but for the width.
    kept: Option<(Tensor, Tensor)>,
}

impl Cache {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty one for sequences that will be this long. Only rotary positions whose frequencies
    /// depend on the length need to know it.
    pub fn expecting(length: usize) -> Self {
        Self { expected: length, ..Self::default() }
    }

    /// How many positions it holds.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// One of its own with the same content: what is added to either is not in the other.
    pub fn fork(&self) -> Result<Self> {
        let copy = |layer: &Layer| -> Result<Layer> {
            let kept = layer.kept.as_ref().map(|(k, v)| Ok::<_, Error>((k.copy()?, v.copy()?)));
            Ok(Layer { kept: kept.transpose()? })
        };
        let layers = self.layers.iter().map(copy).collect::<Result<_>>()?;
        Ok(Self { layers, len: self.len, expected: self.expected })
    }

    /// Forgets the sequences of its batch that are not to be kept.
    pub fn keep(&mut self, kept: &[bool]) -> Result<()> {
        let ids = (0u32..).zip(kept).filter(|(_, kept)| **kept).map(|(n, _)| n).collect::<Vec<_>>();
        for (k, v) in self.layers.iter_mut().filter_map(|layer| layer.kept.as_mut()) {
            let ids = Tensor::new(ids.as_slice(), k.device())?;
            (*k, *v) = (k.index_select(&ids, 0)?, v.index_select(&ids, 0)?);
        }
        Ok(())
    }

    /// Forgets all positions from `len` on.
    pub fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// The length that frequencies are chosen for, where the sequences are `end` long now.
    pub(crate) fn reach(&mut self, end: usize, rope: Option<&Rope>) -> Result<usize> {
        let length = self.expected.max(end);
        if self.len > 0 && rope.is_some_and(|rope| rope.differs(self.expected, length)) {
            let problem = "the sequence outgrew what its cache was computed for; compute it anew";
            return Err(Error::Input(problem.to_owned()));
        }
        self.expected = length;
        Ok(length)
    }

    pub(crate) fn advance(&mut self, count: usize) {
        self.len = self.len.saturating_add(count);
    }

    /// Adds keys and values of a layer (batch, heads, positions, width) and gives all there are.
    pub(crate) fn append(
        &mut self,
        layer: usize,
        k: &Tensor,
        v: &Tensor,
    ) -> Result<(Tensor, Tensor)> {
        let count = k.dim(2)?;
        let total = self.len.saturating_add(count);
        if self.layers.len() <= layer {
            self.layers.resize_with(layer.saturating_add(1), Layer::default);
        }
        let missing = || Error::Input("the cache has no such layer".to_owned());
        let slot = self.layers.get_mut(layer).ok_or_else(missing)?;
        let room = slot.kept.as_ref().map_or(Ok(0), |(k, _)| k.dim(2))?;
        if room < total {
            // Twice as much each time, so that all copies together cost no more than the result.
            let wanted = total.max(room.saturating_mul(2)).next_multiple_of(STEP);
            let grow = |new: &Tensor, old: Option<&Tensor>| -> Result<Tensor> {
                let (batch, heads, _, width) = new.dims4()?;
                let shape = (batch, heads, wanted, width);
                let larger = Tensor::zeros(shape, new.dtype(), new.device())?;
                if let Some(old) = old.filter(|_| self.len > 0) {
                    larger.slice_set(&old.narrow(2, 0, self.len)?.contiguous()?, 2, 0)?;
                }
                Ok(larger)
            };
            let larger = match &slot.kept {
                Some((old_k, old_v)) => (grow(k, Some(old_k))?, grow(v, Some(old_v))?),
                None => (grow(k, None)?, grow(v, None)?),
            };
            slot.kept = Some(larger);
        }
        let (all_k, all_v) = slot.kept.as_ref().ok_or_else(missing)?;
        all_k.slice_set(&k.contiguous()?, 2, self.len)?;
        all_v.slice_set(&v.contiguous()?, 2, self.len)?;
        Ok((all_k.narrow(2, 0, total)?, all_v.narrow(2, 0, total)?))
    }
}
