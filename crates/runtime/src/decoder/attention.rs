//! Attention: grouped queries, norms, windows, caps.

use candle_core::{D, Tensor};
use candle_nn::ops;

use super::cache::Cache;
use super::linear::Linear;
use super::norm::Normer;
use super::rope::Turns;
use super::rows::View;
use super::{Build, Mode, rows};
use crate::config::{Norm, QkNorm};
use crate::error::Result;
use crate::number::real;
use crate::tap::{Kind, Probe};
use crate::weights::names::QkvNames;

/// The attention of a layer.
#[derive(Clone, Debug)]
pub(crate) struct Attention {
    layer: usize,
    qkv: Qkv,
    out: Linear,
    norms: Option<(Normer, Normer)>,
    norm_whole: bool,
    heads: usize,
    kv_heads: usize,
    width: usize,
    scale: f64,
    cap: Option<f64>,
    clip: Option<f64>,
    mode: Mode,
}

#[derive(Clone, Debug)]
enum Qkv {
    /// One matrix: all queries, then all keys, then all values.
    One(Linear),
    Three([Linear; 3]),
}

/// What a pass over a batch shares among layers.
pub(crate) struct Pass<'a> {
    pub(crate) batch: usize,
    pub(crate) count: usize,
    pub(crate) turns: Option<&'a Turns>,
    /// Which keys are looked at, where any query does not look at all.
    pub(crate) view: Option<View>,
    /// The same as numbers that are added to products, 0 or minus infinity, where it is computed so.
    pub(crate) mask: Option<&'a Tensor>,
    /// How many keys at the end are looked at by any query.
    pub(crate) keys: usize,
}

impl Attention {
    pub(super) fn read(build: &Build<'_>, layer: usize) -> Result<Self> {
        let Build { config, names, mode, .. } = *build;
        let scale = if config.scale_by_layer {
            config.attention_scale / real(layer.saturating_add(1))
        } else {
            config.attention_scale
        };
        let width = config.heads.saturating_mul(config.head_dim);
        let out = names.layer(layer, names.out);
        Ok(Self {
            layer,
            qkv: match qkv(build, layer)? {
                Qkv::One(linear) => Qkv::One(linear.laid_out()?),
                three @ Qkv::Three(_) => three,
            },
            out: build.linear(&out, config.hidden, width, config.out_bias)?.laid_out()?,
            norms: norms(build, layer)?,
            norm_whole: config.qk_norm == QkNorm::Whole,
            heads: config.heads,
            kv_heads: config.kv_heads,
            width: config.head_dim,
            scale,
            cap: config.attention_cap,
            clip: config.clip_qkv,
            mode,
        })
    }

    /// For rows of activations, those of a sequence one after the other.
    pub(crate) fn forward(
        &self,
        rows: &Tensor,
        pass: &Pass<'_>,
        cache: Option<&mut Cache>,
        probe: &mut Probe<'_>,
    ) -> Result<Tensor> {
        let [q, k, v] = self.project(rows, pass)?;
        let (k, v) = match cache {
            Some(cache) => cache.append(self.layer, &k, &v)?,
            None => (k, v),
        };
        let total = k.dim(2)?;
        let skipped = total.saturating_sub(pass.keys);
        let (k, v) = if skipped > 0 {
            (k.narrow(2, skipped, pass.keys)?, v.narrow(2, skipped, pass.keys)?)
        } else {
            (k, v)
        };
        let group = self.heads.checked_div(self.kv_heads).unwrap_or(1);
        let rows = group.saturating_mul(pass.count);
        // Queries of a group stand one under the other, so that keys need no copies.
        let q = q.reshape((pass.batch, self.kv_heads, rows, self.width))?;
        let products = q.affine(self.scale, 0.0)?.matmul(&k.t()?)?;
        let products = match self.cap {
            Some(cap) => products.affine(1.0 / cap, 0.0)?.tanh()?.affine(cap, 0.0)?,
            None => products,
        };
        let products = match pass.mask {
            Some(mask) => {
                let keys = k.dim(2)?;
                let shape = (pass.batch, self.kv_heads, group, pass.count, keys);
                let masked = products.reshape(shape)?.broadcast_add(mask)?;
                masked.reshape((pass.batch, self.kv_heads, rows, keys))?
            }
            None => products,
        };
        let shares = match self.mode {
            Mode::Fast => match rows::softmax(&products, pass.view)? {
                Some(shares) => shares,
                None => ops::softmax_last_dim(&products)?,
            },
            Mode::Gradients => ops::softmax(&products, D::Minus1)?,
        };
        probe.attention(self.layer, &shares, (pass.batch, self.heads, pass.count))?;
        let mixed = shares.matmul(&v)?;
        let mixed = mixed.reshape((pass.batch, self.heads, pass.count, self.width))?;
        let mixed = if pass.count == 1 { mixed } else { mixed.transpose(1, 2)? };
        let rows = pass.batch.saturating_mul(pass.count);
        let mixed = mixed.reshape((rows, self.heads.saturating_mul(self.width)))?;
        let mixed = self.out.forward(&mixed)?;
        probe.see(self.layer, Kind::AttnOut, &mixed)?;
        Ok(mixed)
    }

