//! Tensors of a GGUF file.

use std::collections::BTreeMap;

use artifact::Blob;
use formats::gguf::{Endian, Gguf, OddityKind};

use super::{Store, Stored};
use crate::config::gguf::Tensors;
use crate::error::{Error, Result};

/// The tensors of a file, dimensions in the order of safetensors. What readers might take differently
/// is refused.
pub(crate) fn tensors(name: &str, blob: &Blob, file: &Gguf) -> Result<BTreeMap<String, Stored>> {
    for oddity in &file.oddities {
        let harmless = matches!(
            oddity.kind,
            OddityKind::Gap
                | OddityKind::Padding
                | OddityKind::TrailingBytes
                | OddityKind::WrongType
        );
        if !harmless {
            let detail = oddity.detail.shortened(100);
            let problem = format!("is no plain GGUF file: {:?}, {detail}", oddity.kind);
            return Err(Error::file(name, problem));
        }
    }
    if file.endian == Endian::Big {
        return Err(Error::Unknown("GGUF with the most significant byte first".to_owned()));
    }
    if file.get("split.count").and_then(formats::gguf::KvValue::as_u64).is_some_and(|n| n > 1) {
        return Err(Error::Unknown("GGUF that is split among files; merge them first".to_owned()));
    }
    let mut tensors = BTreeMap::new();
    for info in &file.tensors {
        let tensor = &info.tensor;
        let shape = tensor.shape.iter().rev().map(|n| usize::try_from(*n));
        let shape = shape.collect::<std::result::Result<Vec<_>, _>>();
        let (Some(dtype), Ok(shape)) = (tensor.dtype, shape) else {
            let problem = format!("its type {} or shape cannot be computed with", info.type_id);
            return Err(Error::tensor(tensor.name.raw(), problem));
        };
        let data = blob.slice(tensor.data.start, tensor.data.len());
        tensors.insert(tensor.name.raw().to_owned(), Stored::File { data, dtype, shape });
    }
    Ok(tensors)
}

impl Tensors for Store {
    fn shape(&self, name: &str) -> Option<Vec<usize>> {
        Self::shape(self, name)
    }

    fn numbers(&self, name: &str, count: usize) -> Result<Vec<f64>> {
        let numbers = self.dense(name, &[count])?.to_vec1::<f32>()?;
        Ok(numbers.into_iter().map(f64::from).collect())
    }
}
