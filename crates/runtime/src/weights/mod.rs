//! Tensors by name, wherever they lie: in safetensors files, in a GGUF file, in memory.
//!
//! Nothing is made of a declared size: a tensor is read once its bytes are known to lie in the file,
//! to be as many as its shape asks for, and to have the shape that the configuration gives it.

pub(crate) mod decode;
pub(crate) mod gguf;
pub(crate) mod names;
pub(crate) mod safetensors;
pub(crate) mod write;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use artifact::Blob;
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor, Var};
use formats::DType;

use crate::error::{Error, Result};
use crate::number::single;
use crate::sample::Rng;

/// Where a tensor lies.
pub(crate) enum Stored {
    /// In a file: its bytes, the type and shape of its elements, the slowest dimension first.
    File { data: Blob, dtype: DType, shape: Vec<usize> },
    /// In memory, perhaps as a variable that is trained.
    Memory(Tensor),
}

/// A matrix: its numbers, or blocks of quantized ones.
pub(crate) enum Matrix {
    /// Numbers of single precision.
    Dense(Tensor),
    /// Quantized blocks.
    Quantized(QTensor),
}

/// Every tensor of a model.
pub(crate) struct Store {
    tensors: BTreeMap<String, Stored>,
    taken: RefCell<BTreeSet<String>>,
    device: Device,
    /// Whether quantized tensors are made into numbers when they are read.
    dequantize: bool,
    /// Makes what is not there.
    maker: Option<RefCell<Maker>>,
}

/// Makes variables of random numbers, for a decoder that has no weights yet.
struct Maker {
    rng: Rng,
    width: f64,
    made: BTreeMap<String, Var>,
}

impl Maker {
    /// Norms begin at one, biases at zero, matrices around zero.
    fn make(&mut self, name: &str, shape: &[usize], device: &Device) -> Result<Tensor> {
        if let Some(variable) = self.made.get(name) {
            return Ok(variable.as_tensor().clone());
        }
        let count = shape.iter().product();
        let numbers = match (shape.len(), name.ends_with(".bias")) {
            (1, true) => vec![0.0; count],
            (1, false) => vec![1.0; count],
            _ => (0..count).map(|_| single(self.normal() * self.width)).collect(),
        };
        let variable = Var::from_vec(numbers, shape, device)?;
        let tensor = variable.as_tensor().clone();
        self.made.insert(name.to_owned(), variable);
        Ok(tensor)
    }

    /// A number of the normal distribution, by the method of Box and Muller.
    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.rng.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.rng.unit()).cos()
    }
}

impl Store {
    pub(crate) fn new(
        tensors: BTreeMap<String, Stored>,
        device: &Device,
        dequantize: bool,
    ) -> Self {
        let device = device.clone();
        Self { tensors, taken: RefCell::default(), device, dequantize, maker: None }
    }

    /// None yet: what is asked for is made.
    pub(crate) fn fresh(rng: Rng, width: f64, device: &Device) -> Self {
        let maker = RefCell::new(Maker { rng, width, made: BTreeMap::new() });
        Self { maker: Some(maker), ..Self::new(BTreeMap::new(), device, false) }
    }

    /// What was made.
    pub(crate) fn into_variables(self) -> Result<BTreeMap<String, Var>> {
        let none = || Error::Compute("nothing was made".to_owned());
        Ok(self.maker.ok_or_else(none)?.into_inner().made)
    }

