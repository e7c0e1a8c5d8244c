//! The decoder: embedding, blocks, head, by the flags of a [`Config`].

mod attention;
mod cache;
pub(crate) mod linear;
pub(crate) mod mlp;
pub(crate) mod norm;
mod pages;
mod product;
mod rope;
mod rows;

use std::sync::Arc;

use candle_core::{Device, IndexOp as _, Tensor};

use self::attention::{Attention, Pass};
pub use self::cache::Cache;
use self::linear::Linear;
use self::mlp::Mlp;
use self::norm::Normer;
use self::product::Panels;
use self::rope::Turns;
use self::rows::View;
pub(crate) use self::rows::sum_of_exponentials;
use crate::config::{Block, Config};
use crate::error::{Error, Result};
use crate::tap::{Kind, Probe, Tap};
use crate::weights::Store;
use crate::weights::names::Names;

/// How passes are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// With fused operations, and matrices of equal inputs in one.
    Fast,
    /// With operations that have gradients alone.
    Gradients,
}

/// Which positions logits are wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// All.
    All,
    /// The last of each sequence.
    Last,
}

/// What a decoder is made of.
pub(crate) struct Build<'a> {
    pub(crate) config: &'a Config,
    pub(crate) names: &'a Names,
    pub(crate) store: &'a Store,
    pub(crate) mode: Mode,
}

impl Build<'_> {
    fn linear(&self, name: &str, rows: usize, columns: usize, bias: bool) -> Result<Linear> {
        Linear::read(self.store, name, (rows, columns), bias, self.names.transposed, self.mode)
    }

    fn norm(&self, name: &str) -> Result<Normer> {
        let how = (self.config.norm, self.config.norm_eps, self.mode);
        Normer::read(self.store, name, &[self.config.hidden], how)
    }
}

/// A decoder with its weights. It holds no state: what was computed before is in a [`Cache`].
#[derive(Clone, Debug)]
pub struct Decoder {
    config: Config,
    mode: Mode,
    device: Device,
    embed: Embedding,
    positions: Option<Tensor>,
    layers: Vec<Layer>,
    final_norm: Normer,
    head: Linear,
}

/// A row for each token.
#[derive(Clone, Debug)]
enum Embedding {
    Table(Tensor),
    /// The head's matrix, which is the same.
    Head(Arc<Panels>),
}

#[derive(Clone, Debug)]
struct Layer {
    attention: Attention,
    mlp: Mlp,
    /// Before attention, behind it, before the MLP, behind it.
    norms: [Option<Normer>; 4],
}

impl Decoder {
    pub(crate) fn read(config: &Config, names: &Names, store: &Store, mode: Mode) -> Result<Self> {
        let build = Build { config, names, store, mode };
        let embed_name = format!("{}.weight", names.embed);
        let embed = store.dense(&embed_name, &[config.vocab, config.hidden])?;
        let learned = config.rope.is_none();
        let positions = learned
            .then(|| {
                let name = format!("{}.weight", names.positions);
                store.dense(&name, &[config.max_positions, config.hidden])
            })
            .transpose()?;
        // Layer by layer: each finds its tensors in the files, so a number of layers that nothing
        // stands behind ends at the first one.
        let layers = (0..config.layers).map(|n| Layer::read(&build, n)).collect::<Result<_>>()?;
        let head = head(&build, &embed, &embed_name)?;
        let shared = head.panels().filter(|_| config.tied).cloned();
        let decoder = Self {
            config: config.clone(),
            mode,
            device: store.device().clone(),
            positions,
            layers,
            final_norm: build.norm(&names.final_norm)?,
            embed: shared.map_or(Embedding::Table(embed), Embedding::Head),
            head,
        };
        store.finish()?;
        Ok(decoder)
    }

    /// What it computes.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// How it computes.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// The embedding: a row for each token.
    pub fn embedding(&self) -> Result<Tensor> {
        match &self.embed {
            Embedding::Table(table) => Ok(table.clone()),
            Embedding::Head(head) => head.all(),
        }
    }

    /// Logits of sequences of equal length, behind what the cache holds: batch, positions, tokens.
    pub fn forward(
        &self,
        tokens: &[Vec<u32>],
        cache: Option<&mut Cache>,
        wanted: Wanted,
        tap: Option<&mut dyn Tap>,
    ) -> Result<Tensor> {
        self.forward_embedded(&self.embed(tokens)?, cache, wanted, tap)
    }

