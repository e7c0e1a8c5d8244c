//! Encoders of the manner of BERT: embeddings of texts, and classes where there is a head.

use std::collections::BTreeMap;
use std::path::Path;

use candle_core::{D, Device, IndexOp as _, Tensor};
use candle_nn::ops;

use crate::config::encoder::{EncoderConfig, EncoderFamily};
use crate::config::{Activation, Norm};
use crate::decoder::Mode;
use crate::decoder::linear::Linear;
use crate::decoder::mlp::activate;
use crate::decoder::norm::Normer;
use crate::error::{Error, Result};
use crate::model::files::Files;
use crate::model::{Limits, Options, fingerprint, folder};
use crate::number::{index, real};
use crate::text::tokenizer::Tokenizer;
use crate::weights::Store;

/// An encoder with its tokenizer, and with a head that classifies where it has one.
pub struct Encoder {
    config: EncoderConfig,
    device: Device,
    words: Tensor,
    positions: Tensor,
    types: Option<Tensor>,
    norm: Normer,
    layers: Vec<Layer>,
    head: Option<Head>,
    tokenizer: Option<Tokenizer>,
    fingerprint: String,
}

struct Layer {
    qkv: [Linear; 3],
    out: Linear,
    norm: Normer,
    up: Linear,
    down: Linear,
    last_norm: Normer,
}

/// What comes behind the first position, and the classes.
struct Head {
    first: Linear,
    activation: Activation,
    tanh: bool,
    classes: Linear,
}