    /// Queries, keys and values: batch, heads, positions, width; turned.
    fn project(&self, x: &Tensor, pass: &Pass<'_>) -> Result<[Tensor; 3]> {
        let queries = self.heads.saturating_mul(self.width);
        let keys = self.kv_heads.saturating_mul(self.width);
        let [q, k, v] = match &self.qkv {
            Qkv::One(linear) => {
                let all = linear.forward(x)?;
                let values = queries.saturating_add(keys);
                [
                    all.narrow(1, 0, queries)?,
                    all.narrow(1, queries, keys)?,
                    all.narrow(1, values, keys)?,
                ]
            }
            Qkv::Three([q, k, v]) => [q.forward(x)?, k.forward(x)?, v.forward(x)?],
        };
        let clip = |x: Tensor| match self.clip {
            Some(clip) => x.clamp(-clip, clip),
            None => Ok(x),
        };
        let (mut q, mut k, v) = (clip(q)?, clip(k)?, clip(v)?);
        if let Some((q_norm, k_norm)) = self.norms.as_ref().filter(|_| self.norm_whole) {
            (q, k) = (q_norm.forward(&q)?, k_norm.forward(&k)?);
        }
        let heads = |x: &Tensor, heads: usize| -> Result<Tensor> {
            if pass.count == 1 {
                return Ok(x.reshape((pass.batch, heads, 1, self.width))?);
            }
            Ok(x.reshape((pass.batch, pass.count, heads, self.width))?.transpose(1, 2)?)
        };
        let (mut q, mut k) = (heads(&q, self.heads)?, heads(&k, self.kv_heads)?);
        if let Some((q_norm, k_norm)) = self.norms.as_ref().filter(|_| !self.norm_whole) {
            (q, k) = (q_norm.forward(&q)?, k_norm.forward(&k)?);
        }
        if let Some(turns) = pass.turns {
            (q, k) = (turns.turn(&q)?, turns.turn(&k)?);
        }
        Ok([q.contiguous()?, k.contiguous()?, heads(&v, self.kv_heads)?.contiguous()?])
    }
}

fn qkv(build: &Build<'_>, layer: usize) -> Result<Qkv> {
    let Build { config, names, mode, .. } = *build;
    let queries = config.heads.saturating_mul(config.head_dim);
    let keys = config.kv_heads.saturating_mul(config.head_dim);
    let all = queries.saturating_add(keys.saturating_mul(2));
    match names.qkv {
        QkvNames::Stacked(name) => {
            let name = names.layer(layer, name);
            Ok(Qkv::One(build.linear(&name, all, config.hidden, config.qkv_bias)?))
        }
        QkvNames::ByHead(name) => {
            let name = names.layer(layer, name);
            let linear = build.linear(&name, all, config.hidden, config.qkv_bias)?;
            let Some((weight, bias)) = linear.parts() else { return Ok(Qkv::One(linear)) };
            let shape = (config.heads, 3, config.head_dim, config.hidden);
            let weight = weight.reshape(shape)?.transpose(0, 1)?.contiguous()?;
            let bias = bias.map(|bias| -> Result<Tensor> {
                let parts = bias.reshape((config.heads, 3, config.head_dim))?;
                Ok(parts.transpose(0, 1)?.contiguous()?.reshape(all)?)
            });
            Ok(Qkv::One(Linear::of(weight.reshape((all, config.hidden))?, bias.transpose()?, mode)))
        }
        QkvNames::Split([q, k, v]) => {
            let one = |name: &str, rows: usize| {
                build.linear(&names.layer(layer, name), rows, config.hidden, config.qkv_bias)
            };
            let three = [one(q, queries)?, one(k, keys)?, one(v, keys)?];
            if mode == Mode::Fast {
                let [q, k, v] = &three;
                if let Some(one) = Linear::stack(&[q, k, v])? {
                    return Ok(Qkv::One(one));
                }
            }
            Ok(Qkv::Three(three))
        }
    }
}

fn norms(build: &Build<'_>, layer: usize) -> Result<Option<(Normer, Normer)>> {
    let Build { config, names, mode, store, .. } = *build;
    let plain = (config.norm, config.norm_eps, mode);
    let [q, k] = names.qk_norms.map(|name| names.layer(layer, name));
    let pair = |q_width: usize, k_width: usize, how: (Norm, f64, Mode)| -> Result<_> {
        let read = |name: &str, width: usize| Normer::read(store, name, &[width], how);
        Ok(Some((read(&q, q_width)?, read(&k, k_width)?)))
    };
    match config.qk_norm {
        QkNorm::None => Ok(None),
        QkNorm::Head => pair(config.head_dim, config.head_dim, plain),
        QkNorm::HeadLayer => {
            pair(config.head_dim, config.head_dim, (Norm::Layer, config.norm_eps, mode))
        }
        QkNorm::Whole => {
            let queries = config.heads.saturating_mul(config.head_dim);
            pair(queries, config.kv_heads.saturating_mul(config.head_dim), plain)
        }
        QkNorm::EachHead => {
            let each = |name: &str, heads: usize| -> Result<Normer> {
                let weight = if names.norm_of_each_head {
                    let one = |head: usize| {
                        store.dense(&format!("{name}.norms.{head}.weight"), &[config.head_dim])
                    };
                    Tensor::stack(&(0..heads).map(one).collect::<Result<Vec<_>>>()?, 0)?
                } else {
                    store.dense(&format!("{name}.weight"), &[heads, config.head_dim])?
                };
                Ok(Normer::layer(weight.unsqueeze(1)?, config.norm_eps, mode))
            };
            Ok(Some((each(&q, config.heads)?, each(&k, config.kv_heads)?)))
        }
    }
}