    /// The embeddings of sequences of equal length: batch, positions, width. What is scaled or added
    /// to them is not in them yet.
    pub fn embed(&self, tokens: &[Vec<u32>]) -> Result<Tensor> {
        let batch = tokens.len();
        let count = tokens.first().map_or(0, Vec::len);
        if batch == 0 || count == 0 || tokens.iter().any(|sequence| sequence.len() != count) {
            let problem = "a batch needs sequences of one length, and at least one token";
            return Err(Error::Input(problem.to_owned()));
        }
        let beyond = |id: &&u32| crate::number::index(**id) >= self.config.vocab;
        if let Some(id) = tokens.iter().flatten().find(beyond) {
            return Err(Error::Input(format!(
                "there is no token {id} in a vocabulary of {}",
                self.config.vocab
            )));
        }
        let flat = tokens.concat();
        let rows = match &self.embed {
            Embedding::Head(head) => head.rows(flat.iter().map(|id| crate::number::index(*id)))?,
            Embedding::Table(table) => {
                let ids = Tensor::from_vec(flat, batch.saturating_mul(count), &self.device)?;
                table.index_select(&ids, 0)?
            }
        };
        Ok(rows.reshape((batch, count, self.config.hidden))?)
    }

    /// As [`Self::forward`], for embeddings as [`Self::embed`] gives them.
    pub fn forward_embedded(
        &self,
        embedded: &Tensor,
        cache: Option<&mut Cache>,
        wanted: Wanted,
        tap: Option<&mut dyn Tap>,
    ) -> Result<Tensor> {
        let mut probe = Probe(tap);
        let (batch, count, hidden) = embedded.dims3()?;
        let x = self.layers(embedded, cache, &mut probe)?;
        let (x, count) = match wanted {
            Wanted::Last if count > 1 => {
                let rows = x.reshape((batch, count, hidden))?;
                (rows.i((.., count.saturating_sub(1)))?.contiguous()?, 1)
            }
            _ => (x, count),
        };
        let logits = self.logits(&x)?.reshape((batch, count, self.config.vocab))?;
        probe.see(self.config.layers, Kind::Logits, &logits)?;
        Ok(logits)
    }

    /// What comes out of the last layer for sequences of equal length, as rows: those of a sequence one
    /// after the other.
    pub(crate) fn states(&self, tokens: &[Vec<u32>], cache: &mut Cache) -> Result<Tensor> {
        self.layers(&self.embed(tokens)?, Some(cache), &mut Probe(None))
    }

    /// The logits of rows that came out of the last layer.
    pub(crate) fn logits(&self, states: &Tensor) -> Result<Tensor> {
        let logits = self.head.forward(&self.final_norm.forward(states)?)?;
        match self.config.logit_cap {
            Some(cap) => Ok(logits.affine(1.0 / cap, 0.0)?.tanh()?.affine(cap, 0.0)?),
            None => Ok(logits),
        }
    }

    fn layers(
        &self,
        embedded: &Tensor,
        mut cache: Option<&mut Cache>,
        probe: &mut Probe<'_>,
    ) -> Result<Tensor> {
        let (batch, count, _) = embedded.dims3()?;
        let first = cache.as_ref().map_or(0, |cache| cache.len());
        let end = first.saturating_add(count);
        if end > self.config.max_positions {
            return Err(Error::Limit {
                what: "positions",
                needed: end as u64,
                allowed: self.config.max_positions as u64,
            });
        }
        let mut x = self.enter(embedded, first, probe)?;
        let length = match &mut cache {
            Some(cache) => cache.reach(end, self.config.rope.as_ref())?,
            None => end,
        };
        let shared = Shared::new(self, first, count, length)?;
        for (n, layer) in self.layers.iter().enumerate() {
            let pass = shared.pass(n, batch, count);
            x = layer.forward(n, self.config.block, &x, &pass, cache.as_deref_mut(), probe)?;
            probe.see(n, Kind::Resid, &x)?;
        }
        if let Some(cache) = cache {
            cache.advance(count);
        }
        Ok(x)
    }

    /// What goes into the first layer, as rows.
    fn enter(&self, embedded: &Tensor, first: usize, probe: &mut Probe<'_>) -> Result<Tensor> {
        let (batch, count, hidden) = embedded.dims3()?;
        let mut x = match self.config.embedding_scale {
            Some(scale) => embedded.affine(scale, 0.0)?,
            None => embedded.clone(),
        };
        if let Some(positions) = &self.positions {
            x = x.broadcast_add(&positions.narrow(0, first, count)?)?;
        }
        let x = x.reshape((batch.saturating_mul(count), hidden))?;
        probe.see(0, Kind::Embed, &x)?;
        Ok(x)
    }
}

fn head(build: &Build<'_>, embed: &Tensor, embed_name: &str) -> Result<Linear> {
    let Build { config, names, store, mode } = *build;
    let weight = format!("{}.weight", names.head);
    if !config.tied {
        let size = (config.vocab, config.hidden);
        return Linear::read(store, &names.head, size, config.head_bias, false, mode)?.laid_out();
    }
    if store.has(&weight) {
        if !store.same(&weight, embed_name) {
            let problem = "differs from the embedding that the configuration ties it to";
            return Err(Error::tensor(&weight, problem));
        }
        store.pass(&weight);
    }
    if store.is_quantized(embed_name) {
        let size = (config.vocab, config.hidden);
        return Linear::read(store, &names.embed, size, false, false, mode)?.laid_out();
    }
    let bias = config
        .head_bias
        .then(|| store.dense(&format!("{}.bias", names.head), &[config.vocab]))
        .transpose()?;
    Linear::of(embed.clone(), bias, mode).laid_out()
}