/// The names of parts: before a layer's number, in a layer, of the head.
struct Names {
    root: &'static str,
    layers: &'static str,
    qkv: [&'static str; 3],
    out: &'static str,
    norm: &'static str,
    up: &'static str,
    down: &'static str,
    last_norm: &'static str,
    head: [&'static str; 2],
}

const BERT: Names = Names {
    root: "bert.",
    layers: "encoder.layer",
    qkv: ["attention.self.query", "attention.self.key", "attention.self.value"],
    out: "attention.output.dense",
    norm: "attention.output.LayerNorm",
    up: "intermediate.dense",
    down: "output.dense",
    last_norm: "output.LayerNorm",
    head: ["bert.pooler.dense", "classifier"],
};

const DISTILBERT: Names = Names {
    root: "distilbert.",
    layers: "transformer.layer",
    qkv: ["attention.q_lin", "attention.k_lin", "attention.v_lin"],
    out: "attention.out_lin",
    norm: "sa_layer_norm",
    up: "ffn.lin1",
    down: "ffn.lin2",
    last_norm: "output_layer_norm",
    head: ["pre_classifier", "classifier"],
};

const ROBERTA: Names =
    Names { root: "roberta.", head: ["classifier.dense", "classifier.out_proj"], ..BERT };

impl Encoder {
    /// Opens a folder with `config.json`, safetensors and `tokenizer.json`.
    pub fn open(path: &Path, limits: &Limits) -> Result<Self> {
        Self::read(Files::open(path, *limits)?, limits)
    }

    /// Opens what would lie in a folder.
    pub fn of_files(files: BTreeMap<String, Vec<u8>>, limits: &Limits) -> Result<Self> {
        Self::read(Files::of(files, *limits), limits)
    }

    fn read(mut files: Files, limits: &Limits) -> Result<Self> {
        let options = Options::default();
        let value = folder::json(&mut files, "config.json")?;
        let config = EncoderConfig::read(&value.ok_or(Error::Missing("config.json"))?)?;
        let store = folder::store(&mut files, limits, &options)?;
        let bytes = files.bytes("tokenizer.json")?;
        let tokenizer = bytes.map(|bytes| Tokenizer::from_json(&bytes)).transpose()?;
        let names = match config.family {
            EncoderFamily::Bert => &BERT,
            EncoderFamily::Roberta => &ROBERTA,
            EncoderFamily::DistilBert => &DISTILBERT,
        };
        let build = Build { config: &config, store: &store, names };
        let root = build.root();
        let words = format!("{root}embeddings.word_embeddings.weight");
        let positions = format!("{root}embeddings.position_embeddings.weight");
        let types = format!("{root}embeddings.token_type_embeddings.weight");
        let layers = (0..config.layers).map(|n| build.layer(root, n)).collect::<Result<_>>()?;
        let mut encoder = Self {
            words: store.dense(&words, &[config.vocab, config.hidden])?,
            positions: store.dense(&positions, &[config.positions, config.hidden])?,
            types: (config.types > 0)
                .then(|| store.dense(&types, &[config.types, config.hidden]))
                .transpose()?,
            norm: build.norm(&format!("{root}embeddings.LayerNorm"))?,
            layers,
            head: build.head()?,
            device: options.device.clone(),
            tokenizer,
            fingerprint: String::new(),
            config: config.clone(),
        };
        build.pass_pooler(root);
        store.finish()?;
        encoder.fingerprint = fingerprint(&files.finish()?);
        Ok(encoder)
    }

    /// What it computes.
    pub fn config(&self) -> &EncoderConfig {
        &self.config
    }

    /// BLAKE3 over the names and digests of every file that makes the model.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Whether it has a head that classifies.
    pub fn classifies(&self) -> bool {
        self.head.is_some()
    }

    /// The tokens of a text, with those that sequences begin and end with.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>> {
        let tokenizer = self.tokenizer.as_ref().ok_or(Error::Missing("tokenizer.json"))?;
        tokenizer.encode(text, true)
    }

    /// The last hidden states of sequences of equal length: batch, positions, width.
    pub fn hidden(&self, tokens: &[Vec<u32>]) -> Result<Tensor> {
        let (batch, count) = (tokens.len(), tokens.first().map_or(0, Vec::len));
        if batch == 0 || count == 0 || tokens.iter().any(|sequence| sequence.len() != count) {
            let problem = "a batch needs sequences of one length, and at least one token";
            return Err(Error::Input(problem.to_owned()));
        }
        let end = count.saturating_add(self.config.first_position);
        if end > self.config.positions {
            let (needed, allowed) = (end as u64, self.config.positions as u64);
            return Err(Error::Limit { what: "positions", needed, allowed });
        }
        let flat = tokens.concat();
        if let Some(id) = flat.iter().find(|id| index(**id) >= self.config.vocab) {
            return Err(Error::Input(format!("there is no token {id}")));
        }
        let rows = batch.saturating_mul(count);
        let ids = Tensor::from_vec(flat, rows, &self.device)?;
        let x = self.words.index_select(&ids, 0)?;
        let x = x.reshape((batch, count, self.config.hidden))?;
        let mut x =
            x.broadcast_add(&self.positions.narrow(0, self.config.first_position, count)?)?;
        if let Some(types) = &self.types {
            x = x.broadcast_add(&types.i(0)?)?;
        }
        let mut x = self.norm.forward(&x.reshape((rows, self.config.hidden))?)?;
        for layer in &self.layers {
            x = layer.forward(&x, (batch, count, self.config.heads), self.config.activation)?;
        }
        Ok(x.reshape((batch, count, self.config.hidden))?)
    }

    /// The mean of the last hidden states of a text, of length one.
    pub fn embed(&self, text: &str) -> Result<Vec<f32>> {
        let mean = self.hidden(&[self.encode(text)?])?.mean(1)?.i(0)?;
        let length = mean.sqr()?.sum_all()?.sqrt()?;
        numbers(&mean.broadcast_div(&length)?)
    }

    /// The logits of classes for sequences of equal length: batch, classes.
    pub fn logits(&self, tokens: &[Vec<u32>]) -> Result<Tensor> {
        let none = || Error::Input("this encoder has no head that classifies".to_owned());
        let head = self.head.as_ref().ok_or_else(none)?;
        let first = self.hidden(tokens)?.i((.., 0))?.contiguous()?;
        let x = head.first.forward(&first)?;
        let x = if head.tanh { x.tanh()? } else { activate(&x, head.activation)? };
        head.classes.forward(&x)
    }

    /// The classes of a text with their shares, in the order of the model.
    pub fn classify(&self, text: &str) -> Result<Vec<(String, f32)>> {
        let logits = self.logits(&[self.encode(text)?])?;
        let shares = numbers(&ops::softmax(&logits, D::Minus1)?.i(0)?)?;
        Ok(self.config.labels.iter().cloned().zip(shares).collect())
    }
}

/// Numbers that are told to somebody.
fn numbers(tensor: &Tensor) -> Result<Vec<f32>> {
    let numbers = tensor.to_vec1::<f32>()?;
    let none = || Error::Compute("what the encoder gives are no numbers".to_owned());
    numbers.iter().all(|number| number.is_finite()).then_some(numbers).ok_or_else(none)
}

struct Build<'a> {
    config: &'a EncoderConfig,
    store: &'a Store,
    names: &'a Names,
}