    /// Tensors in memory.
    pub(crate) fn of(tensors: impl IntoIterator<Item = (String, Tensor)>, device: &Device) -> Self {
        let stored = tensors.into_iter().map(|(name, tensor)| (name, Stored::Memory(tensor)));
        Self::new(stored.collect(), device, false)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    pub(crate) fn device(&self) -> &Device {
        &self.device
    }

    /// The shape that a tensor has in its file.
    pub(crate) fn shape(&self, name: &str) -> Option<Vec<usize>> {
        self.tensors.get(name).map(|stored| match stored {
            Stored::File { shape, .. } => shape.clone(),
            Stored::Memory(tensor) => tensor.dims().to_vec(),
        })
    }

    fn find(&self, name: &str, shape: &[usize]) -> Result<&Stored> {
        let missing = || Error::tensor(name, "is missing");
        let stored = self.tensors.get(name).ok_or_else(missing)?;
        self.taken.borrow_mut().insert(name.to_owned());
        let has = self.shape(name).unwrap_or_default();
        if has != shape {
            let problem = format!("has the shape {has:?}; the configuration asks for {shape:?}");
            return Err(Error::tensor(name, problem));
        }
        Ok(stored)
    }

    /// A tensor as numbers of single precision.
    pub(crate) fn dense(&self, name: &str, shape: &[usize]) -> Result<Tensor> {
        if let Some(maker) = &self.maker {
            return maker.borrow_mut().make(name, shape, &self.device);
        }
        match self.find(name, shape)? {
            Stored::Memory(tensor) => Ok(tensor.clone()),
            Stored::File { data, dtype, shape } => {
                let bytes = whole(name, data)?;
                match block_type(*dtype) {
                    Some(kind) => {
                        let quantized = quantized(name, bytes, kind, shape, &self.device)?;
                        Ok(quantized.dequantize(&self.device)?)
                    }
                    None => decode::tensor(name, &bytes, *dtype, shape, &self.device),
                }
            }
        }
    }

    /// A matrix as it lies there.
    pub(crate) fn matrix(&self, name: &str, rows: usize, columns: usize) -> Result<Matrix> {
        let shape = [rows, columns];
        if self.maker.is_some() {
            return Ok(Matrix::Dense(self.dense(name, &shape)?));
        }
        if let Stored::File { data, dtype, shape } = self.find(name, &shape)?
            && let Some(kind) = block_type(*dtype)
            && !self.dequantize
        {
            let bytes = whole(name, data)?;
            return Ok(Matrix::Quantized(quantized(name, bytes, kind, shape, &self.device)?));
        }
        Ok(Matrix::Dense(self.dense(name, &shape)?))
    }

    /// Whether a tensor is computed with as the blocks that it lies in.
    pub(crate) fn is_quantized(&self, name: &str) -> bool {
        let stored = self.tensors.get(name);
        let blocks = |dtype: DType| block_type(dtype).is_some() && !self.dequantize;
        matches!(stored, Some(Stored::File { dtype, .. }) if blocks(*dtype))
    }

    /// Whether two tensors of files hold the same bytes.
    pub(crate) fn same(&self, left: &str, right: &str) -> bool {
        let bytes = |name: &str| match self.tensors.get(name) {
            Some(Stored::File { data, dtype, shape }) => Some((data, *dtype, shape)),
            _ => None,
        };
        match (bytes(left), bytes(right)) {
            (Some((a, kind, shape)), Some((b, other, size))) => {
                kind == other
                    && shape == size
                    && (a.is_same(b) || whole(left, a).ok() == whole(right, b).ok())
            }
            _ => false,
        }
    }

    /// Counts a tensor as understood.
    pub(crate) fn pass(&self, name: &str) {
        self.taken.borrow_mut().insert(name.to_owned());
    }

    /// Refuses tensors that nobody asked for: a model that has them computes with them elsewhere.
    pub(crate) fn finish(&self) -> Result<()> {
        let taken = self.taken.borrow();
        let left = self.tensors.keys().find(|name| !taken.contains(*name) && !names::inert(name));
        left.map_or(Ok(()), |name| {
            Err(Error::tensor(name, "is none that a model of this configuration has"))
        })
    }
}

/// All bytes of a tensor.
fn whole(name: &str, data: &Blob) -> Result<Vec<u8>> {
    let cut = || Error::tensor(name, "its bytes cannot be read");
    let len = usize::try_from(data.len()).map_err(|_| cut())?;
    let bytes = data.bytes_at(0, len);
    if bytes.len() == len { Ok(bytes) } else { Err(cut()) }
}

/// The type of candle for quantized blocks.
pub(crate) fn block_type(dtype: DType) -> Option<GgmlDType> {
    match dtype {
        DType::Q4_0 => Some(GgmlDType::Q4_0),
        DType::Q4_1 => Some(GgmlDType::Q4_1),
        DType::Q5_0 => Some(GgmlDType::Q5_0),
        DType::Q5_1 => Some(GgmlDType::Q5_1),
        DType::Q8_0 => Some(GgmlDType::Q8_0),
        DType::Q2_K => Some(GgmlDType::Q2K),
        DType::Q3_K => Some(GgmlDType::Q3K),
        DType::Q4_K => Some(GgmlDType::Q4K),
        DType::Q5_K => Some(GgmlDType::Q5K),
        DType::Q6_K => Some(GgmlDType::Q6K),
        _ => None,
    }
}

fn quantized(
    name: &str,
    bytes: Vec<u8>,
    kind: GgmlDType,
    shape: &[usize],
    device: &Device,
) -> Result<QTensor> {
    let columns = shape.last().copied().unwrap_or(0);
    let block = kind.block_size();
    let blocks = shape.iter().try_fold(1usize, |count, n| count.checked_mul(*n));
    let expected = blocks
        .and_then(|count| count.checked_div(block))
        .and_then(|count| count.checked_mul(kind.type_size()));
    if columns.checked_rem(block) != Some(0) || expected != Some(bytes.len()) {
        return Err(Error::tensor(name, "its bytes are not as many as its shape asks for"));
    }
    let storage = candle_core::quantized::QStorage::from_data(bytes.into(), device, kind)?;
    Ok(QTensor::new(storage, shape)?)
}