impl Layer {
    fn read(build: &Build<'_>, layer: usize) -> Result<Self> {
        let mut norms = [None, None, None, None];
        for (slot, name) in norms.iter_mut().zip(build.names.norms) {
            *slot = name.map(|name| build.norm(&build.names.layer(layer, name))).transpose()?;
        }
        let attention = Attention::read(build, layer)?;
        Ok(Self { attention, mlp: Mlp::read(build, layer)?, norms })
    }

    fn forward(
        &self,
        n: usize,
        block: Block,
        x: &Tensor,
        pass: &Pass<'_>,
        cache: Option<&mut Cache>,
        probe: &mut Probe<'_>,
    ) -> Result<Tensor> {
        let [before, behind, before_mlp, behind_mlp] = &self.norms;
        let norm = |norm: &Option<Normer>, x: &Tensor| match norm {
            Some(norm) => norm.forward(x),
            None => Ok(x.clone()),
        };
        let entered = norm(before, x)?;
        let attended = norm(behind, &self.attention.forward(&entered, pass, cache, probe)?)?;
        let (base, into_mlp) = match block {
            Block::ParallelShared => (x.add(&attended)?, entered),
            Block::Parallel => (x.add(&attended)?, norm(before_mlp, x)?),
            Block::Pre | Block::Post | Block::Sandwich => {
                let sum = x.add(&attended)?;
                let into = norm(before_mlp, &sum)?;
                (sum, into)
            }
        };
        let added = self.mlp.forward(&into_mlp)?;
        probe.see(n, Kind::MlpOut, &added)?;
        Ok(base.add(&norm(behind_mlp, &added)?)?)
    }
}

/// What the layers of a pass share: turns and masks, of layers without and with a window.
struct Shared<'a> {
    config: &'a Config,
    turns: Option<Turns>,
    local_turns: Option<Turns>,
    /// For each window of the model, none included, what is seen through it.
    views: Vec<(Option<usize>, Seen)>,
}

impl<'a> Shared<'a> {
    fn new(decoder: &'a Decoder, first: usize, count: usize, length: usize) -> Result<Self> {
        let Decoder { config, mode, device, .. } = decoder;
        let turns = |rope: &Option<crate::config::Rope>| {
            rope.as_ref()
                .map(|rope| Turns::new(rope, (first, count, length), device, *mode))
                .transpose()
        };
        let mut views: Vec<(Option<usize>, Seen)> = Vec::new();
        // Where softmax knows the view itself, no numbers are needed.
        let numbers = (*mode != Mode::Fast || !device.is_cpu()).then_some(device);
        for window in &config.windows {
            if !views.iter().any(|(known, ..)| known == window) {
                views.push((*window, Seen::new(first, count, *window, numbers)?));
            }
        }
        Ok(Self {
            config,
            turns: turns(&config.rope)?,
            local_turns: turns(&config.local_rope)?,
            views,
        })
    }

    fn pass(&self, layer: usize, batch: usize, count: usize) -> Pass<'_> {
        let window = self.config.windows.get(layer).copied().flatten();
        let local = self.local_turns.as_ref().filter(|_| window.is_some());
        let found = self.views.iter().find(|(known, _)| *known == window).map(|(_, seen)| seen);
        Pass {
            batch,
            count,
            turns: local.or(self.turns.as_ref()),
            view: found.and_then(|seen| seen.view),
            mask: found.and_then(|seen| seen.mask.as_ref()),
            keys: found.map_or(usize::MAX, |seen| seen.keys),
        }
    }
}

/// What the queries of a pass look at.
struct Seen {
    /// How many keys at the end are looked at by any query.
    keys: usize,
    view: Option<View>,
    mask: Option<Tensor>,
}

impl Seen {
    /// For `count` queries from position `first`, with a mask on a device where one is asked for.
    fn new(
        first: usize,
        count: usize,
        window: Option<usize>,
        numbers: Option<&Device>,
    ) -> Result<Self> {
        let total = first.saturating_add(count);
        let window = window.unwrap_or(usize::MAX);
        // The first query sees `window` keys, itself included; those before them are seen by none.
        let keys = total.min(window.saturating_add(count).saturating_sub(1));
        if count == 1 {
            return Ok(Self { keys, view: None, mask: None });
        }
        let view = View { count, before: keys.saturating_sub(count), window };
        let mask = numbers.map(|device| view.mask(keys, device)).transpose()?;
        Ok(Self { keys, view: Some(view), mask })
    }
}
