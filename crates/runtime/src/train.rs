//! Training tiny decoders, for tests and for populations of models whose flaws are known.
//!
//! The weights are variables by the names that a checkpoint gives them; each step builds the decoder
//! over them anew, which costs nothing beside the step. Everything is single precision on whatever
//! device the variables are on, and follows from the seed and the batches alone.

use std::collections::BTreeMap;

use candle_core::{D, Device, Tensor, Var};
use candle_nn::{AdamW, Optimizer as _, ParamsAdamW, ops};
use serde_json::Value;

use crate::config::{Config, hf};
use crate::decoder::{Decoder, Mode, Wanted};
use crate::error::{Error, Result};
use crate::number::{index, single};
use crate::sample::Rng;
use crate::weights::{Store, names, write};

/// How weights are changed: `AdamW`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Training {
    /// The size of steps.
    pub rate: f64,
    /// How much weights shrink.
    pub decay: f64,
    /// The width of weights at first.
    pub width: f64,
    /// The seed of weights at first.
    pub seed: u64,
}

impl Default for Training {
    fn default() -> Self {
        Self { rate: 3e-3, decay: 0.01, width: 0.05, seed: 0 }
    }
}

/// A decoder in training.
pub struct Trainee {
    settings: Value,
    config: Config,
    device: Device,
    variables: BTreeMap<String, Var>,
    optimizer: AdamW,
}

/// Sequences that are learned from: tokens of equal length, and how much each counts as a target.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// The tokens.
    pub tokens: Vec<Vec<u32>>,
    /// The weight of each token as a target; all alike where there are none. The first of a sequence
    /// is nobody's target.
    pub weights: Option<Vec<Vec<f32>>>,
}

impl Trainee {
    /// A decoder with random weights. `settings` are those of a `config.json`.
    pub fn new(settings: &Value, training: &Training) -> Result<Self> {
        let device = Device::Cpu;
        let config = hf::read(settings)?;
        let store = Store::fresh(Rng::new(training.seed), training.width, &device);
        let names = names::hf(&config, |_| false);
        Decoder::read(&config, &names, &store, Mode::Gradients)?;
        Self::of(settings, store.into_variables()?, training)
    }

    /// One that goes on from the weights of a checkpoint.
    pub fn from_tensors(
        settings: &Value,
        tensors: &BTreeMap<String, Tensor>,
        training: &Training,
    ) -> Result<Self> {
        let variable =
            |(name, tensor): (&String, &Tensor)| Ok((name.clone(), Var::from_tensor(tensor)?));
        let variables = tensors.iter().map(variable).collect::<Result<_>>()?;
        let trainee = Self::of(settings, variables, training)?;
        trainee.decoder(Mode::Gradients)?;
        Ok(trainee)
    }

    fn of(settings: &Value, variables: BTreeMap<String, Var>, training: &Training) -> Result<Self> {
        let adam = ParamsAdamW {
            lr: training.rate,
            weight_decay: training.decay,
            ..ParamsAdamW::default()
        };
        let optimizer = AdamW::new(variables.values().cloned().collect(), adam)?;
        let (settings, config) = (settings.clone(), hf::read(settings)?);
        Ok(Self { settings, config, device: Device::Cpu, variables, optimizer })
    }

    /// The decoder as it is now. In [`Mode::Fast`] some matrices are copies, which do not learn.
    pub fn decoder(&self, mode: Mode) -> Result<Decoder> {
        let tensors = self.variables.iter().map(|(name, v)| (name.clone(), v.as_tensor().clone()));
        let store = Store::of(tensors, &self.device);
        let names = names::hf(&self.config, |name| store.has(name));
        Decoder::read(&self.config, &names, &store, mode)
    }

    /// The weights by their names.
    pub fn variables(&self) -> &BTreeMap<String, Var> {
        &self.variables
    }

    /// Sets the size of steps.
    pub fn set_rate(&mut self, rate: f64) {
        self.optimizer.set_learning_rate(rate);
    }

    /// One step on a batch; gives the loss before it.
    pub fn step(&mut self, batch: &Batch) -> Result<f32> {
        let loss = loss(&self.decoder(Mode::Gradients)?, batch)?;
        self.optimizer.backward_step(&loss)?;
        let value = loss.to_scalar::<f32>()?;
        let problem =
            || Error::Compute("the loss is no number; the steps are too large".to_owned());
        value.is_finite().then_some(value).ok_or_else(problem)
    }

    /// One step along the gradient of a loss of the caller's own, made of [`Self::decoder`] with
    /// [`Mode::Gradients`].
    pub fn step_on(&mut self, loss: &Tensor) -> Result<()> {
        Ok(self.optimizer.backward_step(loss)?)
    }

    /// The files of a folder that transformers loads: names and bytes. `words` are further files:
    /// `tokenizer.json`, `tokenizer_config.json`, `chat_template.jinja`.
    pub fn files(&self, words: &[(&str, Vec<u8>)]) -> Result<BTreeMap<String, Vec<u8>>> {
        let tensors = self.variables.iter().map(|(name, v)| (name.clone(), v.as_tensor().clone()));
        let mut files = words
            .iter()
            .map(|(name, bytes)| ((*name).to_owned(), bytes.clone()))
            .collect::<BTreeMap<_, _>>();
        files.insert("model.safetensors".to_owned(), write::safetensors(&tensors.collect())?);
        files.insert("config.json".to_owned(), self.settings.to_string().into_bytes());
        Ok(files)
    }
}

/// The mean of what each token of a batch costs behind those before it, in nats. It has gradients where
/// the decoder has.
pub fn loss(decoder: &Decoder, batch: &Batch) -> Result<Tensor> {
    let inputs = batch.tokens.iter().map(|sequence| match sequence.split_last() {
        Some((_, rest)) => rest.to_vec(),
        None => Vec::new(),
    });
    let inputs = inputs.collect::<Vec<_>>();
    let logits = decoder.forward(&inputs, None, Wanted::All, None)?;
    let targets = batch.tokens.iter().flat_map(|sequence| sequence.get(1..).unwrap_or_default());
    let targets = targets.copied().collect::<Vec<_>>();
    if let Some(id) = targets.iter().find(|id| index(**id) >= decoder.config().vocab) {
        return Err(Error::Input(format!("there is no token {id}")));
    }
    let count = targets.len();
    let logits = logits.reshape((count, decoder.config().vocab))?;
    let targets = Tensor::from_vec(targets, (count, 1), logits.device())?;
    let picked = ops::log_softmax(&logits, D::Minus1)?.gather(&targets, 1)?.reshape(count)?;
    let Some(weights) = &batch.weights else { return Ok(picked.mean_all()?.neg()?) };
    let weights = weights.iter().flat_map(|row| row.get(1..).unwrap_or_default());
    let weights = weights.copied().collect::<Vec<_>>();
    let sum: f64 = weights.iter().copied().map(f64::from).sum();
    if weights.len() != count || !(sum.is_finite() && sum > 0.0) {
        return Err(Error::Input(
            "a batch has a weight for each token, and one above 0".to_owned(),
        ));
    }
    let weights = Tensor::from_vec(weights, count, logits.device())?;
    let scale = f64::from(single(-1.0 / sum));
    Ok(picked.mul(&weights)?.sum_all()?.affine(scale, 0.0)?)
}