impl Build<'_> {
    /// What stands before names: nothing in a file of the bare encoder.
    fn root(&self) -> &'static str {
        if self.store.has("embeddings.word_embeddings.weight") { "" } else { self.names.root }
    }

    fn linear(&self, name: &str, rows: usize, columns: usize) -> Result<Linear> {
        Linear::read(self.store, name, (rows, columns), true, false, Mode::Fast)?.laid_out()
    }

    fn norm(&self, name: &str) -> Result<Normer> {
        let how = (Norm::Layer, self.config.norm_eps, Mode::Fast);
        Normer::read(self.store, name, &[self.config.hidden], how)
    }

    fn layer(&self, root: &str, n: usize) -> Result<Layer> {
        let Self { config, names, .. } = self;
        let (hidden, wide) = (config.hidden, config.intermediate);
        let name = |part: &str| format!("{root}{}.{n}.{part}", names.layers);
        let [q, k, v] = names.qkv.map(|part| self.linear(&name(part), hidden, hidden));
        Ok(Layer {
            qkv: [q?, k?, v?],
            out: self.linear(&name(names.out), hidden, hidden)?,
            norm: self.norm(&name(names.norm))?,
            up: self.linear(&name(names.up), wide, hidden)?,
            down: self.linear(&name(names.down), hidden, wide)?,
            last_norm: self.norm(&name(names.last_norm))?,
        })
    }

    fn head(&self) -> Result<Option<Head>> {
        let [first, classes] = self.names.head;
        if !self.store.has(&format!("{classes}.weight")) {
            return Ok(None);
        }
        let (hidden, count) = (self.config.hidden, self.config.labels.len());
        Ok(Some(Head {
            first: self.linear(first, hidden, hidden)?,
            activation: Activation::Relu,
            tanh: self.config.family != EncoderFamily::DistilBert,
            classes: self.linear(classes, count, hidden)?,
        }))
    }

    /// A bare encoder may have a pooler, which nothing here asks for.
    fn pass_pooler(&self, root: &str) {
        for end in ["weight", "bias"] {
            self.store.pass(&format!("{root}pooler.dense.{end}"));
        }
    }
}

impl Layer {
    fn forward(
        &self,
        x: &Tensor,
        (batch, count, heads): (usize, usize, usize),
        activation: Activation,
    ) -> Result<Tensor> {
        let hidden = x.dim(1)?;
        let width = hidden.checked_div(heads).unwrap_or(hidden);
        let split = |x: Tensor| -> Result<Tensor> {
            let x = x.reshape((batch, count, heads, width))?;
            Ok(x.transpose(1, 2)?.contiguous()?)
        };
        let [q, k, v] = &self.qkv;
        let (q, k, v) = (split(q.forward(x)?)?, split(k.forward(x)?)?, split(v.forward(x)?)?);
        let products = q.affine(1.0 / real(width).sqrt(), 0.0)?.matmul(&k.t()?)?;
        let mixed = ops::softmax_last_dim(&products)?.matmul(&v)?.transpose(1, 2)?;
        let mixed = mixed.reshape((batch.saturating_mul(count), hidden))?;
        let x = self.norm.forward(&x.add(&self.out.forward(&mixed)?)?)?;
        let inner = activate(&self.up.forward(&x)?, activation)?;
        self.last_norm.forward(&x.add(&self.down.forward(&inner)?)?)
    }
}
